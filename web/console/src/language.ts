// Which language the console speaks: the one chosen in the account menu, else the first of the browser's that there is, else English.
import type { Translation } from "./text.ts";

/** The languages there are, each by its own name. */
export const languages = { en: "English", de: "Deutsch" } as const;
export type Language = keyof typeof languages;

/** What each of them but English says: gathered from the text.<language>.ts beside the pages, in one chunk that only its readers load. */
const catalogues: Record<Exclude<Language, "en">, () => Promise<{ default: Translation }>> = {
  de: () => import("./languages/de.ts"),
};

const key = "gatehouse-language";
const isLanguage = (tag: string): tag is Language => Object.hasOwn(languages, tag);

/** What was chosen in this browser; undefined: as the browser prefers. */
const kept = (): Language | undefined => {
  try {
    const tag = localStorage.getItem(key) ?? "";
    return isLanguage(tag) ? tag : undefined;
  } catch {
    return undefined; // this browser keeps nothing
  }
};

/** The language for a reader's preferences, and the tag by whose rules numbers and dates are written: the reader's own where it is of that language. */
export const pick = (chosen: Language | undefined, preferred: readonly string[]): { language: Language; locale: string } => {
  const baseOf = (tag: string) => tag.toLowerCase().split("-")[0] ?? "";
  const language = chosen ?? preferred.map(baseOf).find(isLanguage) ?? "en";
  return { language, locale: preferred.find((tag) => baseOf(tag) === language) ?? language };
};

/** Speaks another language from now on. Texts that stand in modules were read when those were loaded, so the page is loaded again. */
export const choose = (language: Language | undefined) => {
  if (language) localStorage.setItem(key, language);
  else localStorage.removeItem(key);
  location.reload();
};

export const chosen = kept();

/** What text.ts begins with. A catalogue that does not come leaves English, which is better than nothing. */
export const start = async (): Promise<{ language: Language; locale: string; words: Translation }> => {
  const { language, locale } = pick(chosen, navigator.languages);
  if (language === "en") return { language, locale, words: {} };
  try {
    return { language, locale, words: (await catalogues[language]()).default };
  } catch {
    return { language: "en", locale: "en", words: {} };
  }
};
