import type { Column } from "../../api/catalog.ts";

/** A column as tests of the data pages need one. */
export const column = (name: string, type = "text", change: Partial<Column> = {}): Column => ({
  name,
  type,
  type_name: { schema: "pg_catalog", name: type },
  type_kind: "base",
  nullable: true,
  default: null,
  identity: "",
  generated: null,
  comment: null,
  ...change,
});
