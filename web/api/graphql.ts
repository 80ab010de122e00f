import { ApiError } from "./error.ts";
import { send } from "./request.ts";

export type GraphQLAnswer<T = unknown> = { data?: T | null; errors?: { message: string; extensions?: { code?: string; path?: string } }[] };
export type Operation = { query: string; variables?: Record<string, unknown>; operationName?: string | null };

/** One GraphQL request, answered as JSON whatever its status: GraphQL's errors are in the body. */
export const graphql = async <T = unknown>(
  operation: Operation,
  headers: Record<string, string> = {},
  signal?: AbortSignal,
): Promise<GraphQLAnswer<T>> => {
  const response = await send("/v1/graphql", { method: "POST", body: operation, headers, signal });
  return (await response.json()) as GraphQLAnswer<T>;
};

/** One GraphQL request whose errors are thrown, the first of them. */
export const ask = async <T>(query: string, variables: Record<string, unknown> = {}, headers?: Record<string, string>): Promise<T> => {
  const { data, errors } = await graphql<T>({ query, variables }, headers);
  const first = errors?.[0];
  if (first) throw new ApiError(200, first.extensions?.code ?? "graphql", first.message, errors, first.extensions?.path);
  return data as T;
};

/**
 * A subscription over GraphQL over SSE: each event's answer as it comes, until the server ends the stream or `signal` does.
 * A header decides the caller here as everywhere else, which a browser's sockets could not send.
 */
export async function* subscribe(operation: Operation, headers: Record<string, string>, signal: AbortSignal): AsyncGenerator<GraphQLAnswer> {
  const response = await send("/v1/graphql", { method: "POST", body: operation, headers: { ...headers, accept: "text/event-stream" }, signal });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (!reader) return;
  try {
    let pending = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      pending += value;
      const events = pending.split(/\r?\n\r?\n/);
      pending = events.pop() ?? "";
      for (const event of events) {
        const lines = event.split(/\r?\n/);
        const field = (name: string) =>
          lines.filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).replace(/^ /, ""));
        if (field("event")[0] === "complete") return;
        const data = field("data").join("\n");
        if (field("event")[0] === "next" && data) yield JSON.parse(data) as GraphQLAnswer;
      }
    }
  } finally {
    void reader.cancel().catch(() => {});
  }
}
