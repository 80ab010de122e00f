import { render } from "preact";
import { App } from "./App.tsx";
import { loadSettings } from "./settings.ts";
import { applyTheme } from "./theme.ts";
import "../../ui/tokens.css";
import "./style.css";

const settings = await loadSettings();
applyTheme(settings);
const root = document.getElementById("app");
if (root) render(<App settings={settings} />, root);
