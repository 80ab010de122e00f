import type { Snippet } from "./values.ts";

/** Programs that act on their own. */
export const machine: Snippet[] = [
  {
    name: "Node",
    isMain: true,
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
    isMain: true,
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
    isMain: true,
    types: ["MachineToMachine"],
    code: (v) => `# A machine-to-machine application; its secret is in APP_SECRET.
TOKEN=$(curl -s -u "${v.appId}:$APP_SECRET" ${v.endpoint}/oidc/token \\
  -d grant_type=client_credentials -d resource=${v.resource} | jq -r .access_token)

curl ${v.graphql} \\
  -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
  -d '{"query":"{ __typename }"}'`,
  },
  {
    name: "Python",
    types: ["MachineToMachine"],
    install: "pip install requests",
    code: (v) => `# A machine-to-machine application; its secret is in the environment.
import os

import requests

token = requests.post(
    "${v.endpoint}/oidc/token",
    auth=("${v.appId}", os.environ["APP_SECRET"]),
    data={"grant_type": "client_credentials", "resource": "${v.resource}"},
).json()["access_token"]

answer = requests.post(
    "${v.graphql}",
    headers={"Authorization": f"Bearer {token}"},
    json={"query": "{ __typename }"},
)
print(answer.json())`,
  },
];

/** What any other library has to be told. */
export const anywhere: Snippet[] = [
  {
    name: "OIDC",
    isMain: true,
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
];
