import {
  type Application,
  inWindow,
  type Listed,
  list,
  listAll,
  part,
  type Resource,
  type Role,
  type RoleType,
  type Scope,
  type Window,
} from "./management.ts";
import { call, send } from "./request.ts";
import type { User } from "./users.ts";

/** A role with a glimpse of who holds it. */
export type RoleSummary = Role & {
  usersCount: number;
  applicationsCount: number;
  featuredUsers: { id: string; name: string | null; avatar: string | null }[];
  featuredApplications: { id: string; name: string; type: string }[];
};
export type RoleScope = Scope & { resource: Resource };
export type NewRole = { name: string; description: string; type: RoleType; isDefault: boolean; scopeIds: string[] };
export type RoleChange = Partial<Pick<Role, "name" | "description" | "isDefault">>;

export const listRoles = (window: Window & { type?: RoleType; scopeId?: string; id?: string }): Promise<Listed<RoleSummary>> =>
  list("roles", {
    ...inWindow(window),
    type: window.type,
    scopeId: window.scopeId,
    ...(window.id && { "search.id": window.id, "mode.id": "exact" }),
  });
export const loadRole = (id: string): Promise<Role> => call(`/api/roles/${part(id)}`);
export const createRole = (body: NewRole): Promise<Role> => call("/api/roles", { method: "POST", body });
export const changeRole = (id: string, body: RoleChange): Promise<Role> => call(`/api/roles/${part(id)}`, { method: "PATCH", body });
export const deleteRole = (id: string): Promise<void> => call(`/api/roles/${part(id)}`, { method: "DELETE" });

export const loadRoleScopes = (id: string): Promise<RoleScope[]> => call(`/api/roles/${part(id)}/scopes`);
export const addRoleScopes = (id: string, scopeIds: string[]): Promise<unknown> =>
  call(`/api/roles/${part(id)}/scopes`, { method: "POST", body: { scopeIds } });
export const removeRoleScope = (id: string, scopeId: string): Promise<void> =>
  call(`/api/roles/${part(id)}/scopes/${part(scopeId)}`, { method: "DELETE" });

/** Who may hold roles. */
export type Holders = "users" | "applications";
const key = { users: "userIds", applications: "applicationIds" } as const;
export const listRoleUsers = (id: string, window: Window): Promise<Listed<User>> => list(`roles/${part(id)}/users`, inWindow(window));
export const listRoleApplications = (id: string, window: Window): Promise<Listed<Application>> =>
  list(`roles/${part(id)}/applications`, inWindow(window));
/** Its answer is the word "Created", not JSON. */
export const giveRoleTo = async (id: string, holders: Holders, ids: string[]): Promise<void> => {
  await send(`/api/roles/${part(id)}/${holders}`, { method: "POST", body: { [key[holders]]: ids } });
};
export const takeRoleFrom = (id: string, holders: Holders, holderId: string): Promise<void> =>
  call(`/api/roles/${part(id)}/${holders}/${part(holderId)}`, { method: "DELETE" });

export const loadHeldRoles = (holders: Holders, holderId: string): Promise<Role[]> => listAll(`${holders}/${part(holderId)}/roles`);
/** Tells which of the roles were not held before. */
export const giveRoles = (holders: Holders, holderId: string, roleIds: string[]): Promise<{ addedRoleIds: string[] }> =>
  call(`/api/${holders}/${part(holderId)}/roles`, { method: "POST", body: { roleIds } });
export const takeRole = (holders: Holders, holderId: string, roleId: string): Promise<void> =>
  call(`/api/${holders}/${part(holderId)}/roles/${part(roleId)}`, { method: "DELETE" });
