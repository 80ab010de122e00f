import LogtoClient, { UserScope } from "@logto/browser";
import type { DemoConfig } from "../../api/demo.ts";

/** The signed-in user, as the SDK sees it. The SDK is Logto's own, as published. */
export type Session = {
  userId: string;
  name: string;
  roles: string[]; // held now, by the userinfo endpoint
  claims: Record<string, unknown>; // of the access token for the API
};

const here = `${location.origin}/demo`;

export const connect = (config: DemoConfig) =>
  new LogtoClient({ endpoint: config.endpoint, appId: config.appId, resources: [config.resource], scopes: [UserScope.Roles] });

export const signIn = (client: LogtoClient, firstScreen: "sign_in" | "register") => client.signIn({ redirectUri: `${here}/callback`, firstScreen });

export const signOut = (client: LogtoClient) => client.signOut(here);

/** Ends the redirect back from sign-in, if this is one. */
export const finishSignIn = async (client: LogtoClient): Promise<void> => {
  if (location.pathname !== "/demo/callback") return;
  try {
    await client.handleSignInCallback(location.href);
  } finally {
    history.replaceState(null, "", "/demo");
  }
};

/** The payload of a JWT, unverified: to look at, never to decide by. */
export const decode = (jwt: string): Record<string, unknown> => {
  const payload = jwt.split(".")[1];
  if (!payload) return {};
  const bytes = Uint8Array.from(atob(payload.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
};

export const currentSession = async (client: LogtoClient, config: DemoConfig): Promise<Session | undefined> => {
  if (!(await client.isAuthenticated())) return undefined;
  const token = await client.getAccessToken(config.resource);
  const user = await client.fetchUserInfo();
  return { userId: user.sub, name: user.username ?? user.name ?? user.sub, roles: user.roles ?? [], claims: decode(token) };
};

/** The roles held now. The access token is left alone: that it need not change is the point. */
export const heldRoles = async (client: LogtoClient): Promise<string[]> => (await client.fetchUserInfo()).roles ?? [];
