import { describe, expect, it } from "vitest";
import { inTurn, parseCsv, readUsers } from "./importing.ts";

describe("parseCsv", () => {
  it("reads quotes, doubled quotes and line breaks within them, and counts lines", () => {
    expect(parseCsv('a,b\r\n"x ""1""","two\nlines"\r\nlast,')).toEqual([
      { line: 1, cells: ["a", "b"] },
      { line: 2, cells: ['x "1"', "two\nlines"] },
      { line: 4, cells: ["last", ""] },
    ]);
  });
  it("takes semicolons and leaves empty lines out", () => {
    expect(parseCsv("a;b\n\n1;2,5\n").map(({ cells }) => cells)).toEqual([
      ["a", "b"],
      ["1", "2,5"],
    ]);
  });
});

describe("readUsers", () => {
  it("knows columns by what others call them and hashes by their form", () => {
    expect(readUsers("Login,Email address,password_hash\nada,ada@example.com,$2b$10$abcdefghijklmnopqrstuv\n")).toEqual([
      {
        line: 2,
        name: "ada",
        user: { username: "ada", primaryEmail: "ada@example.com", passwordDigest: "$2b$10$abcdefghijklmnopqrstuv", passwordAlgorithm: "Bcrypt" },
      },
    ]);
  });
  it("takes JSON in the Management API's shape, as a list, under users, or line by line", () => {
    const one = { username: "ada", passwordDigest: "x", passwordAlgorithm: "argon2id", customData: { a: 1 } };
    for (const text of [
      JSON.stringify([one]),
      JSON.stringify({ users: [one] }),
      `${JSON.stringify(one)}\n${JSON.stringify({ ...one, username: "bob" })}`,
    ])
      expect(readUsers(text)[0]?.user).toEqual({ ...one, passwordAlgorithm: "Argon2id" });
  });
  it("says what is wrong with a row and keeps the others", () => {
    const rows = readUsers("username,email,passwordDigest,passwordAlgorithm\n1up,,,\n,,,\nbob,bob@x,,\neve,,abc,rot13\ncal,,abc,\nzoe,,,\nZOE,,,");
    expect(rows.map(({ line, problem }) => [line, problem])).toEqual([
      [2, expect.stringContaining("does not begin with a digit")],
      [4, expect.stringContaining("e-mail")],
      [5, expect.stringContaining("rot13")],
      [6, expect.stringContaining("algorithm")],
      [7, undefined],
      [8, expect.stringContaining("line 7")],
    ]);
  });
  it("refuses a file without any identifier, and what is no list", () => {
    expect(() => readUsers("a,b\n1,2")).toThrow();
    expect(() => readUsers("[1]")).toThrow();
    expect(() => readUsers("  ")).toThrow();
  });
});

describe("inTurn", () => {
  it("does everything, no more at once than allowed, and stops when told", async () => {
    let now = 0;
    let most = 0;
    const stop = new AbortController();
    const seen: number[] = [];
    await inTurn(
      [1, 2, 3, 4, 5, 6],
      2,
      async (item) => {
        most = Math.max(most, ++now);
        await Promise.resolve();
        seen.push(item);
        now--;
        if (item === 4) stop.abort();
      },
      stop.signal,
    );
    expect(most).toBe(2);
    expect(seen).toContain(4);
    expect(seen).not.toContain(6);
  });
});
