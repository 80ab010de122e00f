import { useEffect, useState } from "preact/hooks";

const said: Record<string, string> = {
  sub: "who you are",
  aud: "the API it is for",
  iss: "who vouches",
  client_id: "the application",
  scope: "what it may do",
  iat: "issued",
  exp: "expires",
  jti: "this token",
};

const show = (name: string, value: unknown): string => {
  if ((name === "exp" || name === "iat") && typeof value === "number") return new Date(value * 1000).toLocaleTimeString();
  if (value === "") return "(empty)";
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
};

/** What the access token says. It names no role: those are looked up at every request. */
export const Claims = ({ claims }: { claims: Record<string, unknown> }) => {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 10_000);
    return () => clearInterval(timer);
  }, []);
  const left = typeof claims.exp === "number" ? Math.max(0, Math.round((claims.exp * 1000 - now) / 60_000)) : undefined;
  const names = [...Object.keys(said).filter((name) => name in claims), ...Object.keys(claims).filter((name) => !(name in said))];
  return (
    <section class="card" id="claims">
      <h2>Your access token {left !== undefined && <small>{left} min left</small>}</h2>
      <dl>
        {names.map((name) => (
          <div key={name}>
            <dt>
              <code>{name}</code> {said[name] && <span>{said[name]}</span>}
            </dt>
            <dd>{show(name, claims[name])}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
};
