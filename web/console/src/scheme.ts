import { localStorageColorSchemeManager, type MantineColorScheme, type MantineColorSchemeManager } from "@mantine/core";

const kept = localStorageColorSchemeManager({ key: "gatehouse-scheme" });

/** Tells ui/tokens.css too: its colours follow data-theme, or the system without it. At the start early.ts does the same. */
const show = (scheme: MantineColorScheme) => {
  if (scheme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = scheme;
};

/** Keeps the reader's choice of light, dark or the system's, in this browser. */
export const scheme: MantineColorSchemeManager = {
  ...kept,
  get: (fallback) => {
    const value = kept.get(fallback);
    show(value);
    return value;
  },
  set: (value) => {
    kept.set(value);
    show(value);
  },
};
