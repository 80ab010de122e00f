/** What a value of a script is: its type as TypeScript writes it, what it is for, and what it has inside. */
export type Type = { type: string; doc?: string; fields?: Record<string, Type>; item?: Type };

const text = (doc?: string): Type => ({ type: "string", doc });
const maybe = (doc?: string): Type => ({ type: "string | null", doc });
const flag = (doc?: string): Type => ({ type: "boolean", doc });
const moment = (doc?: string): Type => ({ type: "number", doc: doc && `${doc}, in milliseconds since 1970` });
const record = (doc?: string): Type => ({ type: "Record<string, unknown>", doc });
const list = (name: string, item: Type, doc?: string): Type => ({ type: `${name}[]`, doc, item });

const resource: Type = {
  type: "Resource",
  fields: {
    id: text(),
    name: text(),
    indicator: text("The API identifier"),
    isDefault: flag(),
    accessTokenTtl: { type: "number", doc: "In seconds" },
  },
};
const scope: Type = {
  type: "Scope",
  fields: { id: text(), name: text("The permission, such as read:user"), description: maybe(), resourceId: text(), resource },
};
const role: Type = {
  type: "Role",
  fields: {
    id: text(),
    name: text("The role's name, also its name in the data API"),
    description: text(),
    scopes: list("Scope", scope, "The permissions the role carries"),
  },
};
const user: Type = {
  type: "User",
  doc: "Whom the token is for",
  fields: {
    id: text("The subject of the token"),
    username: maybe(),
    primaryEmail: maybe(),
    primaryPhone: maybe(),
    name: maybe(),
    avatar: maybe(),
    customData: record("Your own data about the user"),
    identities: record("Accounts elsewhere"),
    profile: record("Claims of the scope profile, as givenName, locale"),
    applicationId: maybe("Where the user signed up"),
    isSuspended: flag(),
    hasPassword: flag(),
    lastSignInAt: { type: "number | null" },
    createdAt: moment("When the account was made"),
    updatedAt: moment("When it was last changed"),
    roles: list("Role", role, "The roles held now"),
    ssoIdentities: list("object", { type: "object" }),
    mfaVerificationFactors: list("object", { type: "object" }),
    organizations: list("object", { type: "object" }),
    organizationRoles: list("object", { type: "object" }),
  },
};
const application: Type = {
  type: "Application",
  doc: "The client the token is issued to; without its secrets",
  fields: {
    id: text(),
    name: text(),
    description: maybe(),
    type: { type: '"Native" | "SPA" | "Traditional" | "MachineToMachine"' },
    customData: record("Your own data about the application"),
    isThirdParty: flag(),
    createdAt: moment("When it was made"),
  },
};
const interaction: Type = {
  type: "Interaction | undefined",
  doc: "How the user signed in, while that is known",
  fields: {
    interactionEvent: { type: '"SignIn" | "Register"' },
    userId: text(),
    verificationRecords: list("object", { type: "object" }, "What proved who it was"),
    signInContext: { type: "object", doc: "Where the sign-in came from", fields: { ip: text(), userAgent: text() } },
  },
};
const api: Type = {
  type: "object",
  doc: "What a script can do besides returning claims",
  fields: { denyAccess: { type: "(message?: string) => never", doc: "Refuses the token; the client is told the message" } },
};

const userToken: Type = {
  type: "AccessToken",
  doc: "The token that is about to be issued",
  fields: {
    jti: text("The token's own id"),
    aud: text("The API resource it is for; missing for opaque tokens"),
    scope: { type: "string | undefined", doc: "Its permissions, by spaces" },
    clientId: text("The application"),
    accountId: text("The user"),
    grantId: text(),
    gty: text("The grant types that led here"),
    sessionUid: { type: "string | undefined" },
    expiresWithSession: { type: "boolean | undefined" },
    kind: { type: '"AccessToken"' },
  },
};
const machineToken: Type = {
  type: "ClientCredentials",
  doc: "The token that is about to be issued",
  fields: {
    jti: text("The token's own id"),
    aud: text("The API resource it is for"),
    scope: { type: "string | undefined", doc: "Its permissions, by spaces" },
    clientId: text("The application"),
    kind: { type: '"ClientCredentials"' },
  },
};

/** What getCustomJwtClaims is called with, by the kind of token; `names` are the environment variables there are. */
export const argumentsOf = (type: "access-token" | "client-credentials", names: string[]): Record<string, Type> => ({
  token: type === "access-token" ? userToken : machineToken,
  context: {
    type: "object",
    doc: "Whom the token is for",
    fields: type === "access-token" ? { user, application, interaction } : { application },
  },
  environmentVariables: {
    type: "Record<string, string> | undefined",
    doc: "The environment variables of this script",
    fields: Object.fromEntries(names.map((name) => [name, text("Environment variable")])),
  },
  api,
});

/** What is inside of a value: its fields; of a list, what its entries have. */
const inside = (of: Type | undefined, step: string): Type | undefined => {
  if (!of) return undefined;
  if (/^\d*\]$|^\[/.test(step)) return of.item;
  return of.fields?.[step];
};

const overLists = "map|flatMap|filter|find|findLast|some|every|forEach";

/** A chain as it is written ("context.user?.roles[0].name") in steps. */
const stepsOf = (chain: string): string[] =>
  chain
    .replace(/\?\./g, ".")
    .replace(/\.?\[[^\]]*\]/g, ".[0]")
    .split(".")
    .map((step) => step.trim())
    .filter((step) => step !== "");

const word = String.raw`[A-Za-z_$][\w$]*`;
const chainPattern = String.raw`${word}(?:\s*\??\.\s*${word}|\??\.?\[[^\]\n]*\])*`;

/** The names a text gives values a type is known of: parameters of functions over lists, destructuring, plain assignment. The last one counts. */
const namesIn = (text: string, known: Record<string, Type>): Record<string, Type> => {
  const names: Record<string, Type> = { ...known };
  const take = (pattern: string, of: Type | undefined) => {
    for (const part of pattern.split(",")) {
      const [key = "", alias] = part.split(/[:=]/).map((one) => one.trim());
      const found = of?.fields?.[key];
      if (found) names[alias && /:/.test(part) ? alias : key] = found;
    }
  };
  const calls = new RegExp(String.raw`(${chainPattern})\s*\??\.\s*(?:${overLists})\(\s*(?:async\s*)?\(?\s*(?:\{([^}]*)\}|(${word}))`, "g");
  const assigned = new RegExp(String.raw`(?:const|let|var)\s+(?:\{([^}]*)\}|(${word}))\s*=\s*(${chainPattern})\s*(?:;|\n|$)`, "g");
  const found = [
    ...[...text.matchAll(calls)].map((m) => ({ at: m.index, chain: m[1] ?? "", pattern: m[2], name: m[3], isItem: true })),
    ...[...text.matchAll(assigned)].map((m) => ({ at: m.index, chain: m[3] ?? "", pattern: m[1], name: m[2], isItem: false })),
  ].sort((a, b) => a.at - b.at);
  for (const { chain, pattern, name, isItem } of found) {
    const whole = typeOf(chain, names);
    const of = isItem ? whole?.item : whole;
    if (!of) continue;
    if (pattern !== undefined) take(pattern, of);
    else if (name) names[name] = of;
  }
  return names;
};

const typeOf = (chain: string, names: Record<string, Type>): Type | undefined => {
  const [first = "", ...rest] = stepsOf(chain);
  return rest.reduce<Type | undefined>((of, step) => inside(of, step), names[first]);
};

/** The type of the chain that ends where `before` ends, such as "context.user.roles". */
export const typeAt = (before: string, known: Record<string, Type>): Type | undefined => {
  const chain = new RegExp(`(${chainPattern})$`).exec(before)?.[1];
  return chain === undefined ? undefined : typeOf(chain, namesIn(before.slice(0, before.length - chain.length), known));
};

/** What can be written where `before` ends: fields of the chain before the last dot, else the names that are known there. */
export const choicesAt = (before: string, known: Record<string, Type>): { from: number; choices: Record<string, Type> } | undefined => {
  const member = new RegExp(String.raw`(${chainPattern})\s*\??\.\s*(${word})?$`).exec(before);
  if (member) {
    const of = typeAt(before.slice(0, member.index + (member[1] ?? "").length), known);
    const typed = member[2] ?? "";
    return of?.fields ? { from: before.length - typed.length, choices: of.fields } : undefined;
  }
  const typed = new RegExp(`(${word})$`).exec(before)?.[1];
  if (typed === undefined) return undefined;
  return { from: before.length - typed.length, choices: namesIn(before, known) };
};
