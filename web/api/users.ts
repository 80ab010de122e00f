import { inWindow, type Listed, list, part, type Window } from "./management.ts";
import { call } from "./request.ts";

export type User = {
  id: string;
  username: string | null;
  primaryEmail: string | null;
  primaryPhone: string | null;
  name: string | null;
  avatar: string | null;
  customData: Record<string, unknown>;
  identities: Record<string, { userId?: string; details?: unknown }>;
  profile: Profile;
  lastSignInAt: number | null;
  createdAt: number;
  updatedAt: number;
  applicationId: string | null;
  isSuspended: boolean;
  hasPassword: boolean;
};
export type Profile = {
  familyName?: string;
  givenName?: string;
  middleName?: string;
  nickname?: string;
  preferredUsername?: string;
  profile?: string;
  website?: string;
  gender?: string;
  birthdate?: string;
  zoneinfo?: string;
  locale?: string;
  address?: { formatted?: string; streetAddress?: string; locality?: string; region?: string; postalCode?: string; country?: string };
};
export type NewUser = {
  username?: string;
  primaryEmail?: string;
  primaryPhone?: string;
  name?: string;
  avatar?: string;
  password?: string;
  passwordDigest?: string;
  passwordAlgorithm?: string;
  customData?: unknown;
  profile?: unknown;
};
export type UserChange = Partial<Pick<User, "username" | "primaryEmail" | "primaryPhone" | "name" | "avatar" | "customData" | "profile">>;

export const listUsers = (window: Window & { excludeRoleId?: string; isSuspended?: boolean }): Promise<Listed<User>> =>
  list("users", { ...inWindow(window), excludeRoleId: window.excludeRoleId, isSuspended: window.isSuspended });
export const loadUser = (id: string): Promise<User> => call(`/api/users/${part(id)}`);
export const createUser = (body: NewUser): Promise<User> => call("/api/users", { method: "POST", body });
export const changeUser = (id: string, body: UserChange): Promise<User> => call(`/api/users/${part(id)}`, { method: "PATCH", body });
export const deleteUser = (id: string): Promise<void> => call(`/api/users/${part(id)}`, { method: "DELETE" });
export const setPassword = (id: string, password: string): Promise<User> =>
  call(`/api/users/${part(id)}/password`, { method: "PATCH", body: { password } });
export const setSuspended = (id: string, isSuspended: boolean): Promise<User> =>
  call(`/api/users/${part(id)}/is-suspended`, { method: "PATCH", body: { isSuspended } });

/** A browser session of a user, in the shape of Logto's Management API. */
export type UserSession = {
  payload: { uid: string; iat: number; loginTs: number; authorizations?: Record<string, { grantId: string; persistsLogout: boolean }> };
  lastSubmission: { signInContext?: { ip?: string; userAgent?: string } } | null;
  clientId: string | null;
  expiresAt: number;
};
/** What a user granted an application: its tokens live by it. */
export type Grant = {
  id: string;
  payload: { iat: number };
  expiresAt: number;
  application: { id: string; name: string };
};
export const loadSessions = async (id: string): Promise<UserSession[]> =>
  (await call<{ sessions: UserSession[] }>(`/api/users/${part(id)}/sessions`)).sessions;
export const endSession = (id: string, sessionId: string, grants?: "all"): Promise<void> =>
  call(`/api/users/${part(id)}/sessions/${part(sessionId)}${grants ? "?revokeGrantsTarget=all" : ""}`, { method: "DELETE" });
export const loadGrants = async (id: string): Promise<Grant[]> => (await call<{ grants: Grant[] }>(`/api/users/${part(id)}/grants`)).grants;
export const endGrant = (id: string, grantId: string): Promise<void> => call(`/api/users/${part(id)}/grants/${part(grantId)}`, { method: "DELETE" });

/** What a user is called where there is room for one name. */
export const nameOf = (user: Partial<Pick<User, "name" | "username" | "primaryEmail" | "primaryPhone">> & { id: string }): string =>
  user.name || user.username || user.primaryEmail || user.primaryPhone || user.id;
