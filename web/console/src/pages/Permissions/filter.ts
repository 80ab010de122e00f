// A row filter as the builder shows it, and as metadata has it. What the builder cannot show is kept as it was written, so that reading and writing any
// filter gives the same filter.

/** The names that conditions on a table can begin with. */
export type Shape = { columns: ReadonlySet<string>; relationships: ReadonlySet<string> };

export type Test = { op: string; value: unknown };

export type Node =
  /** All or any of some. `word` is how it is written, "" where it is an object of several keys, which means all of them. */
  | { kind: "group"; word: "" | "_and" | "_or" | "$and" | "$or"; items: Node[] }
  | { kind: "not"; word: "_not" | "$not"; item: Node }
  /** Some row of another table, related or not. */
  | { kind: "exists"; word: "_exists" | "$exists"; table: unknown; where: Node }
  /** Some row that a relationship leads to. */
  | { kind: "relation"; name: string; where: Node }
  /** A column and what it is compared with; all tests must hold. `isShort`: written as {column: value}. */
  | { kind: "compare"; column: string; tests: Test[]; isShort: boolean }
  /** One key that is shown as JSON. */
  | { kind: "raw"; key: string; value: unknown };

type JSONObject = Record<string, unknown>;

export const isObject = (value: unknown): value is JSONObject => typeof value === "object" && value !== null && !Array.isArray(value);

/** What tables in a filter look like below a relationship, or in `_exists`; undefined where that is not known. */
export type Shapes = { of: Shape; below: (relationship: string) => Shapes | undefined; table: (name: unknown) => Shapes | undefined };

const nowhere: Shapes = { of: { columns: new Set(), relationships: new Set() }, below: () => undefined, table: () => undefined };

/** Reads a filter as metadata has it. */
export const parse = (filter: unknown, shapes: Shapes): Node => {
  if (!isObject(filter)) return { kind: "raw", key: "", value: filter };
  const items = Object.entries(filter).map(([key, value]) => parseKey(key, value, shapes));
  return items.length === 1 && items[0] ? items[0] : { kind: "group", word: "", items };
};

const parseKey = (key: string, value: unknown, shapes: Shapes): Node => {
  if (shapes.of.columns.has(key)) return parseColumn(key, value);
  if (shapes.of.relationships.has(key) && isObject(value)) return { kind: "relation", name: key, where: parse(value, shapes.below(key) ?? nowhere) };
  switch (key) {
    case "_and":
    case "$and":
    case "_or":
    case "$or":
      if (Array.isArray(value)) return { kind: "group", word: key, items: value.map((item) => parse(item, shapes)) };
      break;
    case "_not":
    case "$not":
      if (isObject(value)) return { kind: "not", word: key, item: parse(value, shapes) };
      break;
    case "_exists":
    case "$exists": {
      const names = isObject(value) ? Object.keys(value).sort().join() : "";
      if (isObject(value) && names === "_table,_where" && isObject(value._where))
        return { kind: "exists", word: key, table: value._table, where: parse(value._where, shapes.table(value._table) ?? nowhere) };
    }
  }
  return { kind: "raw", key, value };
};

const parseColumn = (column: string, value: unknown): Node => {
  if (!isObject(value))
    return value === null || Array.isArray(value)
      ? { kind: "raw", key: column, value }
      : { kind: "compare", column, tests: [{ op: "_eq", value }], isShort: true };
  const names = Object.keys(value);
  if (names.length === 0 || names.some((name) => !/^[_$]/.test(name))) return { kind: "raw", key: column, value };
  return { kind: "compare", column, tests: Object.entries(value).map(([op, operand]) => ({ op, value: operand })), isShort: false };
};

/** Writes a filter as metadata has it. */
export const print = (node: Node): unknown => {
  switch (node.kind) {
    case "raw":
      return node.key === "" ? node.value : { [node.key]: node.value };
    case "compare":
      return { [node.column]: printTests(node) };
    case "relation":
      return { [node.name]: print(node.where) };
    case "exists":
      return { [node.word]: { _table: node.table, _where: print(node.where) } };
    case "not":
      return { [node.word]: print(node.item) };
    case "group":
      return node.word === "" ? printKeys(node.items) : { [node.word]: node.items.map(print) };
  }
};

const printTests = ({ tests, isShort }: Extract<Node, { kind: "compare" }>): unknown => {
  const [first] = tests;
  if (isShort && tests.length === 1 && first?.op === "_eq" && !isObject(first.value) && !Array.isArray(first.value) && first.value !== null)
    return first.value;
  return Object.fromEntries(tests.map(({ op, value }) => [op, value]));
};

/** An object of several keys where all differ, which they do as they are read; after an edit perhaps a list. */
const printKeys = (items: Node[]): unknown => {
  const printed = items.map(print);
  const keys = printed.flatMap((one) => (isObject(one) ? Object.keys(one) : [""]));
  const areApart = printed.every((one) => isObject(one) && Object.keys(one).length === 1) && new Set(keys).size === keys.length;
  return areApart ? Object.assign({}, ...(printed as JSONObject[])) : { _and: printed };
};

/** The session variables a filter reads, in lower case. */
export const sessionVariables = (value: unknown): string[] => {
  const found = new Set<string>();
  const look = (part: unknown) => {
    if (typeof part === "string" && /^x-hasura-[a-z0-9_-]+$/i.test(part)) found.add(part.toLowerCase());
    else if (Array.isArray(part)) part.forEach(look);
    else if (isObject(part)) Object.values(part).forEach(look);
  };
  look(value);
  return [...found].sort();
};
