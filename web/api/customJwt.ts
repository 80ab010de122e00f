import { ApiError, toApiError } from "./error.ts";
import { address } from "./management.ts";
import { call, send } from "./request.ts";

/** Tokens that a script can add claims to, by their word in the Management API. */
export type TokenType = "access-token" | "client-credentials";
export type Script = {
  script: string;
  environmentVariables?: Record<string, string>;
  tokenSample?: Record<string, unknown>;
  contextSample?: Record<string, unknown>;
  blockIssuanceOnError?: boolean;
};

const keys: Record<string, TokenType> = { "jwt.accessToken": "access-token", "jwt.clientCredentials": "client-credentials" };
const base = "/api/configs/jwt-customizer";

/** The scripts there are, by the tokens they are for. */
export const loadScripts = async (): Promise<Partial<Record<TokenType, Script>>> => {
  const stored = await call<{ key: string; value: Script }[]>(base);
  return Object.fromEntries(stored.flatMap(({ key, value }) => (keys[key] ? [[keys[key], value]] : [])));
};
export const saveScript = (type: TokenType, body: Script): Promise<Script> => call(`${base}/${type}`, { method: "PUT", body });
export const deleteScript = (type: TokenType): Promise<void> => call(`${base}/${type}`, { method: "DELETE" });

/** What a script is given as its context for who is really there. */
export const loadContext = (of: { userId?: string; applicationId?: string }): Promise<Record<string, unknown>> =>
  call(address("configs/jwt-customizer/context", of));

export type Trial = {
  tokenType: TokenType;
  script: string;
  environmentVariables?: Record<string, string>;
  token: unknown;
  context: unknown;
};

/** What a script failed with, and where in it, counted from 1. */
export class ScriptFailure extends ApiError {
  constructor(
    error: ApiError,
    message: string,
    readonly at: { line: number; column: number } | undefined,
  ) {
    super(error.status, error.code, message, error.data);
  }
}

/** Runs a script once, stored or not; its claims. Throws a ScriptFailure where it is the script that failed. */
export const tryScript = async (body: Trial): Promise<Record<string, unknown>> => {
  const response = await send(`${base}/test`, { method: "POST", body, anyStatus: true });
  if (response.ok) return (await response.json()) as Record<string, unknown>;
  const error = await toApiError(response);
  const message = (error.data as { message?: string } | undefined)?.message;
  const [line, column] = (response.headers.get("gatehouse-script-position") ?? "").split(":").map(Number);
  throw message ? new ScriptFailure(error, message, line && column ? { line, column } : undefined) : error;
};
