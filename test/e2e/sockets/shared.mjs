// What every client is put through: a query, a mutation, a live query that hears of the mutation, a stream, an error, and a
// restart of the server.
import assert from 'node:assert/strict';

export const endpoint = process.env.ENDPOINT + '/v1/graphql';
export const socketEndpoint = endpoint.replace(/^http/, 'ws');
export const headers = { 'X-Hasura-Admin-Secret': process.env.ADMIN_SECRET };
export const live = 'subscription ($low: Int!) { note(where: {id: {_gte: $low}}, order_by: {id: asc}) { id text } }';
const stream = 'subscription { note_stream(cursor: {initial_value: {id: 0}}, batch_size: 1) { id } }';
const insert = 'mutation ($text: String!) { insert_note_one(object: {text: $text}) { text } }';
const clear = 'mutation { delete_note(where: {}) { affected_rows } }';

// queue turns callbacks into values to wait for.
export function queue() {
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

// plain is a result without what the client adds to it.
const plain = (result) => JSON.parse(JSON.stringify(result?.data ?? null, (key, value) => (key === '__typename' ? undefined : value)));

// exercise takes a client as two functions: once runs an operation and gives its result, or its errors; subscribe gives
// {next, stop}. What fails is asked of another such client: see problem() in engine/transport.
export async function exercise(name, { subscribe, once }, another) {
  assert.deepEqual(plain(await once('{ note { id } }')), { note: [] });
  const notes = subscribe(live, { low: 1 });
  assert.deepEqual(plain(await notes.next()), { note: [] });
  const ids = subscribe(stream);
  assert.deepEqual(plain(await ids.next()), { note_stream: [] });
  assert.deepEqual(plain(await once(insert, { text: name })), { insert_note_one: { text: name } });
  const [note] = plain(await notes.next()).note;
  assert.equal(note.text, name);
  assert.deepEqual(plain(await ids.next()), { note_stream: [{ id: note.id }] });
  assert.match(message(await another.once('{ nothing }')), /field 'nothing' not found in type: 'query_root'/);
  const wrong = another.subscribe('subscription { nothing }');
  assert.match(message(await wrong.next()), /field 'nothing' not found in type: 'subscription_root'/);
  notes.stop();
  ids.stop();
  await once(clear);
  console.log(name, 'ok');
}

// message is the text of an error, however a client hands it on.
export function message(result) {
  const errors = result.errors ?? result.error?.errors ?? result.error?.graphQLErrors ?? result.graphQLErrors ?? result;
  return (Array.isArray(errors) ? errors[0] : errors).message;
}

// survives restarts the server under a live query, which goes on by itself.
export async function survives(name, { subscribe, once }) {
  const notes = subscribe(live, { low: 1 });
  assert.deepEqual(plain(await notes.next()), { note: [] });
  await control('restart');
  assert.deepEqual(plain(await notes.next()), { note: [] });
  await once(insert, { text: 'again' });
  assert.equal(plain(await notes.next()).note[0].text, 'again');
  notes.stop();
  await once(clear);
  console.log(name, 'went on after a restart');
}

// control asks the test for something done to the server.
export async function control(what) {
  const answer = await fetch(process.env.CONTROL + '/' + what, { method: 'POST' });
  assert.equal(answer.status, 200);
}
