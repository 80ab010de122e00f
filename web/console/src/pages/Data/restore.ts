import type { Command, Metadata, Source, Table, TrackedFunction } from "../../../../api/metadata.ts";

// What was taken out of the metadata, put back by the commands that would have made it: what others have changed meanwhile stays.

const keyOf = ({ schema, name }: { schema: string; name: string }) => JSON.stringify([schema, name]);
const permissions = ["select", "insert", "update", "delete"] as const;
const lists = ["object_relationships", "array_relationships", "computed_fields", "remote_relationships", "event_triggers"] as const;
/** What of a table is put back here. */
const known = new Set<string>([
  ...["table", "configuration", "apollo_federation_config", "is_enum"],
  ...lists,
  ...permissions.map((kind) => `${kind}_permissions`),
]);

const gone = <T>(before: T[] | undefined, now: T[] | undefined, nameOf: (one: T) => string) =>
  (before ?? []).filter((one) => !now?.some((other) => nameOf(other) === nameOf(one)));
const name = (one: { name: string }) => one.name;
const role = (one: { role: string }) => one.role;

/** The commands in the order they are run: each may rest on what those of the lists before it make. */
type Back = { tables: Command[]; functions: Command[]; links: Command[]; rules: Command[] };

const addTable = (back: Back, source: string, was: Table, is: Table | undefined) => {
  const { table, configuration, apollo_federation_config, is_enum } = was;
  if (!is)
    back.tables.push({
      type: "pg_track_table",
      args: {
        source,
        table,
        ...(configuration && { configuration }),
        ...(apollo_federation_config && { apollo_federation_config }),
        ...(is_enum && { is_enum }),
      },
    });
  for (const kind of ["object", "array"] as const)
    for (const one of gone(was[`${kind}_relationships`], is?.[`${kind}_relationships`], name))
      back.links.push({ type: `pg_create_${kind}_relationship`, args: { source, table, ...one } });
  for (const one of gone(was.computed_fields, is?.computed_fields, name))
    back.links.push({ type: "pg_add_computed_field", args: { source, table, ...one } });
  for (const one of gone(was.remote_relationships, is?.remote_relationships, name))
    back.links.push({ type: "pg_create_remote_relationship", args: { source, table, ...one } });
  for (const kind of permissions)
    for (const one of gone(was[`${kind}_permissions`], is?.[`${kind}_permissions`], role))
      back.rules.push({ type: `pg_create_${kind}_permission`, args: { source, table, ...one } });
};

const addFunction = (back: Back, source: string, was: TrackedFunction, is: TrackedFunction | undefined) => {
  const { permissions, ...tracked } = was;
  if (!is) back.functions.push({ type: "pg_track_function", args: { source, ...tracked } });
  for (const one of gone(permissions, is?.permissions, role))
    back.rules.push({ type: "pg_create_function_permission", args: { source, function: was.function, role: one.role } });
};

/** Whether a table lost what no command here puts back: event triggers live in the database, too. */
const isLost = (was: Table, is: Table | undefined): boolean =>
  gone(was.event_triggers, is?.event_triggers, name).length > 0 || (!is && Object.keys(was).some((key) => !known.has(key)));

/** All but the tables and functions, as a text to be compared. */
const rest = ({ sources, ...others }: Metadata): string =>
  JSON.stringify([others, sources?.map(({ tables: _, functions: __, ...source }) => source)]);

/**
 * The commands that put back what a change took out of the tables and functions of all sources, or undefined where they could not put back all
 * of it: when anything else is different, or an event trigger is gone.
 */
export const commandsToRestore = (before: Metadata, after: Metadata): Command[] | undefined => {
  if (rest(before) !== rest(after)) return undefined;
  const back: Back = { tables: [], functions: [], links: [], rules: [] };
  const sources = new Map<string, Source>(after.sources?.map((source) => [source.name, source]));
  for (const source of before.sources ?? []) {
    const now = sources.get(source.name);
    const tables = new Map(now?.tables?.map((one) => [keyOf(one.table), one]));
    for (const was of source.tables ?? []) {
      const is = tables.get(keyOf(was.table));
      if (isLost(was, is)) return undefined;
      addTable(back, source.name, was, is);
    }
    const functions = new Map(now?.functions?.map((one) => [keyOf(one.function), one]));
    for (const was of source.functions ?? []) addFunction(back, source.name, was, functions.get(keyOf(was.function)));
  }
  return [...back.tables, ...back.functions, ...back.links, ...back.rules];
};
