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
  expect(commandsToRestore(before, after)).toEqual([
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
  expect(commandsToRestore(metadata({ table: named("a"), event_triggers: [{ name: "e" }] }), metadata())).toBeUndefined();
  expect(commandsToRestore(metadata({ table: named("a") }), metadata({ table: named("a") }))).toEqual([]);
});

test("functions that give its rows and relationships of other sources come back, too", () => {
  const link = {
    name: "a",
    definition: { to_source: { source: "default", table: named("a"), relationship_type: "object" as const, field_mapping: { id: "id" } } },
  };
  const find = { function: named("find"), configuration: { session_argument: "session" }, permissions: [{ role: "user" }] };
  const sources = (isThere: boolean): Metadata => ({
    sources: [
      { name: "default", kind: "postgres", tables: isThere ? [{ table: named("a") }] : [], functions: isThere ? [find] : [] },
      { name: "other", kind: "postgres", tables: [{ table: named("c"), ...(isThere && { remote_relationships: [link] }) }] },
    ],
  });
  expect(commandsToRestore(sources(true), sources(false))).toEqual([
    { type: "pg_track_table", args: { source: "default", table: named("a") } },
    { type: "pg_track_function", args: { source: "default", function: named("find"), configuration: { session_argument: "session" } } },
    { type: "pg_create_remote_relationship", args: { source: "other", table: named("c"), ...link } },
    { type: "pg_create_function_permission", args: { source: "default", function: named("find"), role: "user" } },
  ]);
});

test("there is no way back where anything else went along", () => {
  const was = metadata({ table: named("a") });
  expect(
    commandsToRestore({ ...was, remote_schemas: [{ name: "r", remote_relationships: [{}] }] }, { ...metadata(), remote_schemas: [] }),
  ).toBeUndefined();
  expect(commandsToRestore(metadata({ table: named("a"), event_triggers: [{ name: "e" }] }), metadata({ table: named("a") }))).toBeUndefined();
  expect(commandsToRestore(metadata({ table: named("a"), unheard_of: true } as Partial<Table>), metadata())).toBeUndefined();
});
