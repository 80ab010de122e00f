import { useMutation, useQuery } from "@tanstack/react-query";
import type { Database, Name } from "../../../../api/catalog.ts";
import { bulk, type Command, command, exportMetadata } from "../../../../api/metadata.ts";
import { done, failed } from "../../parts/notify.ts";
import { commandsFor, type Suggestion } from "./relationships.ts";
import { commandsToRestore } from "./restore.ts";
import { useMetadata, useRefresh } from "./source.ts";
import { t } from "./text.ts";

const named = ({ schema, name }: Name) => ({ schema, name });

/** Tracking of tables, which is a click either way. */
export const useTracking = (source: string) => {
  const refresh = useRefresh();
  const track = useMutation({
    mutationFn: (tables: Name[]) =>
      command(
        "bulk",
        tables.map((table) => ({ type: "pg_track_table", args: { source, table: named(table) } })),
      ),
    onSuccess: async (_, tables) => {
      await refresh();
      // Without cascade: what somebody has made of them meanwhile is not taken along.
      const takeBack = () => bulk(tables.map((table) => ({ type: "pg_untrack_table", args: { source, table: named(table) } }))).then(refresh);
      done(t("trackedDone", { count: tables.length }), takeBack);
    },
    onError: failed,
  });
  const untrack = useMutation({
    mutationFn: async (table: Name) => {
      const { metadata: before } = await exportMetadata();
      await command("pg_untrack_table", { source, table: named(table), cascade: true });
      return exportMetadata().then(
        (after) => commandsToRestore(before, after.metadata),
        () => undefined,
      );
    },
    onSuccess: async (back, table) => {
      await refresh();
      done(t("untrackedDone", { name: table.name }), back && (() => bulk(back).then(refresh)));
    },
  });
  return { track, untrack };
};

/** The relationships that foreign keys between tracked tables allow and that are not there yet. */
export const useSuggestions = (source: string, isAsked: boolean, table?: Name) =>
  useQuery({
    queryKey: ["suggestions", source, table?.schema, table?.name],
    enabled: isAsked,
    queryFn: async () => {
      const all = await command<{ relationships: Suggestion[] }>("pg_suggest_relationships", {
        source,
        omit_tracked: true,
        ...(table && { tables: [named(table)] }),
      });
      return all.relationships.filter((one) => !table || (one.from.table.schema === table.schema && one.from.table.name === table.name));
    },
  });

/** Adds suggested relationships, all or none. */
export const useAddSuggestions = (source: string, database: Database | undefined) => {
  const refresh = useRefresh();
  const metadata = useMetadata().data?.metadata;
  return useMutation({
    mutationFn: (suggestions: Suggestion[]) => {
      const tracked = metadata?.sources?.find((one) => one.name === source)?.tables ?? [];
      const commands: Command[] = commandsFor(source, suggestions, database?.tables ?? [], tracked);
      return command("bulk", commands);
    },
    onSuccess: async (_, suggestions) => {
      await refresh();
      done(t("added", { count: suggestions.length }));
    },
    onError: failed,
  });
};
