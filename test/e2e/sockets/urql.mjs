// @urql/core: by HTTP with a socket, and with event streams, its own and graphql-sse's.
import { Client, fetchExchange, subscriptionExchange } from '@urql/core';
import { createClient as createStreams } from 'graphql-sse';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { endpoint, exercise, headers, queue, socketEndpoint, survives } from './shared.mjs';

const soon = () => new Promise((r) => setTimeout(r, 50));
const socket = () => createClient({ url: socketEndpoint, webSocketImpl: WebSocket, connectionParams: { headers }, retryAttempts: 100, retryWait: soon, shouldRetry: () => true });
const streams = createStreams({ url: endpoint, headers, retryAttempts: 100, retry: soon });

function urql(options) {
  const client = new Client({ url: endpoint, fetchOptions: { headers }, requestPolicy: 'network-only', preferGetMethod: false, ...options });
  return {
    once: (text, variables = {}) => (text.startsWith('mutation') ? client.mutation(text, variables) : client.query(text, variables)).toPromise(),
    subscribe(text, variables = {}) {
      const q = queue();
      const subscription = client.subscription(text, variables).subscribe(q.push);
      return { next: q.next, stop: () => subscription.unsubscribe() };
    },
  };
}

const through = (client) => subscriptionExchange({ forwardSubscription: (request) => ({ subscribe: (sink) => ({ unsubscribe: client.subscribe(request, sink) }) }) });

const overSocket = () => urql({ exchanges: [fetchExchange, through(socket())] });
await exercise('@urql/core', overSocket(), overSocket());
await survives('@urql/core', overSocket());
const overEvents = () => urql({ exchanges: [fetchExchange], fetchSubscriptions: true });
await exercise('@urql/core with its own event streams', overEvents(), overEvents());
const overStreams = () => urql({ exchanges: [fetchExchange, through(streams)] });
await exercise('@urql/core with graphql-sse', overStreams(), overStreams());
process.exit(0);
