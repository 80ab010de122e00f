import { type Command, command, type QualifiedTable } from "./metadata.ts";

/** The four things a role can be allowed on a table. */
export const operations = ["select", "insert", "update", "delete"] as const;
export type TableOperation = (typeof operations)[number];

/** A column as the permissions pages need it. */
export type Column = { name: string; type: string };
export type Described = {
  schema: string;
  name: string;
  kind: string;
  columns: Column[];
  foreign_keys?: { columns: string[]; to: QualifiedTable }[];
};

/** The tables of a source's database, as they are now. */
export const describeTables = async (source: string): Promise<Described[]> =>
  (await command<{ tables: Described[] }>("gatehouse_describe_source", { source })).tables;

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
