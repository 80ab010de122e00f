import type { Database, DatabaseFunction, Name } from "../../../../../api/catalog.ts";
import type { Command } from "../../../../../api/metadata.ts";

const keyOf = ({ schema, name }: Name) => `${schema}.${name}`;
const signature = (f: DatabaseFunction) => `${keyOf(f)}(${f.arguments})`;
const named = ({ schema, name }: Name) => ({ schema, name });

export type Known = { tables: ReadonlySet<string>; functions: ReadonlySet<string> };

/** What a database has, to be compared with what it has later. */
export const known = (database: Database): Known => ({
  tables: new Set(database.tables.map(keyOf)),
  functions: new Set(database.functions.map(signature)),
});

export type Created = { tables: Name[]; functions: Name[]; commands: Command[] };

/**
 * What has been made since and can be in the API: tables and views, and functions that give rows of a table that is in the API or comes into it.
 * Those that may write are mutations. A function of several signatures is left out: the API has one of a name.
 */
export const created = (source: string, before: Known, after: Database): Created => {
  const tables = after.tables.filter((table) => !table.tracked && !table.parent && !before.tables.has(keyOf(table)));
  const tracked = new Set([...after.tables.filter((table) => table.tracked), ...tables].map(keyOf));
  const functions = after.functions.filter(
    (f) =>
      f.kind === "function" &&
      !f.trigger &&
      !f.tracked &&
      f.returns_table !== null &&
      tracked.has(keyOf(f.returns_table)) &&
      // what takes a row of a table is a field of its rows, not one of the API's roots
      !(f.first_table && tracked.has(keyOf(f.first_table))) &&
      !before.functions.has(signature(f)) &&
      after.functions.filter((one) => keyOf(one) === keyOf(f)).length === 1,
  );
  return {
    tables: tables.map(named),
    functions: functions.map(named),
    commands: [
      ...tables.map((table) => ({ type: "pg_track_table", args: { source, table: named(table) } })),
      ...functions.map((f) => ({
        type: "pg_track_function",
        args: { source, function: named(f), ...(f.volatility === "volatile" && { configuration: { exposed_as: "mutation" } }) },
      })),
    ],
  };
};
