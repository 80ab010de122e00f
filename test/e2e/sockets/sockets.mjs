// The clients of the two sub-protocols, unmodified: what shared.mjs puts every client through, a refused connection, and what
// happens when the metadata changes.
import assert from 'node:assert/strict';
import { createClient } from 'graphql-ws';
import transport from 'subscriptions-transport-ws';
import WebSocket from 'ws';
import { exercise, headers, live, queue, socketEndpoint as url, survives } from './shared.mjs';

const soon = () => new Promise((resolve) => setTimeout(resolve, 50));

function modern(connectionParams, options = { retryAttempts: 0 }) {
  let onClosed;
  const closed = new Promise((resolve) => (onClosed = resolve));
  const client = createClient({ url, webSocketImpl: WebSocket, connectionParams, lazy: false, onNonLazyError: () => {}, on: { closed: onClosed }, ...options });
  return {
    client,
    closed,
    dispose: () => client.dispose(),
    subscribe(query, variables) {
      const q = queue();
      const stop = client.subscribe({ query, variables }, { next: q.push, error: q.push, complete() {} });
      return { next: q.next, stop };
    },
    once: (query, variables) =>
      new Promise((resolve) => client.subscribe({ query, variables }, { next: resolve, error: resolve, complete() {} })),
  };
}

function legacy(connectionParams, options = { reconnect: false }) {
  const client = new transport.SubscriptionClient(url, { connectionParams, ...options }, WebSocket);
  const closed = new Promise((resolve) => client.onDisconnected(resolve));
  const run = (query, variables, push) => client.request({ query, variables }).subscribe({ next: push, error: push });
  return {
    client,
    closed,
    dispose: () => client.close(),
    subscribe(query, variables) {
      const q = queue();
      const subscription = run(query, variables, q.push);
      return { next: q.next, stop: () => subscription.unsubscribe() };
    },
    once: (query, variables) => new Promise((resolve) => run(query, variables, resolve)),
  };
}

for (const [name, connect, again] of [
  ['graphql-ws', modern, { retryAttempts: 100, retryWait: soon, shouldRetry: () => true }],
  ['subscriptions-transport-ws', legacy, { reconnect: true, reconnectionAttempts: 100 }],
]) {
  const client = connect({ headers });
  await exercise(name, client, connect({ headers }));
  await client.dispose();
  await client.closed;
  const lasting = connect({ headers }, again);
  await survives(name, lasting);
  await lasting.dispose();
}

// Refused, in the words each client gives its user.
const refused = await modern({ headers: { 'X-Hasura-Admin-Secret': 'wrong' } }).closed;
assert.equal(refused.code, 4403);
const failed = await new Promise((resolve) => {
  const client = new transport.SubscriptionClient(
    url,
    { connectionParams: { headers: { 'X-Hasura-Admin-Secret': 'wrong' } }, reconnect: false, connectionCallback: (error) => error && resolve(error) },
    WebSocket,
  );
  client.onError(() => {});
});
assert.match(String(failed), /invalid "x-hasura-admin-secret"/);

// A change of the metadata ends the connection; graphql-ws connects again by itself and goes on.
const again = createClient({ url, webSocketImpl: WebSocket, connectionParams: { headers }, retryAttempts: 5, retryWait: async () => {}, shouldRetry: () => true });
const q = queue();
const stop = again.subscribe({ query: live, variables: { low: 1 } }, { next: q.push, error: q.push, complete() {} });
assert.deepEqual((await q.next()).data, { note: [] });
const changed = await fetch(process.env.ENDPOINT + '/v1/metadata', {
  method: 'POST',
  headers: { ...headers, 'Content-Type': 'application/json' },
  body: JSON.stringify({ type: 'pg_create_select_permission', args: { table: 'note', role: 'user', permission: { columns: ['id'], filter: {} } } }),
});
assert.equal(changed.status, 200);
assert.deepEqual((await q.next()).data, { note: [] });
stop();
await again.dispose();
console.log('reconnected ok');
process.exit(0);
