import type { Metadata, Permission, QualifiedTable, Source, Table } from "../../../../api/metadata.ts";
import { rolesOf } from "../../../../api/metadata.ts";
import type { TableOperation } from "../../../../api/permissions.ts";

/** A permission's definition, of whichever operation; what it lacks is absent. */
export type Definition = {
  columns?: string[] | "*";
  computed_fields?: string[];
  filter?: unknown;
  check?: unknown;
  set?: Record<string, unknown>;
  limit?: number;
  allow_aggregations?: boolean;
  backend_only?: boolean;
  query_root_fields?: string[] | null;
  subscription_root_fields?: string[] | null;
  [other: string]: unknown;
};

export const permissionOf = (table: Table | undefined, role: string, operation: TableOperation): Permission | undefined =>
  table?.[`${operation}_permissions`]?.find((permission) => permission.role === role);

export const tableOf = (source: Source | undefined, schema: string, name: string): Table | undefined =>
  source?.tables?.find(({ table }) => table.schema === schema && table.name === name);

export const nameOf = ({ schema, name }: QualifiedTable): string => (schema === "public" ? name : `${schema}.${name}`);

/** Whether a filter says nothing: every row. */
export const isEmpty = (filter: unknown) =>
  filter === undefined || filter === null || (typeof filter === "object" && Object.keys(filter).length === 0);

/** How much of a table a permission opens. */
export const extentOf = (permission: Permission | undefined, columns: number | undefined): "none" | "some" | "all" => {
  if (!permission) return "none";
  const { columns: listed, filter, check, limit, backend_only } = permission.permission as Definition;
  const hasAll = listed === undefined || listed === "*" || (columns !== undefined && listed.length >= columns);
  return hasAll && isEmpty(filter) && isEmpty(check) && limit === undefined && !backend_only ? "all" : "some";
};

/** Every role that there is a reason to show: named by permissions, or known to the directory. */
export const allRoles = (metadata: Metadata, directory: string[]): string[] =>
  [...new Set([...rolesOf(metadata), ...directory])].filter((role) => role !== "admin").sort();

/** What a new permission begins as: nothing but what was asked for. */
export const blank = (operation: TableOperation): Definition => {
  if (operation === "insert") return { check: {}, columns: [] };
  if (operation === "delete") return { filter: {} };
  return { columns: [], filter: {}, ...(operation === "update" && { check: null }) };
};

type Configuration = {
  custom_name?: string;
  custom_root_fields?: Record<string, string | { name?: string }>;
  column_config?: Record<string, { custom_name?: string }>;
};
type Customization = { root_fields?: { namespace?: string; prefix?: string; suffix?: string } };

/** How a table is asked for in GraphQL: the field, below which namespace, and each column's field. */
export const graphqlNames = (source: Source, table: Table) => {
  const { custom_name, custom_root_fields, column_config } = (table.configuration ?? {}) as Configuration;
  const { root_fields } = ((source as { customization?: Customization }).customization ?? {}) as Customization;
  const own = custom_root_fields?.select;
  const base = custom_name ?? (table.table.schema === "public" ? table.table.name : `${table.table.schema}_${table.table.name}`);
  const field = (typeof own === "string" ? own : own?.name) ?? base;
  return {
    field: `${root_fields?.prefix ?? ""}${field}${root_fields?.suffix ?? ""}`,
    namespace: root_fields?.namespace,
    column: (name: string) => column_config?.[name]?.custom_name ?? name,
  };
};

/** The query for the first rows of a table with some of its columns. */
export const rowsQuery = (source: Source, table: Table, columns: string[], limit: number): string => {
  const names = graphqlNames(source, table);
  const rows = `rows: ${names.field}(limit: ${limit}) { ${columns.map(names.column).join(" ")} }`;
  return names.namespace ? `{ space: ${names.namespace} { ${rows} } }` : `{ ${rows} }`;
};
