/** What went wrong with a call: Gatehouse's own words, whichever of its surfaces answered. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    /** What the surface adds: Logto's `data`, Hasura's `internal`. */
    readonly data?: unknown,
    /** Where in the request Hasura's surfaces found it: "$.args.table". */
    readonly path?: string,
  ) {
    super(message);
  }
}

/** No answer came, or none that can be understood. */
export const unreachable = "client.unreachable";

const textOf = (body: object, key: string): string | undefined => {
  const value = (body as Record<string, unknown>)[key];
  return typeof value === "string" ? value : undefined;
};

/**
 * Reads the error body of a response that is not 2xx: Logto's {code, message, data}, Hasura's {code, error, path, internal} or OAuth's
 * {error, error_description}. Proxies answer in other shapes; the status is then all there is.
 */
export const toApiError = async (response: Response): Promise<ApiError> => {
  const text = await response.text().catch(() => "");
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === "object" && body !== null) {
      const code = textOf(body, "code") ?? textOf(body, "error");
      const message = textOf(body, "message") ?? textOf(body, "error_description") ?? textOf(body, "error") ?? code;
      const extra = body as { data?: unknown; internal?: unknown };
      if (code !== undefined && message !== undefined)
        return new ApiError(response.status, code, message, extra.data ?? extra.internal, textOf(body, "path"));
    }
  } catch {
    // not JSON
  }
  return new ApiError(response.status, `http.${response.status}`, text.slice(0, 200));
};
