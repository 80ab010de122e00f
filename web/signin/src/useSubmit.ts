import { useEffect, useRef, useState } from "preact/hooks";
import { isSessionGone, type Problem, toProblem } from "./errors.ts";
import { go } from "./router.ts";

/**
 * Runs a form's call once at a time and leaves the page with its answer. `isBusy` stays true while the browser is on its way: the next page replaces
 * this one (also in the history, so Back does not lead to a form whose request is spent). A page brought back from the browser's memory starts afresh.
 */
export const useSubmit = (call: () => Promise<string>) => {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const running = useRef(false);

  useEffect(() => {
    const revive = (event: PageTransitionEvent) => {
      if (!event.persisted) return;
      running.current = false;
      setBusy(false);
    };
    addEventListener("pageshow", revive);
    return () => removeEventListener("pageshow", revive);
  }, []);

  const submit = async () => {
    if (running.current) return;
    running.current = true;
    setBusy(true);
    setProblem(undefined);
    try {
      location.replace(await call());
    } catch (error) {
      running.current = false;
      setBusy(false);
      if (isSessionGone(error)) go("unknown-session", {}, "replace");
      else setProblem(toProblem(error));
    }
  };
  return { isBusy, problem, setProblem, submit };
};
