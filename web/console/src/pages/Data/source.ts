import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { type Database, describe, type Name, type Table } from "../../../../api/catalog.ts";
import { exportMetadata, type Table as TrackedTable } from "../../../../api/metadata.ts";

/** A source's database, as the tree, the picture and completion know it. */
export const useDatabase = (source: string | undefined) =>
  useQuery({ queryKey: ["database", source], queryFn: () => describe(source ?? ""), enabled: source !== undefined, staleTime: 30_000 });

/** What an editor of SQL completes: columns by table by schema. */
export const useNames = (database: Database | undefined) =>
  useMemo(() => {
    if (!database) return undefined;
    const all: Record<string, Record<string, string[]>> = {};
    for (const table of database.tables) {
      all[table.schema] ??= {};
      (all[table.schema] as Record<string, string[]>)[table.name] = table.columns.map((column) => column.name);
    }
    return all;
  }, [database]);

/** One table with all its parts. */
export const useTable = (source: string, { schema, name }: Name) =>
  useQuery({
    queryKey: ["table", source, schema, name],
    queryFn: async (): Promise<Table | null> => (await describe(source, schema, name)).tables[0] ?? null,
    staleTime: 10_000,
  });

export const useMetadata = () => useQuery({ queryKey: ["metadata"], queryFn: exportMetadata, staleTime: 10_000 });

/** The sources that can be browsed. */
export const useSources = () => {
  const { data, ...rest } = useMetadata();
  return { ...rest, data: data?.metadata.sources?.filter((source) => source.kind === "postgres" || source.kind === "pg" || source.kind === "citus") };
};

export const useTracked = (source: string, table: Name): TrackedTable | undefined =>
  useMetadata()
    .data?.metadata.sources?.find((one) => one.name === source)
    ?.tables?.find((one) => one.table.schema === table.schema && one.table.name === table.name);

/** To be called after a change of the schema or the metadata: everything that shows them is asked for again. */
export const useRefresh = () => {
  const client = useQueryClient();
  return useCallback(
    () =>
      Promise.all(
        ["database", "table", "metadata", "rows", "row", "suggestions", "inconsistencies", "migrations"].map((key) =>
          client.invalidateQueries({ queryKey: [key] }),
        ),
      ),
    [client],
  );
};
