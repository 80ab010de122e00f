import { expect, test } from "vitest";
import { found, savedOperations } from "./saved.ts";

const memory = () => {
  const kept = new Map<string, string>();
  return { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value) };
};

test("an operation is kept by its name, per endpoint, and another of the name takes its place", () => {
  const store = memory();
  const here = savedOperations("https://a.example/v1/graphql", store);
  here.put({ name: "pots", query: "{ pot { id } }", variables: "" });
  here.put({ name: "all pans", query: "{ pan { id } }", variables: "" });
  here.put({ name: "pots", query: "{ pot { owner } }", variables: "{}" });
  expect(here.read().map(({ name, query }) => [name, query])).toEqual([
    ["all pans", "{ pan { id } }"],
    ["pots", "{ pot { owner } }"],
  ]);
  expect(savedOperations("https://b.example/v1/graphql", store).read()).toEqual([]);
  here.remove("pots");
  expect(here.read().map(({ name }) => name)).toEqual(["all pans"]);
});

test("what is found in the store and is no list is nothing", () => {
  for (const text of ["{", "null", '{"name":"x"}', "[1]"])
    expect(savedOperations("e", { getItem: () => text, setItem: () => {} }).read()).toEqual([]);
});

test("words are looked for in names and in operations", () => {
  const list = [
    { name: "Pots of Ada", query: "{ pot { id } }", variables: "" },
    { name: "Pans", query: "{ pan { id } }", variables: "" },
  ];
  expect(found(list, "ada pot").map(({ name }) => name)).toEqual(["Pots of Ada"]);
  expect(found(list, "")).toHaveLength(2);
  expect(found(list, "lid")).toEqual([]);
});
