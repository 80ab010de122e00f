import { ApiError } from "./error.ts";
import { send } from "./request.ts";

/** One page of a list, and how long the whole of it is. */
export type Listed<T> = { items: T[]; total: number };
export type Query = Record<string, string | number | boolean | undefined>;

/** A path of the Management API; what is undefined or empty is left out of the query. */
export const address = (path: string, query: Query = {}): string => {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  const parameters = new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
  return `/api/${path}${given.length > 0 ? `?${parameters}` : ""}`;
};

/** A value as a part of a path. */
export const part = encodeURIComponent;

/** Reads a page of a list of the Management API; its length is told by a header. */
export const list = async <T>(path: string, query: Query = {}): Promise<Listed<T>> => {
  const response = await send(address(path, query));
  const items = (await response.json()) as T[];
  return { items, total: Number(response.headers.get("total-number") ?? items.length) };
};

export const pageSize = 20;
/** The most the Management API gives at once. */
export const maxPageSize = 100;

/** A window of a list: the words searched for, and which page. */
export type Window = { search?: string; page?: number };

/** The query of a window: words are looked for anywhere in the searchable fields, without case. */
export const inWindow = ({ search, page = 1 }: Window): Query => ({ page, page_size: pageSize, search: pattern(search) });

/** What the user typed as a LIKE pattern that means just that. */
export const pattern = (words: string | undefined): string | undefined => {
  const plain = words?.trim();
  return plain ? `%${plain.replace(/[\\%_]/g, "\\$&")}%` : undefined;
};

/** Reads a whole list, page by page. For what people pick from; it is bounded by what they could read. */
export const listAll = async <T>(path: string, query: Query = {}, most = 1000): Promise<T[]> => {
  const all: T[] = [];
  for (let page = 1; all.length < most; page++) {
    const { items, total } = await list<T>(path, { ...query, page, page_size: maxPageSize });
    all.push(...items);
    if (items.length === 0 || all.length >= total) break;
  }
  return all;
};

/** What the Management API found wrong with a request, by where: the path in the body, joined by dots. */
export const issuesOf = (error: unknown): { path: string; message: string }[] => {
  const data = error instanceof ApiError ? (error.data as { issues?: { path?: unknown[]; message?: string }[] } | undefined) : undefined;
  return Array.isArray(data?.issues) ? data.issues.map(({ path, message }) => ({ path: (path ?? []).join("."), message: message ?? "" })) : [];
};

export type Scope = { id: string; resourceId: string; name: string; description: string | null; createdAt: number };
export type Resource = {
  id: string;
  name: string;
  indicator: string;
  isDefault: boolean;
  accessTokenTtl: number;
  isDataApi?: boolean;
  scopes?: Scope[];
};
export type RoleType = "User" | "MachineToMachine";
export type Role = { id: string; name: string; description: string; type: RoleType; isDefault: boolean };
export type ApplicationType = "Native" | "SPA" | "Traditional" | "MachineToMachine" | "Protected" | "SAML";
export type Application = {
  id: string;
  name: string;
  description: string | null;
  type: ApplicationType;
  oidcClientMetadata: {
    redirectUris: string[];
    postLogoutRedirectUris: string[];
    backchannelLogoutUri?: string;
    backchannelLogoutSessionRequired?: boolean;
    [other: string]: unknown;
  };
  customClientMetadata: {
    corsAllowedOrigins?: string[];
    idTokenTtl?: number;
    refreshTokenTtlInDays?: number;
    alwaysIssueRefreshToken?: boolean;
    rotateRefreshToken?: boolean;
    [other: string]: unknown;
  };
  customData: Record<string, unknown>;
  isThirdParty: boolean;
  createdAt: number;
};

/** The API resource that stands for Gatehouse's own Management API. */
export const managementResource = "management-api";
