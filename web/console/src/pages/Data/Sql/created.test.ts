import { expect, test } from "vitest";
import type { Database, DatabaseFunction, Table } from "../../../../../api/catalog.ts";
import { created, known } from "./created.ts";
import { offsetOf } from "./offset.ts";

const table = (name: string, tracked = false, parent?: string): Table =>
  ({
    schema: "public",
    name,
    kind: "table",
    tracked,
    columns: [],
    keys: [],
    foreign_keys: [],
    ...(parent && { parent: { schema: "public", name: parent } }),
  }) as unknown as Table;
const f = (name: string, change: Partial<DatabaseFunction> = {}): DatabaseFunction => ({
  schema: "public",
  name,
  arguments: "",
  returns: "SETOF old",
  language: "sql",
  volatility: "stable",
  kind: "function",
  trigger: false,
  comment: null,
  returns_table: { schema: "public", name: "old" },
  first_table: null,
  tracked: false,
  ...change,
});
const database = (tables: Table[], functions: DatabaseFunction[]): Database => ({
  server_version: 16,
  schemas: ["public"],
  tables,
  functions,
  enums: [],
});

test("what is new comes into the API; functions only with rows of a table that is there, those that write as mutations", () => {
  const before = database([table("old", true), table("left")], [f("was")]);
  const after = database(
    [...before.tables, table("fresh"), table("fresh_1", false, "fresh")],
    [
      f("was"),
      f("search"),
      f("of_fresh", { returns_table: { schema: "public", name: "fresh" }, volatility: "volatile" }),
      f("of_left", { returns_table: { schema: "public", name: "left" } }),
      f("field", { first_table: { schema: "public", name: "old" } }),
      f("scalar", { returns_table: null }),
      f("twice", { arguments: "a int" }),
      f("twice", { arguments: "a text" }),
      f("act", { trigger: true }),
    ],
  );
  const found = created("default", known(before), after);
  expect(found.tables.map((one) => one.name)).toEqual(["fresh"]);
  expect(found.functions.map((one) => one.name)).toEqual(["search", "of_fresh"]);
  expect(found.commands.map(({ type, args }) => [type, (args as { configuration?: unknown }).configuration])).toEqual([
    ["pg_track_table", undefined],
    ["pg_track_function", undefined],
    ["pg_track_function", { exposed_as: "mutation" }],
  ]);
});

test("a place that Postgres counts in characters is found in a text that counts otherwise", () => {
  expect(offsetOf("select '😀', wrong", 13)).toBe(13);
  expect(offsetOf("select x", 8)).toBe(7);
});
