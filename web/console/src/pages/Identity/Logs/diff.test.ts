import { describe, expect, it } from "vitest";
import { diff } from "./diff.ts";

const text = (before: unknown, after: unknown) => diff(before, after).map(({ mark, text }) => mark + text);

describe("diff", () => {
  it("keeps what is in both, whatever the order of keys", () => {
    expect(text({ a: 1, b: [1, 2] }, { b: [1, 3], a: 1 })).toEqual([" {", '   "a": 1,', '   "b": [', "     1,", "-    2", "+    3", "   ]", " }"]);
  });
  it("shows a thing that was not there, or is not any more, as a whole", () => {
    expect(text(undefined, { a: 1 })).toEqual(["+{", '+  "a": 1', "+}"]);
    expect(text({ a: 1 }, null)).toEqual(["-{", '-  "a": 1', "-}"]);
    expect(text(null, undefined)).toEqual([]);
  });
});
