/** What a snippet is filled in with. */
export type Values = { graphql: string; endpoint: string; appId: string; resource: string };
export type Snippet = { name: string; install?: string; code: (v: Values) => string };

/** The shortest program per framework that signs somebody in and asks the data API something. */
export const snippets: Snippet[] = [
  {
    name: "React",
    install: "npm i @logto/react",
    code: (v) => `import { LogtoProvider, useLogto } from "@logto/react";

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
  if (!isAuthenticated) return <button onClick={() => signIn(location.origin + "/callback")}>Sign in</button>;
  return <button onClick={ask}>Ask</button>;
};

export default () => (
  <LogtoProvider config={config}>
    <Ask />
  </LogtoProvider>
);`,
  },
  {
    name: "Next.js",
    install: "npm i @logto/next",
    code: (v) => `// app/page.tsx
import { getAccessToken, getLogtoContext } from "@logto/next/server-actions";

const config = {
  endpoint: "${v.endpoint}",
  appId: "${v.appId}",
  appSecret: process.env.LOGTO_APP_SECRET!,
  baseUrl: "http://localhost:3000",
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

const { isAuthenticated, signIn, getAccessToken } = useLogto();
const ask = async () => {
  const token = await getAccessToken("${v.resource}");
  const response = await fetch("${v.graphql}", {
    method: "POST",
    headers: { "content-type": "application/json", authorization: \`Bearer \${token}\` },
    body: JSON.stringify({ query: "{ __typename }" }),
  });
  console.log(await response.json());
};`,
  },
  {
    name: "Node",
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
    code: (v) => `# A machine-to-machine application; its secret is in APP_SECRET.
TOKEN=$(curl -s -u "${v.appId}:$APP_SECRET" ${v.endpoint}/oidc/token \\
  -d grant_type=client_credentials -d resource=${v.resource} | jq -r .access_token)

curl ${v.graphql} \\
  -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
  -d '{"query":"{ __typename }"}'`,
  },
];
