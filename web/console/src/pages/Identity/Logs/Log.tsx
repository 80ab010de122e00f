import { Badge } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { loadLog } from "../../../../../api/logs.ts";
import { Card } from "../../../parts/Card.tsx";
import { Code } from "../../../parts/Code.tsx";
import { Copy } from "../../../parts/Copy.tsx";
import { LinkButton } from "../../../parts/LinkButton.tsx";
import { Page } from "../../../parts/Page.tsx";
import { Problem } from "../../../parts/Problem.tsx";
import { useMay } from "../../../session.tsx";
import { Waiting } from "../../../shell/Waiting.tsx";
import { moment } from "../../../text.ts";
import { diff } from "./diff.ts";
import { aboutWhat, byWhom } from "./names.ts";
import { t } from "./text.ts";
import "../identity.css";
import "./logs.css";

/** One entry of the audit log, with what it changed. */
const LogPage = () => {
  const { id } = useParams({ from: "/identity/logs/$id" });
  const readsUsers = useMay("users:read");
  const readsAccess = useMay("access:read");
  const { data: log, error, refetch } = useQuery({ queryKey: ["logs", "one", id], queryFn: () => loadLog(id) });
  const back = { to: "/identity/logs", name: t("title") } as const;
  if (error)
    return (
      <Page title={t("entry")} back={back}>
        <Problem error={error} onRetry={() => void refetch()} />
      </Page>
    );
  if (!log) return <Waiting />;
  const { payload } = log;
  const facts: [string, ReactNode][] = [
    [t("when"), moment(log.createdAt)],
    [t("who"), byWhom(log)],
    [t("target"), payload.target && aboutWhat(log)],
    [
      t("user"),
      payload.userId &&
        (readsUsers ? (
          <Link to="/identity/users/$id" params={{ id: payload.userId }}>
            {payload.userId}
          </Link>
        ) : (
          payload.userId
        )),
    ],
    [
      t("application"),
      payload.applicationId &&
        (readsAccess ? (
          <Link to="/identity/applications/$id" params={{ id: payload.applicationId }}>
            {payload.applicationId}
          </Link>
        ) : (
          payload.applicationId
        )),
    ],
    [t("session"), payload.sessionId],
    [t("address"), payload.ip],
    [t("browser"), payload.userAgent],
  ];
  const lines = diff(payload.before, payload.after);
  return (
    <Page
      title={log.key}
      back={back}
      lead={
        <span className="badges">
          <Badge variant="light" color={payload.result === "Error" ? "red" : "pine"}>
            {t(payload.result === "Error" ? "error" : "success")}
          </Badge>
          <code>{log.id}</code>
          <Copy name={t("link")} value={location.href} />
        </span>
      }
      actions={
        <LinkButton to="/identity/logs" search={{ event: log.key }} variant="default">
          {t("ofEvent")}
        </LinkButton>
      }
    >
      <Card title={t("entry")}>
        <dl className="facts-list columns">
          {facts.flatMap(([name, value]) =>
            value
              ? [
                  <div key={name}>
                    <dt>{name}</dt>
                    <dd>{value}</dd>
                  </div>,
                ]
              : [],
          )}
        </dl>
      </Card>
      {lines.length > 0 && (
        <Card title={t("change")}>
          <p className="muted lead-in">{t("changeLead")}</p>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard */}
          <pre className="diff" tabIndex={0}>
            {lines.map(({ mark, text }, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: lines have no other name and never move
              <span key={index} className={mark === "+" ? "added" : mark === "-" ? "removed" : undefined}>
                {mark !== " " && <span className="unseen">{t(mark === "+" ? "after" : "before")}: </span>}
                {`${mark} ${text}\n`}
              </span>
            ))}
          </pre>
        </Card>
      )}
      <Card title={t("raw")}>
        <Code name={t("raw")} text={JSON.stringify(payload, null, 2)} />
      </Card>
    </Page>
  );
};

export default LogPage;
