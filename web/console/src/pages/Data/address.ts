import type { Filter, Order } from "../../../../api/catalog.ts";

// What of a page is in its address beside its path. A value that is not understood is left out, not an error.

/** Which page of rows: behind a place in the order, ahead of one, the last, or the one that so many rows stand ahead of. */
export type Spot = { from?: number; after?: (string | null)[]; before?: (string | null)[]; end?: true };
export type RowsSearch = { where?: Filter[]; order?: Order[]; row?: Record<string, string>; insert?: boolean; size?: number } & Spot;
export type SourceSearch = { source?: string; schema?: string };

/** What of a schema's picture is shown: a schema's tables, or those around one, so many joins away. */
export type PictureSearch = SourceSearch & { around?: string; steps?: number; detail?: "names" | "keys" | "all" };
export type SourcesSearch = { connect?: boolean };

const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
const object = (value: unknown): Record<string, unknown> => (typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {});
const listOf = <T>(value: unknown, read: (one: Record<string, unknown>) => T | undefined): T[] | undefined => {
  const all = Array.isArray(value) ? value.map((one) => read(object(one))).filter((one) => one !== undefined) : [];
  return all.length > 0 ? all : undefined;
};

const place = (value: unknown): (string | null)[] | undefined =>
  Array.isArray(value) && value.length > 0 ? value.map((one) => (one === null ? null : String(one))) : undefined;
const whole = (value: unknown): number | undefined => (Number.isSafeInteger(value) && Number(value) > 0 ? Number(value) : undefined);

export const rowsSearch = (search: Record<string, unknown>): RowsSearch => ({
  where: listOf<Filter>(search.where, ({ column, op, value, values }) =>
    typeof column === "string" && typeof op === "string"
      ? {
          column,
          op,
          ...(value !== undefined && value !== null && { value: String(value) }),
          ...(Array.isArray(values) && { values: values.map(String) }),
        }
      : undefined,
  ),
  order: listOf<Order>(search.order, ({ column, desc }) =>
    typeof column === "string" ? { column, ...(desc === true && { desc: true }) } : undefined,
  ),
  row: search.row === undefined ? undefined : Object.fromEntries(Object.entries(object(search.row)).map(([name, value]) => [name, String(value)])),
  insert: search.insert === true ? true : undefined,
  size: whole(search.size),
  from: whole(search.from),
  after: place(search.after),
  before: place(search.before),
  end: search.end === true ? true : undefined,
});

export const sourceSearch = (search: Record<string, unknown>): SourceSearch => ({ source: text(search.source), schema: text(search.schema) });
export const sourcesSearch = (search: Record<string, unknown>): SourcesSearch => ({ connect: search.connect === true ? true : undefined });
const details = ["names", "keys", "all"] as const;
export const pictureSearch = (search: Record<string, unknown>): PictureSearch => ({
  ...sourceSearch(search),
  around: text(search.around),
  steps: typeof search.steps === "number" && [0, 1, 2, 3].includes(search.steps) ? search.steps : undefined,
  detail: details.find((one) => one === search.detail),
});
