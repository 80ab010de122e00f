import { describe, expect, test } from "vitest";
import { passwordProblem, passwordRules, usernameProblem } from "../src/policy.ts";

describe("password", () => {
  const policy = { length: { min: 12, max: 20 }, characterTypes: { min: 3 } };

  test.each([
    ["", "Choose a password."],
    ["Short1!", "Use at least 12 characters."],
    ["Aa1".repeat(7), "Use at most 20 characters."],
    ["alllowercase", "Mix at least 3 kinds of characters: lower case, upper case, digits, symbols."],
    ["Zk9_fjq!w2xx", undefined],
    ["correct Horse 9", undefined],
  ])("%j", (password, problem) => expect(passwordProblem(password, policy)).toBe(problem));

  test("is judged by Logto's defaults where the settings say nothing", () => {
    expect(passwordProblem("1234567", undefined)).toBe("Use at least 8 characters.");
    expect(passwordProblem("12345678", undefined)).toBeUndefined(); // the server knows better
  });

  test("characters beyond the basic plane count once", () =>
    expect(passwordProblem("🗝🗝🗝🗝", { length: { min: 8 } })).toBe("Use at least 8 characters."));

  test("shows the kinds rule only where more than one kind is asked", () => {
    expect(passwordRules("abcdefgh", undefined)).toEqual([{ text: "8 or more characters", isMet: true }]);
    expect(passwordRules("abc", policy).map((rule) => rule.isMet)).toEqual([false, false]);
  });
});

describe("username", () => {
  test.each([
    ["", "Enter your username."],
    ["1abc", "Use letters, digits and underscores, and start with a letter or an underscore."],
    ["dave smith", "Use letters, digits and underscores, and start with a letter or an underscore."],
    ["dä", "Use letters, digits and underscores, and start with a letter or an underscore."],
    ["ab", "Use at least 3 characters."],
    ["abcdefghi", "Use at most 8 characters."],
    ["_dave_1", undefined],
  ])("%j", (username, problem) => expect(usernameProblem(username, { minLength: 3, maxLength: 8 })).toBe(problem));

  test("characters the operator ruled out are named", () => {
    const policy = { allowedChars: { lowercase: true, uppercase: false, numbers: false, underscore: true } };
    expect(usernameProblem("Dave_1", policy)).toBe("Leave out: upper-case letters, digits.");
    expect(usernameProblem("dave_", policy)).toBeUndefined();
  });
});
