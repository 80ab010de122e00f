import { expect, test } from "vitest";
import { configurationOf, draftOf, whereOf } from "./draft.ts";

const was = {
  connection_info: {
    database_url: { from_env: "PG_URL" },
    isolation_level: "serializable",
    use_prepared_statements: false,
    pool_settings: { max_connections: 5, total_max_connections: 20 },
    ssl_configuration: { sslmode: "verify-full" },
  },
  read_replicas: [{ database_url: { from_env: "REPLICA" } }],
};

test("a source's configuration comes back as it was, replicas and encryption with it", () => {
  const draft = draftOf("default", was);
  expect(draft).toMatchObject({ by: "env", env: "PG_URL", isolation: "serializable", prepares: false });
  expect(configurationOf(was, draft)).toEqual(was);
  const next = configurationOf(was, { ...draft, by: "url", url: " postgres://a@b/c ", pool: { ...draft.pool, max_connections: "", retries: "3" } });
  expect(next.connection_info).toMatchObject({ database_url: "postgres://a@b/c", pool_settings: { total_max_connections: 20, retries: 3 } });
  expect(next.connection_info?.pool_settings).not.toHaveProperty("max_connections");
});

test("a new source has what was typed and no empty settings", () => {
  expect(configurationOf(undefined, { ...draftOf("", undefined), env: "X" })).toEqual({
    connection_info: { database_url: { from_env: "X" }, isolation_level: "read-committed", use_prepared_statements: true },
  });
});

test("parameters and files stay as they are; no password is shown", () => {
  const file = { connection_info: { database_url: { dynamic_from_file: "/run/secrets/url" } } };
  expect(configurationOf(file, draftOf("a", file)).connection_info?.database_url).toEqual({ dynamic_from_file: "/run/secrets/url" });
  expect(whereOf({ connection_info: { database_url: "postgres://me:secret@db.example.com:5433/shop" } })).toBe("db.example.com:5433/shop");
  expect(whereOf(was)).toBe("PG_URL");
  expect(whereOf({ connection_info: { database_url: "(secret)" } })).toBe("");
});
