import { useQueries } from "@tanstack/react-query";
import { type Database, selectRows, type Table } from "../../../../../api/catalog.ts";
import { useMetadata } from "../source.ts";
import { type Lookup, lookupOf } from "./lookup.ts";

export type Lookups = Record<string, { source: string; of: Lookup; keys?: string[] } | undefined>;

/** Where the values of a table's columns come from; of those that point to an enum table, all they may be. */
export const useLookups = (source: string, table: Table, database: Database | undefined, isAsked: boolean): Lookups => {
  const tracked = useMetadata().data?.metadata.sources?.find((one) => one.name === source)?.tables;
  const found = table.columns.flatMap((column) => {
    const of = lookupOf(table, column, database);
    return of ? [{ name: column.name, of }] : [];
  });
  const enums = found.filter(({ of }) => tracked?.some((one) => one.is_enum && one.table.schema === of.to.schema && one.table.name === of.to.name));
  const keys = useQueries({
    queries: enums.map(({ of }) => ({
      queryKey: ["rows", source, of.to.schema, of.to.name, "enum"],
      enabled: isAsked,
      queryFn: () => selectRows(source, of.to, { columns: [of.key.name], limit: 1000 }),
    })),
  });
  return Object.fromEntries(
    found.map(({ name, of }) => {
      const at = enums.findIndex((one) => one.name === name);
      return [
        name,
        { source, of, keys: at < 0 ? undefined : keys[at]?.data?.rows.flatMap(({ values: [key] }) => (typeof key === "string" ? [key] : [])) },
      ];
    }),
  );
};
