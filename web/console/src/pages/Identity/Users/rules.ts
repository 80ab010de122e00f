import { t } from "./text.ts";

/** What identifies a user, as forms and files give it. */
export type Identifiers = { username?: string; primaryEmail?: string; primaryPhone?: string; avatar?: string };

const rules = [
  ["username", /^[A-Za-z_]\w*$/, "usernameWrong"],
  ["primaryEmail", /^\S+@\S+\.\S+$/, "emailWrong"],
  ["primaryPhone", /^\d+$/, "phoneWrong"],
  ["avatar", /^https?:\/\/\S+$/, "avatarWrong"],
] as const;

/** What of it Gatehouse would refuse, by field; what is empty is not given. */
export const wrongOf = (values: Identifiers): { [field in keyof Identifiers]?: string } => {
  const wrong: { [field in keyof Identifiers]?: string } = {};
  for (const [field, rule, words] of rules) if (values[field] && !rule.test(values[field])) wrong[field] = t(words);
  return wrong;
};

/** The fields that the server's errors about users belong to. */
export const whereOfUsers = {
  "user.username": "username",
  "user.email": "primaryEmail",
  "user.phone": "primaryPhone",
  "password.": "password",
} as const;
