import type { Column, Table } from "../../../../../api/catalog.ts";
import type { TableConfiguration } from "../../../../../api/metadata.ts";

/** The root fields of a table, as the metadata names them, with what they are called unless they are renamed. */
export const rootFields = [
  ["select", "{name}"],
  ["select_by_pk", "{name}_by_pk"],
  ["select_aggregate", "{name}_aggregate"],
  ["select_stream", "{name}_stream"],
  ["insert", "insert_{name}"],
  ["insert_one", "insert_{name}_one"],
  ["update", "update_{name}"],
  ["update_by_pk", "update_{name}_by_pk"],
  ["update_many", "update_{name}_many"],
  ["delete", "delete_{name}"],
  ["delete_by_pk", "delete_{name}_by_pk"],
] as const;

/** What is typed: names and comments, empty where there is none of one's own. */
export type Draft = {
  name: string;
  comment: string;
  roots: Record<string, string>;
  columns: Record<string, { name: string; comment: string }>;
};

const rootName = (field: NonNullable<TableConfiguration["custom_root_fields"]>[string] | undefined): string =>
  (typeof field === "string" ? field : field?.name) ?? "";

export const draftOf = (configuration: TableConfiguration = {}, columns: Column[]): Draft => ({
  name: configuration.custom_name ?? "",
  comment: configuration.comment ?? "",
  roots: Object.fromEntries(rootFields.map(([key]) => [key, rootName(configuration.custom_root_fields?.[key])])),
  columns: Object.fromEntries(
    columns.map(({ name }) => {
      const config = configuration.column_config?.[name];
      return [name, { name: config?.custom_name ?? configuration.custom_column_names?.[name] ?? "", comment: config?.comment ?? "" }];
    }),
  ),
});

/** The configuration with what was typed; what the form does not show (comments of root fields, columns that are gone) stays. */
export const configurationOf = (was: TableConfiguration = {}, draft: Draft): TableConfiguration => {
  const roots: NonNullable<TableConfiguration["custom_root_fields"]> = { ...was.custom_root_fields };
  for (const [key, name] of Object.entries(draft.roots)) {
    const old = roots[key];
    const comment = typeof old === "object" && old !== null ? old.comment : undefined;
    if (comment !== undefined && comment !== null) roots[key] = { ...(name.trim() && { name: name.trim() }), comment };
    else if (name.trim()) roots[key] = name.trim();
    else delete roots[key];
  }
  const columns: NonNullable<TableConfiguration["column_config"]> = { ...was.column_config };
  const names: Record<string, string> = { ...was.custom_column_names };
  for (const [column, { name, comment }] of Object.entries(draft.columns)) {
    delete columns[column];
    delete names[column];
    if (name.trim() || comment.trim())
      columns[column] = { ...(name.trim() && { custom_name: name.trim() }), ...(comment.trim() && { comment: comment.trim() }) };
    if (name.trim()) names[column] = name.trim();
  }
  return {
    ...(draft.name.trim() && { custom_name: draft.name.trim() }),
    ...(draft.comment.trim() && { comment: draft.comment.trim() }),
    custom_root_fields: roots,
    column_config: columns,
    custom_column_names: names,
  };
};

/** What is wrong with a name of the API (GraphQL: Names); undefined for none at all. */
export const isWrongName = (name: string): boolean => name.trim() !== "" && !/^[_A-Za-z][_0-9A-Za-z]*$/.test(name.trim());

const isText = (column: Column) => ["text", "varchar", "bpchar", "name", "citext"].includes(column.type_name.name);

/** Whether a table can be an enum: a key of one text column, and at most one more text column for comments (Hasura: enum tables). */
export const canBeEnum = (table: Table): boolean => {
  const key = table.keys.find((one) => one.primary)?.columns;
  return key?.length === 1 && table.columns.length <= 2 && table.columns.every(isText);
};
