import { type FormEvent, useEffect, useRef, useState } from "react";
import { setUp } from "../../../api/console.ts";
import { ApiError, unreachable } from "../../../api/error.ts";
import { goTo } from "../App.tsx";
import { Door } from "../Frame.tsx";

/** The link's token, and an address bar without it: it must not be left in the history or sent along as a referrer. */
const takeToken = (): string => {
  const fromHash = location.hash.slice(1).replace(/^token=/, "");
  const token = decodeURIComponent(fromHash) || new URLSearchParams(location.search).get("token") || "";
  if (token) history.replaceState({ token }, "", "/console/setup");
  return token || (history.state?.token ?? "");
};

type Problem = { at: "username" | "password" | "form"; text: string };

const toProblem = (error: unknown): Problem => {
  if (!(error instanceof ApiError)) return { at: "form", text: String(error) };
  if (error.code === unreachable) return { at: "form", text: "No answer from Gatehouse. Is it still running?" };
  if (error.code.startsWith("password."))
    return { at: "password", text: "This password is too easy to guess. Use eight or more characters, without sequences or known words." };
  if (error.code.includes("username")) return { at: "username", text: error.message };
  return { at: "form", text: error.message || `Gatehouse answered with status ${error.status}.` };
};

/** Creates the first administrator, by the one-time link Gatehouse printed or with the admin secret. */
export const SetUp = () => {
  const [token] = useState(takeToken);
  const [secret, setSecret] = useState("");
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [problem, setProblem] = useState<Problem>();
  const [isBusy, setBusy] = useState(false);
  const [isDone, setDone] = useState(false);
  const first = useRef<HTMLInputElement>(null);
  useEffect(() => first.current?.focus(), []);

  const onSubmit = async (event: FormEvent) => {
    event.preventDefault();
    if (isBusy) return;
    setBusy(true);
    setProblem(undefined);
    try {
      await setUp(token ? { token } : { secret }, username.trim(), password);
      history.replaceState(null, "", "/console/setup"); // the token is spent
      setDone(true);
    } catch (error) {
      setProblem(toProblem(error));
    } finally {
      setBusy(false);
    }
  };

  if (isDone)
    return (
      <Door title="You are the administrator">
        <p className="lead">
          <strong>{username.trim()}</strong> owns this Gatehouse now: sign in with it in any application. The console opens with the admin secret.
        </p>
        <button type="button" className="primary" onClick={() => goTo("start")}>
          Open the console
        </button>
      </Door>
    );
  const errorAt = (at: Problem["at"]) => (problem?.at === at ? problem.text : undefined);
  return (
    <Door title="Create the first administrator">
      <p className="lead">This account will own Gatehouse. It can be created once.</p>
      <form onSubmit={onSubmit}>
        <p className="error" role="alert">
          {errorAt("form")}
        </p>
        {!token && (
          <div className="instead">
            <label htmlFor="secret">Admin secret</label>
            <input
              id="secret"
              name="admin-secret"
              type="password"
              autoComplete="off"
              required
              value={secret}
              onChange={(event) => setSecret(event.target.value)}
              aria-describedby="secret-hint"
            />
            <p className="hint" id="secret-hint">
              Or open the whole set-up link that Gatehouse printed at its first start.
            </p>
          </div>
        )}
        <label htmlFor="username">Username</label>
        <input
          id="username"
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          required
          pattern="[A-Za-z_]\w*"
          title="Letters, digits and underscores, not beginning with a digit"
          ref={first}
          value={username}
          onChange={(event) => setUsername(event.target.value)}
          aria-invalid={errorAt("username") ? true : undefined}
          aria-describedby="username-error"
        />
        <p className="error" id="username-error" aria-live="polite">
          {errorAt("username")}
        </p>
        <label htmlFor="password">Password</label>
        <input
          id="password"
          name="password"
          type="password"
          autoComplete="new-password"
          required
          minLength={8}
          value={password}
          onChange={(event) => setPassword(event.target.value)}
          aria-invalid={errorAt("password") ? true : undefined}
          aria-describedby="password-error password-hint"
        />
        <p className="error" id="password-error" aria-live="polite">
          {errorAt("password")}
        </p>
        <button type="submit" className="primary" aria-disabled={isBusy}>
          {isBusy ? "Creating…" : "Create administrator"}
        </button>
        <p className="hint" id="password-hint">
          Eight or more characters.
        </p>
      </form>
    </Door>
  );
};
