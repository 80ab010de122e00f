import { type Listed, list, pageSize, part, pattern, type Resource, type Scope, type Window } from "./management.ts";
import { call } from "./request.ts";

export type NewResource = { name: string; indicator: string; isDataApi?: boolean };
export type ResourceChange = Partial<Pick<Resource, "name" | "accessTokenTtl" | "isDataApi">>;

/** All API resources with their permissions: there are few. */
export const loadResourcesWithScopes = (): Promise<Resource[]> => call("/api/resources?includeScopes=true");
export const loadResource = (id: string): Promise<Resource> => call(`/api/resources/${part(id)}`);
export const createResource = (body: NewResource): Promise<Resource> => call("/api/resources", { method: "POST", body });
export const changeResource = (id: string, body: ResourceChange): Promise<Resource> => call(`/api/resources/${part(id)}`, { method: "PATCH", body });
export const setDefaultResource = (id: string, isDefault: boolean): Promise<Resource> =>
  call(`/api/resources/${part(id)}/is-default`, { method: "PATCH", body: { isDefault } });
export const deleteResource = (id: string): Promise<void> => call(`/api/resources/${part(id)}`, { method: "DELETE" });

export const listScopes = (id: string, { search, page = 1 }: Window): Promise<Listed<Scope>> =>
  list(`resources/${part(id)}/scopes`, { page, page_size: pageSize, search: pattern(search) });
export type ScopeValues = { name: string; description: string };
export const createScope = (id: string, body: ScopeValues): Promise<Scope> => call(`/api/resources/${part(id)}/scopes`, { method: "POST", body });
export const changeScope = (id: string, scopeId: string, body: Partial<ScopeValues>): Promise<Scope> =>
  call(`/api/resources/${part(id)}/scopes/${part(scopeId)}`, { method: "PATCH", body });
export const deleteScope = (id: string, scopeId: string): Promise<void> =>
  call(`/api/resources/${part(id)}/scopes/${part(scopeId)}`, { method: "DELETE" });
