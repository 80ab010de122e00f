/** What went wrong with a call, in the words of Logto's error bodies: {code, message, data}. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly data?: unknown,
  ) {
    super(message);
  }
}

/** No answer came, or none that can be understood. */
export const unreachable = "client.unreachable";

/** Reads the error body of a response that is not 2xx. Proxies answer in other shapes; the status is then all there is. */
export const toApiError = async (response: Response): Promise<ApiError> => {
  const text = await response.text().catch(() => "");
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === "object" && body !== null && "code" in body && typeof body.code === "string") {
      const message = "message" in body && typeof body.message === "string" ? body.message : body.code;
      return new ApiError(response.status, body.code, message, "data" in body ? body.data : undefined);
    }
  } catch {
    // not JSON
  }
  return new ApiError(response.status, `http.${response.status}`, text.slice(0, 200));
};
