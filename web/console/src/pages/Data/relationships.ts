import type { ForeignKey, Name, Table } from "../../../../api/catalog.ts";
import type { Command, Relationship, Table as TrackedTable } from "../../../../api/metadata.ts";

/** One end of a relationship that a foreign key allows, as suggest_relationships tells it. */
type End = { table: Name; columns: string[]; constraint_name?: string };
export type Suggestion = { type: "object" | "array"; from: End; to: End };

const singular = (name: string): string =>
  /ies$/.test(name)
    ? name.replace(/ies$/, "y")
    : /(ss|us|is)$/.test(name)
      ? name
      : /(x|ch|sh|ss)es$/.test(name)
        ? name.slice(0, -2)
        : name.replace(/s$/, "");
const plural = (name: string): string =>
  /s$/.test(name) && !/(ss|us|is)$/.test(name)
    ? name
    : /[^aeiou]y$/.test(name)
      ? name.replace(/y$/, "ies")
      : /(s|x|ch|sh)$/.test(name)
        ? `${name}es`
        : `${name}s`;
const graphqlName = (name: string): string => name.replace(/[^A-Za-z0-9_]/g, "_").replace(/^(\d)/, "_$1");

/** What a suggested relationship is called: after its column or table, and after its column too where that is taken. */
export const nameFor = (suggestion: Suggestion, taken: ReadonlySet<string>): string => {
  const own = suggestion.from.constraint_name ? suggestion.from : suggestion.to;
  const column = own.columns.length === 1 ? (own.columns[0] ?? "") : "";
  const isForward = suggestion.from.constraint_name !== undefined;
  const base = graphqlName(
    isForward
      ? /.(_id|Id)$/.test(column)
        ? column.replace(/(_id|Id)$/, "")
        : singular(suggestion.to.table.name)
      : suggestion.type === "array"
        ? plural(suggestion.to.table.name)
        : singular(suggestion.to.table.name),
  );
  const candidates = [base, graphqlName(`${base}_by_${own.columns.join("_")}`)];
  for (let n = 2; ; n++) {
    const found = candidates.find((name) => !taken.has(name));
    if (found) return found;
    candidates.push(`${base}_${n}`);
  }
};

/** The names that fields of a tracked table already have. */
export const namesOf = (table: Table | undefined, tracked: TrackedTable | undefined): Set<string> =>
  new Set([
    ...(table?.columns ?? []).map((column) => column.name),
    ...[...(tracked?.object_relationships ?? []), ...(tracked?.array_relationships ?? []), ...(tracked?.computed_fields ?? [])].map(
      (one) => one.name,
    ),
  ]);

/** The command that makes a suggestion a relationship. */
export const commandFor = (source: string, suggestion: Suggestion, name: string): Command => {
  const { from, to, type } = suggestion;
  const own = from.constraint_name ? from : to;
  const columns = own.columns.length === 1 ? own.columns[0] : own.columns;
  const using = from.constraint_name
    ? { foreign_key_constraint_on: columns }
    : { foreign_key_constraint_on: { table: to.table, [to.columns.length === 1 ? "column" : "columns"]: columns } };
  return { type: `pg_create_${type}_relationship`, args: { source, table: from.table, name, using } };
};

/** Commands for several suggestions, whose names differ from each other, too. */
export const commandsFor = (source: string, suggestions: Suggestion[], tables: Table[], tracked: TrackedTable[]): Command[] => {
  const taken = new Map<string, Set<string>>();
  return suggestions.map((suggestion) => {
    const { schema, name } = suggestion.from.table;
    const key = `${schema}.${name}`;
    const same = (one: Name) => one.schema === schema && one.name === name;
    const names =
      taken.get(key) ??
      namesOf(
        tables.find(same),
        tracked.find((one) => same(one.table)),
      );
    taken.set(key, names);
    const chosen = nameFor(suggestion, names);
    names.add(chosen);
    return commandFor(source, suggestion, chosen);
  });
};

/** What a relationship of the metadata leads to, in words of the catalog; undefined where that cannot be told. */
export const targetOf = (
  relationship: Relationship,
  isArray: boolean,
  table: Table,
): { table: Name; mapping: [string, string][] } | { table: Name; through: string } | undefined => {
  const using = relationship.using as {
    foreign_key_constraint_on?: string | string[] | { table: Name | string; column?: string; columns?: string[] };
    manual_configuration?: { remote_table: Name | string; column_mapping: Record<string, string> };
  };
  const name = (value: Name | string): Name =>
    typeof value === "string" ? { schema: "public", name: value } : { schema: value.schema ?? "public", name: value.name };
  if (using.manual_configuration)
    return { table: name(using.manual_configuration.remote_table), mapping: Object.entries(using.manual_configuration.column_mapping) };
  const on = using.foreign_key_constraint_on;
  if (on === undefined) return undefined;
  if (typeof on === "object" && !Array.isArray(on)) return { table: name(on.table), through: (on.columns ?? [on.column ?? ""]).join(", ") };
  if (isArray) return undefined;
  const columns = Array.isArray(on) ? on : [on];
  const key: ForeignKey | undefined = table.foreign_keys.find(
    (one) => one.columns.length === columns.length && columns.every((c) => one.columns.includes(c)),
  );
  return key && { table: key.to, mapping: key.columns.map((column, i) => [column, key.to_columns[i] ?? ""]) };
};
