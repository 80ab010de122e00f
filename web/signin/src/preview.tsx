import { render } from "preact";
import { App } from "./App.tsx";
import { go } from "./router.ts";
import type { Settings } from "./settings.ts";
import { applyTheme } from "./theme.ts";

/** What the console sends: settings that need not be saved, and how to show them. */
export type Shown = { settings: Settings; screen: "sign-in" | "register"; scheme: "light" | "dark" };

let screen: Shown["screen"] | undefined;

const draw = ({ settings, screen: wanted, scheme }: Shown) => {
  const root = document.getElementById("app");
  if (!root) return;
  applyTheme(settings, scheme);
  if (wanted !== screen) go(wanted, {}, "replace");
  screen = wanted;
  render(<App key={scheme} settings={settings} />, root);
};

/** Shows what the console around this page sends, and tells it when to begin. Nobody else is listened to. */
export const preview = () => {
  addEventListener("message", ({ data, origin, source }) => {
    if (origin === location.origin && source === parent && parent !== window && typeof data?.settings === "object") draw(data as Shown);
  });
  HTMLElement.prototype.focus = () => {}; // who types in the console's form goes on there
  parent.postMessage("gatehouse preview", location.origin);
};
