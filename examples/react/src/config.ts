import { type LogtoConfig, UserScope } from "@logto/react";

const env = import.meta.env;

export const resource: string = env.VITE_RESOURCE;

export const config: LogtoConfig = {
  endpoint: env.VITE_ENDPOINT,
  appId: env.VITE_APP_ID,
  scopes: [UserScope.Roles, "read:user", "maintain:user"],
  resources: [resource],
};

export const callbackUrl = `${window.location.origin}/callback`;
export const dataEndpoint: string = env.VITE_DATA_ENDPOINT;
export const graphqlRole: string = env.VITE_GRAPHQL_ROLE;
export const graphqlQuery: string = env.VITE_GRAPHQL_QUERY;
export const readerRole: string = env.VITE_READER_ROLE;
export const maintainerRole: string = env.VITE_MAINTAINER_ROLE;
