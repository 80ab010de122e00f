import type { Column, Filter } from "../../../../../api/catalog.ts";
import { editorOf } from "../cells.ts";
import { t } from "./text.ts";

type Operator = { op: string; name: string; takes: "nothing" | "one" | "many" };
const operator = (op: string, name: string, takes: Operator["takes"] = "one"): Operator => ({ op, name, takes });

const is = () => operator("=", t("op_eq"));
const nulls = () => [operator("is null", t("op_null"), "nothing"), operator("is not null", t("op_notNull"), "nothing")];
const ordered = () => [
  is(),
  operator("is not", t("op_neq")),
  operator("<", t("op_lt")),
  operator("<=", t("op_lte")),
  operator(">", t("op_gt")),
  operator(">=", t("op_gte")),
  operator("in", t("op_in"), "many"),
];

/** The conditions that make sense of a column, the likeliest first. */
export const operatorsFor = (column: Column): Operator[] => {
  switch (editorOf(column)) {
    case "boolean":
      return [is(), ...nulls()];
    case "enum":
    case "uuid":
      return [is(), operator("is not", t("op_neq")), operator("in", t("op_in"), "many"), ...nulls()];
    case "text":
      return [
        operator("contains", t("op_contains")),
        ...ordered(),
        operator("like", t("op_like")),
        operator("ilike", t("op_ilike")),
        operator("~", t("op_regex")),
        ...nulls(),
      ];
    case "json":
    case "array":
      return [operator("contains", t("op_contains")), ...(column.type_name.name === "json" ? [] : [operator("@>", t("op_has")), is()]), ...nulls()];
    case "bytea":
      return [is(), ...nulls()];
    case "other":
      return [is(), operator("contains", t("op_contains")), ...nulls()];
    default:
      return [...ordered(), ...nulls()];
  }
};

/** A filter as people read it. */
export const wordsOf = (filter: Filter, column: Column | undefined): string => {
  const known = column && operatorsFor(column).find((one) => one.op === filter.op);
  return [filter.column, known?.name ?? filter.op, filter.values ? filter.values.join(", ") : filter.value]
    .filter((word) => word !== undefined)
    .join(" ");
};
