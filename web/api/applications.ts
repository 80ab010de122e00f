import { type Application, type ApplicationType, inWindow, type Listed, list, part, type Window } from "./management.ts";
import { call } from "./request.ts";

export type NewApplication = Pick<Application, "name" | "type"> & {
  description?: string;
  oidcClientMetadata?: { redirectUris: string[]; postLogoutRedirectUris: string[] };
};
export type ApplicationChange = Partial<Pick<Application, "name" | "description" | "customClientMetadata" | "customData">> & {
  oidcClientMetadata?: Partial<Application["oidcClientMetadata"]>;
};
export type Secret = { name: string; value: string; createdAt: number; expiresAt: number | null };

export const listApplications = (window: Window & { types?: ApplicationType; excludeRoleId?: string }): Promise<Listed<Application>> =>
  list("applications", { ...inWindow(window), types: window.types, excludeRoleId: window.excludeRoleId });
export const loadApplication = (id: string): Promise<Application> => call(`/api/applications/${part(id)}`);
export const createApplication = (body: NewApplication): Promise<Application> => call("/api/applications", { method: "POST", body });
export const changeApplication = (id: string, body: ApplicationChange): Promise<Application> =>
  call(`/api/applications/${part(id)}`, { method: "PATCH", body });
export const deleteApplication = (id: string): Promise<void> => call(`/api/applications/${part(id)}`, { method: "DELETE" });

export const loadSecrets = (id: string): Promise<Secret[]> => call(`/api/applications/${part(id)}/secrets`);
export const createSecret = (id: string, body: { name: string; expiresAt: number | null }): Promise<Secret> =>
  call(`/api/applications/${part(id)}/secrets`, { method: "POST", body });
export const deleteSecret = (id: string, name: string): Promise<void> =>
  call(`/api/applications/${part(id)}/secrets/${part(name)}`, { method: "DELETE" });

/** Whether applications of this type prove themselves by a secret. */
export const hasSecrets = (type: ApplicationType): boolean => type === "Traditional" || type === "MachineToMachine" || type === "Protected";
/** Whether people sign in through applications of this type. */
export const hasSignIn = (type: ApplicationType): boolean => type !== "MachineToMachine";
