import { originOf, pathOf, type Snippet } from "./values.ts";

/** Programs on a server that keeps a secret, where people sign in. */
export const server: Snippet[] = [
  {
    name: "Next.js",
    isMain: true,
    types: ["Traditional"],
    install: "npm i @logto/next",
    code: (v) => `// app/logto.ts
export const logtoConfig = {
  endpoint: "${v.endpoint}",
  appId: "${v.appId}",
  appSecret: process.env.LOGTO_APP_SECRET!,
  baseUrl: "${originOf(v.redirectUri)}",
  cookieSecret: process.env.COOKIE_SECRET!, // 32 characters or more
  cookieSecure: process.env.NODE_ENV === "production",
  resources: ["${v.resource}"],
};

// app${pathOf(v.redirectUri)}/route.ts
import { handleSignIn } from "@logto/next/server-actions";
import { redirect } from "next/navigation";
import type { NextRequest } from "next/server";

export async function GET(request: NextRequest) {
  await handleSignIn(logtoConfig, request.nextUrl.searchParams);
  redirect("/");
}

// app/page.tsx
import { getAccessTokenRSC, getLogtoContext, signIn } from "@logto/next/server-actions";

export default async function Page() {
  const { isAuthenticated } = await getLogtoContext(logtoConfig);
  const enter = async () => {
    "use server";
    await signIn(logtoConfig, { redirectUri: "${v.redirectUri}" });
  };
  if (!isAuthenticated) return <form action={enter}><button>Sign in</button></form>;
  const token = await getAccessTokenRSC(logtoConfig, "${v.resource}");
  const response = await fetch("${v.graphql}", {
    method: "POST",
    headers: { "content-type": "application/json", authorization: \`Bearer \${token}\` },
    body: JSON.stringify({ query: "{ __typename }" }),
  });
  return <pre>{JSON.stringify(await response.json(), null, 2)}</pre>;
}`,
  },
  {
    name: "Nuxt",
    types: ["Traditional"],
    install: "npm i @logto/nuxt",
    code: (v) => `// nuxt.config.ts; NUXT_LOGTO_APP_SECRET and NUXT_LOGTO_COOKIE_ENCRYPTION_KEY are in the environment
export default defineNuxtConfig({
  modules: ["@logto/nuxt"],
  runtimeConfig: {
    logto: {
      endpoint: "${v.endpoint}",
      appId: "${v.appId}",
      appSecret: "",
      cookieEncryptionKey: "",
      resources: ["${v.resource}"],
    },
  },
});

<!-- pages/index.vue; /sign-in, /sign-out and /callback are there by themselves -->
<script setup lang="ts">
const user = useLogtoUser();
const client = useLogtoClient(); // on the server only
const { data } = await useAsyncData(async () => {
  if (!client || !(await client.isAuthenticated())) return null;
  const token = await client.getAccessToken("${v.resource}");
  return $fetch("${v.graphql}", {
    method: "POST",
    headers: { authorization: \`Bearer \${token}\` },
    body: { query: "{ __typename }" },
  });
});
</script>

<template>
  <a v-if="!user" href="/sign-in">Sign in</a>
  <pre v-else>{{ data }}</pre>
</template>`,
  },
  {
    name: "SvelteKit",
    types: ["Traditional"],
    install: "npm i @logto/sveltekit",
    code: (v) => `// src/hooks.server.ts; /callback is there by itself
import { env } from "$env/dynamic/private";
import { handleLogto } from "@logto/sveltekit";

export const handle = handleLogto(
  {
    endpoint: "${v.endpoint}",
    appId: "${v.appId}",
    appSecret: env.LOGTO_APP_SECRET,
    resources: ["${v.resource}"],
  },
  { encryptionKey: env.COOKIE_SECRET },
);

// src/routes/+page.server.ts
import type { Actions, PageServerLoad } from "./$types";

export const load: PageServerLoad = async ({ locals }) => {
  if (!(await locals.logtoClient.isAuthenticated())) return { answer: null };
  const token = await locals.logtoClient.getAccessToken("${v.resource}");
  const response = await fetch("${v.graphql}", {
    method: "POST",
    headers: { "content-type": "application/json", authorization: \`Bearer \${token}\` },
    body: JSON.stringify({ query: "{ __typename }" }),
  });
  return { answer: await response.json() };
};

export const actions: Actions = {
  signIn: ({ locals }) => locals.logtoClient.signIn("${v.redirectUri}"),
};

<!-- src/routes/+page.svelte -->
<script>
  let { data } = $props();
</script>

{#if data.answer}
  <pre>{JSON.stringify(data.answer)}</pre>
{:else}
  <form method="POST" action="?/signIn"><button>Sign in</button></form>
{/if}`,
  },
  {
    name: "Express",
    types: ["Traditional"],
    install: "npm i @logto/express cookie-parser express-session",
    code: (v) => `// Its redirect URI is ${originOf(v.redirectUri)}/logto/sign-in-callback
import { handleAuthRoutes, withLogto } from "@logto/express";
import cookieParser from "cookie-parser";
import express from "express";
import session from "express-session";

const config = {
  endpoint: "${v.endpoint}",
  appId: "${v.appId}",
  appSecret: process.env.LOGTO_APP_SECRET,
  baseUrl: "${originOf(v.redirectUri)}",
  resources: ["${v.resource}"],
};

const app = express();
app.use(cookieParser());
app.use(session({ secret: process.env.COOKIE_SECRET, resave: false, saveUninitialized: false }));
app.use(handleAuthRoutes(config)); // /logto/sign-in, /logto/sign-out

app.get("/", withLogto({ ...config, getAccessToken: true, resource: "${v.resource}" }), async (request, response) => {
  if (!request.user.isAuthenticated) return response.redirect("/logto/sign-in");
  const answer = await fetch("${v.graphql}", {
    method: "POST",
    headers: { "content-type": "application/json", authorization: \`Bearer \${request.user.accessToken}\` },
    body: JSON.stringify({ query: "{ __typename }" }),
  });
  response.json(await answer.json());
});
app.listen(3000);`,
  },
  {
    name: "Go",
    types: ["Traditional"],
    install: "go get github.com/logto-io/go/v2/client github.com/gorilla/sessions",
    code: (v) => `package main

import (
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/gorilla/sessions"
	"github.com/logto-io/go/v2/client"
)

var store = sessions.NewFilesystemStore("", []byte(os.Getenv("COOKIE_SECRET")))

// storage is what the client remembers of a browser.
type storage struct{ *sessions.Session }

func (s storage) GetItem(key string) string { value, _ := s.Values[key].(string); return value }
func (s storage) SetItem(key, value string) { s.Values[key] = value }

func logto(r *http.Request) (*client.LogtoClient, *sessions.Session) {
	session, _ := store.Get(r, "logto")
	return client.NewLogtoClient(&client.LogtoConfig{
		Endpoint:  "${v.endpoint}",
		AppId:     "${v.appId}",
		AppSecret: os.Getenv("LOGTO_APP_SECRET"),
		Resources: []string{"${v.resource}"},
	}, storage{session}), session
}

func main() {
	http.HandleFunc("/sign-in", func(w http.ResponseWriter, r *http.Request) {
		user, session := logto(r)
		to, err := user.SignIn(&client.SignInOptions{RedirectUri: "${v.redirectUri}"})
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		session.Save(r, w)
		http.Redirect(w, r, to, http.StatusFound)
	})
	http.HandleFunc("${pathOf(v.redirectUri)}", func(w http.ResponseWriter, r *http.Request) {
		user, session := logto(r)
		if err := user.HandleSignInCallback(r); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		session.Save(r, w)
		http.Redirect(w, r, "/", http.StatusFound)
	})
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		user, session := logto(r)
		if !user.IsAuthenticated() {
			http.Redirect(w, r, "/sign-in", http.StatusFound)
			return
		}
		token, err := user.GetAccessToken("${v.resource}")
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		session.Save(r, w)
		ask, _ := http.NewRequest("POST", "${v.graphql}", strings.NewReader(\`{"query":"{ __typename }"}\`))
		ask.Header.Set("Authorization", "Bearer "+token.Token)
		ask.Header.Set("Content-Type", "application/json")
		answer, err := http.DefaultClient.Do(ask)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer answer.Body.Close()
		io.Copy(w, answer.Body)
	})
	http.ListenAndServe(":3000", nil)
}`,
  },
  {
    name: "Python",
    types: ["Traditional"],
    install: "pip install logto 'flask[async]' httpx",
    code: (v) => `import os

import httpx
from flask import Flask, redirect, request, session
from logto import LogtoClient, LogtoConfig, Storage

app = Flask(__name__)
app.secret_key = os.environ["COOKIE_SECRET"]


class SessionStorage(Storage):
    def get(self, key):
        return session.get(key)

    def set(self, key, value):
        session[key] = value

    def delete(self, key):
        session.pop(key, None)


client = LogtoClient(
    LogtoConfig(
        endpoint="${v.endpoint}",
        appId="${v.appId}",
        appSecret=os.environ["LOGTO_APP_SECRET"],
        resources=["${v.resource}"],
    ),
    storage=SessionStorage(),
)


@app.get("/sign-in")
async def sign_in():
    return redirect(await client.signIn(redirectUri="${v.redirectUri}"))


@app.get("${pathOf(v.redirectUri)}")
async def callback():
    await client.handleSignInCallback(request.url)
    return redirect("/")


@app.get("/")
async def home():
    if not client.isAuthenticated():
        return redirect("/sign-in")
    token = await client.getAccessToken("${v.resource}")
    answer = httpx.post(
        "${v.graphql}",
        headers={"Authorization": f"Bearer {token}"},
        json={"query": "{ __typename }"},
    )
    return answer.json()`,
  },
  {
    name: "PHP",
    types: ["Traditional"],
    install: "composer require logto/sdk",
    code: (v) => `<?php // index.php, for each path
require __DIR__ . '/vendor/autoload.php';

use Logto\\Sdk\\LogtoClient;
use Logto\\Sdk\\LogtoConfig;

session_start();
$client = new LogtoClient(new LogtoConfig(
    endpoint: '${v.endpoint}',
    appId: '${v.appId}',
    appSecret: getenv('LOGTO_APP_SECRET'),
    resources: ['${v.resource}'],
));

switch (parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH)) {
    case '/sign-in':
        header('Location: ' . $client->signIn('${v.redirectUri}'));
        exit;
    case '${pathOf(v.redirectUri)}':
        $client->handleSignInCallback();
        header('Location: /');
        exit;
}
if (!$client->isAuthenticated()) {
    header('Location: /sign-in');
    exit;
}
$token = $client->getAccessToken('${v.resource}');
echo file_get_contents('${v.graphql}', false, stream_context_create(['http' => [
    'method' => 'POST',
    'header' => "Authorization: Bearer $token\\r\\nContent-Type: application/json",
    'content' => '{"query":"{ __typename }"}',
]]));`,
  },
];
