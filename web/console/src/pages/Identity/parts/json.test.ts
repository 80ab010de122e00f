import { expect, it } from "vitest";
import { isSameJson } from "./json.ts";

it("knows the same JSON however it is written", () => {
  expect(isSameJson('{"a":1,"b":{"c":[1,2],"d":null}}', '{ "b": {"d":null, "c":[1,2]},\n"a":1 }')).toBe(true);
  expect(isSameJson('{"a":[1,2]}', '{"a":[2,1]}')).toBe(false);
  expect(isSameJson("{", "{")).toBe(false);
});
