// graphql-sse, and what browsers have: EventSource by GET.
import assert from 'node:assert/strict';
import { EventSource } from 'eventsource';
import { createClient } from 'graphql-sse';
import { endpoint, exercise, headers, live, queue, survives } from './shared.mjs';

function streams(options) {
  const client = createClient({ url: endpoint, headers, retryAttempts: 100, retry: () => new Promise((r) => setTimeout(r, 50)), ...options });
  return {
    once: (query, variables) => new Promise((resolve) => client.subscribe({ query, variables }, { next: resolve, error: resolve, complete() {} })),
    subscribe(query, variables) {
      const q = queue();
      return { next: q.next, stop: client.subscribe({ query, variables }, { next: q.push, error: q.push, complete() {} }) };
    },
  };
}

await exercise('graphql-sse', streams({}), streams({}));
await survives('graphql-sse', streams({}));

// All operations on one stream, which is reserved first. The client writes its token among the headers that it is given.
const shared = (options) => streams({ singleConnection: true, headers: () => ({ ...headers }), ...options });
await exercise('graphql-sse with a single connection', shared(), shared());
await survives('graphql-sse with a single connection', shared());
const single = shared({ lazy: false, onNonLazyError() {} });
const several = [1, 2, 3].map((low) => single.subscribe(live, { low }));
for (const one of several) assert.deepEqual(await one.next(), { data: { note: [] } });
for (const one of several) one.stop();
const barred = await shared({ headers: { 'X-Hasura-Admin-Secret': 'wrong' }, retryAttempts: 0 }).once('{ note { id } }');
assert.equal(barred.response.status, 401);

// Who is not let in learns the status; the client does not try again.
const refused = await streams({ headers: { 'X-Hasura-Admin-Secret': 'wrong' }, retryAttempts: 0 }).once('{ note { id } }');
assert.equal(refused.response.status, 401);

const url = new URL(endpoint);
url.searchParams.set('query', 'subscription ($low: Int!) { note(where: {id: {_gte: $low}}) { id text } }');
url.searchParams.set('variables', '{"low":1}');
const source = new EventSource(url, { fetch: (to, init) => fetch(to, { ...init, headers: { ...init.headers, ...headers } }) });
const heard = queue();
source.addEventListener('next', ({ data }) => heard.push(JSON.parse(data)));
assert.deepEqual(await heard.next(), { data: { note: [] } });
await streams({}).once('mutation { insert_note_one(object: {text: "event"}) { text } }');
assert.equal((await heard.next()).data.note[0].text, 'event');
source.close();

url.searchParams.set('query', '{ note { text } }');
url.searchParams.delete('variables');
const query = new EventSource(url, { fetch: (to, init) => fetch(to, { ...init, headers: { ...init.headers, ...headers } }) });
const answers = queue();
query.addEventListener('next', ({ data }) => answers.push(data));
query.addEventListener('complete', () => {
  answers.push('complete');
  query.close();
});
assert.equal(await answers.next(), '{"data":{"note":[{"text":"event"}]}}');
assert.equal(await answers.next(), 'complete');
await streams({}).once('mutation { delete_note(where: {}) { affected_rows } }');
console.log('EventSource ok');
process.exit(0);
