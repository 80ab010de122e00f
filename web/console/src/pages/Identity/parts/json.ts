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
