// What GraphiQL is given from outside, since it has no setting for it.
import { useMonaco } from "@graphiql/react";
import { type RefObject, useEffect } from "react";

/** Monaco's colours of code: its own do not stand out enough from their ground (WCAG 1.4.3). Those of ui/tokens.css; Monaco takes no variables. */
const inks = {
  light: { ground: "fffefb", text: "18211c", muted: "59645d", keyword: "1a6349", string: "805300", number: "a92c1f", line: "8b938d" },
  dark: { ground: "161c19", text: "e8ede9", muted: "9daaa2", keyword: "7bd3ae", string: "e6b455", number: "ff9d8f", line: "66726b" },
};

type Scheme = keyof typeof inks;

const themeOf = (scheme: Scheme) => {
  const ink = inks[scheme];
  const of = (tokens: string[], foreground: string) => tokens.map((token) => ({ token, foreground }));
  return {
    base: scheme === "dark" ? ("vs-dark" as const) : ("vs" as const),
    inherit: true,
    rules: [
      ...of(["", "identifier", "delimiter", "key", "type.identifier", "delimiter.curly", "delimiter.bracket", "delimiter.square"], ink.text),
      ...of(["keyword", "argument.identifier", "string.key", "annotation", "type"], ink.keyword),
      ...of(["string", "string.value"], ink.string),
      ...of(["number", "constant", "variable"], ink.number),
      ...of(["comment"], ink.muted),
    ],
    colors: {
      "editor.background": "#ffffff00",
      "editor.foreground": `#${ink.text}`,
      "editorLineNumber.foreground": `#${ink.muted}`,
      "editorLineNumber.activeForeground": `#${ink.text}`,
      "editorBracketHighlight.foreground1": `#${ink.text}`,
      "editorBracketHighlight.foreground2": `#${ink.keyword}`,
      "editorBracketHighlight.foreground3": `#${ink.string}`,
      "editorHoverWidget.background": `#${ink.ground}`,
      "editorWidget.background": `#${ink.ground}`,
      "editorSuggestWidget.background": `#${ink.ground}`,
      "editorSuggestWidget.foreground": `#${ink.text}`,
      "editorSuggestWidget.highlightForeground": `#${ink.keyword}`,
      "editorSuggestWidget.focusHighlightForeground": `#${ink.keyword}`,
      "editorSuggestWidget.selectedForeground": `#${ink.keyword}`,
      "editorSuggestWidget.selectedBackground": `#${ink.keyword}22`,
      "quickInput.background": `#${ink.ground}`,
      "scrollbar.shadow": "#ffffff00",
      focusBorder: `#${ink.keyword}`,
    },
  };
};

/** Gives Monaco those colours, under the names GraphiQL knows its themes by. */
export const useReadableCode = (scheme: Scheme) => {
  const monaco = useMonaco((state) => state.monaco);
  useEffect(() => {
    if (!monaco) return;
    monaco.editor.defineTheme("graphiql-LIGHT", themeOf("light"));
    monaco.editor.defineTheme("graphiql-DARK", themeOf("dark"));
    monaco.editor.setTheme(scheme === "dark" ? "graphiql-DARK" : "graphiql-LIGHT");
  }, [monaco, scheme]);
};

/**
 * GraphiQL's tabs hold two buttons each, open and close; a tab may hold none (its children are presentational), so that screen readers lose both. They
 * are said as what they are: a list of buttons, the open one current.
 */
export const useListedTabs = (root: RefObject<HTMLElement | null>) => {
  useEffect(() => {
    const element = root.current;
    if (!element) return;
    const say = () => {
      element.querySelector('.graphiql-tabs[role="tablist"]')?.setAttribute("role", "list");
      for (const tab of element.querySelectorAll(".graphiql-tab[aria-selected]")) {
        const button = tab.querySelector(".graphiql-tab-button");
        if (tab.getAttribute("aria-selected") === "true") button?.setAttribute("aria-current", "true");
        else button?.removeAttribute("aria-current");
        tab.setAttribute("role", "listitem");
        tab.removeAttribute("aria-selected");
      }
    };
    say();
    const observer = new MutationObserver(say);
    observer.observe(element, { subtree: true, childList: true, attributeFilter: ["aria-selected", "role"] });
    return () => observer.disconnect();
  }, [root]);
};
