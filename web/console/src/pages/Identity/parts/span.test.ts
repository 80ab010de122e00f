import { expect, it } from "vitest";
import { unitOf } from "./span.ts";

it("tells a span in the largest unit it is a whole number of", () => {
  expect([14 * 86_400, 3600, 5400, 61, 0].map(unitOf)).toEqual(["days", "hours", "minutes", "seconds", "seconds"]);
});
