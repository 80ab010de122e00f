import { part } from "./management.ts";
import { call } from "./request.ts";

/** Keys that sign tokens, and keys that sign cookies. */
export type KeyType = "private-keys" | "cookie-keys";
/** createdAt and effectiveAt are in seconds. */
export type Key = {
  id: string;
  createdAt: number;
  signingKeyAlgorithm?: "RSA" | "EC";
  status?: "Current" | "Next" | "Previous";
  effectiveAt?: number;
};
export type Rotation = { signingKeyAlgorithm?: "RSA" | "EC"; rotationGracePeriod?: number };

export const loadKeys = (type: KeyType): Promise<Key[]> => call(`/api/configs/oidc/${type}`);
export const rotateKeys = (type: KeyType, body: Rotation): Promise<Key[]> => call(`/api/configs/oidc/${type}/rotate`, { method: "POST", body });
export const deleteKey = (type: KeyType, id: string): Promise<void> => call(`/api/configs/oidc/${type}/${part(id)}`, { method: "DELETE" });
