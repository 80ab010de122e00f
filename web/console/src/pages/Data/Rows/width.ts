import type { Column, Row } from "../../../../../api/catalog.ts";
import { editorOf, shortType } from "../cells.ts";

const byType = {
  boolean: 96,
  number: 130,
  uuid: 300,
  timestamp: 230,
  date: 120,
  time: 140,
  enum: 140,
  json: 260,
  text: 220,
  array: 200,
  bytea: 160,
  other: 180,
};

const widthOf = (column: Column) => Math.min(360, Math.max(byType[editorOf(column)], 46 + (column.name.length + shortType(column.type).length) * 7));

/** Wide enough for what the first rows have, within bounds. */
export const widthIn = (column: Column, rows: Row[], position: number) =>
  Math.max(widthOf(column), Math.min(320, 24 + 7.6 * Math.max(0, ...rows.slice(0, 40).map((row) => row.values[position]?.length ?? 0))));
