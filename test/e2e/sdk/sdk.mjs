// Drives published client libraries through whole flows against the provider named by the environment. A small browser
// stands in for the user's: it keeps cookies, follows redirects, and talks to the sign-in API as the sign-in page does.
import assert from 'node:assert/strict';
import LogtoNode from '@logto/node';
import LogtoClient from '@logto/client';
import * as oidc from 'openid-client';
import { createRemoteJWKSet, jwtVerify } from 'jose';

const { ENDPOINT, SPA, WEB, WEB_SECRET, MACHINE, MACHINE_SECRET, RESOURCE, USERNAME, PASSWORD, CALLBACK, SIGNED_OUT } = process.env;
const issuer = `${ENDPOINT}/oidc`;

class Browser {
  #jar = new Map();

  async send(target, init = {}) {
    const url = new URL(target, ENDPOINT);
    const cookie = [...this.#jar.values()].filter(({ path }) => url.pathname.startsWith(path)).map(({ pair }) => pair).join('; ');
    const response = await fetch(url, { ...init, redirect: 'manual', headers: { ...init.headers, ...(cookie && { cookie }) } });
    for (const line of response.headers.getSetCookie()) {
      const [pair, ...attributes] = line.split('; ');
      const path = attributes.find((text) => text.startsWith('path='))?.slice(5) ?? '/';
      const expires = attributes.find((text) => text.startsWith('expires='))?.slice(8);
      const key = `${pair.slice(0, pair.indexOf('='))} ${path}`;
      if (expires && Date.parse(expires) < Date.now()) this.#jar.delete(key);
      else this.#jar.set(key, { pair, path });
    }
    return response;
  }

  async json(method, path, body) {
    const response = await this.send(path, {
      method, headers: { origin: new URL(ENDPOINT).origin, ...(body && { 'content-type': 'application/json' }) }, body: body && JSON.stringify(body),
    });
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${await response.clone().text()}`);
    return response.headers.get('content-type')?.startsWith('application/json') ? response.json() : undefined;
  }

  async signIn() {
    await this.json('PUT', '/api/experience', { interactionEvent: 'SignIn' });
    const proof = await this.json('POST', '/api/experience/verification/password', { identifier: { type: 'username', value: USERNAME }, password: PASSWORD });
    await this.json('POST', '/api/experience/identification', proof);
    return (await this.json('POST', '/api/experience/submit')).redirectTo;
  }

  /** Goes to an address and through sign-in; returns the address outside of the provider it ends at. */
  async visit(target) {
    for (let hops = 0; hops < 12; hops++) {
      if (new URL(target, ENDPOINT).origin !== new URL(ENDPOINT).origin) return target;
      if (new URL(target, ENDPOINT).pathname === '/sign-in') { target = await this.signIn(); continue; }
      const response = await this.send(target);
      if (response.status === 200) {
        // The page of the end of a session: its form sends itself.
        const page = await response.text();
        const action = /action="([^"]+)"/.exec(page)?.[1];
        assert.ok(action, page);
        const fields = [...page.matchAll(/name="([^"]+)" value="([^"]*)"/g)].map(([, name, value]) => [name, value]);
        const next = await this.send(action, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams(fields).toString() });
        target = next.headers.get('location');
      } else {
        target = response.headers.get('location');
        assert.ok(target, `${response.status} ${await response.text()}`);
      }
    }
    throw new Error('redirects without end');
  }
}

class MemoryStorage {
  #items = new Map();
  async getItem(key) { return this.#items.get(key) ?? null; }
  async setItem(key, value) { this.#items.set(key, value); }
  async removeItem(key) { this.#items.delete(key); }
}

/** The life of a session with one of Logto's own SDKs: sign in, tokens, user, sign out. */
const withLogto = (Client, config) => async () => {
  const browser = new Browser();
  let landed;
  const navigate = async (url) => { landed = await browser.visit(url); };
  const requester = async (...args) => {
    const response = await fetch(...args);
    if (response.ok) return response.json();
    const { code, message } = await response.json();
    assert.equal(typeof code, 'string');
    assert.equal(typeof message, 'string');
    throw Object.assign(new Error(message), { code });
  };
  const client = new Client(
    { endpoint: ENDPOINT, resources: [RESOURCE], scopes: ['email', 'roles', 'custom_data', 'read:todos', 'write:todos'], ...config },
    { navigate, storage: new MemoryStorage(), ...(Client === LogtoClient && adapter(requester)) },
  );
  await client.signIn(CALLBACK);
  assert.ok(landed.startsWith(`${CALLBACK}?`), landed);
  await client.handleSignInCallback(landed);
  assert.equal(await client.isAuthenticated(), true);

  const claims = await client.getIdTokenClaims();
  assert.equal(claims.iss, issuer);
  assert.equal(claims.aud, config.appId);
  assert.equal(claims.username, USERNAME);
  assert.deepEqual(claims.roles, ['user', 'admin']);
  const user = await client.fetchUserInfo();
  assert.equal(user.sub, claims.sub);
  assert.deepEqual(user.custom_data, { tier: 'gold' });

  const token = await client.getAccessTokenClaims(RESOURCE);
  assert.equal(token.aud, RESOURCE);
  assert.equal(token.scope, 'read:todos write:todos');
  assert.equal(token.sub, claims.sub);
  const refreshToken = await client.getRefreshToken();
  assert.ok(refreshToken);

  await client.signOut(SIGNED_OUT);
  assert.equal(landed, SIGNED_OUT);
  assert.equal(await client.isAuthenticated(), false);
  const dead = await fetch(`${issuer}/token`, {
    method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded', ...(config.appSecret && { authorization: `Basic ${btoa(`${config.appId}:${config.appSecret}`)}` }) },
    body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken, client_id: config.appId }),
  });
  assert.equal(dead.status, 400);
  assert.equal((await dead.json()).code, 'oidc.invalid_grant');
};

const randomText = () => Buffer.from(crypto.getRandomValues(new Uint8Array(48))).toString('base64url');
const adapter = (requester) => ({
  requester,
  generateState: randomText,
  generateCodeVerifier: randomText,
  generateCodeChallenge: async (verifier) => Buffer.from(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))).toString('base64url'),
});

const insecure = { execute: [oidc.allowInsecureRequests] };

const codeFlow = async () => {
  const config = await oidc.discovery(new URL(issuer), SPA, undefined, oidc.None(), insecure);
  const verifier = oidc.randomPKCECodeVerifier();
  const state = oidc.randomState();
  const nonce = oidc.randomNonce();
  const target = oidc.buildAuthorizationUrl(config, {
    redirect_uri: CALLBACK, scope: 'openid offline_access profile read:todos', resource: RESOURCE, prompt: 'consent', state, nonce, max_age: '300',
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
  });
  const browser = new Browser();
  const landed = await browser.visit(target.href);
  const tokens = await oidc.authorizationCodeGrant(config, new URL(landed), { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, maxAge: 300, idTokenExpected: true });
  const claims = tokens.claims();
  const user = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub);
  assert.equal(user.username, USERNAME);

  const refreshed = await oidc.refreshTokenGrant(config, tokens.refresh_token, { resource: RESOURCE });
  assert.notEqual(refreshed.refresh_token, tokens.refresh_token);
  const { payload, protectedHeader } = await jwtVerify(refreshed.access_token, createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri)), { issuer, audience: RESOURCE, typ: 'at+jwt' });
  assert.equal(protectedHeader.alg, 'ES384');
  assert.equal(payload.scope, 'read:todos');
  assert.equal(payload.client_id, SPA);

  const active = await oidc.tokenIntrospection(config, tokens.access_token);
  assert.equal(active.active, true);
  await oidc.tokenRevocation(config, refreshed.refresh_token);
  assert.equal((await oidc.tokenIntrospection(config, tokens.access_token)).active, false);
  await assert.rejects(oidc.refreshTokenGrant(config, refreshed.refresh_token), { error: 'invalid_grant' });

  const goodbye = oidc.buildEndSessionUrl(config, { post_logout_redirect_uri: SIGNED_OUT, id_token_hint: tokens.id_token, state: 'bye' });
  assert.equal(await browser.visit(goodbye.href), `${SIGNED_OUT}?state=bye`);
};

const machine = (authentication) => async () => {
  const config = await oidc.discovery(new URL(issuer), MACHINE, undefined, authentication(MACHINE_SECRET), insecure);
  const tokens = await oidc.clientCredentialsGrant(config, { resource: RESOURCE, scope: 'read:todos' });
  assert.equal(tokens.scope, 'read:todos');
  assert.equal(tokens.expires_in, 3600);
  await assert.rejects(
    oidc.clientCredentialsGrant(await oidc.discovery(new URL(issuer), MACHINE, undefined, authentication('wrong'), insecure), { resource: RESOURCE }),
    // With Basic the library reports the challenge of the 401 instead of its body.
    (error) => error.error === 'invalid_client' || error.cause?.[0]?.parameters?.error === 'invalid_client',
  );
};

const scenarios = {
  '@logto/client, single-page application': withLogto(LogtoClient, { appId: SPA }),
  '@logto/node, single-page application': withLogto(LogtoNode, { appId: SPA }),
  '@logto/node, traditional with a secret': withLogto(LogtoNode, { appId: WEB, appSecret: WEB_SECRET }),
  'openid-client, code flow': codeFlow,
  'openid-client, client_secret_basic': machine(oidc.ClientSecretBasic),
  'openid-client, client_secret_post': machine(oidc.ClientSecretPost),
};

let failed = false;
for (const [name, scenario] of Object.entries(scenarios)) {
  try {
    await scenario();
    console.log(`ok ${name}`);
  } catch (error) {
    failed = true;
    console.log(`FAILED ${name}\n${error?.stack ?? error}\n${error?.cause ? JSON.stringify(error.cause, undefined, 2) : ''}`);
  }
}
process.exitCode = failed ? 1 : 0;
