import { toApiError } from "./error.ts";

/** What GET /demo/config.json says: how to sign in, what to ask, and as whom. */
export type DemoConfig = {
  endpoint: string; // of the identity half
  appId: string;
  resource: string; // API resource the token is for
  graphql: string; // address of the GraphQL endpoint, absolute or a path
  roles: string[]; // the demo's roles
  query: string;
};

export const loadConfig = async (): Promise<DemoConfig> => {
  const response = await fetch("/demo/config.json", { cache: "no-store" });
  if (!response.ok) throw await toApiError(response);
  return response.json();
};

/** Gives the signed-in user one of the demo's roles or takes it away, at once. */
export const changeRole = async (token: string, role: string, action: "add" | "remove"): Promise<void> => {
  const response = await fetch("/demo/api/roles", {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify({ role, action }),
  });
  if (!response.ok) throw await toApiError(response);
};

export type Row = Record<string, unknown>;

/** One request to the API and what came of it. */
export type Answer = {
  role: string | undefined;
  status: number;
  took: number; // milliseconds
  rows: Row[] | undefined; // undefined: refused
  error?: { code: string; message: string };
  bytes: number;
};

/** Asks the API. The role is a header: the token stays the same whatever it is. */
export const ask = async (config: DemoConfig, token: string | undefined, role: string | undefined): Promise<Answer> => {
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (token) headers.authorization = `Bearer ${token}`;
  if (role) headers["x-hasura-role"] = role;
  const start = performance.now();
  try {
    const response = await fetch(config.graphql, { method: "POST", headers, body: JSON.stringify({ query: config.query }) });
    const text = await response.text();
    const answer = { role, status: response.status, took: performance.now() - start, bytes: text.length };
    return { ...answer, ...read(text) };
  } catch (error) {
    return { role, status: 0, took: performance.now() - start, bytes: 0, rows: undefined, error: { code: "unreachable", message: String(error) } };
  }
};

/** Reads the answer: rows are those of the first list in the data. */
export const read = (text: string): Pick<Answer, "rows" | "error"> => {
  let body: { data?: Record<string, unknown>; errors?: { message: string; extensions?: { code?: string } }[]; error?: string; code?: string };
  try {
    body = JSON.parse(text);
  } catch {
    return { rows: undefined, error: { code: "not JSON", message: text.slice(0, 200) } };
  }
  const first = body.errors?.[0];
  if (first) return { rows: undefined, error: { code: first.extensions?.code ?? "error", message: first.message } };
  if (!body.data) return { rows: undefined, error: { code: body.code ?? "error", message: body.error ?? "no data" } };
  const list = Object.values(body.data).find(Array.isArray);
  return { rows: list ?? [body.data] };
};
