import { originOf, pathOf, type Snippet } from "./values.ts";

/** Programs that run in a browser, without a secret. */
export const browser: Snippet[] = [
  {
    name: "React",
    isMain: true,
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
    name: "Vue",
    isMain: true,
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
    name: "Svelte",
    types: ["SPA"],
    install: "npm i @logto/browser",
    code: (v) => `<!-- App.svelte -->
<script>
  import LogtoClient from "@logto/browser";

  const logto = new LogtoClient({
    endpoint: "${v.endpoint}",
    appId: "${v.appId}",
    resources: ["${v.resource}"],
  });

  const begin = async () => {
    if (location.pathname === "${pathOf(v.redirectUri)}") {
      await logto.handleSignInCallback(location.href);
      location.replace("/");
    }
    return logto.isAuthenticated();
  };
  const ask = async () => {
    const token = await logto.getAccessToken("${v.resource}");
    const response = await fetch("${v.graphql}", {
      method: "POST",
      headers: { "content-type": "application/json", authorization: \`Bearer \${token}\` },
      body: JSON.stringify({ query: "{ __typename }" }),
    });
    console.log(await response.json());
  };
</script>

{#await begin() then isSignedIn}
  {#if isSignedIn}
    <button on:click={ask}>Ask</button>
  {:else}
    <button on:click={() => logto.signIn("${v.redirectUri}")}>Sign in</button>
  {/if}
{/await}`,
  },
  {
    name: "Angular",
    types: ["SPA"],
    install: "npm i angular-auth-oidc-client",
    code: (v) => `// app.config.ts
import { provideHttpClient } from "@angular/common/http";
import type { ApplicationConfig } from "@angular/core";
import { provideAuth } from "angular-auth-oidc-client";

export const appConfig: ApplicationConfig = {
  providers: [
    provideHttpClient(),
    provideAuth({
      config: {
        authority: "${v.endpoint}/oidc",
        clientId: "${v.appId}",
        redirectUrl: "${v.redirectUri}",
        postLogoutRedirectUri: "${originOf(v.redirectUri)}",
        responseType: "code",
        scope: "openid offline_access profile",
        silentRenew: true,
        useRefreshToken: true,
        ignoreNonceAfterRefresh: true,
        autoUserInfo: false, // the token is for the API, not for userinfo
        customParamsAuthRequest: { prompt: "consent", resource: "${v.resource}" },
        customParamsCodeRequest: { resource: "${v.resource}" },
        customParamsRefreshTokenRequest: { resource: "${v.resource}" },
      },
    }),
  ],
};

// app.component.ts
import { HttpClient } from "@angular/common/http";
import { Component, inject } from "@angular/core";
import { OidcSecurityService } from "angular-auth-oidc-client";
import { switchMap } from "rxjs";

@Component({
  selector: "app-root",
  template: \`
    <button (click)="oidc.authorize()">Sign in</button>
    <button (click)="ask()">Ask</button>
  \`,
})
export class AppComponent {
  readonly oidc = inject(OidcSecurityService);
  private readonly http = inject(HttpClient);

  constructor() {
    this.oidc.checkAuth().subscribe(({ isAuthenticated }) => console.log({ isAuthenticated }));
  }
  ask() {
    this.oidc
      .getAccessToken()
      .pipe(
        switchMap((token) =>
          this.http.post("${v.graphql}", { query: "{ __typename }" }, { headers: { Authorization: \`Bearer \${token}\` } }),
        ),
      )
      .subscribe(console.log);
  }
}`,
  },
  {
    name: "JavaScript",
    isMain: true,
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
];
