// Published clients, unmodified, against a running engine: a query, a mutation, a live query that hears of the mutation,
// a stream, an error, a refused connection, and what happens when the metadata changes.
import assert from 'node:assert/strict';
import { createClient } from 'graphql-ws';
import transport from 'subscriptions-transport-ws';
import WebSocket from 'ws';

const url = process.env.ENDPOINT.replace(/^http/, 'ws') + '/v1/graphql';
const headers = { 'X-Hasura-Admin-Secret': process.env.ADMIN_SECRET };
const live = 'subscription ($low: Int!) { note(where: {id: {_gte: $low}}, order_by: {id: asc}) { id text } }';
const stream = 'subscription { note_stream(cursor: {initial_value: {id: 0}}, batch_size: 1) { id } }';
const insert = 'mutation ($text: String!) { insert_note_one(object: {text: $text}) { text } }';

// queue turns callbacks into values to wait for.
function queue() {
  const values = [];
  const waiting = [];
  return {
    push(value) {
      const next = waiting.shift();
      if (next) next(value);
      else values.push(value);
    },
    next: () => (values.length > 0 ? Promise.resolve(values.shift()) : new Promise((resolve) => waiting.push(resolve))),
  };
}

async function exercise(name, { subscribe, once, dispose, closed }) {
  assert.deepEqual((await once('{ note { id } }')).data, { note: [] });
  const notes = subscribe(live, { low: 1 });
  assert.deepEqual((await notes.next()).data, { note: [] });
  const ids = subscribe(stream);
  assert.deepEqual((await ids.next()).data, { note_stream: [] });
  assert.deepEqual((await once(insert, { text: name })).data, { insert_note_one: { text: name } });
  const [note] = (await notes.next()).data.note;
  assert.equal(note.text, name);
  assert.deepEqual((await ids.next()).data, { note_stream: [{ id: note.id }] });
  const wrong = await once('{ nothing }');
  const [error] = wrong.errors ?? wrong;
  assert.match(error.message, /field 'nothing' not found in type: 'query_root'/);
  notes.stop();
  ids.stop();
  await once('mutation { delete_note(where: {}) { affected_rows } }');
  await dispose();
  await closed;
  console.log(name, 'ok');
}

function modern(connectionParams) {
  let onClosed;
  const closed = new Promise((resolve) => (onClosed = resolve));
  const client = createClient({ url, webSocketImpl: WebSocket, connectionParams, lazy: false, retryAttempts: 0, onNonLazyError: () => {}, on: { closed: onClosed } });
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

function legacy(connectionParams) {
  const client = new transport.SubscriptionClient(url, { connectionParams, reconnect: false }, WebSocket);
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

await exercise('graphql-ws', modern({ headers }));
await exercise('subscriptions-transport-ws', legacy({ headers }));

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
