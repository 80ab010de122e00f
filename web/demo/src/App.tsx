import type LogtoClient from "@logto/browser";
import { useEffect, useRef, useState } from "preact/hooks";
import { type Answer, ask, changeRole, type DemoConfig, loadConfig } from "../../api/demo.ts";
import { Answers } from "./Answers.tsx";
import { Claims } from "./Claims.tsx";
import { Roles } from "./Roles.tsx";
import { Rows } from "./Rows.tsx";
import { connect, currentSession, decode, finishSignIn, heldRoles, type Session, signIn, signOut } from "./session.ts";

type Demo = { config: DemoConfig; client: LogtoClient };

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

export const App = () => {
  const [demo, setDemo] = useState<Demo>();
  const [session, setSession] = useState<Session>();
  const [isReady, setReady] = useState(false);
  const [problem, setProblem] = useState<string>();
  const [role, setRole] = useState<string>();
  const [answers, setAnswers] = useState<Answer[]>([]);
  const [isAsking, setAsking] = useState(false);
  const asked = useRef(0);

  const run = async (to: Demo, as: string | undefined) => {
    const mine = ++asked.current;
    setAsking(true);
    try {
      const token = await to.client.getAccessToken(to.config.resource); // the one it has, as long as that lives
      setSession((known) => known && { ...known, claims: decode(token) });
      const answer = await ask(to.config, token, as);
      if (mine === asked.current) setAnswers((all) => [answer, ...all].slice(0, 8)); // else a later request is on its way
    } catch (error) {
      setProblem(messageOf(error));
    } finally {
      if (mine === asked.current) setAsking(false);
    }
  };

  useEffect(() => {
    const open = async () => {
      const config = await loadConfig();
      const started = { config, client: connect(config) };
      setDemo(started);
      await finishSignIn(started.client);
      const found = await currentSession(started.client, config).catch(async (error) => {
        // The SDK remembers a session the server has ended: begin again.
        await started.client.clearAllTokens();
        setProblem(`Your session has ended (${messageOf(error)}). Sign in again to go on.`);
        return undefined;
      });
      setSession(found);
      if (!found) return;
      const first = config.roles.find((name) => found.roles.includes(name)) ?? config.roles[0];
      setRole(first);
      await run(started, first);
    };
    open()
      .catch((error) => setProblem(messageOf(error)))
      .finally(() => setReady(true));
  }, []);

  const pick = (name: string) => {
    setRole(name);
    if (demo && session) void run(demo, name);
  };
  const change = async (name: string, action: "add" | "remove") => {
    if (!demo || !session) return;
    setProblem(undefined);
    try {
      await changeRole(await demo.client.getAccessToken(demo.config.resource), name, action);
      await run(demo, role); // the very next request, with the very same token
      setSession({ ...session, roles: await heldRoles(demo.client) });
    } catch (error) {
      setProblem(messageOf(error));
    }
  };
  const leave = (go: Promise<void>) => go.catch((error) => setProblem(messageOf(error)));

  return (
    <>
      <header class="bar">
        <a class="wordmark" href="/demo">
          <svg viewBox="0 0 24 24" aria-hidden="true">
            <path d="M2.5 22V11.5a9.5 9.5 0 0 1 19 0V22h-5V11.8a4.5 4.5 0 0 0-9 0V22z" />
            <path d="M10.5 22v-9.7a1.5 1.5 0 0 1 3 0V22z" />
          </svg>
          Gatehouse <span>demo</span>
        </a>
        {demo && session && (
          <div class="who">
            <span>
              Signed in as <strong>{session.name}</strong>
            </span>
            <button type="button" class="quiet" onClick={() => leave(signOut(demo.client))}>
              Sign out
            </button>
          </div>
        )}
      </header>
      <main>
        <section class="intro">
          <h1>Sign in once. The API knows who you are.</h1>
          <p>
            This page signs you in with Logto’s published browser SDK and sends the token it gets to a Hasura-style GraphQL endpoint, both served by
            one Gatehouse. The same query shows what the chosen role may see, and a role taken away is gone on the very next request, although the
            token stays the same.
          </p>
        </section>
        <div role="alert" class="alert">
          {problem && <p class="problem">{problem}</p>}
        </div>
        {isReady && demo && !session && (
          <section class="card start">
            <h2>Who are you?</h2>
            <p>Make an account (a name and a password will do) or sign in with one you have.</p>
            <div class="actions">
              <button type="button" class="primary" onClick={() => leave(signIn(demo.client, "register"))}>
                Create an account
              </button>
              <button type="button" class="secondary" onClick={() => leave(signIn(demo.client, "sign_in"))}>
                Sign in
              </button>
            </div>
          </section>
        )}
        {isReady && !demo && (
          <section class="card start">
            <h2>The demo is not loaded</h2>
            <p>
              Start Gatehouse with <code>gatehouse serve --demo</code> (or <code>make run</code>) and reload this page.
            </p>
          </section>
        )}
        {demo && session && (
          <div class="columns">
            <div class="column">
              <Roles roles={demo.config.roles} held={session.roles} chosen={role} onPick={pick} onChange={change} />
              <Claims claims={session.claims} />
            </div>
            <div class="column wide">
              <Rows query={demo.config.query} answer={answers[0]} isAsking={isAsking} onRun={() => run(demo, role)} />
              <Answers answers={answers} />
            </div>
          </div>
        )}
      </main>
    </>
  );
};
