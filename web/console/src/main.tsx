import { createRoot } from "react-dom/client";
import { App } from "./App.tsx";
import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "@mantine/spotlight/styles.css";
import "../../ui/tokens.css";
import "./style.css";

const root = document.getElementById("app");
if (root) createRoot(root).render(<App />);
