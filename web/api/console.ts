import { ApiError, toApiError, unreachable } from "./error.ts";

const get = async (path: string, init?: RequestInit): Promise<Response> => {
  try {
    return await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(30_000), ...init });
  } catch (error) {
    throw new ApiError(0, unreachable, String(error));
  }
};

/** What opens set-up: the token of the link, or the admin secret. */
export type SetUpKey = { token: string } | { secret: string };

/** Creates the first administrator; works once. Returns the user's id. */
export const setUp = async (key: SetUpKey, username: string, password: string): Promise<string> => {
  const response = await get("/console/api/setup", {
    method: "POST",
    headers: { "content-type": "application/json", ...("secret" in key && { "x-hasura-admin-secret": key.secret }) },
    body: JSON.stringify({ token: "token" in key ? key.token : "", username, password }),
  });
  if (!response.ok) throw await toApiError(response);
  const answer: unknown = await response.json();
  return typeof answer === "object" && answer !== null && "userId" in answer ? String(answer.userId) : "";
};

/** Hasura's error bodies: {path, error, code}. */
const toHasuraError = async (response: Response): Promise<ApiError> => {
  const text = await response.text();
  try {
    const body = JSON.parse(text);
    if (typeof body.error === "string") return new ApiError(response.status, String(body.code ?? ""), body.error);
  } catch {
    // not JSON
  }
  return new ApiError(response.status, `http.${response.status}`, text.slice(0, 200) || `status ${response.status}`);
};

const metadata = async (secret: string, type: string): Promise<unknown> => {
  const response = await get("/v1/metadata", {
    method: "POST",
    headers: { "content-type": "application/json", "x-hasura-admin-secret": secret },
    body: JSON.stringify({ type, args: {} }),
  });
  if (!response.ok) throw await toHasuraError(response);
  return response.json();
};

type Permission = { role: string };
type Table = { [kind in "select_permissions" | "insert_permissions" | "update_permissions" | "delete_permissions"]?: Permission[] };

/** What the API serves, in numbers, and the roles its permissions name. */
export type Overview = { sources: number; tables: number; restEndpoints: number; roles: string[]; inconsistent: string[] };

export const loadOverview = async (secret: string): Promise<Overview> => {
  const [exported, checked] = await Promise.all([metadata(secret, "export_metadata"), metadata(secret, "get_inconsistent_metadata")]);
  return summarize(exported, checked);
};

export const summarize = (exported: unknown, checked: unknown): Overview => {
  const document = exported as { sources?: { tables?: Table[] }[]; rest_endpoints?: unknown[] };
  const tables = (document.sources ?? []).flatMap((source) => source.tables ?? []);
  const permissions = tables.flatMap((t) =>
    [t.select_permissions, t.insert_permissions, t.update_permissions, t.delete_permissions].flatMap((all) => all ?? []),
  );
  const problems = (checked as { inconsistent_objects?: { reason?: string; name?: string }[] }).inconsistent_objects ?? [];
  return {
    sources: document.sources?.length ?? 0,
    tables: tables.length,
    restEndpoints: document.rest_endpoints?.length ?? 0,
    roles: [...new Set(permissions.map((permission) => permission.role))].sort(),
    inconsistent: problems.map((problem) => [problem.name, problem.reason].filter(Boolean).join(": ")),
  };
};

export type Health = { isUp: boolean; text: string };

export const loadHealth = async (): Promise<Health> => {
  try {
    const response = await get("/healthz");
    return { isUp: response.ok, text: (await response.text()).trim().slice(0, 120) };
  } catch {
    return { isUp: false, text: "no answer" };
  }
};

export const loadVersion = async (): Promise<string | undefined> => {
  const response = await get("/v1/version").catch(() => undefined);
  if (!response?.ok) return undefined;
  const body: unknown = await response.json().catch(() => undefined);
  return typeof body === "object" && body !== null && "version" in body ? String(body.version) : undefined;
};

/** The provider's own words about itself; undefined where this Gatehouse serves no identity. */
export const loadIssuer = async (): Promise<{ issuer: string; jwks: string } | undefined> => {
  const response = await get("/oidc/.well-known/openid-configuration").catch(() => undefined);
  if (!response?.ok) return undefined;
  const body = await response.json().catch(() => ({}));
  return typeof body.issuer === "string" ? { issuer: body.issuer, jwks: String(body.jwks_uri) } : undefined;
};

export const hasDemo = async (): Promise<boolean> => (await get("/demo/config.json").catch(() => undefined))?.ok === true;

/** One GraphQL request, answered as JSON whatever its status: GraphQL's errors are in the body. */
export const graphql = async (params: object, headers: Record<string, unknown>): Promise<{ data?: unknown; errors?: unknown }> => {
  const sent = Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]);
  const response = await get("/v1/graphql", {
    method: "POST",
    headers: [["content-type", "application/json"], ...sent],
    body: JSON.stringify(params),
  });
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return { errors: [{ message: `status ${response.status}: ${text.slice(0, 200)}` }] };
  }
};
