import { type Command, command, type Metadata, type Permission, type QualifiedTable, type Source, type Table } from "./metadata.ts";

/** The four things a role can be allowed on a table. */
export const operations = ["select", "insert", "update", "delete"] as const;
export type TableOperation = (typeof operations)[number];

export type Right = {
  role: string;
  source?: string;
  object?: string;
  operation?: string;
  direction: "wider" | "unclear" | "narrower";
  change: string;
};
export type Plan = {
  rights: Right[];
  /** Stored operations that could not be run any more. */
  operations: { collection: string; query: string; endpoint?: string; role?: string; reason: string }[];
  /** How schemas differ as text: lines that begin with "@@", "-", "+" or a space. */
  sdl?: { roles: string[]; diff: string }[];
};
export type Answer = { data?: Record<string, unknown> | null; errors?: { message: string }[] };
export type Rehearsal = { plan: Plan; before?: Answer; after?: Answer };

/** A query, and who asks it: their role and session variables. */
export type Question = { query: { query: string; variables?: Record<string, unknown> }; user: Record<string, string> };

/** What commands would change, and what the question is answered before and after. Nothing is changed. */
export const rehearse = (commands: Command[], ask?: Question, signal?: AbortSignal): Promise<Rehearsal> =>
  command("gatehouse_rehearse_metadata", { commands, sdl: true, ...(ask && { ask }) }, signal);

/** The commands that put a permission in the place of another; undefined: there is none. */
export const replacing = (
  at: { source: string; table: QualifiedTable; role: string; operation: TableOperation },
  was: object | undefined,
  is: object | undefined,
  comment?: string,
): Command[] => {
  const { source, table, role, operation } = at;
  const commands: Command[] = [];
  if (was) commands.push({ type: `pg_drop_${operation}_permission`, args: { source, table, role } });
  if (is) commands.push({ type: `pg_create_${operation}_permission`, args: { source, table, role, permission: is, ...(comment && { comment }) } });
  return commands;
};

/** One permission and where it is. */
export type Placed = { source: string; table: QualifiedTable; role: string; operation: TableOperation; permission: Permission };

const onTable = (source: Source, table: Table): Placed[] =>
  operations.flatMap((operation) =>
    (table[`${operation}_permissions`] ?? []).map((permission) => ({
      source: source.name,
      table: table.table,
      role: permission.role,
      operation,
      permission,
    })),
  );

/** Every permission on tables, or those of a role. */
export const permissionsOf = (metadata: Metadata, role?: string): Placed[] =>
  (metadata.sources ?? [])
    .flatMap((source) => (source.tables ?? []).flatMap((table) => onTable(source, table)))
    .filter((one) => role === undefined || one.role === role);

const functionsOf = (metadata: Metadata, role: string) =>
  (metadata.sources ?? []).flatMap((source) =>
    (source.functions ?? [])
      .filter((one) => one.permissions?.some((permission) => permission.role === role))
      .map((one) => ({ source: source.name, function: one.function })),
  );

/** The commands that take everything from a role that it has on tables and functions. */
export const stripping = (metadata: Metadata, role: string): Command[] => [
  ...permissionsOf(metadata, role).map(({ source, table, operation }) => ({
    type: `pg_drop_${operation}_permission`,
    args: { source, table, role },
  })),
  ...functionsOf(metadata, role).map((one) => ({ type: "pg_drop_function_permission", args: { ...one, role } })),
];

/** The commands that give a role what another has, on tables and functions where it has nothing. */
export const granting = (metadata: Metadata, from: string, to: string): Command[] => [
  ...permissionsOf(metadata, from).flatMap(({ source, table, operation, permission }) =>
    replacing({ source, table, role: to, operation }, undefined, permission.permission, permission.comment),
  ),
  ...functionsOf(metadata, from).map((one) => ({ type: "pg_create_function_permission", args: { ...one, role: to } })),
];

/** The commands that let a role do exactly what another may. */
export const cloning = (metadata: Metadata, from: string, to: string): Command[] => [...stripping(metadata, to), ...granting(metadata, from, to)];

/** The commands that put one permission on several tables, in the place of what is there. `of` is what it is on each; undefined leaves the table out. */
export const spreading = (
  source: Source,
  role: string,
  operation: TableOperation,
  tables: Table[],
  of: (table: Table) => object | undefined,
): Command[] =>
  tables.flatMap((table) => {
    const is = of(table);
    const was = table[`${operation}_permissions`]?.find((one) => one.role === role);
    return is ? replacing({ source: source.name, table: table.table, role, operation }, was?.permission, is, was?.comment) : [];
  });

export const inherit = (role_name: string, role_set: string[]): Promise<unknown> => command("add_inherited_role", { role_name, role_set });
export const disinherit = (role_name: string): Promise<unknown> => command("drop_inherited_role", { role_name });
