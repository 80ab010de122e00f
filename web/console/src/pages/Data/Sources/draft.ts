import type { ConnectionInfo, SourceConfiguration } from "../../../../../api/metadata.ts";

const settings = ["max_connections", "idle_timeout", "retries", "pool_timeout", "connection_lifetime"] as const;
export type Setting = (typeof settings)[number];
/** The bounds of a pool with what holds where nothing is said (Hasura: pool settings). */
export const usual: Record<Setting, string> = {
  max_connections: "50",
  idle_timeout: "180",
  retries: "1",
  pool_timeout: "",
  connection_lifetime: "600",
};

export type Draft = {
  name: string;
  /** kept: what the form does not show (a file, parameters one by one) stays as it is. */
  by: "env" | "url" | "kept";
  env: string;
  url: string;
  pool: Record<Setting, string>;
  isolation: string;
  prepares: boolean;
};

export const draftOf = (name: string, configuration: SourceConfiguration | undefined): Draft => {
  const info = configuration?.connection_info ?? {};
  const at = info.database_url;
  const env = typeof at === "object" ? at.from_env : undefined;
  return {
    name,
    by: typeof at === "string" ? "url" : env !== undefined || at === undefined ? "env" : "kept",
    env: env ?? "",
    url: typeof at === "string" ? at : "",
    pool: Object.fromEntries(settings.map((key) => [key, String(info.pool_settings?.[key] ?? "")])) as Draft["pool"],
    isolation: info.isolation_level ?? "read-committed",
    prepares: info.use_prepared_statements ?? true,
  };
};

/** The configuration with what was typed; what the form does not show (replicas, encryption, templates) stays. */
export const configurationOf = (was: SourceConfiguration | undefined, draft: Draft): SourceConfiguration => {
  const old: ConnectionInfo = was?.connection_info ?? {};
  const { pool_settings: oldPool, ...rest } = old;
  const pool = Object.fromEntries(
    Object.entries({
      ...oldPool,
      ...Object.fromEntries(settings.map((key) => [key, draft.pool[key].trim() === "" ? undefined : Number(draft.pool[key])])),
    }).filter(([, value]) => value !== undefined),
  );
  return {
    ...was,
    connection_info: {
      ...rest,
      database_url: draft.by === "kept" ? old.database_url : draft.by === "env" ? { from_env: draft.env.trim() } : draft.url.trim(),
      isolation_level: draft.isolation,
      use_prepared_statements: draft.prepares,
      ...(Object.keys(pool).length > 0 && { pool_settings: pool }),
    },
  };
};

/** Where a source is, without what must not be read over a shoulder. */
export const whereOf = (configuration: SourceConfiguration | undefined): string => {
  const at = configuration?.connection_info?.database_url;
  if (typeof at === "string") {
    try {
      const { hostname, port, pathname } = new URL(at);
      return hostname ? `${hostname}${port && `:${port}`}${decodeURIComponent(pathname)}` : "";
    } catch {
      return "";
    }
  }
  return at?.from_env ?? at?.dynamic_from_file ?? "";
};
