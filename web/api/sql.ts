import { command } from "./metadata.ts";
import { call } from "./request.ts";

/** What a statement gave: no columns where it gives no rows. */
export type StatementResult = { command: string; columns: { name: string; type: string }[]; rows: (string | null)[][]; row_count: number };
export type Notice = { severity: string; message: string; detail?: string; hint?: string };
/** What several statements gave: the rows of the last that has any, null as null, and what each of them did. */
export type SQLResult = Omit<StatementResult, "command"> & {
  result_type: "TuplesOk" | "CommandOk";
  commands: string[];
  results: StatementResult[];
  notices: Notice[];
  took_ms: number;
};

export type RunOptions = { source: string; readOnly?: boolean; cascade?: boolean; maxRows?: number; timeout?: number; signal?: AbortSignal };

/** Runs statements, compared with the metadata where they change the schema; `signal` cancels them in the database, `timeout` (milliseconds) too. */
export const execute = (sql: string, { source, readOnly, cascade, maxRows, timeout, signal }: RunOptions): Promise<SQLResult> =>
  call("/v2/query", {
    method: "POST",
    signal,
    body: {
      type: "run_sql",
      args: {
        source,
        sql,
        typed: true,
        max_rows: maxRows ?? 1000,
        read_only: readOnly ?? false,
        cascade: cascade ?? false,
        ...(timeout && { timeout_ms: timeout }),
      },
    },
  });

/** Postgres' own account of a statement that failed, as run_sql's errors carry it in `data`. */
export type SQLFailure = { error?: { message?: string; description?: string | null; hint?: string | null; status_code?: string }; position?: number };

export type Migration = { version: number; source: string; name: string; up: string; down: string; by: string; at: string; dirty: boolean };

/** Runs a change of the schema and keeps it as a migration that counts as applied. */
export const migrate = (
  args: { source: string; name: string; up: string; down: string; cascade?: boolean; timeout_ms?: number; max_rows?: number },
  signal?: AbortSignal,
) => call<{ version: number; answer: SQLResult }>("/v1/metadata", { method: "POST", signal, body: { type: "gatehouse_migrate", args } });
export const loadMigrations = async (source: string): Promise<Migration[]> =>
  (await command<{ migrations: Migration[] }>("gatehouse_get_migrations", { source })).migrations;
/** Takes a migration back; `force` although later ones are kept. */
export const revertMigration = (source: string, version: number, { cascade = false, force = false } = {}): Promise<unknown> =>
  command("gatehouse_revert_migration", { source, version, cascade, force });
export const forgetMigration = (source: string, version: number): Promise<unknown> => command("gatehouse_forget_migration", { source, version });
