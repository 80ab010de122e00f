import { expect, test } from "vitest";
import { fill, overlay } from "../src/phrases.ts";
import { passwordIdentifiers, webAddress } from "../src/settings.ts";
import { contrast, onBrand, readable } from "../src/theme.ts";

test("contrast is WCAG's", () => {
  expect(contrast("#000", "#ffffff")).toBeCloseTo(21);
  expect(contrast("#767676", "#ffffff")).toBeCloseTo(4.54, 1);
});

test.each(["#f2c14e", "#ffffff", "#000000", "#6139f6", "#1c6b4e", "#808080"])("text in and on any brand colour can be read: %s", (brand) => {
  for (const ground of ["#fffefb", "#161c19"]) expect(contrast(readable(brand, ground), ground)).toBeGreaterThanOrEqual(4.5);
  expect(contrast(onBrand(brand), brand)).toBeGreaterThanOrEqual(4.3);
});

test("a colour that reads is left as it is", () => expect(readable("#1c6b4e", "#fffefb")).toBe("#1c6b4e"));

test("only web addresses become links", () => {
  expect(webAddress("https://app.example/terms")).toBe("https://app.example/terms");
  for (const url of ["javascript:alert(1)", " javascript:alert(1)", "data:text/html,x", "//x", "", null, undefined])
    expect(webAddress(url)).toBeUndefined();
});

test("settings that say nothing of sign-in methods mean usernames", () => {
  expect(passwordIdentifiers({})).toEqual(["username"]);
  expect(
    passwordIdentifiers({
      signIn: {
        methods: [
          { identifier: "email", password: true },
          { identifier: "phone", password: false },
        ],
      },
    }),
  ).toEqual(["email"]);
});

test("phrases of another language are laid over English; what they lack or misshape stays English", () => {
  const base = { a: { x: "one", y: "two" }, b: "three" };
  expect(overlay(base, { a: { x: "eins", y: 2, z: "neu" }, b: { not: "a string" }, c: "neu" })).toEqual({ a: { x: "eins", y: "two" }, b: "three" });
  expect(overlay(base, null)).toEqual(base);
});

test("a phrase keeps what it is not given", () => expect(fill("{{min}} of {{max}}", { min: 8 })).toBe("8 of {{max}}"));
