import type { Column, DatabaseFunction, Index, Name, Part, Table } from "../../../../api/catalog.ts";
import { ident, list, literal, qualified } from "./quote.ts";

/** A change of the schema: what runs, what takes it back, and what it is called as a migration. */
export type SchemaChange = { name: string; up: string; down: string };

/** A column as a form has it. Type and default are SQL. */
export type ColumnDraft = {
  name: string;
  type: string;
  nullable: boolean;
  default: string;
  identity: "" | "always" | "by_default";
  unique: boolean;
  comment: string;
};
export type ForeignKeyDraft = { name?: string; columns: string[]; to: Name; toColumns: string[]; onUpdate: string; onDelete: string };
export type TableDraft = Name & { comment: string; columns: ColumnDraft[]; primaryKey: string[]; foreignKeys: ForeignKeyDraft[]; checks: string[] };

const slug = (...words: string[]): string =>
  words
    .join("_")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "") || "change";
const change = (name: string, up: string, down: string): SchemaChange => ({ name, up, down });
const lost = (what: string): string => `-- ${what} cannot be brought back by SQL that is known here.`;
const commentOn = (what: string, text: string | null): string => `comment on ${what} is ${text ? literal(text) : "null"};`;

const columnSQL = (column: ColumnDraft): string =>
  [
    `${ident(column.name)} ${column.type.trim()}`,
    !column.nullable && !column.identity && "not null",
    column.identity && `generated ${column.identity === "always" ? "always" : "by default"} as identity`,
    !column.identity && column.default.trim() && `default ${column.default.trim()}`,
    column.unique && "unique",
  ]
    .filter(Boolean)
    .join(" ");

const foreignKeySQL = (key: ForeignKeyDraft): string =>
  [
    key.name && `constraint ${ident(key.name)}`,
    `foreign key (${list(key.columns)}) references ${qualified(key.to)} (${list(key.toColumns)})`,
    key.onUpdate !== "no action" && `on update ${key.onUpdate}`,
    key.onDelete !== "no action" && `on delete ${key.onDelete}`,
  ]
    .filter(Boolean)
    .join(" ");

export const createTable = (table: TableDraft): SchemaChange => {
  const lines = table.columns.map(columnSQL);
  if (table.primaryKey.length > 0) lines.push(`primary key (${list(table.primaryKey)})`);
  lines.push(...table.foreignKeys.map(foreignKeySQL), ...table.checks.filter((check) => check.trim()).map((check) => `check (${check.trim()})`));
  const comments = [
    table.comment && commentOn(`table ${qualified(table)}`, table.comment),
    ...table.columns.filter((c) => c.comment).map((c) => commentOn(`column ${qualified(table)}.${ident(c.name)}`, c.comment)),
  ].filter(Boolean);
  const up = [`create table ${qualified(table)} (\n  ${lines.join(",\n  ")}\n);`, ...comments].join("\n");
  return change(slug("create_table", table.schema, table.name), up, `drop table ${qualified(table)};`);
};

const words = {
  table: "table",
  partitioned_table: "table",
  view: "view",
  materialized_view: "materialized view",
  foreign_table: "foreign table",
} as const;

export const dropTable = (table: Table): SchemaChange => {
  const kind = words[table.kind];
  const query = table.parts?.definition;
  const down = query ? `create ${kind} ${qualified(table)} as\n${query}` : lost(`The ${kind} ${table.name} and its rows`);
  return change(slug("drop", kind, table.schema, table.name), `drop ${kind} ${qualified(table)};`, down);
};

export const renameTable = (table: Table, name: string): SchemaChange =>
  change(
    slug("rename", table.schema, table.name, "to", name),
    `alter ${words[table.kind]} ${qualified(table)} rename to ${ident(name)};`,
    `alter ${words[table.kind]} ${qualified({ schema: table.schema, name })} rename to ${ident(table.name)};`,
  );

export const commentTable = (table: Table, text: string): SchemaChange =>
  change(
    slug("comment", table.schema, table.name),
    commentOn(`${words[table.kind]} ${qualified(table)}`, text),
    commentOn(`${words[table.kind]} ${qualified(table)}`, table.comment),
  );

export const addColumn = (table: Name, column: ColumnDraft): SchemaChange => {
  const on = qualified(table);
  const up = `alter table ${on} add column ${columnSQL(column)};${column.comment ? `\n${commentOn(`column ${on}.${ident(column.name)}`, column.comment)}` : ""}`;
  return change(slug("add_column", table.schema, table.name, column.name), up, `alter table ${on} drop column ${ident(column.name)};`);
};

export const draftOf = (column: Column): ColumnDraft => ({
  name: column.name,
  type: column.type,
  nullable: column.nullable,
  default: column.default ?? "",
  identity: column.identity,
  unique: false,
  comment: column.comment ?? "",
});

const defaultSQL = (text: string) => (text.trim() ? `set default ${text.trim()}` : "drop default");
const typeSQL = (type: string, name: string) => `type ${type.trim()} using ${ident(name)}::${type.trim()}`;

/** What makes a column what the form says; undefined where nothing is different. */
export const alterColumn = (table: Name, column: Column, to: ColumnDraft): SchemaChange | undefined => {
  const was = draftOf(column);
  const on = `alter table ${qualified(table)}`;
  const up: string[] = [];
  const down: string[] = [];
  const alter = (forward: string, back: string) => {
    up.push(`${on} alter column ${ident(was.name)} ${forward};`);
    down.unshift(`${on} alter column ${ident(was.name)} ${back};`);
  };
  // A default of the old type may not fit the new one: it goes first and comes back last.
  const isOtherType = was.type !== to.type.trim();
  if (isOtherType && was.default) alter("drop default", defaultSQL(was.default));
  if (isOtherType) alter(typeSQL(to.type, was.name), typeSQL(was.type, was.name));
  if (isOtherType ? to.default.trim() : was.default !== to.default.trim())
    alter(defaultSQL(to.default), isOtherType ? "drop default" : defaultSQL(was.default));
  if (was.nullable !== to.nullable) alter(to.nullable ? "drop not null" : "set not null", to.nullable ? "set not null" : "drop not null");
  if (was.comment !== to.comment) {
    up.push(commentOn(`column ${qualified(table)}.${ident(was.name)}`, to.comment));
    down.unshift(commentOn(`column ${qualified(table)}.${ident(was.name)}`, was.comment));
  }
  if (was.name !== to.name) {
    up.push(`${on} rename column ${ident(was.name)} to ${ident(to.name)};`);
    down.unshift(`${on} rename column ${ident(to.name)} to ${ident(was.name)};`);
  }
  return up.length > 0 ? change(slug("alter_column", table.schema, table.name, was.name), up.join("\n"), down.join("\n")) : undefined;
};

export const dropColumn = (table: Name, column: Column): SchemaChange => {
  const back = column.generated
    ? `alter table ${qualified(table)} add column ${ident(column.name)} ${column.type} generated always as (${column.generated}) stored;`
    : `${lost("What the column held")}\nalter table ${qualified(table)} add column ${columnSQL({ ...draftOf(column), nullable: column.nullable || column.default === null })};`;
  return change(
    slug("drop_column", table.schema, table.name, column.name),
    `alter table ${qualified(table)} drop column ${ident(column.name)};`,
    back,
  );
};

const constraintName = (table: Name, columns: string[], kind: string): string =>
  [table.name, ...(kind === "pkey" ? [] : columns), kind].join("_").slice(0, 63);

const addConstraint = (table: Name, name: string, definition: string): SchemaChange =>
  change(
    slug("add", name),
    `alter table ${qualified(table)} add constraint ${ident(name)} ${definition};`,
    `alter table ${qualified(table)} drop constraint ${ident(name)};`,
  );

export const addPrimaryKey = (table: Name, columns: string[]): SchemaChange =>
  addConstraint(table, constraintName(table, columns, "pkey"), `primary key (${list(columns)})`);
export const addUnique = (table: Name, columns: string[]): SchemaChange =>
  addConstraint(table, constraintName(table, columns, "key"), `unique (${list(columns)})`);
export const addForeignKey = (table: Name, key: ForeignKeyDraft): SchemaChange =>
  addConstraint(table, key.name ?? constraintName(table, key.columns, "fkey"), foreignKeySQL({ ...key, name: undefined }));
export const addCheck = (table: Name, name: string, expression: string): SchemaChange => addConstraint(table, name, `check (${expression.trim()})`);

/** Drops a constraint; `definition` is what made it, as Postgres writes it. */
export const dropConstraint = (table: Name, name: string, definition: string): SchemaChange =>
  change(
    slug("drop", name),
    `alter table ${qualified(table)} drop constraint ${ident(name)};`,
    `alter table ${qualified(table)} add constraint ${ident(name)} ${definition};`,
  );

export type IndexDraft = { name: string; unique: boolean; method: string; columns: string[]; where: string };
export const createIndex = (table: Name, index: IndexDraft): SchemaChange => {
  const name = index.name.trim() || constraintName(table, index.columns, "idx");
  const using = index.method && index.method !== "btree" ? ` using ${ident(index.method)}` : "";
  const where = index.where.trim() ? ` where ${index.where.trim()}` : "";
  return change(
    slug("create_index", name),
    `create ${index.unique ? "unique " : ""}index ${ident(name)} on ${qualified(table)}${using} (${list(index.columns)})${where};`,
    `drop index ${qualified({ schema: table.schema, name })};`,
  );
};
export const dropIndex = (table: Name, index: Index): SchemaChange =>
  change(slug("drop_index", index.name), `drop index ${qualified({ schema: table.schema, name: index.name })};`, `${index.definition};`);
export const dropTrigger = (table: Name, trigger: Part): SchemaChange =>
  change(slug("drop_trigger", trigger.name), `drop trigger ${ident(trigger.name)} on ${qualified(table)};`, `${trigger.definition};`);

export const createView = (view: Name, query: string, isMaterialized: boolean, was?: string | null): SchemaChange => {
  const kind = isMaterialized ? "materialized view" : "view";
  const body = query.trim().replace(/;\s*$/, "");
  if (was === undefined || was === null)
    return change(slug("create_view", view.schema, view.name), `create ${kind} ${qualified(view)} as\n${body};`, `drop ${kind} ${qualified(view)};`);
  const make = (text: string) =>
    isMaterialized
      ? `drop materialized view ${qualified(view)};\ncreate materialized view ${qualified(view)} as\n${text};`
      : `create or replace view ${qualified(view)} as\n${text};`;
  return change(slug("change_view", view.schema, view.name), make(body), make(was.trim().replace(/;\s*$/, "")));
};

export const createSchema = (name: string): SchemaChange =>
  change(slug("create_schema", name), `create schema ${ident(name)};`, `drop schema ${ident(name)};`);
export const dropSchema = (name: string): SchemaChange =>
  change(slug("drop_schema", name), `drop schema ${ident(name)};`, `create schema ${ident(name)};`);

export const dropFunction = (f: DatabaseFunction): SchemaChange => {
  // Defaults and names of arguments do not tell overloads apart, but Postgres reads them here as well.
  const args = f.arguments.replace(/ DEFAULT (?:'(?:[^']|'')*'(?:::[\w .[\]"]+)?|\([^)]*\)|[^,])+/g, "");
  return change(
    slug("drop", f.kind, f.schema, f.name),
    `drop ${f.kind === "procedure" ? "procedure" : "function"} ${qualified(f)}(${args});`,
    f.definition ? `${f.definition.trim()};` : lost(`The function ${f.name}`),
  );
};
