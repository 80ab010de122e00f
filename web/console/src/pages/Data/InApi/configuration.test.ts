import { expect, test } from "vitest";
import type { Column, Table } from "../../../../../api/catalog.ts";
import { column } from "../../../../test/column.ts";
import { argumentsOf } from "../Relationships/computed.ts";
import { canBeEnum, configurationOf, draftOf, isWrongName } from "./configuration.ts";

test("a configuration comes back as it was; what the form does not show stays", () => {
  const was = {
    custom_name: "Author",
    comment: "Who writes",
    custom_root_fields: { select: "authors", insert: { name: "addAuthors", comment: "many" }, delete: { comment: "only said" } },
    column_config: { name: { custom_name: "fullName", comment: "first and last" }, gone: { custom_name: "was" } },
    custom_column_names: { name: "fullName", gone: "was" },
  };
  const columns = [column("id"), column("name")];
  const draft = draftOf(was, columns);
  expect(draft.roots).toMatchObject({ select: "authors", insert: "addAuthors", delete: "", select_by_pk: "" });
  expect(configurationOf(was, draft)).toEqual(was);
  const next = configurationOf(was, {
    ...draft,
    name: " ",
    roots: { ...draft.roots, select: "", insert: "" },
    columns: { id: { name: "key", comment: "" }, name: { name: "", comment: "" } },
  });
  expect(next).toEqual({
    comment: "Who writes",
    custom_root_fields: { insert: { comment: "many" }, delete: { comment: "only said" } },
    column_config: { id: { custom_name: "key" }, gone: { custom_name: "was" } },
    custom_column_names: { id: "key", gone: "was" },
  });
  expect(draftOf({ custom_column_names: { id: "old" } }, columns).columns.id?.name).toBe("old");
});

test("names the API cannot have are told", () => {
  expect(["", "a1", "_x", "1a", "a-b", "ü"].map(isWrongName)).toEqual([false, false, false, true, true, true]);
});

test("an enum has a key of one text column and at most a comment beside it", () => {
  const table = (columns: Column[], key?: string[]) =>
    ({ columns, keys: key ? [{ name: "k", primary: true, columns: key }] : [] }) as unknown as Table;
  expect(canBeEnum(table([column("value"), column("comment")], ["value"]))).toBe(true);
  expect(canBeEnum(table([column("value")], ["value"]))).toBe(true);
  expect(canBeEnum(table([column("value")]))).toBe(false);
  expect(canBeEnum(table([column("value", "int4")], ["value"]))).toBe(false);
  expect(canBeEnum(table([column("a"), column("b")], ["a", "b"]))).toBe(false);
  expect(canBeEnum(table([column("a"), column("b"), column("c")], ["a"]))).toBe(false);
});

test("a function's arguments are read by name", () => {
  expect(argumentsOf("c customers, prefix text DEFAULT 'a, b'::text, n numeric(10,2)")).toEqual(["c", "prefix", "n"]);
  expect(argumentsOf('"odd, name" t, OUT x int, VARIADIC rest text[]')).toEqual(["odd, name", "rest"]);
  expect(argumentsOf("customers")).toEqual([]);
  expect(argumentsOf("")).toEqual([]);
});
