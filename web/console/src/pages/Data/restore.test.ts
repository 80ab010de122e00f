import { expect, test } from "vitest";
import type { Metadata, Table } from "../../../../api/metadata.ts";
import { commandsToRestore } from "./restore.ts";

const metadata = (...tables: Partial<Table>[]): Metadata => ({ sources: [{ name: "default", kind: "postgres", tables: tables as Table[] }] });
const named = (name: string) => ({ schema: "public", name });

test("a table comes back with its parts, and what others lost with it; the rest stays as it is now", () => {
  const permission = { role: "user", permission: { columns: ["id"], filter: {} } };
  const before = metadata(
    {
      table: named("a"),
      configuration: { custom_name: "Alpha" },
      array_relationships: [{ name: "bs", using: { foreign_key_constraint_on: { table: named("b"), column: "a_id" } } }],
      select_permissions: [permission],
    },
    { table: named("b"), object_relationships: [{ name: "a", using: { foreign_key_constraint_on: "a_id" } }], select_permissions: [permission] },
  );
  const after = metadata(
    { table: named("b"), select_permissions: [{ ...permission, permission: { columns: [], filter: {} } }] },
    { table: named("new") },
  );
  expect(commandsToRestore("default", before, after)).toEqual([
    { type: "pg_track_table", args: { source: "default", table: named("a"), configuration: { custom_name: "Alpha" } } },
    {
      type: "pg_create_array_relationship",
      args: { source: "default", table: named("a"), name: "bs", using: { foreign_key_constraint_on: { table: named("b"), column: "a_id" } } },
    },
    {
      type: "pg_create_object_relationship",
      args: { source: "default", table: named("b"), name: "a", using: { foreign_key_constraint_on: "a_id" } },
    },
    { type: "pg_create_select_permission", args: { source: "default", table: named("a"), ...permission } },
  ]);
});

test("a table with event triggers has no way back here", () => {
  expect(commandsToRestore("default", metadata({ table: named("a"), event_triggers: [{ name: "e" }] }), metadata())).toBeUndefined();
  expect(commandsToRestore("default", metadata({ table: named("a") }), metadata({ table: named("a") }))).toEqual([]);
});
