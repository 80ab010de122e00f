import { texts } from "../../text.ts";

const t = texts("operators", {
  _eq: "equals",
  _neq: "is not",
  _in: "is one of",
  _nin: "is none of",
  _gt: "is greater than",
  _gte: "is at least",
  _lt: "is less than",
  _lte: "is at most",
  _is_null: "is null",
  _like: "is like",
  _nlike: "is not like",
  _ilike: "is like (any case)",
  _nilike: "is not like (any case)",
  _similar: "is similar to",
  _nsimilar: "is not similar to",
  _regex: "matches",
  _nregex: "does not match",
  _iregex: "matches (any case)",
  _niregex: "does not match (any case)",
  _contains: "contains",
  _contained_in: "is contained in",
  _has_key: "has the key",
  _has_keys_any: "has any of the keys",
  _has_keys_all: "has all of the keys",
  _ceq: "equals column",
  _cne: "is not column",
  _cgt: "is greater than column",
  _cgte: "is at least column",
  _clt: "is less than column",
  _clte: "is at most column",
});

const common = ["_eq", "_neq", "_in", "_nin", "_gt", "_gte", "_lt", "_lte", "_is_null"] as const;
const forText = ["_like", "_nlike", "_ilike", "_nilike", "_similar", "_nsimilar", "_regex", "_nregex", "_iregex", "_niregex"] as const;
const forJSON = ["_contains", "_contained_in", "_has_key", "_has_keys_any", "_has_keys_all"] as const;
const withColumns = ["_ceq", "_cne", "_cgt", "_cgte", "_clt", "_clte"] as const;
type Known = (typeof common | typeof forText | typeof forJSON | typeof withColumns)[number];

const isText = (type: string) => /^(text|character|varchar|bpchar|citext|name)/i.test(type);

/** The operators a column of this type has, in words; one that stands there already is kept. */
export const operatorsFor = (type: string, present: string): { value: string; label: string }[] => {
  const names: string[] = [...common, ...(isText(type) ? forText : []), ...(/^jsonb/i.test(type) ? forJSON : []), ...withColumns];
  if (!names.includes(present)) names.push(present);
  return names.map((value) => ({ value, label: label(value) }));
};

const label = (op: string) => ([...common, ...forText, ...forJSON, ...withColumns].includes(op as Known) ? t(op as Known) : op);

/** What kind of operand an operator takes. */
export const operandOf = (op: string): "flag" | "list" | "column" | "value" => {
  const name = op.replace(/^\$/, "_");
  if (name === "_is_null") return "flag";
  if (["_in", "_nin", "_has_keys_any", "_has_keys_all"].includes(name)) return "list";
  if ((withColumns as readonly string[]).includes(name)) return "column";
  return "value";
};

/** What somebody typed as a value of a column's type. What would lose digits as a number stays a text. */
export const typedValue = (typed: string, type: string): unknown => {
  if (/^x-hasura-/i.test(typed)) return typed;
  if (/^bool/i.test(type) && (typed === "true" || typed === "false")) return typed === "true";
  if (
    /^(smallint|integer|int|bigint|numeric|decimal|real|double|float)/i.test(type) &&
    /^-?\d+(\.\d+)?$/.test(typed) &&
    String(Number(typed)) === typed
  )
    return Number(typed);
  if (/^jsonb?/i.test(type)) {
    try {
      return JSON.parse(typed);
    } catch {
      return typed;
    }
  }
  return typed;
};

/** A value as somebody types it. */
export const shown = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value ?? null));
