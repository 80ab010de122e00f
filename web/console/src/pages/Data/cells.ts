import type { Column, Row, Rows, Table, Value } from "../../../../api/catalog.ts";

/** How a value of a column is edited. */
export type Editor = "boolean" | "enum" | "json" | "number" | "text" | "date" | "time" | "timestamp" | "uuid" | "bytea" | "array" | "other";

const numbers = new Set(["int2", "int4", "int8", "numeric", "float4", "float8", "money", "oid"]);
const textual = new Set(["text", "varchar", "bpchar", "citext", "name", "xml", "char"]);

export const editorOf = (column: Column): Editor => {
  if (column.type_kind === "enum") return "enum";
  if (column.type_kind === "array") return "array";
  if (column.type_kind !== "base") return "other";
  const name = column.type_name.name;
  if (name === "bool") return "boolean";
  if (name === "json" || name === "jsonb") return "json";
  if (numbers.has(name)) return "number";
  if (textual.has(name)) return "text";
  if (name === "date") return "date";
  if (name === "time" || name === "timetz") return "time";
  if (name === "timestamp" || name === "timestamptz") return "timestamp";
  if (name === "uuid") return "uuid";
  if (name === "bytea") return "bytea";
  return "other";
};

/** The first choice that begins with what was typed. */
export const choiceFor = (choices: string[], typed: string | undefined): string | undefined =>
  typed === undefined ? undefined : choices.find((choice) => choice.toLowerCase().startsWith(typed.toLowerCase()));

const shorter: [RegExp, string][] = [
  [/\btimestamp(\(\d\))? with time zone/, "timestamptz$1"],
  [/\btimestamp(\(\d\))? without time zone/, "timestamp$1"],
  [/\btime(\(\d\))? with time zone/, "timetz$1"],
  [/\btime(\(\d\))? without time zone/, "time$1"],
  [/\bcharacter varying/, "varchar"],
  [/\bcharacter\b/, "char"],
  [/\bdouble precision/, "float8"],
  [/\bbit varying/, "varbit"],
];
/** A type by the shorter of its names, where there is little room. */
export const shortType = (type: string): string => shorter.reduce((text, [long, short]) => text.replace(long, short), type);

/** Whether a column takes values at all: generated ones do not. */
export const isWritable = (column: Column): boolean => column.generated === null && column.identity !== "always";

/** Whether an insert has to say something about a column. */
export const isRequired = (column: Column): boolean => isWritable(column) && !column.nullable && column.default === null && column.identity === "";

/**
 * What is wrong with a typed value, before Postgres is asked; undefined where it may be right. Only what is certain: Postgres reads far more
 * than could be said here.
 */
export const mistakeIn = (column: Column, text: string): "json" | "number" | "uuid" | "bytea" | "boolean" | undefined => {
  switch (editorOf(column)) {
    case "json":
      try {
        JSON.parse(text);
        return undefined;
      } catch {
        return "json";
      }
    case "number":
      if (column.type_name.name === "money") return undefined;
      return /^\s*[+-]?(\d[\d_]*\.?\d*|\.\d+|0x[\da-f]+|0o[0-7]+|0b[01]+)(e[+-]?\d+)?\s*$|^\s*(nan|[+-]?inf(inity)?)\s*$/i.test(text)
        ? undefined
        : "number";
    case "uuid":
      return /^\{?[0-9a-f]{4}(-?[0-9a-f]{4}){7}\}?$/i.test(text.trim()) ? undefined : "uuid";
    case "bytea":
      return text.startsWith("\\x") && !/^\\x([0-9a-f]{2}|\s)*$/i.test(text) ? "bytea" : undefined;
    default:
      return undefined;
  }
};

/** JSON made readable without touching a digit: only white space between its tokens is changed. */
export const prettyJSON = (text: string): string => {
  try {
    JSON.parse(text);
  } catch {
    return text;
  }
  let out = "";
  let depth = 0;
  const line = () => `\n${"  ".repeat(depth)}`;
  for (const token of text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? []) {
    if (token === "{" || token === "[") {
      depth++;
      out += token + line();
    } else if (token === "}" || token === "]") {
      depth--;
      out = /[{[]\s*$/.test(out) ? out.trimEnd() + token : out + line() + token;
    } else if (token === ",") out += token + line();
    else if (token === ":") out += ": ";
    else out += token;
  }
  return out;
};

export const isDefault = (value: Value | undefined): value is { default: true } => typeof value === "object" && value !== null;
export const sameValue = (a: Value | undefined, b: Value | undefined): boolean => a === b || (isDefault(a) && isDefault(b));

/** What tells a row from the others, for its place in the page and for a change. */
export const keyOf = (rows: Pick<Rows, "columns" | "identity">, row: Row): Record<string, string> => {
  const key: Record<string, string> = {};
  for (const name of rows.identity) {
    const value = row.values[rows.columns.indexOf(name)];
    if (typeof value === "string") key[name] = value;
  }
  return key;
};
export const idOf = (rows: Pick<Rows, "columns" | "identity">, row: Row): string =>
  rows.identity.length > 0 ? JSON.stringify(rows.identity.map((name) => row.values[rows.columns.indexOf(name)])) : (row.place ?? row.version);

/** Whether rows of a table can be told apart, and so be changed. */
export const isEditable = (table: Table): boolean =>
  table.kind === "table" || ((table.kind === "partitioned_table" || table.kind === "foreign_table") && table.keys.length > 0);

/** The tables that lead here. */
export const referencesTo = (tables: Table[], table: Table) =>
  tables.flatMap((other) =>
    other.foreign_keys.filter((key) => key.to.schema === table.schema && key.to.name === table.name).map((key) => ({ table: other, key })),
  );
