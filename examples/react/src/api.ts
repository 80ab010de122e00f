import { dataEndpoint, graphqlQuery } from "./config";

export type Answer = { status: number; body: string };

const send = async (path: string, token: string, role: Record<string, string>, init: RequestInit = {}): Promise<Answer> => {
  const request = new Request(dataEndpoint + path, init);
  request.headers.set("Authorization", `Bearer ${token}`);
  for (const [name, value] of Object.entries(role)) request.headers.set(name, value);
  const response = await fetch(request);
  return { status: response.status, body: await response.text() };
};

const json = (method: string, body: object): RequestInit => ({ method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

/** "Logto x Hasura": the role one expects to have goes into Expected-Role. */
export const queryAsExpectedRole = (token: string, role: string) =>
  send("/v1/graphql", token, { "Expected-Role": role }, json("POST", { query: graphqlQuery }));

/** "Use JWT for access control": the role goes into X-Hasura-Role. */
export const queryAsHasuraRole = (token: string, role: string) =>
  send("/v1/graphql", token, { "X-Hasura-Role": role }, json("POST", { query: graphqlQuery }));

export const getUser = (token: string, role: string) => send("/api/rest/user", token, { "X-Hasura-Role": role });

export const patchUser = (token: string, role: string, changes: object) =>
  send("/api/rest/user", token, { "X-Hasura-Role": role }, json("PATCH", changes));
