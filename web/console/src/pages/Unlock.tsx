import { type FormEvent, useEffect, useRef, useState } from "react";
import { loadOverview } from "../../../api/console.ts";
import { ApiError } from "../../../api/error.ts";
import type { Opened } from "../App.tsx";
import { Door } from "../Frame.tsx";
import { dropSecret, keepSecret, keptSecret } from "../secret.ts";

/** Asks for the admin secret and tries it. */
export const Unlock = ({ onOpen }: { onOpen: (opened: Opened) => void }) => {
  const [secret, setSecret] = useState("");
  const [problem, setProblem] = useState<string>();
  const [isTrying, setTrying] = useState(keptSecret() !== undefined);
  const input = useRef<HTMLInputElement>(null);

  const attempt = async (candidate: string) => {
    setTrying(true);
    setProblem(undefined);
    try {
      const overview = await loadOverview(candidate);
      keepSecret(candidate);
      onOpen({ secret: candidate, overview });
    } catch (error) {
      setTrying(false);
      const isRefused = error instanceof ApiError && (error.status === 401 || error.code === "access-denied");
      if (isRefused) dropSecret();
      setProblem(
        isRefused ? "This is not the admin secret." : `Gatehouse does not answer as it should: ${error instanceof Error ? error.message : error}`,
      );
      input.current?.select();
    }
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, for a secret kept from before a reload
  useEffect(() => {
    const kept = keptSecret();
    if (kept) void attempt(kept);
    else input.current?.focus();
  }, []);

  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    if (!isTrying && secret) void attempt(secret);
  };
  return (
    <Door title="Open the console">
      <form onSubmit={onSubmit}>
        <label htmlFor="secret">Admin secret</label>
        <input
          id="secret"
          type="password"
          name="admin-secret"
          autoComplete="off"
          required
          ref={input}
          value={secret}
          onChange={(event) => setSecret(event.target.value)}
          aria-invalid={problem ? true : undefined}
          aria-describedby="secret-error secret-hint"
        />
        <p className="error" id="secret-error" role="alert">
          {problem}
        </p>
        <button type="submit" className="primary" aria-disabled={isTrying}>
          {isTrying ? "Opening…" : "Open"}
        </button>
        <p className="hint" id="secret-hint">
          Gatehouse printed it at its first start. With its own Postgres it is also in the file <code>admin-secret</code> of the data directory; else
          it is what you set as <code>HASURA_GRAPHQL_ADMIN_SECRET</code>.
        </p>
      </form>
    </Door>
  );
};
