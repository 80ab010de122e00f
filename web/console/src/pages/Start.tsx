import { type ReactNode, useEffect, useState } from "react";
import { type Health, hasDemo, loadHealth, loadIssuer, loadVersion, type Overview } from "../../../api/console.ts";
import { goTo } from "../App.tsx";

const Address = ({ name, value }: { name: string; value: string }) => {
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(value);
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  return (
    <div className="address">
      <dt>{name}</dt>
      <dd>
        <code>{value}</code>
        <button type="button" className="quiet" aria-label={`Copy the address of ${name}`} onClick={() => void copy()}>
          {isCopied ? "Copied" : "Copy"}
        </button>
      </dd>
    </div>
  );
};

const Fact = ({ value, children }: { value: ReactNode; children: ReactNode }) => (
  <div className="fact">
    <dt>{children}</dt>
    <dd>{value}</dd>
  </div>
);

/** What is running, how it is, and where it is reached. */
export const Start = ({ overview }: { overview: Overview }) => {
  const [health, setHealth] = useState<Health>();
  const [version, setVersion] = useState<string>();
  const [identity, setIdentity] = useState<Awaited<ReturnType<typeof loadIssuer>>>();
  const [isDemo, setDemo] = useState(false);
  useEffect(() => {
    const look = () => void loadHealth().then(setHealth);
    look();
    void loadVersion().then(setVersion);
    void loadIssuer().then(setIdentity);
    void hasDemo().then(setDemo);
    const timer = setInterval(look, 10_000);
    return () => clearInterval(timer);
  }, []);
  const { origin } = location;
  return (
    <>
      <div className="title">
        <h1>Overview</h1>
        <p className="health" role="status">
          <span className={`dot ${health === undefined ? "" : health.isUp ? "ok" : "no"}`} aria-hidden="true" />
          {health === undefined ? "Looking…" : health.isUp && health.text === "OK" ? "Everything is up" : health.text || "Down"}
          {version && <span className="muted"> · {version}</span>}
        </p>
      </div>
      {overview.inconsistent.length > 0 && (
        <section className="card warn">
          <h2>Inconsistent metadata</h2>
          <ul>
            {overview.inconsistent.slice(0, 20).map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        </section>
      )}
      <section className="card">
        <h2>Data API</h2>
        <dl className="facts">
          <Fact value={overview.sources}>{overview.sources === 1 ? "source" : "sources"}</Fact>
          <Fact value={overview.tables}>tracked {overview.tables === 1 ? "table" : "tables"}</Fact>
          <Fact value={overview.restEndpoints}>REST {overview.restEndpoints === 1 ? "endpoint" : "endpoints"}</Fact>
          <Fact value={overview.roles.length}>{overview.roles.length === 1 ? "role" : "roles"}</Fact>
        </dl>
        <dl className="addresses">
          <Address name="GraphQL" value={`${origin}/v1/graphql`} />
          <Address name="REST endpoints" value={`${origin}/api/rest`} />
          <Address name="Metadata API" value={`${origin}/v1/metadata`} />
        </dl>
        <div className="actions">
          <button type="button" className="primary" onClick={() => goTo("graphql")}>
            Explore GraphQL
          </button>
          {isDemo && (
            <a className="secondary" href="/demo">
              Open the demo
            </a>
          )}
        </div>
      </section>
      {identity && (
        <section className="card">
          <h2>Identity</h2>
          <dl className="addresses">
            <Address name="Issuer" value={identity.issuer} />
            <Address name="Discovery" value={`${identity.issuer}/.well-known/openid-configuration`} />
            <Address name="Signing keys" value={identity.jwks} />
          </dl>
        </section>
      )}
    </>
  );
};
