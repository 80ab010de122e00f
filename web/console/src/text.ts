import { start } from "./language.ts";

/** A sentence; with several forms where it counts, picked by {count} and the language's own rules. */
export type Sentence = string | ({ other: string } & Partial<Record<Intl.LDMLPluralRule, string>>);
type Values = Record<string, string | number>;

/** What a language other than English says, by page and key; English stands beside the pages, and wherever a phrase is missing here. */
export type Translation = { [page: string]: Record<string, Sentence> | undefined };

let words: Translation = {};
let locale = "en";
let plural = new Intl.PluralRules("en");

/** Speaks the reader's language from now on. Before that nothing may be loaded that says something: texts in modules are read once. */
export const speak = async (): Promise<void> => {
  const found = await start();
  words = found.words;
  locale = found.locale;
  plural = new Intl.PluralRules(found.language);
  document.documentElement.lang = found.language;
};

const placeholder = /(?<!\{)\{(\w+)\}/g;

const fill = (sentence: string, values: Values) =>
  sentence.replace(placeholder, (whole, name: string) => (name in values ? show(values[name]) : whole));
const show = (value: string | number | undefined) => (typeof value === "number" ? number(value) : String(value));

/** Whether all that a translation wants to name is given: the English may have changed since it was made. */
const isFilled = (sentence: Sentence, values: Values) =>
  (typeof sentence === "string" ? [sentence] : Object.values(sentence)).every((form) =>
    [...form.matchAll(placeholder)].every(([, name = ""]) => name in values),
  );

/**
 * The texts of one page: `const t = texts("home", {...})`, then `t("title")` or `t("rows", {count: 3})`. `count` picks the form of a sentence
 * that has several.
 */
export const texts =
  <Key extends string>(page: string, english: Record<Key, Sentence>) =>
  (key: Key, values: Values = {}): string => {
    const translated = words[page]?.[key];
    const sentence = translated && isFilled(translated, values) ? translated : english[key];
    if (typeof sentence === "string") return fill(sentence, values);
    return fill(sentence[plural.select(Number(values.count ?? 0))] ?? sentence.other, values);
  };

/** A time as people say it: "3 minutes ago". */
export const ago = (at: number | string | Date): string => {
  const seconds = (new Date(at).getTime() - Date.now()) / 1000;
  const format = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
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
  new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium" }).format(new Date(at));

/** A number as the reader writes it. */
export const number = (value: number): string => new Intl.NumberFormat(locale).format(value);
