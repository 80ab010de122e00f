import { call, send } from "./request.ts";

export type Resource = { id: string; name: string; indicator: string; isDefault: boolean; accessTokenTtl: number; isDataApi?: boolean };
export type Role = { id: string; name: string; description: string; type: "User" | "MachineToMachine"; isDefault: boolean };
export type ApplicationType = "Native" | "SPA" | "Traditional" | "MachineToMachine" | "Protected" | "SAML";
export type Application = {
  id: string;
  name: string;
  description: string | null;
  type: ApplicationType;
  oidcClientMetadata: { redirectUris: string[]; postLogoutRedirectUris: string[]; [other: string]: unknown };
  customClientMetadata: Record<string, unknown>;
  isThirdParty: boolean;
  createdAt: number;
};

/** One page of a list, and how long the whole of it is. */
export type Listed<T> = { items: T[]; total: number };

/** Reads a page of a list of the Management API; its length is told by a header. */
export const list = async <T>(path: string, query: Record<string, string | number> = {}): Promise<Listed<T>> => {
  const parameters = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]));
  const response = await send(`/api/${path}?${parameters}`);
  const items = (await response.json()) as T[];
  return { items, total: Number(response.headers.get("total-number") ?? items.length) };
};

export const loadResources = (): Promise<Resource[]> => call("/api/resources");
