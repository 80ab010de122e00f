import { LogtoProvider } from "@logto/react";
import { createRoot } from "react-dom/client";
import { Callback } from "./Callback";
import { config } from "./config";
import { Home } from "./Home";
import "./style.css";

// Two pages need no router: the one people see, and the one sign-in comes back to.
const page = window.location.pathname === "/callback" ? <Callback /> : <Home />;

createRoot(document.getElementById("root")!).render(<LogtoProvider config={config}>{page}</LogtoProvider>);
