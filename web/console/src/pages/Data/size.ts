import { number } from "../../text.ts";

/** A size as people say it. */
export const bytes = (count: number): string => {
  for (const [unit, size] of [
    ["GB", 2 ** 30],
    ["MB", 2 ** 20],
    ["kB", 2 ** 10],
  ] as const)
    if (count >= size) return `${number(Math.round((10 * count) / size) / 10)} ${unit}`;
  return count === 0 ? "" : `${number(count)} B`;
};
