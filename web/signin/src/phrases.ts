import english from "../../phrases/en.json";

export type Phrases = typeof english;

/** What the page says. English is built in; the server may lay another language, or an operator's own words, over it. */
export let phrases: Phrases = english;

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

/** Lays the strings of `over` on those of `base`; what base does not know, or knows in another shape, is ignored. */
export const overlay = <T>(base: T, over: unknown): T => {
  if (!isRecord(base) || !isRecord(over)) return base;
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(base)) {
    const other = over[key];
    if (typeof value === "string") {
      if (typeof other === "string") merged[key] = other;
    } else merged[key] = overlay(value, other);
  }
  return merged as T;
};

export const setPhrases = (language: string, over: unknown) => {
  phrases = overlay(english, over);
  document.documentElement.lang = language;
};

/** Fills {{name}} in a phrase. */
export const fill = (text: string, values: Record<string, string | number>): string =>
  text.replace(/\{\{(\w+)\}\}/g, (whole, name: string) => String(values[name] ?? whole));
