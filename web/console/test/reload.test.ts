import { expect, test } from "vitest";
import { isMissingChunk, isTimeTo } from "../src/reload.ts";

test("a page whose files are gone is loaded again, but not in circles", () => {
  expect(isTimeTo(Number.NaN, 1_000_000)).toBe(true);
  expect(isTimeTo(1_000_000, 1_030_000)).toBe(false);
  expect(isTimeTo(1_000_000, 1_061_000)).toBe(true);
});

test("a chunk that did not come is told from what else goes wrong", () => {
  expect(isMissingChunk(new TypeError("Failed to fetch dynamically imported module: https://a/x.js"))).toBe(true);
  expect(isMissingChunk(new Error("Unable to preload CSS for /console/assets/x.css"))).toBe(true);
  expect(isMissingChunk(new TypeError("Cannot read properties of undefined"))).toBe(false);
});
