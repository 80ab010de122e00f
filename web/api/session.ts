import { call } from "./request.ts";

/** What a caller of the console may be allowed; the server enforces it, the pages only hide what it would refuse. */
export type Operation =
  | "graphql"
  | "metadata"
  | "metadata:read"
  | "sql"
  | "sources"
  | "users"
  | "users:read"
  | "access"
  | "access:read"
  | "secrets"
  | "settings"
  | "settings:read"
  | "logs"
  | "members"
  | "operations";

export type MemberRole = "owner" | "developer" | "support";
export type Person = { id: string; username: string | null; name: string | null; avatar: string | null };
export type Halves = { data: boolean; identity: boolean };
export type Endpoints = { graphql: string; rest: string; metadata: string; issuer: string; discovery: string; jwks: string };

export type SignedIn = {
  signedIn: true;
  by: "member" | "secret" | "open";
  user: Person | null;
  role: MemberRole | null;
  may: Operation[];
  halves: Halves;
  demo: boolean;
  version: string;
  endpoints: Endpoints;
};
export type SignedOut = { signedIn: false; ways: ("member" | "secret")[]; needsSetUp: boolean; halves: Halves; version: string };

declare global {
  interface Window {
    /** The session as console/src/early.ts asked for it, while the rest of the script was loaded. It answers once. */
    gatehouseSession?: Promise<Response>;
  }
}

export const loadSession = (): Promise<SignedIn | SignedOut> => {
  const asked = window.gatehouseSession;
  window.gatehouseSession = undefined;
  return call("/console/api/session", { asked });
};
export const signInBySecret = (secret: string): Promise<void> => call("/console/api/session", { method: "POST", body: { secret } });
export const signOut = (): Promise<void> => call("/console/api/session", { method: "DELETE" });

/** Where a member signs in, to come back to a page of the console. */
export const signInAddress = (to: string): string => `/console/sign-in?to=${encodeURIComponent(to)}`;

/** What opens set-up: the token of the link, or the admin secret. */
export type SetUpKey = { token: string } | { secret: string };

/** Creates the first administrator; works once. Returns the user's id. */
export const setUp = (key: SetUpKey, username: string, password: string): Promise<{ userId: string }> =>
  call("/console/api/setup", {
    method: "POST",
    headers: "secret" in key ? { "x-hasura-admin-secret": key.secret } : {},
    body: { token: "token" in key ? key.token : "", username, password },
  });
