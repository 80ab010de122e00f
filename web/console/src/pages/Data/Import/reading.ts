import type { Column, Table, Value } from "../../../../../api/catalog.ts";
import { isRequired, isWritable, mistakeIn } from "../cells.ts";

// What a file says, before it is compared with a table: names, and lines of values as they are written there.

/** A value of a file: null for one that is empty without quotes, or JSON's null. */
export type Cell = string | null;
export type FileRows = { kind: "csv" | "json"; names: string[]; rows: { line: number; cells: (Cell | undefined)[] }[] };

export class Unreadable extends Error {}

/** Reads CSV (RFC 4180), with a semicolon or a tab between values where the first line has more of those. */
export const readCSV = (text: string): FileRows => {
  const source = text.replace(/^\uFEFF/, "");
  const head = source.slice(0, source.search(/\r?\n|$/)).replace(/"(?:[^"]|"")*"/g, "");
  const mark = [",", ";", "\t"].reduce((best, one) => (head.split(one).length > head.split(best).length ? one : best));
  const rows: FileRows["rows"] = [];
  let cells: Cell[] = [];
  let at = 0;
  let line = 1;
  let begin = 1;
  const stop = new RegExp(`[${mark}\\r\\n]`, "g");
  while (at <= source.length) {
    let value: Cell;
    if (source[at] === '"') {
      let end = at + 1;
      for (;;) {
        end = source.indexOf('"', end);
        if (end < 0) throw new Unreadable(`line ${line}: a quote is not closed`);
        if (source[end + 1] !== '"') break;
        end += 2;
      }
      value = source.slice(at + 1, end).replaceAll('""', '"');
      for (let i = value.indexOf("\n"); i >= 0; i = value.indexOf("\n", i + 1)) line++;
      at = end + 1;
    } else {
      stop.lastIndex = at;
      const end = stop.exec(source)?.index ?? source.length;
      value = source.slice(at, end) || null;
      at = end;
    }
    cells.push(value);
    if (source[at] === mark) {
      at++;
      continue;
    }
    if (at < source.length && source[at] !== "\r" && source[at] !== "\n") throw new Unreadable(`line ${line}: text behind a closed quote`);
    if (cells.length > 1 || cells[0] !== null) rows.push({ line: begin, cells });
    cells = [];
    at += source[at] === "\r" && source[at + 1] === "\n" ? 2 : 1;
    begin = ++line;
  }
  const names = (rows.shift()?.cells ?? []).map((name, i) => name?.trim() || `column ${i + 1}`);
  for (const row of rows)
    if (row.cells.length !== names.length)
      throw new Unreadable(`line ${row.line}: ${row.cells.length} values, where the first line names ${names.length}`);
  return { kind: "csv", names, rows };
};

/** The tokens of a JSON text that is known to be one. */
const tokens = (text: string) => text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g);

/** Reads JSON: an array of objects, or an object on each line. Values are kept as they are written: no digit of a number is lost. */
export const readJSON = (text: string): FileRows => {
  const source = text.replace(/^\uFEFF/, "").trim();
  try {
    if (source.startsWith("[")) JSON.parse(source);
    else for (const one of source.split("\n")) if (one.trim()) JSON.parse(one);
  } catch (error) {
    throw new Unreadable(error instanceof Error ? error.message : String(error));
  }
  const base = source.startsWith("[") ? 1 : 0;
  const names = new Map<string, number>();
  const rows: FileRows["rows"] = [];
  let cells: (Cell | undefined)[] = [];
  let depth = 0;
  let name: string | undefined;
  let value = "";
  const end = () => {
    if (name === undefined) return;
    let position = names.get(name);
    if (position === undefined) {
      position = names.size;
      names.set(name, position);
    }
    cells[position] = value === "null" ? null : value;
    name = undefined;
    value = "";
  };
  for (const [token] of tokens(source)) {
    const opens = token === "{" || token === "[";
    const closes = token === "}" || token === "]";
    if (closes) depth--;
    if (depth === base && token === "{") cells = [];
    else if (depth === base && token === "}") {
      end();
      rows.push({ line: rows.length + 1, cells });
    } else if (depth === base && token !== "," && token !== "]" && !opens) throw new Unreadable("expected objects");
    else if (depth === base + 1 && name === undefined && token !== ",") {
      name = JSON.parse(token) as string;
      value = "";
    } else if (depth === base + 1 && token === ",") end();
    else if (depth > base && !(depth === base + 1 && token === ":" && value === "")) value += token;
    if (opens) depth++;
  }
  return { kind: "json", names: [...names.keys()], rows };
};

const arrayText = (value: unknown): string =>
  Array.isArray(value)
    ? `{${value.map(arrayText).join(",")}}`
    : value === null
      ? "NULL"
      : `"${(typeof value === "object" ? JSON.stringify(value) : String(value)).replace(/["\\]/g, "\\$&")}"`;

/** A raw JSON value as a column's text. */
const fromJSON = (column: Column, raw: string): string => {
  if (column.type_name.name === "json" || column.type_name.name === "jsonb") return raw;
  if (raw.startsWith('"')) return JSON.parse(raw) as string;
  return column.type_kind === "array" && raw.startsWith("[") ? arrayText(JSON.parse(raw)) : raw;
};

/** What a value is that is empty without quotes, or not there. */
export type EmptyAs = "null" | "default" | "text";

export const writtenAs = (kind: FileRows["kind"], column: Column, cell: Cell | undefined, emptyAs: EmptyAs): Value => {
  if (cell === undefined) return { default: true };
  if (cell === null) return kind === "json" ? null : emptyAs === "default" ? { default: true } : emptyAs === "text" ? "" : null;
  return kind === "json" ? fromJSON(column, cell) : cell;
};

const plain = (name: string) => name.toLowerCase().replace(/[\s_-]/g, "");

/** For each name of a file the column it is likeliest meant for, each column once. */
export const match = (names: string[], table: Table): (string | null)[] => {
  const open = new Set(table.columns.filter(isWritable).map((column) => column.name));
  const found = names.map((name) => (open.delete(name) ? name : null));
  return found.map((column, i) => {
    if (column !== null) return column;
    const near = [...open].find((one) => plain(one) === plain(names[i] ?? ""));
    if (near) open.delete(near);
    return near ?? null;
  });
};

/** The columns that have to be given and are not. */
export const missing = (table: Table, matched: (string | null)[]): Column[] =>
  table.columns.filter((column) => isRequired(column) && !matched.includes(column.name));

export type Mistake = { line: number; column: string; value: string; mistake: NonNullable<ReturnType<typeof mistakeIn>> };

/** What is certainly wrong in a file, up to a number of mistakes; Postgres finds the rest. */
export const mistakesIn = (file: FileRows, matched: (string | null)[], table: Table, most: number): Mistake[] => {
  const columns = matched.map((name) => table.columns.find((column) => column.name === name));
  const found: Mistake[] = [];
  for (const { line, cells } of file.rows)
    for (const [i, column] of columns.entries()) {
      const cell = cells[i];
      if (!column || cell === null || cell === undefined) continue;
      const value = file.kind === "json" ? fromJSON(column, cell) : cell;
      const mistake = mistakeIn(column, value);
      if (mistake && found.push({ line, column: column.name, value, mistake }) === most) return found;
    }
  return found;
};
