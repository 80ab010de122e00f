import { bulk, type Collection, command, exportMetadata, type Metadata, type RestEndpoint } from "./metadata.ts";
import { call, send } from "./request.ts";

/** The collection that stored operations go into, as in Hasura's console. */
export const ownCollection = "allowed-queries";

export type Stored = { collection: string; name: string; query: string };

export const storedOperations = (metadata: Metadata): Stored[] =>
  (metadata.query_collections ?? []).flatMap(({ name, definition }: Collection) => definition.queries.map((one) => ({ collection: name, ...one })));

/** The command that stores an operation, and before it the one that makes our collection where it is not there. */
const storing = (metadata: Metadata, name: string, query: string) => [
  ...(metadata.query_collections?.some((one) => one.name === ownCollection)
    ? []
    : [{ type: "create_query_collection", args: { name: ownCollection, definition: { queries: [] } } }]),
  { type: "add_query_to_collection", args: { collection_name: ownCollection, query_name: name, query } },
];

/** Stores an operation and serves it as a REST endpoint, both or neither. */
export const createEndpoint = async (endpoint: { name: string; url: string; methods: string[]; comment: string; query: string }): Promise<void> => {
  const { metadata } = await exportMetadata();
  const taken = storedOperations(metadata).some(
    (one) => one.collection === ownCollection && one.name === endpoint.name && one.query !== endpoint.query,
  );
  const isStored = storedOperations(metadata).some(
    (one) => one.collection === ownCollection && one.name === endpoint.name && one.query === endpoint.query,
  );
  const query = taken ? `${endpoint.name} ${Date.now().toString(36)}` : endpoint.name;
  await bulk([
    ...(isStored ? [] : storing(metadata, query, endpoint.query)),
    {
      type: "create_rest_endpoint",
      args: {
        name: endpoint.name,
        url: endpoint.url,
        methods: endpoint.methods,
        comment: endpoint.comment || null,
        definition: { query: { collection_name: ownCollection, query_name: query } },
      },
    },
  ]);
};

export const dropEndpoint = (name: string): Promise<unknown> => command("drop_rest_endpoint", { name });

/** Puts an operation on the allow list, and its collection where it is not yet. */
export const allow = async (name: string, query: string): Promise<void> => {
  const { metadata } = await exportMetadata();
  const isListed = metadata.allowlist?.some((one) => one.collection === ownCollection);
  await bulk([
    ...storing(metadata, name, query),
    ...(isListed ? [] : [{ type: "add_collection_to_allowlist", args: { collection: ownCollection } }]),
  ]);
};

export const disallow = (collection: string, name: string): Promise<unknown> =>
  command("drop_query_from_collection", { collection_name: collection, query_name: name });

export const setListed = (collection: string, isListed: boolean): Promise<unknown> =>
  command(isListed ? "add_collection_to_allowlist" : "drop_collection_from_allowlist", { collection });

export type EngineConfig = { is_allow_list_enabled: boolean };
export const loadEngineConfig = (): Promise<EngineConfig> => call("/v1alpha1/config");

/** One field of an operation, how it is answered: its SQL and Postgres' plan. */
export type Explained = { field: string; sql: string | null; plan: string[] | null };

export const explain = async (query: string, variables: Record<string, unknown>, user: Record<string, string>): Promise<Explained[]> => {
  const answer = await call<Explained[] | { sql: string; plan: string[] }>("/v1/graphql/explain", {
    method: "POST",
    body: { query: { query, variables }, user },
  });
  return Array.isArray(answer) ? answer : [{ field: "subscription", ...answer }];
};

/** The names that stand for values in an endpoint's URL: "user/:id" has id. */
export const urlParameters = ({ url }: Pick<RestEndpoint, "url">): string[] =>
  url.split("/").flatMap((part) => (part.startsWith(":") ? [part.slice(1)] : []));

export type RestAnswer = { status: number; body: string; took: number };

/** Calls a REST endpoint as a client would; whatever the status, its answer is the result. */
export const callEndpoint = async (
  endpoint: RestEndpoint,
  method: string,
  values: Record<string, string>,
  body: string,
  headers: Record<string, string>,
): Promise<RestAnswer> => {
  const path = endpoint.url
    .split("/")
    .map((part) => encodeURIComponent(part.startsWith(":") ? (values[part.slice(1)] ?? "") : part))
    .join("/");
  const began = performance.now();
  const response = await send(`/api/rest/${path}`, {
    method: method as "GET",
    headers,
    ...(method !== "GET" && body.trim() && { body: JSON.parse(body) as unknown }),
    anyStatus: true,
  });
  const text = await response.text();
  return { status: response.status, body: text, took: performance.now() - began };
};
