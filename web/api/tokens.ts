import { call } from "./request.ts";

/** Claims an ID token carries only where they are switched on; userinfo has them always. */
export type ExtendedClaim = "roles" | "custom_data" | "identities" | "sso_identities" | "organizations" | "organization_data" | "organization_roles";

/** The life of a browser session after its last use, in seconds. */
export const loadSessionLife = async (): Promise<number> => (await call<{ ttl: number }>("/api/configs/oidc/session")).ttl;
export const setSessionLife = (ttl: number): Promise<unknown> => call("/api/configs/oidc/session", { method: "PATCH", body: { ttl } });

export const loadExtendedClaims = async (): Promise<ExtendedClaim[]> =>
  (await call<{ enabledExtendedClaims?: ExtendedClaim[] }>("/api/configs/id-token")).enabledExtendedClaims ?? [];
export const setExtendedClaims = (enabledExtendedClaims: ExtendedClaim[]): Promise<unknown> =>
  call("/api/configs/id-token", { method: "PUT", body: { enabledExtendedClaims } });
