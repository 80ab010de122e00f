import type { TokenType } from "../../../../../api/customJwt.ts";

/** What a new script begins with: the claims Hasura reads, made of the roles, with default roles out of an environment variable. */
export const templates: Record<TokenType, string> = {
  "access-token": `/**
 * Adds to a user's access token what Hasura reads to know the caller.
 * USER_DEFAULT_ROLE_NAMES: roles that everybody has, by commas.
 */
const getCustomJwtClaims = async ({ token, context, environmentVariables }) => {
  const held = context.user.roles.map(({ name }) => name);
  const defaults = (environmentVariables?.USER_DEFAULT_ROLE_NAMES ?? '').split(',').filter(Boolean);
  const roles = [...new Set([...held, ...defaults])];

  return {
    'https://hasura.io/jwt/claims': {
      'x-hasura-user-id': context.user.id,
      'x-hasura-default-role': roles[0],
      'x-hasura-allowed-roles': roles,
    },
  };
};
`,
  "client-credentials": `/**
 * Adds to a machine's access token what Hasura reads to know the caller.
 * MACHINE_ROLE_NAMES: roles that machines have, by commas.
 */
const getCustomJwtClaims = async ({ token, context, environmentVariables }) => {
  const roles = (environmentVariables?.MACHINE_ROLE_NAMES ?? 'machine').split(',').filter(Boolean);

  return {
    'https://hasura.io/jwt/claims': {
      'x-hasura-user-id': context.application.id,
      'x-hasura-default-role': roles[0],
      'x-hasura-allowed-roles': roles,
    },
  };
};
`,
};

/** Claims that are Gatehouse's to set; recorded of Logto, which lets them win over a script's. */
const reserved = ["jti", "sub", "iat", "exp", "scope", "client_id", "iss", "aud"];

const hasura = "https://hasura.io/jwt/claims";

/** What would surprise somebody about the claims a script returned, by the keys of its texts. */
export const surprises = (claims: Record<string, unknown>): { key: "reserved" | "noDefault" | "noRoles"; names: string }[] => {
  const found: { key: "reserved" | "noDefault" | "noRoles"; names: string }[] = [];
  const taken = reserved.filter((name) => name in claims);
  if (taken.length > 0) found.push({ key: "reserved", names: taken.join(", ") });
  const session = claims[hasura];
  if (typeof session === "object" && session !== null) {
    const { "x-hasura-allowed-roles": roles, "x-hasura-default-role": first } = session as Record<string, unknown>;
    if (!Array.isArray(roles) || roles.length === 0) found.push({ key: "noRoles", names: "" });
    else if (!roles.includes(first)) found.push({ key: "noDefault", names: "" });
  }
  return found;
};
