import { t } from "../text.ts";

/** What keeps a text from being a JSON object; nothing where it is one. */
export const problemOf = (text: string): string | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? undefined : t("json", { problem: text.trim().slice(0, 20) });
  } catch (error) {
    return t("json", { problem: error instanceof Error ? error.message : String(error) });
  }
};

const sorted = (_: string, value: unknown) =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;

/** Whether two texts are the same JSON, however they are written. */
export const isSameJson = (a: string, b: string): boolean => {
  try {
    return JSON.stringify(JSON.parse(a), sorted) === JSON.stringify(JSON.parse(b), sorted);
  } catch {
    return false;
  }
};
