import type { Column, Database, Table } from "../../../../../api/catalog.ts";
import { editorOf } from "../cells.ts";

/** Where the values of a column come from: a foreign key of this column alone. */
export type Lookup = { to: Table; key: Column; label: Column | undefined };

const likely = ["name", "title", "label", "full_name", "username", "email", "slug", "code", "description", "comment"];

/** The column by which people tell rows of a table. */
export const labelOf = (table: Table, key: string): Column | undefined => {
  const texts = table.columns.filter((column) => column.name !== key && editorOf(column) === "text");
  for (const name of likely) {
    const found = texts.find((column) => column.name.toLowerCase() === name);
    if (found) return found;
  }
  return texts.find((column) => /name|title|label/i.test(column.name)) ?? texts[0];
};

export const lookupOf = (table: Table, column: Column, database: Database | undefined): Lookup | undefined => {
  const foreign = table.foreign_keys.find((key) => key.columns.length === 1 && key.columns[0] === column.name);
  const to = foreign && database?.tables.find((one) => one.schema === foreign.to.schema && one.name === foreign.to.name);
  const key = to?.columns.find((one) => one.name === foreign?.to_columns[0]);
  return to && key && { to, key, label: labelOf(to, key.name) };
};
