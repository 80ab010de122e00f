import { type IdTokenClaims, useLogto } from "@logto/react";
import { useEffect, useState } from "react";
import { type Answer, getUser, patchUser, queryAsExpectedRole, queryAsHasuraRole } from "./api";
import { callbackUrl, graphqlRole, maintainerRole, readerRole, resource } from "./config";

export function Home() {
  const { isAuthenticated, isLoading, error, signIn, signOut, getAccessToken, getIdTokenClaims } = useLogto();
  const [user, setUser] = useState<IdTokenClaims>();
  const [role, setRole] = useState(graphqlRole);
  const [changes, setChanges] = useState("{}");
  const [answer, setAnswer] = useState<Answer & { to: string }>();
  const [problem, setProblem] = useState<string>();

  useEffect(() => {
    if (isAuthenticated) getIdTokenClaims().then(setUser);
  }, [isAuthenticated, getIdTokenClaims]);

  /** Every request asks the SDK for the token: it refreshes it when it must. */
  const request = (to: string, send: (token: string) => Promise<Answer>) => async () => {
    setProblem(undefined);
    setAnswer(undefined);
    try {
      const token = await getAccessToken(resource);
      if (!token) throw new Error("no access token");
      setAnswer({ to, ...(await send(token)) });
    } catch (thrown) {
      setProblem(String(thrown));
    }
  };

  if (!isAuthenticated) {
    return (
      <main>
        <h1>Gatehouse with React</h1>
        {error && <p role="alert">{error.message}</p>}
        <button type="button" disabled={isLoading} onClick={() => signIn({ redirectUri: callbackUrl })}>
          Sign in
        </button>
        <button type="button" disabled={isLoading} onClick={() => signIn({ redirectUri: callbackUrl, firstScreen: "register" })}>
          Sign up
        </button>
      </main>
    );
  }
  return (
    <main>
      <h1>
        Hello, <span id="username">{user?.username ?? user?.sub}</span>
      </h1>
      <p>
        Your roles: <span id="roles">{user?.roles?.join(", ") || "none"}</span>
      </p>
      <label>
        Role of GraphQL requests <input id="role" value={role} onChange={(event) => setRole(event.target.value)} />
      </label>
      <div>
        <button type="button" onClick={request("Expected-Role", (token) => queryAsExpectedRole(token, role))}>
          Query with Expected-Role
        </button>
        <button type="button" onClick={request("X-Hasura-Role", (token) => queryAsHasuraRole(token, role))}>
          Query with X-Hasura-Role
        </button>
      </div>
      <label>
        Changes to send <input id="changes" value={changes} onChange={(event) => setChanges(event.target.value)} />
      </label>
      <div>
        <button type="button" onClick={request("GET /user", (token) => getUser(token, readerRole))}>
          GET /api/rest/user
        </button>
        <button type="button" onClick={request("PATCH /user", (token) => patchUser(token, maintainerRole, JSON.parse(changes)))}>
          PATCH /api/rest/user
        </button>
      </div>
      {problem && (
        <p role="alert" id="problem">
          {problem}
        </p>
      )}
      {answer && (
        <section>
          <h2>
            {answer.to}: <span id="status">{answer.status}</span>
          </h2>
          <pre id="answer">{answer.body}</pre>
        </section>
      )}
      <button type="button" onClick={() => signOut(window.location.origin)}>
        Sign out
      </button>
    </main>
  );
}
