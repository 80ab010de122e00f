import { Button } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { endGrant, endSession, type Grant, loadGrants, loadSessions, type UserSession } from "../../../../../api/users.ts";
import { Card } from "../../../parts/Card.tsx";
import { Problem } from "../../../parts/Problem.tsx";
import { Table } from "../../../parts/Table.tsx";
import { Ask } from "../parts/Ask.tsx";
import { doing, When } from "../parts/list.tsx";
import { deviceOf } from "./device.ts";
import { t } from "./text.ts";

/** Where a user is signed in, and which applications hold tokens. */
export const Sessions = ({ id, mayWrite }: { id: string; mayWrite: boolean }) => {
  const client = useQueryClient();
  const sessions = useQuery({ queryKey: ["users", "one", id, "sessions"], queryFn: () => loadSessions(id) });
  const grants = useQuery({ queryKey: ["users", "one", id, "grants"], queryFn: () => loadGrants(id) });
  const [ending, setEnding] = useState<UserSession>();
  const [revoking, setRevoking] = useState<Grant>();
  const refresh = () => client.invalidateQueries({ queryKey: ["users", "one", id] });
  const device = (session: UserSession) => deviceOf(session.lastSubmission?.signInContext?.userAgent) ?? t("unknownDevice");
  const appName = (clientId: string) => grants.data?.find((grant) => grant.application.id === clientId)?.application.name ?? clientId;
  return (
    <div className="panel">
      <Card title={t("sessionsTitle")}>
        {sessions.error && <Problem error={sessions.error} onRetry={() => void sessions.refetch()} />}
        {sessions.data?.length === 0 && <p className="muted">{t("sessionsEmpty")}</p>}
        {(sessions.isPending || (sessions.data && sessions.data.length > 0)) && (
          <Table
            label={t("sessionsTitle")}
            rows={sessions.data}
            keyOf={(session) => session.payload.uid}
            columns={[
              {
                name: t("device"),
                cell: (session) => (
                  <>
                    {device(session)}
                    <span className="second">{session.lastSubmission?.signInContext?.ip}</span>
                  </>
                ),
              },
              {
                name: t("applications"),
                isMinor: true,
                cell: (session) =>
                  Object.keys(session.payload.authorizations ?? {})
                    .map(appName)
                    .join(", "),
              },
              { name: t("signedIn"), cell: (session) => <When at={session.payload.loginTs * 1000} /> },
              { name: t("expires"), isMinor: true, cell: (session) => <When at={session.expiresAt} /> },
              ...doing<UserSession>(mayWrite, (session) => (
                <Button size="xs" variant="default" aria-label={t("endSession", { device: device(session) })} onClick={() => setEnding(session)}>
                  {t("end")}
                </Button>
              )),
            ]}
          />
        )}
      </Card>
      <Card title={t("grantsTitle")}>
        {grants.error && <Problem error={grants.error} onRetry={() => void grants.refetch()} />}
        <p className="muted lead-in">{grants.data?.length === 0 ? t("grantsEmpty") : t("grantsLead")}</p>
        {(grants.isPending || (grants.data && grants.data.length > 0)) && (
          <Table
            label={t("grantsTitle")}
            rows={grants.data}
            keyOf={(grant) => grant.id}
            columns={[
              { name: t("application"), cell: (grant) => grant.application.name },
              { name: t("since"), cell: (grant) => <When at={grant.payload.iat * 1000} /> },
              { name: t("expires"), isMinor: true, cell: (grant) => <When at={grant.expiresAt} /> },
              ...doing<Grant>(mayWrite, (grant) => (
                <Button
                  size="xs"
                  variant="default"
                  aria-label={t("revokeGrant", { name: grant.application.name })}
                  onClick={() => setRevoking(grant)}
                >
                  {t("revoke")}
                </Button>
              )),
            ]}
          />
        )}
      </Card>
      <Ask
        about={ending}
        title={() => t("endTitle")}
        action={t("end")}
        text={() => t("endText")}
        said={() => t("ended")}
        onConfirm={async ({ payload }) => {
          await endSession(id, payload.uid, "all");
          await refresh();
        }}
        onClose={() => setEnding(undefined)}
      />
      <Ask
        about={revoking}
        title={({ application }) => t("revokeTitle", { name: application.name })}
        action={t("revoke")}
        text={() => t("revokeText")}
        said={() => t("revoked")}
        onConfirm={async (grant) => {
          await endGrant(id, grant.id);
          await refresh();
        }}
        onClose={() => setRevoking(undefined)}
      />
    </div>
  );
};
