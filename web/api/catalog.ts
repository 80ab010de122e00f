import { ApiError, unreachable } from "./error.ts";
import { command } from "./metadata.ts";
import { send } from "./request.ts";

export type Name = { schema: string; name: string };
export type TableKind = "table" | "view" | "materialized_view" | "foreign_table" | "partitioned_table";
export type Column = {
  name: string;
  /** As written in SQL: "character varying(20)". */
  type: string;
  type_name: Name;
  type_kind: "base" | "array" | "enum" | "composite" | "range" | "domain";
  nullable: boolean;
  default: string | null;
  identity: "" | "always" | "by_default";
  generated: string | null;
  comment: string | null;
};
export type Key = { name: string; primary: boolean; columns: string[] };
export type ForeignKey = { name: string; columns: string[]; to: Name; to_columns: string[]; on_update: string; on_delete: string };
export type Part = { name: string; definition: string; comment: string | null };
export type Index = Part & { unique: boolean; valid: boolean; constraint: boolean; bytes: number };
export type Table = Name & {
  kind: TableKind;
  comment: string | null;
  tracked: boolean;
  rows: number | null;
  bytes: number;
  parent?: Name;
  columns: Column[];
  keys: Key[];
  foreign_keys: ForeignKey[];
  parts?: { definition: string | null; total_bytes: number; checks: Part[]; indexes: Index[]; triggers: Part[] };
};
export type DatabaseFunction = Name & {
  arguments: string;
  returns: string;
  language: string;
  volatility: "immutable" | "stable" | "volatile";
  kind: "function" | "procedure" | "aggregate" | "window";
  trigger: boolean;
  comment: string | null;
  returns_table: Name | null;
  first_table: Name | null;
  tracked: boolean;
  definition?: string | null;
};
export type Enum = Name & { values: string[] };
export type Database = { server_version: number; schemas: string[]; tables: Table[]; functions: DatabaseFunction[]; enums: Enum[] };

/** A source's database: all of it, of one schema, or of one table with its checks, indexes and triggers. */
export const describe = (source: string, schema = "", table = ""): Promise<Database> =>
  command("gatehouse_describe_source", { source, schema, table });

export type Filter = { column: string; op: string; value?: string; values?: string[] };
export type Order = { column: string; desc?: boolean };
/** A row's place in the order of its table: what each column of the order has there. */
export type Place = (string | null)[];
export type Read = {
  where?: Filter[];
  order_by?: Order[];
  columns?: string[];
  limit?: number;
  offset?: number;
  after?: Place;
  before?: Place;
  last?: boolean;
  count?: boolean;
  whole?: boolean;
};
/** A row as it was read: every value as Postgres writes it, what is longer than shown in `cut`. */
export type Row = { values: (string | null)[]; cut?: number[]; version: string; place?: string };
export type Rows = {
  columns: string[];
  rows: Row[];
  identity: string[];
  count: number | null;
  count_capped: boolean;
  estimate: number | null;
  first: Place | null;
  last: Place | null;
};

const named = ({ schema, name }: Name) => ({ schema, name });

export const selectRows = (source: string, table: Name, read: Read): Promise<Rows> =>
  command("gatehouse_select_rows", { source, table: named(table), ...read });

/** What a column is set to: a text, null, or what the column has by default. */
export type Value = string | null | { default: true };
export type Change =
  | { op: "insert"; set: Record<string, Value>; overrides?: boolean }
  | { op: "update"; set: Record<string, Value>; key: Record<string, string>; version: string; place?: string }
  | { op: "delete"; key: Record<string, string>; version: string; place?: string };

/** Rows of another table that foreign keys deleted or changed along with deleted ones. */
export type Caught = Name & { action: "cascade" | "set null" | "set default"; count: number };
/** What has come of changes, and what takes them back; null where that cannot be done safely. */
export type Changed = { rows: (Row | null)[]; undo?: Change[] | null; caught?: Caught[] };

/** Makes all changes or none. A row that is not as it was read any more is an ApiError with the code "conflict" and Conflict as its data. */
export const changeRows = (source: string, table: Name, changes: Change[]): Promise<Changed> =>
  command("gatehouse_change_rows", { source, table: named(table), changes, undo: true });
export type Conflict = { change: number; now: Row | null };

export const exportRows = async (source: string, table: Name, read: Read, format: "csv" | "json"): Promise<Blob> =>
  (await send("/v1alpha1/rows/export", { method: "POST", body: { source, table: named(table), ...read, format } })).blob();

/** Why a row, counted from 1, is not taken. */
export type Refusal = { row: number; column?: string; reason: string };
export type Imported = { rows: number; written: number; refused: Refusal[]; stopped: boolean };
export type ImportOptions = {
  columns: string[];
  on_conflict?: "skip" | "update";
  /** Tries it and keeps nothing. */
  check?: boolean;
  signal?: AbortSignal;
  onProgress?: (rows: number) => void;
};

/** Inserts rows, all or none, and tells how far it is; refused rows are an answer, not an error. */
export const importRows = async (source: string, table: Name, rows: Value[][], options: ImportOptions): Promise<Imported> => {
  const { signal, onProgress, ...args } = options;
  const lines = [JSON.stringify({ source, table: named(table), ...args })];
  for (const row of rows) lines.push(JSON.stringify(row));
  const response = await send("/v1alpha1/rows/import", {
    method: "POST",
    raw: new Blob([lines.join("\n")], { type: "application/x-ndjson" }),
    signal,
  });
  const reader = (response.body as ReadableStream<Uint8Array>)
    .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    .getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    const parts = (rest + (value ?? "")).split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) {
      const said = JSON.parse(part) as { done?: number; imported?: Imported; error?: { path: string; error: string; code: string } };
      if (said.done !== undefined) onProgress?.(said.done);
      if (said.error) throw new ApiError(400, said.error.code, said.error.error, said.error.path);
      if (said.imported) return said.imported;
    }
    if (done) throw new ApiError(0, unreachable, "The answer broke off.");
  }
};
