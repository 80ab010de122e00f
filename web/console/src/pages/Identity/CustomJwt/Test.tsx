import { Button, Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconPlayerPlay } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useState } from "react";
import { listApplications } from "../../../../../api/applications.ts";
import { loadContext, type TokenType, tryScript } from "../../../../../api/customJwt.ts";
import { listUsers, nameOf } from "../../../../../api/users.ts";
import { Card } from "../../../parts/Card.tsx";
import { Code } from "../../../parts/Code.tsx";
import { Problem } from "../../../parts/Problem.tsx";
import { useMay } from "../../../session.tsx";
import { Waiting } from "../../../shell/Waiting.tsx";
import { problemOf } from "../parts/json.ts";
import { surprises } from "./templates.ts";
import { t } from "./text.ts";

const JsonEditor = lazy(() => import("../../../parts/JsonEditor.tsx"));

const show = (value: unknown) => JSON.stringify(value, null, 2);

const tokenFor = (type: TokenType, id: string | null) =>
  type === "access-token"
    ? {
        jti: "t9Wq3…",
        kind: "AccessToken",
        clientId: "application",
        accountId: id ?? "user",
        gty: "authorization_code",
        grantId: "grant",
        aud: "https://hasura.api",
        scope: "",
      }
    : { jti: "t9Wq3…", kind: "ClientCredentials", clientId: id ?? "application", aud: "https://hasura.api", scope: "" };

const emptyContext = (type: TokenType) =>
  type === "access-token"
    ? { user: { id: "user", username: "ada", customData: {}, roles: [{ name: "user:reader", scopes: [] }] } }
    : { application: { id: "application", name: "Worker" } };

type Answer = { claims: Record<string, unknown> } | { error: unknown };

/** Picks somebody who is really there. */
const Subject = ({ type, value, onChange }: { type: TokenType; value: string | null; onChange: (id: string | null) => void }) => {
  const isUser = type === "access-token";
  const [words, setWords] = useState("");
  const [search] = useDebouncedValue(words, 250);
  const query = useQuery({
    queryKey: [isUser ? "users" : "applications", "pick", search],
    queryFn: async () =>
      isUser
        ? (await listUsers({ search })).items.map((user) => ({ value: user.id, label: nameOf(user) }))
        : (await listApplications({ search, types: "MachineToMachine" })).items.map((app) => ({ value: app.id, label: app.name })),
    placeholderData: keepPreviousData,
  });
  const [picked, setPicked] = useState<{ value: string; label: string }>();
  const options = query.data ?? [];
  const data = picked && !options.some((option) => option.value === picked.value) ? [picked, ...options] : options;
  return (
    <Select
      label={t(isUser ? "user" : "application")}
      placeholder={t("pick")}
      searchable
      clearable
      data={data}
      filter={({ options }) => options}
      value={value}
      onSearchChange={(next) => setWords(next === picked?.label ? "" : next)}
      onChange={(id) => {
        setPicked(data.find((option) => option.value === id));
        onChange(id);
      }}
      nothingFoundMessage={t("nobody")}
    />
  );
};

/** Runs a script as it stands in the editor, with what it would be given for somebody. */
export const Test = ({ type, script, environment }: { type: TokenType; script: string; environment: Record<string, string> }) => {
  const isUser = type === "access-token";
  const mayWrite = useMay("settings");
  const mayPick = useMay(isUser ? "users:read" : "access:read");
  const [id, setId] = useState<string | null>(null);
  const [token, setToken] = useState(show(tokenFor(type, null)));
  const [context, setContext] = useState(show(emptyContext(type)));
  const [answer, setAnswer] = useState<Answer>();
  const [isBusy, setBusy] = useState(false);
  const real = useQuery({
    queryKey: [isUser ? "users" : "applications", "script context", id],
    queryFn: () => loadContext(isUser ? { userId: id ?? "" } : { applicationId: id ?? "" }),
    enabled: id !== null,
  });
  useEffect(() => {
    if (real.data) setContext(show(real.data));
  }, [real.data]);
  if (!mayWrite) return null;
  const wrong = { token: problemOf(token), context: problemOf(context) };
  const run = async () => {
    setBusy(true);
    try {
      setAnswer({
        claims: await tryScript({
          tokenType: type,
          script,
          environmentVariables: environment,
          token: JSON.parse(token),
          context: JSON.parse(context),
        }),
      });
    } catch (error) {
      setAnswer({ error });
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="panel">
      <Card title={t("test")}>
        <p className="muted lead-in">{t("testHint")}</p>
        <div className="stack" style={{ marginTop: 0 }}>
          {mayPick && (
            <Subject
              type={type}
              value={id}
              onChange={(next) => {
                setId(next);
                setToken(show(tokenFor(type, next)));
                if (next === null) setContext(show(emptyContext(type)));
              }}
            />
          )}
          {real.error && <Problem error={real.error} />}
          <Button
            onClick={() => void run()}
            loading={isBusy}
            disabled={Boolean(wrong.token || wrong.context) || real.isFetching}
            leftSection={<IconPlayerPlay size={16} aria-hidden="true" />}
          >
            {t("run")}
          </Button>
          <div role="status" aria-live="polite">
            {answer && "claims" in answer && (
              <>
                <p className="label">{t("claims")}</p>
                <Code name={t("claims")} text={show(answer.claims)} />
                {surprises(answer.claims).map(({ key, names }) => (
                  <p key={key} className="note">
                    {t(key, { names })}
                  </p>
                ))}
              </>
            )}
          </div>
          {answer && "error" in answer && <Problem title={t("failed")} error={answer.error} />}
        </div>
      </Card>
      <Suspense fallback={<Waiting />}>
        <Card title={t("context")}>
          <p className="muted lead-in">{t("contextHint")}</p>
          <JsonEditor label={t("context")} value={context} onChange={setContext} error={wrong.context} />
        </Card>
        <Card title={t("token")}>
          <p className="muted lead-in">{t("tokenHint")}</p>
          <JsonEditor label={t("token")} value={token} onChange={setToken} error={wrong.token} />
        </Card>
      </Suspense>
    </div>
  );
};
