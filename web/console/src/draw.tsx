import { createRoot } from "react-dom/client";
import { App } from "./App.tsx";
import "@mantine/core/styles.layer.css";
import "@mantine/notifications/styles.layer.css";
import "@mantine/spotlight/styles.layer.css";
import "../../ui/tokens.css";
import "./style.css";

const root = document.getElementById("app");
if (root) createRoot(root).render(<App />);
