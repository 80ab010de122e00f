import { call } from "./request.ts";

/** What run_sql answers: for a query the names of its columns, then its rows, all as text. */
export type SQLAnswer = { result_type: "TuplesOk" | "CommandOk"; result: string[][] | null };

export const runSQL = (sql: string, options: { source?: string; readOnly?: boolean; signal?: AbortSignal } = {}): Promise<SQLAnswer> =>
  call("/v2/query", {
    method: "POST",
    signal: options.signal,
    body: { type: "run_sql", args: { source: options.source ?? "default", sql, read_only: options.readOnly ?? false } },
  });
