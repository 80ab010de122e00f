import { call } from "./request.ts";

/** A command of the metadata API: {type, args}. */
export type Command = { type: string; args?: unknown };

export const command = <T>(type: string, args: unknown = {}, signal?: AbortSignal): Promise<T> =>
  call("/v1/metadata", { method: "POST", body: { type, args }, signal });

/** Runs commands as one: all of them, or none. */
export const bulk = <T>(commands: Command[]): Promise<T> => command("bulk_atomic", commands);

export type QualifiedTable = { schema: string; name: string };
export type Permission = { role: string; permission: Record<string, unknown>; comment?: string };
export type Relationship = { name: string; using: Record<string, unknown>; comment?: string };
/** A relationship to another source or to a remote schema. */
export type RemoteRelationship = {
  name: string;
  definition: {
    to_source?: { source: string; table: QualifiedTable | string; relationship_type: "object" | "array"; field_mapping: Record<string, string> };
    to_remote_schema?: { remote_schema: string; lhs_fields: string[]; remote_field: unknown };
  };
};
/** How the API names a table, its root fields and its columns. */
export type TableConfiguration = {
  custom_name?: string;
  custom_root_fields?: Record<string, string | { name?: string | null; comment?: string | null } | null>;
  column_config?: Record<string, { custom_name?: string; comment?: string }>;
  custom_column_names?: Record<string, string>;
  comment?: string;
};
export type Table = {
  table: QualifiedTable;
  configuration?: TableConfiguration;
  is_enum?: boolean;
  apollo_federation_config?: { enable: string } | null;
  remote_relationships?: RemoteRelationship[];
  event_triggers?: { name: string }[];
  object_relationships?: Relationship[];
  array_relationships?: Relationship[];
  computed_fields?: { name: string; definition: Record<string, unknown>; comment?: string }[];
  select_permissions?: Permission[];
  insert_permissions?: Permission[];
  update_permissions?: Permission[];
  delete_permissions?: Permission[];
};
export type TrackedFunction = { function: QualifiedTable; configuration?: Record<string, unknown>; permissions?: { role: string }[] };
/** Where a database is: its address, or the variable that holds it. Secrets are masked for those who may not see them. */
export type ConnectionInfo = {
  database_url?: string | { from_env?: string; dynamic_from_file?: string; connection_parameters?: Record<string, unknown> };
  pool_settings?: {
    max_connections?: number;
    total_max_connections?: number;
    idle_timeout?: number;
    retries?: number;
    pool_timeout?: number;
    connection_lifetime?: number;
  };
  use_prepared_statements?: boolean;
  isolation_level?: string;
  [other: string]: unknown;
};
export type SourceConfiguration = { connection_info?: ConnectionInfo; [other: string]: unknown };
export type Source = { name: string; kind: string; tables?: Table[]; functions?: TrackedFunction[]; configuration?: SourceConfiguration };
export type RestEndpoint = {
  name: string;
  url: string;
  methods: string[];
  comment?: string | null;
  definition: { query: { collection_name: string; query_name: string } };
};
export type Collection = { name: string; definition: { queries: { name: string; query: string }[] } };
export type Metadata = {
  sources?: Source[];
  rest_endpoints?: RestEndpoint[];
  query_collections?: Collection[];
  allowlist?: { collection: string; scope?: unknown }[];
  inherited_roles?: { role_name: string; role_set: string[] }[];
  [other: string]: unknown;
};
export type Exported = { resource_version: number; metadata: Metadata };
export type Inconsistency = { name?: string; type?: string; reason: string; definition?: unknown; message?: unknown };

export const exportMetadata = (): Promise<Exported> =>
  call("/v1/metadata", { method: "POST", body: { type: "export_metadata", version: 2, args: {} } });
export const loadInconsistencies = async (): Promise<Inconsistency[]> =>
  (await command<{ inconsistent_objects?: Inconsistency[] }>("get_inconsistent_metadata")).inconsistent_objects ?? [];

const kinds = ["select_permissions", "insert_permissions", "update_permissions", "delete_permissions"] as const;

/** The roles that permissions name, in their order. */
export const rolesOf = (metadata: Metadata): string[] => {
  const tables = (metadata.sources ?? []).flatMap((source) => source.tables ?? []);
  const named = tables.flatMap((table) => kinds.flatMap((kind) => (table[kind] ?? []).map((permission) => permission.role)));
  const functions = (metadata.sources ?? []).flatMap((source) => source.functions ?? []).flatMap((f) => (f.permissions ?? []).map((p) => p.role));
  return [...new Set([...named, ...functions, ...(metadata.inherited_roles ?? []).map((r) => r.role_name)])].sort();
};

/** What is found where a database is said to be; with a problem, nothing. */
export type Reached = {
  problem: "" | "env" | "file" | "url" | "host" | "refused" | "timeout" | "encryption" | "password" | "database" | "full" | "other";
  message: string;
  version: string;
  database: string;
  user: string;
  encrypted: boolean;
  replica: boolean;
  tables: number;
  took_ms: number;
};
export const testSource = (configuration: SourceConfiguration): Promise<Reached> => command("gatehouse_test_source", { configuration });
