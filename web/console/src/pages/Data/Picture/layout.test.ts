import { expect, test } from "vitest";
import type { Table } from "../../../../../api/catalog.ts";
import { arrange, within } from "./layout.ts";

const table = (name: string, ...to: string[]): Table =>
  ({
    schema: "public",
    name,
    kind: "table",
    columns: [{ name: "id", type: "integer" }],
    keys: [{ name: "pk", primary: true, columns: ["id"] }],
    foreign_keys: to.map((one) => ({ name: `to_${one}`, columns: ["id"], to: { schema: "public", name: one }, to_columns: ["id"] })),
  }) as unknown as Table;

test("many tables that point to one stand beside each other, not in one endless column, and none on another", () => {
  const { nodes, width, height } = arrange([table("one"), ...Array.from({ length: 150 }, (_, i) => table(`t${i}`, "one"))], "names");
  expect(width / height).toBeGreaterThan(0.8);
  expect(width / height).toBeLessThan(4);
  const places = new Set(nodes.map((node) => `${node.x} ${Math.round(node.y)}`));
  expect(places.size).toBe(151);
  for (const a of nodes)
    for (const b of nodes) if (a !== b && a.x === b.x) expect(Math.abs(a.y - b.y)).toBeGreaterThanOrEqual(Math.min(a.height, b.height));
});

test("tables without keys fill the picture's shape", () => {
  const { width, height } = arrange(
    Array.from({ length: 200 }, (_, i) => table(`t${i}`)),
    "names",
  );
  expect(width / height).toBeGreaterThan(0.8);
  expect(width / height).toBeLessThan(4);
});

test("what is around a table is found step by step, in both directions", () => {
  const all = [table("a", "b"), table("b", "c"), table("c"), table("d", "a"), table("far")];
  const names = (steps: number) =>
    within(all, [all[0] as Table], steps)
      .map((one) => one.name)
      .join(" ");
  expect([0, 1, 2].map(names)).toEqual(["a", "a b d", "a b c d"]);
});
