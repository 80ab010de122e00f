import { ApiError, toApiError, unreachable } from "./error.ts";

/**
 * The Experience API: proves who somebody is within the authorization request the _interaction cookie belongs to. Order of calls as Logto's own page
 * makes them (recordings 07 and 14).
 */
export type InteractionEvent = "SignIn" | "Register";
export type Identifier = { type: "username" | "email" | "phone"; value: string };

const timeout = 30_000; // hashing a password may queue behind others

/** The application the page was opened for; it picks the interaction when several run in one browser. */
const appId = () => new URLSearchParams(location.search).get("app_id");

const call = async (method: string, path: string, body?: object): Promise<unknown> => {
  const headers: Record<string, string> = {};
  if (body) headers["content-type"] = "application/json";
  const app = appId();
  if (app) headers["logto-app-id"] = app;
  let response: Response;
  try {
    response = await fetch(`/api/experience${path}`, {
      method,
      headers,
      body: body && JSON.stringify(body),
      credentials: "same-origin",
      cache: "no-store",
      signal: AbortSignal.timeout(timeout),
    });
  } catch (error) {
    throw new ApiError(0, unreachable, String(error));
  }
  if (!response.ok) throw await toApiError(response);
  const text = await response.text();
  return response.headers.get("content-type")?.startsWith("application/json") ? JSON.parse(text) : undefined;
};

const field = (answer: unknown, name: string): string => {
  const value = typeof answer === "object" && answer !== null ? (answer as Record<string, unknown>)[name] : undefined;
  if (typeof value !== "string") throw new ApiError(0, unreachable, `the answer holds no ${name}`);
  return value;
};

const begin = (interactionEvent: InteractionEvent) => call("PUT", "", { interactionEvent });

const finish = async (verificationId: string): Promise<string> => {
  await call("POST", "/identification", { verificationId });
  return field(await call("POST", "/submit"), "redirectTo");
};

/** Signs in; returns where the browser must go next. */
export const signInWithPassword = async (identifier: Identifier, password: string): Promise<string> => {
  await begin("SignIn");
  return finish(field(await call("POST", "/verification/password", { identifier, password }), "verificationId"));
};

/** Creates an account with a password; returns where the browser must go next. */
export const registerWithPassword = async (identifier: Identifier, password: string): Promise<string> => {
  await begin("Register");
  return finish(field(await call("POST", "/verification/new-password-identity", { identifier, password }), "verificationId"));
};
