import { expect, test } from "vitest";
import { placeOf } from "./place.ts";

test("a permission is mended where it is made, a relationship on its table's page", () => {
  expect(
    placeOf({ type: "select_permission", reason: "", definition: { source: "s", table: { schema: "public", name: "pot" }, role: "potter" } }),
  ).toEqual({
    to: "/permissions/$source/$schema/$table",
    params: { source: "s", schema: "public", table: "pot" },
    search: { operation: "select", role: "potter" },
  });
  expect(placeOf({ type: "object_relation", reason: "", definition: { table: "pot" } })?.to).toBe("/data/$source/$schema/$table/relationships");
});

test("what has no page has none", () => {
  expect(placeOf({ type: "remote_schema", reason: "" })).toBeUndefined();
  expect(placeOf({ reason: "", definition: null })).toBeUndefined();
});
