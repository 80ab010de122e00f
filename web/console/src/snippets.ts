import type { ApplicationType } from "../../api/management.ts";

/** What a snippet is filled in with. */
export type Values = { graphql: string; endpoint: string; appId: string; resource: string; redirectUri: string };
/** A program, and the types of applications it is for. */
export type Snippet = { name: string; types: ApplicationType[]; install?: string; code: (v: Values) => string };

/** The path of an address, as programs route by it. */
const pathOf = (uri: string): string => (URL.canParse(uri) ? new URL(uri).pathname : "/callback");
/** Scheme, host and port of an address. */
const originOf = (uri: string): string => (/^https?:/.test(uri) && URL.canParse(uri) ? new URL(uri).origin : "http://localhost:3000");

/** The shortest program per framework that signs somebody in and asks the data API something. */
export const snippets: Snippet[] = [
  {
    name: "React",
    types: ["SPA"],
    install: "npm i @logto/react",
    code: (v) => `import { LogtoProvider, useHandleSignInCallback, useLogto } from "@logto/react";

const config = {
  endpoint: "${v.endpoint}",
  appId: "${v.appId}",
  resources: ["${v.resource}"],
};

const Ask = () => {
  const { isAuthenticated, signIn, getAccessToken } = useLogto();
  const ask = async () => {
    const token = await getAccessToken("${v.resource}");
    const response = await fetch("${v.graphql}", {
      method: "POST",
      headers: { "content-type": "application/json", authorization: \`Bearer \${token}\` },
      body: JSON.stringify({ query: "{ __typename }" }),
    });
    console.log(await response.json());
  };
  if (!isAuthenticated) return <button onClick={() => signIn("${v.redirectUri}")}>Sign in</button>;
  return <button onClick={ask}>Ask</button>;
};

const Callback = () => {
  const { isLoading } = useHandleSignInCallback(() => location.assign("/"));
  return isLoading ? <p>Signing in…</p> : null;
};

export default () => (
  <LogtoProvider config={config}>
    {location.pathname === "${pathOf(v.redirectUri)}" ? <Callback /> : <Ask />}
  </LogtoProvider>
);`,
  },
  {
    name: "Next.js",
    types: ["Traditional"],
    install: "npm i @logto/next",
    code: (v) => `// app/page.tsx
import { getAccessToken, getLogtoContext } from "@logto/next/server-actions";

const config = {
  endpoint: "${v.endpoint}",
  appId: "${v.appId}",
  appSecret: process.env.LOGTO_APP_SECRET!,
  baseUrl: "${originOf(v.redirectUri)}",
  cookieSecret: process.env.COOKIE_SECRET!,
  cookieSecure: process.env.NODE_ENV === "production",
  resources: ["${v.resource}"],
};

export default async function Page() {
  const { isAuthenticated } = await getLogtoContext(config);
  if (!isAuthenticated) return <a href="/sign-in">Sign in</a>;
  const token = await getAccessToken(config, "${v.resource}");
  const response = await fetch("${v.graphql}", {
    method: "POST",
    headers: { "content-type": "application/json", authorization: \`Bearer \${token}\` },
    body: JSON.stringify({ query: "{ __typename }" }),
  });
  return <pre>{JSON.stringify(await response.json(), null, 2)}</pre>;
}`,
  },
  {
    name: "Vue",
    types: ["SPA"],
    install: "npm i @logto/vue",
    code: (v) => `// main.ts
import { createLogto } from "@logto/vue";

app.use(createLogto, {
  endpoint: "${v.endpoint}",
  appId: "${v.appId}",
  resources: ["${v.resource}"],
});

// Ask.vue, <script setup>
import { useLogto } from "@logto/vue";

const { isAuthenticated, signIn, getAccessToken } = useLogto(); // signIn("${v.redirectUri}")
const ask = async () => {
  const token = await getAccessToken("${v.resource}");
  const response = await fetch("${v.graphql}", {
    method: "POST",
    headers: { "content-type": "application/json", authorization: \`Bearer \${token}\` },
    body: JSON.stringify({ query: "{ __typename }" }),
  });
  console.log(await response.json());
};

// Callback.vue, <script setup>, at ${pathOf(v.redirectUri)}
import { useHandleSignInCallback } from "@logto/vue";

useHandleSignInCallback(() => router.push("/"));`,
  },
  {
    name: "JavaScript",
    types: ["SPA"],
    install: "npm i @logto/browser",
    code: (v) => `import LogtoClient from "@logto/browser";

const logto = new LogtoClient({
  endpoint: "${v.endpoint}",
  appId: "${v.appId}",
  resources: ["${v.resource}"],
});

if (location.pathname === "${pathOf(v.redirectUri)}") {
  await logto.handleSignInCallback(location.href);
  location.assign("/");
} else if (!(await logto.isAuthenticated())) {
  await logto.signIn("${v.redirectUri}");
} else {
  const token = await logto.getAccessToken("${v.resource}");
  const response = await fetch("${v.graphql}", {
    method: "POST",
    headers: { "content-type": "application/json", authorization: \`Bearer \${token}\` },
    body: JSON.stringify({ query: "{ __typename }" }),
  });
  console.log(await response.json());
}`,
  },
  {
    name: "OpenID Connect",
    types: ["Native", "Traditional", "SPA", "Protected", "SAML"],
    code: (v) => `# What any OpenID Connect library asks for: AppAuth for iOS and Android, flutter_appauth …
discovery     ${v.endpoint}/oidc/.well-known/openid-configuration
client_id     ${v.appId}
redirect_uri  ${v.redirectUri}
scope         openid offline_access profile
resource      ${v.resource}
prompt        consent

# With the authorization code and PKCE (S256). Then ask, with the access token for the resource:
POST ${v.graphql}
Authorization: Bearer <access token>
Content-Type: application/json

{"query":"{ __typename }"}`,
  },
  {
    name: "Node",
    types: ["MachineToMachine"],
    code: (v) => `// A machine-to-machine application; its secret is in the environment.
const token = await fetch("${v.endpoint}/oidc/token", {
  method: "POST",
  headers: { authorization: "Basic " + btoa("${v.appId}:" + process.env.APP_SECRET) },
  body: new URLSearchParams({ grant_type: "client_credentials", resource: "${v.resource}" }),
}).then((response) => response.json());

const answer = await fetch("${v.graphql}", {
  method: "POST",
  headers: { "content-type": "application/json", authorization: \`Bearer \${token.access_token}\` },
  body: JSON.stringify({ query: "{ __typename }" }),
});
console.log(await answer.json());`,
  },
  {
    name: "Go",
    types: ["MachineToMachine"],
    code: (v) => `// A machine-to-machine application; its secret is in the environment.
config := clientcredentials.Config{ // golang.org/x/oauth2/clientcredentials
	ClientID:       "${v.appId}",
	ClientSecret:   os.Getenv("APP_SECRET"),
	TokenURL:       "${v.endpoint}/oidc/token",
	EndpointParams: url.Values{"resource": {"${v.resource}"}},
}
body := strings.NewReader(\`{"query":"{ __typename }"}\`)
response, err := config.Client(ctx).Post("${v.graphql}", "application/json", body)`,
  },
  {
    name: "curl",
    types: ["MachineToMachine"],
    code: (v) => `# A machine-to-machine application; its secret is in APP_SECRET.
TOKEN=$(curl -s -u "${v.appId}:$APP_SECRET" ${v.endpoint}/oidc/token \\
  -d grant_type=client_credentials -d resource=${v.resource} | jq -r .access_token)

curl ${v.graphql} \\
  -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
  -d '{"query":"{ __typename }"}'`,
  },
];

/** Those for a type of application; of the types without one, the nearest. */
export const snippetsFor = (type: ApplicationType): Snippet[] => snippets.filter((snippet) => snippet.types.includes(type));
