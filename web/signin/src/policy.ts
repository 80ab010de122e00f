import { fill, phrases } from "./phrases.ts";
import type { Settings } from "./settings.ts";

/** One line of the list under a new password: what it asks, and whether the password has it. */
export type Rule = { text: string; isMet: boolean };

const kinds = (password: string) => [/[a-z]/, /[A-Z]/, /\d/, /[^a-zA-Z\d]/].filter((kind) => kind.test(password)).length;

/**
 * The rules a browser can judge exactly as the server does: length and kinds of characters. Repetition, sequences, own details and known passwords are
 * judged by the server alone, which counts them in ways a page must not second-guess.
 */
export const passwordRules = (password: string, policy: Settings["passwordPolicy"]): Rule[] => {
  const min = policy?.length?.min ?? 8;
  const types = policy?.characterTypes?.min ?? 1;
  const length = [...password].length;
  const rules = [{ text: fill(phrases.policy.length, { min }), isMet: length >= min }];
  if (types > 1) rules.push({ text: fill(phrases.policy.types, { min: types }), isMet: kinds(password) >= types });
  return rules;
};

/** What is wrong with a new password, as far as the page can tell; undefined when the server should decide. */
export const passwordProblem = (password: string, policy: Settings["passwordPolicy"]): string | undefined => {
  const rejected = phrases.error.password_rejected;
  const { min = 8, max = 256 } = policy?.length ?? {};
  const types = policy?.characterTypes?.min ?? 1;
  if (password === "") return phrases.error.new_password_required;
  if ([...password].length < min) return fill(rejected.too_short, { min });
  if ([...password].length > max) return fill(rejected.too_long, { max });
  if (kinds(password) < types) return fill(rejected.character_types, { min: types });
  return undefined;
};

const characters = { lowercase: /[a-z]/, uppercase: /[A-Z]/, numbers: /\d/, underscore: /_/ };

/** What is wrong with a new username (Logto: ^[A-Z_a-z]\w*$ and the lengths of usernamePolicy). */
export const usernameProblem = (username: string, policy: Settings["usernamePolicy"]): string | undefined => {
  const { minLength: min = 1, maxLength: max = 128 } = policy ?? {};
  if (username === "") return phrases.error.username_required;
  if (!/^[A-Za-z_]\w*$/.test(username)) return phrases.error.username_invalid;
  const { allowedChars = {} } = policy ?? {};
  const refused = (Object.keys(characters) as (keyof typeof characters)[]).filter(
    (kind) => allowedChars[kind] === false && characters[kind].test(username),
  );
  if (refused.length > 0) return fill(phrases.error.username_characters, { kinds: refused.map((kind) => phrases.characters[kind]).join(", ") });
  if (username.length < min) return fill(phrases.error.username_short, { min });
  if (username.length > max) return fill(phrases.error.username_long, { max });
  return undefined;
};
