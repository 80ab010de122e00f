import type { Command, Metadata, Source, Table } from "../../../../api/metadata.ts";

// What was taken out of the metadata, put back by the commands that would have made it: what others have changed meanwhile stays.

const keyOf = ({ table }: Table) => `${table.schema}.${table.name}`;
const permissions = ["select", "insert", "update", "delete"] as const;

/** The parts of a table that are gone, each as the command that makes it. Relationships first: permissions may rest on them. */
const partsOf = (source: string, was: Table, is: Table | undefined): { links: Command[]; rules: Command[] } => {
  const { table } = was;
  const links: Command[] = [];
  const rules: Command[] = [];
  const gone = <T extends { name: string }>(before: T[] | undefined, now: T[] | undefined) =>
    (before ?? []).filter((one) => !now?.some((other) => other.name === one.name));
  for (const kind of ["object", "array"] as const)
    for (const one of gone(was[`${kind}_relationships`], is?.[`${kind}_relationships`]))
      links.push({ type: `pg_create_${kind}_relationship`, args: { source, table, ...one } });
  for (const one of gone(was.computed_fields, is?.computed_fields)) links.push({ type: "pg_add_computed_field", args: { source, table, ...one } });
  for (const one of gone(was.remote_relationships, is?.remote_relationships))
    links.push({ type: "pg_create_remote_relationship", args: { source, table, ...one } });
  for (const kind of permissions)
    for (const one of was[`${kind}_permissions`] ?? [])
      if (!is?.[`${kind}_permissions`]?.some((other) => other.role === one.role))
        rules.push({ type: `pg_create_${kind}_permission`, args: { source, table, ...one } });
  return { links, rules };
};

/**
 * The commands that put back what a change took out of a source's tables, or undefined where they could not put back all of it: event triggers live
 * in the database, too, and secrets that are masked cannot be written again.
 */
export const commandsToRestore = (name: string, before: Metadata, after: Metadata): Command[] | undefined => {
  const sourceOf = (metadata: Metadata): Source | undefined => metadata.sources?.find((one) => one.name === name);
  const is = new Map(sourceOf(after)?.tables?.map((table) => [keyOf(table), table]));
  const tables: Command[] = [];
  const links: Command[] = [];
  const rules: Command[] = [];
  for (const was of sourceOf(before)?.tables ?? []) {
    const now = is.get(keyOf(was));
    if (!now) {
      if (was.event_triggers && was.event_triggers.length > 0) return undefined;
      const { table, configuration, apollo_federation_config, is_enum } = was;
      tables.push({
        type: "pg_track_table",
        args: {
          source: name,
          table,
          ...(configuration && { configuration }),
          ...(apollo_federation_config && { apollo_federation_config }),
          ...(is_enum && { is_enum }),
        },
      });
    }
    const parts = partsOf(name, was, now);
    links.push(...parts.links);
    rules.push(...parts.rules);
  }
  return [...tables, ...links, ...rules];
};
