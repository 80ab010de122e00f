import { expect, test } from "vitest";
import { pick } from "../src/language.ts";

test("the first language of the browser's that there is", () => {
  expect(pick(undefined, ["fr-FR", "de-AT", "en-US"])).toEqual({ language: "de", locale: "de-AT" });
  expect(pick(undefined, ["en-GB", "de"])).toEqual({ language: "en", locale: "en-GB" });
});

test("English where there is none of them", () => {
  expect(pick(undefined, ["fr", "it"])).toEqual({ language: "en", locale: "en" });
  expect(pick(undefined, [])).toEqual({ language: "en", locale: "en" });
});

test("what was chosen wins, with the reader's own way of writing dates and numbers in it", () => {
  expect(pick("de", ["en-US", "de-CH"])).toEqual({ language: "de", locale: "de-CH" });
  expect(pick("en", ["de-DE"])).toEqual({ language: "en", locale: "en" });
});
