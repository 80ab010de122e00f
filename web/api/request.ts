import { ApiError, toApiError, unreachable } from "./error.ts";

/** How a call is made; body is sent as JSON. anyStatus: an answer that is no success is an answer, too. asked: it was sent already. */
export type Call = {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  body?: unknown;
  /** A body that is sent as it is, instead. */
  raw?: Blob;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  anyStatus?: boolean;
  asked?: Promise<Response>;
};

type Listener = () => void;
const listeners = new Set<Listener>();

/** Calls `listener` whenever an answer says that the console's session has ended. Returns how to stop. */
export const onSessionEnd = (listener: Listener): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

const onlookers = new Set<(isReached: boolean) => void>();

/** Tells `look` of each request whether it got an answer, whichever. Returns how to stop. */
export const onReach = (look: (isReached: boolean) => void): (() => void) => {
  onlookers.add(look);
  return () => onlookers.delete(look);
};

/** Sends one request of the console, on its cookie. It throws only ApiError, without an answer with the code `unreachable`. */
export const send = async (path: string, { method = "GET", body, raw, headers, signal, anyStatus, asked }: Call = {}): Promise<Response> => {
  let response: Response;
  try {
    response = await (asked ??
      fetch(path, {
        method,
        cache: "no-store",
        credentials: "same-origin",
        headers: { ...(body !== undefined && { "content-type": "application/json" }), ...headers },
        body: raw ?? (body === undefined ? undefined : JSON.stringify(body)),
        signal,
      }));
  } catch (error) {
    if (signal?.aborted) throw error;
    for (const look of onlookers) look(false);
    throw new ApiError(0, unreachable, "No answer from Gatehouse.");
  }
  for (const look of onlookers) look(true);
  if (anyStatus) return response;
  if (response.status === 401) for (const listener of listeners) listener();
  if (!response.ok) throw await toApiError(response);
  return response;
};

/** Sends a request and reads its JSON answer; undefined where the answer is empty. */
export const call = async <T>(path: string, options?: Call): Promise<T> => {
  const text = await (await send(path, options)).text();
  return (text ? JSON.parse(text) : undefined) as T;
};
