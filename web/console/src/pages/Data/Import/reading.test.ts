import { expect, test } from "vitest";
import type { Column, Table } from "../../../../../api/catalog.ts";
import { column } from "../../../../test/column.ts";
import { match, missing, mistakesIn, readCSV, readJSON, writtenAs } from "./reading.ts";

const table = (...columns: Column[]): Table =>
  ({ schema: "public", name: "t", kind: "table", comment: null, tracked: true, rows: 0, bytes: 0, columns, keys: [], foreign_keys: [] }) as Table;

test("CSV: quotes, broken lines, empty and null apart, lines counted as in the file", () => {
  expect(readCSV('\uFEFFid,"a ""b""",c\r\n1,,""\r\n\r\n2,"two\nlines, and more", x \n3,y,z')).toEqual({
    kind: "csv",
    names: ["id", 'a "b"', "c"],
    rows: [
      { line: 2, cells: ["1", null, ""] },
      { line: 4, cells: ["2", "two\nlines, and more", " x "] },
      { line: 6, cells: ["3", "y", "z"] },
    ],
  });
  expect(readCSV("a;b\n1,5;2").rows[0]?.cells).toEqual(["1,5", "2"]);
  expect(readCSV('"a,b"\tc\n1\t2').names).toEqual(["a,b", "c"]);
  expect(() => readCSV("a,b\n1")).toThrow("line 2: 1 values, where the first line names 2");
  expect(() => readCSV('a\n"open')).toThrow("a quote is not closed");
  expect(readCSV("").rows).toEqual([]);
});

test("JSON: every digit is kept, what is not there is not null", () => {
  const file = readJSON('[{"id": 9007199254740993, "doc": {"a": [1, 2.50]}, "tags": ["x", null, "y\\"z"]}, {"id": 2, "name": null}]');
  expect(file.names).toEqual(["id", "doc", "tags", "name"]);
  expect(file.rows.map((row) => row.cells)).toEqual([
    ["9007199254740993", '{"a":[1,2.50]}', '["x",null,"y\\"z"]'],
    ["2", undefined, undefined, null],
  ]);
  const [id, doc, tags] = file.rows[0]?.cells ?? [];
  expect(writtenAs("json", column("id", "int8"), id, "null")).toBe("9007199254740993");
  expect(writtenAs("json", column("doc", "jsonb"), doc, "null")).toBe('{"a":[1,2.50]}');
  expect(writtenAs("json", column("tags", "_text", { type_kind: "array" }), tags, "null")).toBe('{"x",NULL,"y\\"z"}');
  expect(writtenAs("json", column("name"), undefined, "null")).toEqual({ default: true });
  expect(writtenAs("json", column("name"), null, "null")).toBe(null);
  expect(writtenAs("json", column("name"), '"a\\n"', "null")).toBe("a\n");
  expect(readJSON('{"a": 1}\n{"a": "2"}\n').rows).toHaveLength(2);
  expect(readJSON("[]").rows).toEqual([]);
  expect(() => readJSON("[1, 2]")).toThrow("expected objects");
  expect(() => readJSON("[{]")).toThrow();
});

test("columns are matched by name, whatever the case, each once; what has to be given is told", () => {
  const one = table(
    column("id", "int4", { nullable: false, default: "nextval('x')" }),
    column("customer_id", "uuid", { nullable: false }),
    column("total", "numeric", { nullable: false }),
    column("twice", "int4", { generated: "total * 2" }),
  );
  const matched = match(["ID", "Customer Id", "id", "twice"], one);
  expect(matched).toEqual([null, "customer_id", "id", null]);
  expect(missing(one, matched).map((c) => c.name)).toEqual(["total"]);
});

test("what is certainly wrong is found with its line", () => {
  const file = readCSV("n,doc\n1,{}\nx,{\n,");
  expect(mistakesIn(file, ["n", "doc"], table(column("n", "int4"), column("doc", "json")), 10)).toEqual([
    { line: 3, column: "n", value: "x", mistake: "number" },
    { line: 3, column: "doc", value: "{", mistake: "json" },
  ]);
  expect(writtenAs("csv", column("n"), null, "text")).toBe("");
  expect(writtenAs("csv", column("n"), null, "default")).toEqual({ default: true });
});
