import type { Column, Table as Described } from "../../../../api/catalog.ts";
import type { QualifiedTable, Source, Table } from "../../../../api/metadata.ts";
import { isObject, type Shapes } from "./filter.ts";

/** What the filter builder offers on a table: its columns, its relationships and where they lead. */
export type Ground = Omit<Shapes, "table" | "below"> & {
  table: (name: unknown) => Ground | undefined;
  below: (relationship: string) => Ground | undefined;
  columns: Column[];
  relationships: string[];
};

/** A table as metadata names it: "author", {name} or {schema, name}. */
export const qualified = (name: unknown): QualifiedTable | undefined => {
  if (typeof name === "string") return { schema: "public", name };
  if (!isObject(name) || typeof name.name !== "string") return undefined;
  return { schema: typeof name.schema === "string" ? name.schema : "public", name: name.name };
};

const targetOf = (table: Table, described: Described | undefined, relationship: string): QualifiedTable | undefined => {
  const found = [...(table.object_relationships ?? []), ...(table.array_relationships ?? [])].find(({ name }) => name === relationship);
  if (!found) return undefined;
  const { foreign_key_constraint_on: on, manual_configuration: manual } = found.using as {
    foreign_key_constraint_on?: unknown;
    manual_configuration?: { remote_table?: unknown };
  };
  if (manual) return qualified(manual.remote_table);
  if (isObject(on)) return qualified(on.table);
  const columns = (Array.isArray(on) ? on : [on]).map(String).sort().join();
  return described?.foreign_keys.find((key) => [...key.columns].sort().join() === columns)?.to;
};

/** The ground of a table: everything a filter on it can speak of, as deep as it likes. */
export const groundOf = (source: Source, tables: Described[], at: QualifiedTable): Ground | undefined => {
  const tracked = source.tables?.find(({ table }) => table.schema === at.schema && table.name === at.name);
  const described = tables.find(({ schema, name }) => schema === at.schema && name === at.name);
  if (!described) return undefined;
  const relationships = [...(tracked?.object_relationships ?? []), ...(tracked?.array_relationships ?? [])].map(({ name }) => name);
  return {
    of: { columns: new Set(described.columns.map(({ name }) => name)), relationships: new Set(relationships) },
    columns: described.columns,
    relationships,
    below: (relationship) => {
      const target = tracked && targetOf(tracked, described, relationship);
      return target && groundOf(source, tables, target);
    },
    table: (name) => {
      const target = qualified(name);
      return target && groundOf(source, tables, target);
    },
  };
};
