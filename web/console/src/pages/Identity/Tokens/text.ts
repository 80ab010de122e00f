import { texts } from "../../../text.ts";

export const t = texts("tokens", {
  title: "Sessions and tokens",
  lead: "How long somebody stays signed in, and what an application is told about them.",
  saved: "The settings are saved.",
  session: "Browser sessions",
  sessionLife: "Signed in for",
  sessionHint:
    "Counted from the last use: whoever comes back within this time is not asked for the password. A session that is open takes a new length at its next use.",
  sessionWrong: "From one second to 365 days.",
  idToken: "ID token",
  idTokenText:
    "It tells an application who has signed in. These claims are in it only where they are switched on here and the application asks for their scope; the userinfo endpoint has them in any case. What applications may do is in access tokens, which Custom JWT adds to.",
  roles: "Roles",
  rolesHint: "Claim roles, scope roles: the names of the user's roles. Read once: it does not follow when a role is taken.",
  custom_data: "Custom data",
  custom_dataHint: "Claim custom_data, scope custom_data: the JSON object kept with the user. Whoever holds the token can read it.",
  identities: "Identities",
  identitiesHint: "Claim identities, scope identities: accounts elsewhere that the user's is tied to.",
  others: "Other lifetimes",
  othersAccess: "Access tokens: per API resource, under General.",
  othersApp: "ID tokens and refresh tokens: per application, under Settings.",
  resources: "API Resources",
  applications: "Applications",
});
