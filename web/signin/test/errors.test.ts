import { expect, test } from "vitest";
import { ApiError, toApiError, unreachable } from "../../api/error.ts";
import { isSessionGone, toProblem } from "../src/errors.ts";

const api = (status: number, code: string, message = "", data?: unknown) => new ApiError(status, code, message, data);

test.each([
  [
    "a wrong password stands at the password",
    api(422, "session.invalid_credentials"),
    { field: "password", text: "The username or the password is not right." },
  ],
  [
    "a taken name stands at the name",
    api(422, "user.username_already_in_use"),
    { field: "identifier", text: "This username is taken. Try another." },
  ],
  [
    "a code without words here speaks in the server's",
    api(422, "user.missing_profile", "Missing profile."),
    { field: "form", text: "Missing profile." },
  ],
  [
    "no answer",
    api(0, unreachable, "TypeError: Failed to fetch"),
    { field: "form", text: "No answer from the server. Check your connection and try again." },
  ],
  ["a failing proxy", api(502, "http.502", "<html>"), { field: "form", text: "Something went wrong on our side. Please try again in a moment." }],
  ["a rate limit of any code", api(429, "http.429", "slow down"), { field: "form", text: "Too many attempts. Please wait a while and try again." }],
  [
    "markup of a proxy is never shown",
    api(403, "http.403", "<html>Forbidden</html>"),
    { field: "form", text: "That did not work. Please try again." },
  ],
  ["a bug of ours", new TypeError("x is undefined"), { field: "form", text: "That did not work. Please try again." }],
])("%s", (_, error, problem) => expect(toProblem(error)).toEqual(problem));

test("a rejected password says every reason once, with its numbers", () => {
  const data = [
    { code: "password_rejected.too_short", interpolation: { min: 12 } },
    { code: "password_rejected.restricted.sequence" },
    { code: "password_rejected.restricted.sequence" },
    { code: "password_rejected.of_next_year" },
  ];
  expect(toProblem(api(422, "password.rejected", "Password rejected.", data))).toEqual({
    field: "password",
    text: "Use at least 12 characters. Avoid sequences such as “1234” or “qwerty”. Choose another password.",
  });
  expect(toProblem(api(422, "password.rejected", "Password rejected.", undefined)).text).toBe("Choose another password.");
});

test("only a lost interaction ends the page", () => {
  expect(isSessionGone(api(400, "session.not_found"))).toBe(true);
  expect(isSessionGone(api(404, "session.identifier_not_found"))).toBe(false);
});

test("an error body is read as {code, message, data}, and anything else by its status", async () => {
  expect(await toApiError(new Response('{"code":"a.b","message":"m","data":[1]}', { status: 422 }))).toMatchObject({
    status: 422,
    code: "a.b",
    message: "m",
    data: [1],
  });
  expect(await toApiError(new Response('{"code":7}', { status: 400 }))).toMatchObject({ status: 400, code: "http.400" });
  expect(await toApiError(new Response("", { status: 502 }))).toMatchObject({ status: 502, code: "http.502" });
});
