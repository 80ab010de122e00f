/** A sentence; with several forms where it counts: {count, plural} by the language's own rules. */
export type Sentence = string | { one: string; other: string };
type Values = Record<string, string | number>;

/** What another language says, by page and key; English stands beside the pages. */
type Translation = { [page: string]: Record<string, Sentence> | undefined };

let language = "en";
let translation: Translation = {};

/** Speaks another language from the next painting on; what it lacks stays English. */
export const speak = (tag: string, words: Translation) => {
  language = tag;
  translation = words;
  document.documentElement.lang = tag;
};

const fill = (sentence: string, values: Values) =>
  sentence.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? show(values[name]) : whole));
const show = (value: string | number | undefined) => (typeof value === "number" ? new Intl.NumberFormat(language).format(value) : String(value));

/**
 * The texts of one page: `const t = texts("home", {...})`, then `t("title")` or `t("rows", {count: 3})`. `count` picks the form of a sentence
 * that has several.
 */
export const texts =
  <Key extends string>(page: string, english: Record<Key, Sentence>) =>
  (key: Key, values: Values = {}): string => {
    const sentence = translation[page]?.[key] ?? english[key];
    if (typeof sentence === "string") return fill(sentence, values);
    const form = new Intl.PluralRules(language).select(Number(values.count ?? 0)) === "one" ? "one" : "other";
    return fill(sentence[form], values);
  };

/** A time as people say it: "3 minutes ago". */
export const ago = (at: number | string | Date): string => {
  const seconds = (new Date(at).getTime() - Date.now()) / 1000;
  const format = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  for (const [unit, size] of [
    ["year", 31_536_000],
    ["month", 2_592_000],
    ["day", 86_400],
    ["hour", 3600],
    ["minute", 60],
  ] as const)
    if (Math.abs(seconds) >= size) return format.format(Math.round(seconds / size), unit);
  return format.format(Math.round(seconds), "second");
};

/** A moment in full, in the reader's zone. */
export const moment = (at: number | string | Date): string =>
  new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" }).format(new Date(at));

/** A number as the reader writes it. */
export const number = (value: number): string => new Intl.NumberFormat(language).format(value);
