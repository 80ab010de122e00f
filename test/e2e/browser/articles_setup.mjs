// What the articles set up by hand, through the same APIs: a table with permissions and REST endpoints, an API resource with scopes, roles, an application.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const env = (name, otherwise) => process.env[name] || otherwise;

export const identity = env("IDENTITY_URL", env("BASE_URL", "http://localhost:8080"));
export const data = env("DATA_URL", env("BASE_URL", "http://localhost:8080"));
export const resource = env("RESOURCE", "https://hasura.api");
const adminSecret = env("ADMIN_SECRET", "myadminsecretkey");

const call = async (method, url, body, accepted = []) => {
  const response = await fetch(url, {
    method,
    headers: { "content-type": "application/json", "x-hasura-admin-secret": adminSecret },
    body: body && JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok && !accepted.includes(response.status)) throw new Error(`${method} ${url}: ${response.status} ${text}`);
  return text.startsWith("{") || text.startsWith("[") ? JSON.parse(text) : undefined;
};
const metadata = (type, args) => call("POST", `${data}/v1/metadata`, { type, args });

/** Runs SQL as the administrator. */
export const sql = (text) => call("POST", `${data}/v2/query`, { type: "run_sql", args: { source: "default", sql: text } });

/** The table "profile": everybody reads their own row as user and user:reader, and renames themselves as user:maintainer. */
export const setUpData = async () => {
  await sql("drop table if exists profile; create table profile (id text primary key, name text not null); insert into profile values ('nobody', 'Nobody')");
  const table = { schema: "public", name: "profile" };
  await metadata("pg_track_table", { source: "default", table });
  const mine = { id: { _eq: "X-Hasura-User-Id" } };
  for (const role of ["user", "user:reader", "user:maintainer"])
    await metadata("pg_create_select_permission", { source: "default", table, role, permission: { columns: ["id", "name"], filter: mine } });
  await metadata("pg_create_update_permission", { source: "default", table, role: "user:maintainer", permission: { columns: ["name"], filter: mine, check: null } });
  const queries = [
    { name: "user", query: "query user { profile { id name } }" },
    { name: "rename", query: "mutation rename($name: String!) { update_profile(where: {}, _set: {name: $name}) { affected_rows returning { id name } } }" },
  ];
  await metadata("create_query_collection", { name: "allowed-queries", definition: { queries } });
  for (const [name, method] of [["user", "GET"], ["rename", "PATCH"]])
    await metadata("create_rest_endpoint", { name, url: "user", methods: [method], definition: { query: { collection_name: "allowed-queries", query_name: name } } });
};

/** The API resource, its scopes, the roles and the application; returns the application's id. */
export const setUpIdentity = async (appOrigin) => {
  const { id } = await call("POST", `${identity}/api/resources`, { name: "Hasura", indicator: resource });
  const scope = async (name) => (await call("POST", `${identity}/api/resources/${id}/scopes`, { name, description: name })).id;
  const role = (name, scopeIds) => call("POST", `${identity}/api/roles`, { name, description: name, type: "User", scopeIds }, [422]); // the default roles are there
  await role("user", []);
  await role("user:reader", [await scope("read:user")]);
  await role("user:maintainer", [await scope("maintain:user")]);
  const application = await call("POST", `${identity}/api/applications`, {
    name: "React",
    type: "SPA",
    oidcClientMetadata: { redirectUris: [`${appOrigin}/callback`], postLogoutRedirectUris: [appOrigin] },
  });
  return application.id;
};

/** The second article's script: Hasura's claims from the roles of the user. */
export const setUpClaims = () =>
  call("PUT", `${identity}/api/configs/jwt-customizer/access-token`, {
    environmentVariables: { USER_DEFAULT_ROLE_NAMES: env("DEFAULT_ROLES", "") },
    script: `const getCustomJwtClaims = async ({ token, context, environmentVariables }) => {
      const held = context.user.roles.map(({ name }) => name);
      const defaults = (environmentVariables?.USER_DEFAULT_ROLE_NAMES ?? '').split(',').filter(Boolean);
      const roles = [...new Set([...held, ...defaults])];
      return { 'https://hasura.io/jwt/claims': {
        'x-hasura-user-id': context.user.id, 'x-hasura-default-role': roles[0], 'x-hasura-allowed-roles': roles } };
    };`,
  });

const find = async (list, matches) => (await call("GET", `${identity}/api/${list}?page_size=100`)).find(matches);
export const userIdOf = async (username) => (await find("users", (user) => user.username === username)).id;
const roleIdOf = async (name) => (await find("roles", (role) => role.name === name)).id;
export const give = async (userId, roles) => call("POST", `${identity}/api/users/${userId}/roles`, { roleIds: await Promise.all(roles.map(roleIdOf)) });
export const take = async (userId, role) => call("DELETE", `${identity}/api/users/${userId}/roles/${await roleIdOf(role)}`);

const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" };

/** Listens for the React app; `open(appId)` builds it for that application, with the query it sends, and starts serving. */
export const serveApp = async () => {
  const dist = mkdtempSync(join(tmpdir(), "gatehouse-react-"));
  const server = createServer((request, response) => {
    const path = new URL(request.url, "http://localhost").pathname;
    const file = extname(path) in types ? path : "/index.html";
    response.setHeader("content-type", types[extname(file)]);
    try {
      response.end(readFileSync(join(dist, file)));
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((listening) => server.listen(Number(env("APP_PORT", 0)), "localhost", listening));
  const open = async (appId, query = "{ profile { id name } }") => {
    const app = fileURLToPath(new URL("../../../examples/react", import.meta.url));
    await promisify(execFile)("npx", ["vite", "build", "--outDir", dist, "--emptyOutDir", "--logLevel", "error"], {
      cwd: app,
      env: {
        ...process.env,
        VITE_ENDPOINT: identity,
        VITE_DATA_ENDPOINT: data,
        VITE_RESOURCE: resource,
        VITE_APP_ID: appId,
        VITE_GRAPHQL_QUERY: query,
      },
    });
  };
  return { origin: `http://localhost:${server.address().port}`, open, close: () => server.close() };
};
