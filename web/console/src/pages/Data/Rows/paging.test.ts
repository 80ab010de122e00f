import { expect, test } from "vitest";
import type { Row } from "../../../../../api/catalog.ts";
import { column } from "../../../../test/column.ts";
import type { Spot } from "../address.ts";
import { copyCells, fromClipboard, pasteCells, toClipboard } from "./clipboard.ts";
import { nextSpot, previousSpot, readAt, spotOfPage } from "./paging.ts";
import { pasted } from "./useGridKeys.ts";
import { spanOf } from "./useSelection.ts";

const rows = (first: number, count: number, total = 23): { rows: Row[]; first: string[] | null; last: string[] | null } => {
  const list = Array.from({ length: Math.max(0, Math.min(count, total - first + 1)) }, (_, i): Row => ({ values: [String(first + i)], version: "" }));
  return { rows: list, first: list[0] ? [list[0].values[0] as string] : null, last: list.length > 0 ? [list.at(-1)?.values[0] as string] : null };
};

/** A table of numbers from 1 to 23, as the server reads it. */
const read = (spot: Spot, size: number) => {
  const { limit = 0, after, before, last, offset } = readAt(spot, size);
  if (after) return rows(Number(after[0]) + 1, limit);
  if (before) return rows(Math.max(1, Number(before[0]) - limit), Math.min(limit, Number(before[0]) - 1));
  return last ? rows(23 - limit + 1, limit) : rows((offset ?? 0) + 1, limit);
};

test.each([23, undefined])("pages lead to each other from the first to the last and back (known: %s)", (total) => {
  const seen: string[] = [];
  let spot: Spot | undefined = {};
  let at: Spot = {};
  while (spot) {
    at = spot;
    const page = read(spot, 5);
    seen.push(page.rows.map((row) => row.values[0]).join(" "));
    spot = nextSpot(spot, page, 5, total);
  }
  expect(seen).toEqual(["1 2 3 4 5", "6 7 8 9 10", "11 12 13 14 15", "16 17 18 19 20", "21 22 23"]);
  const back: number[] = [];
  for (spot = at; spot; spot = previousSpot(spot, read(spot, 5), 5, total)) back.push(Number(read(spot, 5).rows[0]?.values[0]));
  expect(back).toEqual([21, 16, 11, 6, 1]);
});

test("from the end the way back leads to the first page, though its rows are not whole pages from there", () => {
  for (const total of [23, undefined]) {
    const starts: number[] = [];
    for (let spot: Spot | undefined = { end: true }; spot; spot = previousSpot(spot, read(spot, 5), 5, total))
      starts.push(Number(read(spot, 5).rows[0]?.values[0]));
    expect(starts.slice(0, 4)).toEqual([19, 14, 9, 4]);
    expect(starts.at(-1)).toBe(1);
  }
  expect(spotOfPage(3, 5)).toEqual({ from: 10 });
  expect(readAt(spotOfPage(1, 5), 5)).toEqual({ limit: 5, offset: 0 });
});

test("the clipboard's lines come back as they were, null, empty and broken lines included", () => {
  const cells = [
    ["a", null, ""],
    ['say "hi"', "two\nlines", "a\tb"],
    [null, "x", null],
  ];
  expect(fromClipboard(toClipboard(cells))).toEqual(cells);
  expect(fromClipboard("1\t2\r\n3\t4\r\n")).toEqual([
    ["1", "2"],
    ["3", "4"],
  ]);
  expect(fromClipboard('5" pipe\tb')).toEqual([['5" pipe', "b"]]);
});

test("what is pasted stays within the grid, off generated columns, and of the columns' types", () => {
  const columns = [column("a", "text", { nullable: false }), column("n", "int4"), column("g", "int4", { generated: "n * 2" })];
  const page = rows(1, 2).rows;
  const all = () => true;
  const made = (text: string, from: [number, number], to = from) => {
    const { changes, left } = pasted(
      fromClipboard(text),
      spanOf({ row: from[0], column: from[1] }, { row: to[0], column: to[1] }),
      page,
      columns,
      all,
    );
    return [changes.map(({ row, column: name, value }) => `${page.indexOf(row)}${name}=${value}`).join(" "), left];
  };
  expect(made("x\t1\t9\ny\tno\t9\nz\t3", [0, 0])).toEqual(["0a=x 0n=1 1a=y", 5]);
  expect(made("7", [0, 1], [1, 1])).toEqual(["0n=7 1n=7", 0]);
  expect(made("\t\n", [0, 0])).toEqual(["0a= 0n=null", 0]);
});

test("a cell alone is copied as it is, and pasted here as what it was", () => {
  for (const value of ["two\nlines", '"hi"', "a\tb", "", null]) {
    const text = copyCells([[value]]);
    expect(text).toBe(value === "" ? '""' : (value ?? ""));
    expect(pasteCells(text.replaceAll("\n", "\r\n"))).toEqual([[value]]);
  }
  copyCells([["a\nb"]]);
  expect(pasteCells("c\nd")).toEqual([["c"], ["d"]]);
});
