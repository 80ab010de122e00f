import { render } from "preact";
import { App } from "./App.tsx";
import { isPreview, loadSettings } from "./settings.ts";
import { applyTheme } from "./theme.ts";
import "../../ui/tokens.css";
import "./style.css";

if (isPreview()) {
  const { preview } = await import("./preview.tsx");
  preview();
} else {
  const settings = await loadSettings();
  applyTheme(settings);
  const root = document.getElementById("app");
  if (root) render(<App settings={settings} />, root);
}
