import { describe, expect, test } from "vitest";
import { type Node, parse, print, type Shapes, sessionVariables } from "./filter.ts";

const book: Shapes = {
  of: { columns: new Set(["id", "title", "tags"]), relationships: new Set(["author"]) },
  below: (name) => (name === "author" ? author : undefined),
  table: () => author,
};
const author: Shapes = {
  of: { columns: new Set(["id", "name"]), relationships: new Set(["books"]) },
  below: (name) => (name === "books" ? book : undefined),
  table: () => book,
};

describe("a filter", () => {
  test("is shown by its parts", () => {
    expect(parse({ id: { _eq: "X-Hasura-User-Id" } }, book)).toEqual({
      kind: "compare",
      column: "id",
      tests: [{ op: "_eq", value: "X-Hasura-User-Id" }],
      isShort: false,
    });
    expect(parse({ author: { name: "Ada" } }, book)).toEqual({
      kind: "relation",
      name: "author",
      where: { kind: "compare", column: "name", tests: [{ op: "_eq", value: "Ada" }], isShort: true },
    });
    expect(parse({}, book)).toEqual({ kind: "group", word: "", items: [] });
    expect(parse({ title: { nested: 1 } }, book)).toEqual({ kind: "raw", key: "title", value: { nested: 1 } });
    expect(parse({ _exists: { _table: { schema: "public", name: "author" }, _where: { name: { _like: "A%" } } } }, book)).toMatchObject({
      kind: "exists",
      where: { kind: "compare", column: "name" },
    });
  });

  test.each([
    {},
    { id: 1 },
    { id: null },
    { id: { _gt: 1, _lt: 5 } },
    { $or: [{ id: { $eq: 1 } }, { title: { _is_null: true } }] },
    { _and: [] },
    { _and: { id: 1 } },
    { _not: { _not: {} } },
    { id: 1, title: { _in: ["a"] }, author: { books: { id: { _ceq: ["$", "id"] } } } },
    { unheard: { of: [1, { _or: 2 }] } },
    { _exists: { _table: "author", _where: {}, more: 1 } },
    { author: null },
    [1],
    "all",
  ])("%j is written as it was read", (filter) => {
    expect(print(parse(filter, book))).toEqual(filter);
  });

  test("of any content is written as it was read", () => {
    let seed = 7;
    const random = (n: number) => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return seed % n;
    };
    const keys = [
      "id",
      "title",
      "tags",
      "name",
      "author",
      "books",
      "_and",
      "_or",
      "$and",
      "_not",
      "_exists",
      "$exists",
      "_table",
      "_where",
      "_eq",
      "_in",
      "other",
    ];
    const any = (depth: number): unknown => {
      const kind = random(depth > 4 ? 4 : 7);
      if (kind === 0) return null;
      if (kind === 1) return random(100);
      if (kind === 2) return "X-Hasura-User-Id";
      if (kind === 3) return random(2) === 0;
      if (kind === 4) return Array.from({ length: random(4) }, () => any(depth + 1));
      return Object.fromEntries(Array.from({ length: random(4) }, () => [keys[random(keys.length)], any(depth + 1)]));
    };
    for (let i = 0; i < 20_000; i++) {
      const filter = any(0);
      expect(print(parse(filter, book))).toEqual(filter);
    }
  });

  test("keeps conditions that an edit put on one column apart", () => {
    const twice: Node = {
      kind: "group",
      word: "",
      items: [
        { kind: "compare", column: "id", tests: [{ op: "_gt", value: 1 }], isShort: false },
        { kind: "compare", column: "id", tests: [{ op: "_lt", value: 5 }], isShort: false },
      ],
    };
    expect(print(twice)).toEqual({ _and: [{ id: { _gt: 1 } }, { id: { _lt: 5 } }] });
  });

  test("names the session variables it reads", () => {
    expect(sessionVariables({ _or: [{ id: "X-Hasura-User-Id" }, { org: { _in: ["x-hasura-org", "x-hasura-"] } }] })).toEqual([
      "x-hasura-org",
      "x-hasura-user-id",
    ]);
  });
});
