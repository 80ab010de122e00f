import type { KnownCaller } from "../../../../api/callers.ts";
import { nameOf } from "../../../../api/users.ts";
import { t } from "./viewAsText.ts";

/** Somebody the data API can be asked as; `user` where it is a user with what their token gives. */
export type Caller = { role: string; variables: { name: string; value: string }[]; user?: { id: string; name: string } };

export const administrator: Caller = { role: "admin", variables: [] };

const prefix = "x-hasura-";
const fullName = (name: string) => {
  const known = name.trim().toLowerCase();
  return known && (known.startsWith(prefix) ? known : prefix + known);
};

/** The headers that make the data API take a signed-in member for this caller. Names without the prefix get it. */
export const headersOf = ({ role, variables }: Caller): Record<string, string> => {
  const headers: Record<string, string> = {};
  for (const { name, value } of variables) {
    const full = fullName(name);
    if (full) headers[full] = value;
  }
  if (role && role !== "admin") headers[`${prefix}role`] = role;
  return headers;
};

/** The role a user is viewed in unless another is asked for: the one the data API takes, else one there is something to see as. */
export const roleOf = ({ roles, defaultRole, withoutPermissions }: KnownCaller): string | undefined =>
  defaultRole ?? roles.find((role) => !withoutPermissions.includes(role)) ?? roles[0];

/** A user in a role; an error in words where the data API would refuse it, or no request could say it. */
export const callerOf = (known: KnownCaller, asked: string | undefined): Caller => {
  const name = nameOf({ primaryEmail: null, primaryPhone: null, ...known.user });
  const role = asked ?? roleOf(known);
  if (!role) throw new Error(t("noRole", { name }));
  if (!known.roles.includes(role)) throw new Error(t("notHeld", { name, role }));
  const variables = Object.entries(known.variables).map(([variable, value]) => ({ name: variable, value }));
  // Other than ASCII arrives as other characters than were sent, or not at all (Fetch, "header value").
  const odd = variables.find(({ value }) => !/^[\x20-\x7e]*$/.test(value) || value !== value.trim());
  if (odd) throw new Error(t("notSendable", { name: odd.name }));
  return { role, variables, user: { id: known.user.id, name } };
};

/** A caller as a page's address says it: a user and a role, or a role and variables. */
export type CallerAddress = { as?: string; role?: string; variables?: Record<string, string> };

/** Reads it from an address; what is no text in it is dropped. */
export const callerAddress = (given: Record<string, unknown>): CallerAddress => {
  const { as, role, variables } = given;
  const found = variables !== null && typeof variables === "object" ? Object.entries(variables).map(([name, value]) => [name, String(value)]) : [];
  return {
    as: as === undefined || as === "" ? undefined : String(as),
    role: role === undefined || role === "" ? undefined : String(role),
    variables: found.length > 0 && as === undefined ? Object.fromEntries(found) : undefined,
  };
};

/** The address of a caller. */
export const addressOf = ({ user, role, variables }: Caller): CallerAddress => {
  const named = variables.map(({ name, value }) => [fullName(name), value]).filter(([name]) => name);
  return {
    as: user?.id,
    role: user || (role && role !== "admin") ? role : undefined,
    variables: !user && named.length > 0 ? Object.fromEntries(named) : undefined,
  };
};

/** The caller of an address that names no user. */
export const namedCaller = ({ role = "admin", variables = {} }: CallerAddress): Caller => ({
  role,
  variables: Object.entries(variables).map(([name, value]) => ({ name, value })),
});
