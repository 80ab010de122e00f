import type { ApplicationType } from "../../../api/management.ts";

/** What a snippet is filled in with. */
export type Values = { graphql: string; endpoint: string; appId: string; resource: string; redirectUri: string };
/** A program, and the types of applications it is for. */
export type Snippet = {
  name: string;
  types: ApplicationType[];
  install?: string;
  /** Shown where there is room for few. */
  isMain?: boolean;
  code: (v: Values) => string;
};

/** The path of an address, as programs route by it. */
export const pathOf = (uri: string): string => (URL.canParse(uri) ? new URL(uri).pathname : "/callback");
/** Scheme, host and port of an address. */
export const originOf = (uri: string): string => (/^https?:/.test(uri) && URL.canParse(uri) ? new URL(uri).origin : "http://localhost:3000");
