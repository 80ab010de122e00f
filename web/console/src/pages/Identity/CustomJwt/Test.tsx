import { Button } from "@mantine/core";
import { IconPlayerPlay } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useState } from "react";
import { loadContext, ScriptFailure, type TokenType, tryScript } from "../../../../../api/customJwt.ts";
import { Card } from "../../../parts/Card.tsx";
import { Code } from "../../../parts/Code.tsx";
import { PickApplication, PickUser } from "../../../parts/Pick.tsx";
import { Problem } from "../../../parts/Problem.tsx";
import { useMay } from "../../../session.tsx";
import { Waiting } from "../../../shell/Waiting.tsx";
import { problemOf } from "../parts/json.ts";
import type { Fault } from "./ScriptEditor.tsx";
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

const titleOf = (error: unknown) => (error instanceof ScriptFailure && error.at ? t("failedAt", error.at) : t("failed"));

type Answer = { claims: Record<string, unknown> } | { error: unknown };

type Props = {
  type: TokenType;
  script: string;
  environment: Record<string, string>;
  /** Hears where in the script a run failed; undefined where it did not, or nobody knows. */
  onFault: (fault: Fault | undefined) => void;
};

/** Runs a script as it stands in the editor, with what it would be given for somebody. */
export const Test = ({ type, script, environment, onFault }: Props) => {
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
  const subject = {
    value: id,
    clearable: true,
    onChange: (next: string | null) => {
      setId(next);
      setToken(show(tokenFor(type, next)));
      if (next === null) setContext(show(emptyContext(type)));
    },
  };
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
      onFault(undefined);
    } catch (error) {
      setAnswer({ error });
      onFault(error instanceof ScriptFailure && error.at ? { ...error.at, message: error.message } : undefined);
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="panel">
      <Card title={t("test")}>
        <p className="muted lead-in">{t("testHint")}</p>
        <div className="stack" style={{ marginTop: 0 }}>
          {mayPick &&
            (isUser ? (
              <PickUser label={t("user")} {...subject} />
            ) : (
              <PickApplication label={t("application")} types="MachineToMachine" {...subject} />
            ))}
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
          {answer && "error" in answer && <Problem title={titleOf(answer.error)} error={answer.error} />}
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
