import { ApiError, unreachable } from "../../api/error.ts";
import { fill, phrases } from "./phrases.ts";

/** Where on the page an error belongs, and what it says there. */
export type Problem = { field: "identifier" | "password" | "terms" | "form"; text: string };

/** The authorization request is over: nothing on this page can go on. */
export const isSessionGone = (error: unknown): boolean =>
  error instanceof ApiError && ["session.not_found", "session.interaction_not_found"].includes(error.code);

const fieldOf: Record<string, Problem["field"]> = {
  "session.invalid_credentials": "password",
  "password.rejected": "password",
  "user.username_already_in_use": "identifier",
  "user.username_exists_register": "identifier",
  "user.email_already_in_use": "identifier",
  "user.phone_already_in_use": "identifier",
  "user.invalid_username": "identifier",
  "user.invalid_email": "identifier",
  "user.invalid_phone": "identifier",
};

/** One issue of 422 password.rejected: {code: "password_rejected.too_short", interpolation: {min: 8}}. */
type Issue = { code?: string; interpolation?: Record<string, string | number> };

const passwordIssues = (data: unknown): string => {
  const texts = (Array.isArray(data) ? (data as Issue[]) : []).map(({ code, interpolation }) => {
    const key = code?.replace(/^password_rejected\./, "") ?? "";
    const known: Record<string, string> = phrases.error.password_rejected;
    return fill(known[key] ?? phrases.error.password_rejected.other, interpolation ?? {});
  });
  return [...new Set(texts)].join(" ") || phrases.error.password_rejected.other;
};

/** Puts an error of the API into the user's words. A code we have no words for speaks in the server's own. */
export const toProblem = (error: unknown): Problem => {
  if (!(error instanceof ApiError)) return { field: "form", text: phrases.error.generic };
  if (error.code === unreachable) return { field: "form", text: phrases.error.unreachable };
  const field = fieldOf[error.code] ?? "form";
  if (error.code === "password.rejected") return { field, text: passwordIssues(error.data) };
  const known: Record<string, string> = phrases.error.code;
  if (known[error.code]) return { field, text: known[error.code] as string };
  if (error.status === 429) return { field, text: phrases.error.too_many };
  if (error.status >= 500) return { field, text: phrases.error.server };
  return { field, text: error.code.startsWith("http.") ? phrases.error.generic : error.message || phrases.error.generic };
};
