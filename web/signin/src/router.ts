import { useEffect, useState } from "preact/hooks";

/**
 * The page's own addresses. Every step is an entry in the browser's history, so that Back goes one step back; the query (app_id and what else the
 * authorization request brought) stays on all of them.
 */
export type Step = "sign-in" | "register" | "register/password" | "consent" | "unknown-session";
type State = { username?: string };

const steps: Step[] = ["sign-in", "register", "register/password", "consent", "unknown-session"];

/** Logto's addresses for the same screens. A direct sign-in names a connector; until there are any, its fallback is what is shown. */
const stepOf = (path: string): Step => {
  const first = path.split("/")[0] ?? "";
  if (first === "direct") return new URLSearchParams(location.search).get("fallback") === "register" ? "register" : "sign-in";
  return steps.find((s) => s === path) ?? (["register", "identifier-register"].includes(first) ? "register" : "sign-in");
};

const current = (): { step: Step; state: State } => {
  const path = location.pathname.replace(/^\/|\/$/g, "");
  const state: State = history.state ?? {};
  const step = stepOf(path);
  // A reload in the second step of registration without the first: begin at the first.
  if (step === "register/password" && !state.username) return { step: "register", state };
  const first = new URLSearchParams(location.search).get("first_screen");
  if (path === "sign-in" && first === "register" && !history.state) return { step: "register", state };
  return { step, state };
};

export const go = (step: Step, state: State = {}, how: "push" | "replace" = "push") => {
  const method = how === "push" ? "pushState" : "replaceState";
  history[method](state, "", `/${step}${location.search}`);
  dispatchEvent(new PopStateEvent("popstate"));
};

export const useStep = () => {
  const [now, set] = useState(current);
  useEffect(() => {
    const update = () => set(current());
    addEventListener("popstate", update);
    return () => removeEventListener("popstate", update);
  }, []);
  return now;
};
