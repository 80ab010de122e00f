// @apollo/client: queries and mutations by HTTP, subscriptions over a socket.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { getMainDefinition } from '@apollo/client/utilities';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { endpoint, exercise, headers, queue, socketEndpoint, survives } from './shared.mjs';

globalThis.WebSocket ??= WebSocket; // the link asks what a browser has

function apollo(link) {
  const client = new ApolloClient({ link, cache: new InMemoryCache(), defaultOptions: { query: { fetchPolicy: 'no-cache', errorPolicy: 'all' }, mutate: { fetchPolicy: 'no-cache' } } });
  return {
    once(text, variables) {
      const document = gql(text);
      const run = getMainDefinition(document).operation === 'mutation' ? client.mutate({ mutation: document, variables }) : client.query({ query: document, variables });
      return run.catch((error) => error);
    },
    subscribe(text, variables) {
      const q = queue();
      const subscription = client.subscribe({ query: gql(text), variables, fetchPolicy: 'no-cache' }).subscribe({ next: q.push, error: q.push });
      return { next: q.next, stop: () => subscription.unsubscribe() };
    },
  };
}

const overSocket = () =>
  new GraphQLWsLink(createClient({ url: socketEndpoint, webSocketImpl: WebSocket, connectionParams: { headers }, retryAttempts: 100, retryWait: () => new Promise((r) => setTimeout(r, 50)), shouldRetry: () => true }));
const isSubscription = ({ query }) => getMainDefinition(query).operation === 'subscription';
const both = () => apollo(ApolloLink.split(isSubscription, overSocket(), new HttpLink({ uri: endpoint, headers })));

await exercise('@apollo/client', both(), both());
await exercise('@apollo/client over the socket alone', apollo(overSocket()), apollo(overSocket()));
await survives('@apollo/client', both());
process.exit(0);
