import { part } from "./management.ts";
import { call } from "./request.ts";
import type { Person } from "./session.ts";

/** A user as the data API takes one with a fresh token. */
export type KnownCaller = {
  user: Person;
  /** The roles to choose among; defaultRole is taken where none is asked for. */
  roles: string[];
  defaultRole: string | null;
  /** Session variables but for the role. */
  variables: Record<string, string>;
  /** Those of the roles that no permission is for. */
  withoutPermissions: string[];
  /** Why what the custom-claims script adds is missing from tokens. */
  problem: string | null;
  /** The application whose token it would be. */
  application: { id: string; name: string };
};

export const loadCaller = (userId: string): Promise<KnownCaller> => call(`/console/api/users/${part(userId)}/session-variables`);
