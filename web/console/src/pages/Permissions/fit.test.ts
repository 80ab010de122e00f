import { expect, test } from "vitest";
import type { Table } from "../../../../api/catalog.ts";
import { cloning, stripping } from "../../../../api/permissions.ts";
import { broad, fitted, inShort } from "./fit.ts";

const table = (...columns: string[]) =>
  ({ schema: "public", name: "t", columns: columns.map((name) => ({ name, type: "text" })) }) as unknown as Table;

test("a copied permission leaves out columns that are not there, and no part of a filter", () => {
  const definition = { columns: ["id", "gone"], set: { gone: 1, id: 2 }, filter: { gone: { _eq: 1 } }, limit: 5 };
  expect(fitted(definition, table("id", "name"))).toEqual({ columns: ["id"], set: { id: 2 }, filter: { gone: { _eq: 1 } }, limit: 5 });
  expect(fitted({ columns: "*", filter: {} }, table("id"))).toEqual({ columns: "*", filter: {} });
});

test("one's own rows: nothing on a table without the column, and the owner is the server's to set", () => {
  expect(broad("select", table("id"), "user_id")).toBeUndefined();
  expect(broad("insert", table("id", "user_id"), "user_id")).toEqual({
    check: { user_id: { _eq: "X-Hasura-User-Id" } },
    columns: ["id"],
    set: { user_id: "X-Hasura-User-Id" },
  });
  expect(broad("update", table("id", "user_id"), "user_id")).toEqual({
    columns: ["id"],
    filter: { user_id: { _eq: "X-Hasura-User-Id" } },
    check: { user_id: { _eq: "X-Hasura-User-Id" } },
  });
  expect(broad("select", table("id"), undefined)).toEqual({ columns: "*", filter: {} });
});

test("a filter in a line", () => {
  expect(inShort({ author: { user_id: { _eq: "X-Hasura-User-Id" } } })).toBe("author.user_id _eq X-Hasura-User-Id");
  expect(inShort({ _or: [{ published: { _eq: true } }, { _not: { id: { _in: [1, 2] } } }] })).toBe("(published _eq true or not (id _in [1,2]))");
});

test("a clone has what the original has, and nothing of what stood there before", () => {
  const pot = { schema: "public", name: "pot" };
  const select = (role: string, columns: string[]) => ({ role, permission: { columns, filter: {} } });
  const metadata = {
    sources: [
      { name: "default", kind: "postgres", tables: [{ table: pot, select_permissions: [select("a", ["id"]), select("b", ["id", "owner"])] }] },
    ],
  };
  expect(cloning(metadata, "a", "b")).toEqual([
    { type: "pg_drop_select_permission", args: { source: "default", table: pot, role: "b" } },
    { type: "pg_create_select_permission", args: { source: "default", table: pot, role: "b", permission: { columns: ["id"], filter: {} } } },
  ]);
  expect(stripping(metadata, "nobody")).toEqual([]);
});
