import { Button } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { endGrant, endSession, type Grant, loadGrants, loadSessions, type UserSession } from "../../../../../api/users.ts";
import { Card } from "../../../parts/Card.tsx";
import { Confirm } from "../../../parts/confirm.tsx";
import { done } from "../../../parts/notify.ts";
import { Problem } from "../../../parts/Problem.tsx";
import { Table } from "../../../parts/Table.tsx";
import { ago, moment } from "../../../text.ts";
import { t as shared } from "../text.ts";
import { deviceOf } from "./device.ts";
import { t } from "./text.ts";

const When = ({ at }: { at: number }) => <time title={moment(at)}>{ago(at)}</time>;

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
              ...(mayWrite
                ? [
                    {
                      name: shared("actions"),
                      isUnnamed: true,
                      isEnd: true,
                      cell: (session: UserSession) => (
                        <Button
                          size="xs"
                          variant="default"
                          aria-label={t("endSession", { device: device(session) })}
                          onClick={() => setEnding(session)}
                        >
                          {t("end")}
                        </Button>
                      ),
                    },
                  ]
                : []),
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
              ...(mayWrite
                ? [
                    {
                      name: shared("actions"),
                      isUnnamed: true,
                      isEnd: true,
                      cell: (grant: Grant) => (
                        <Button
                          size="xs"
                          variant="default"
                          aria-label={t("revokeGrant", { name: grant.application.name })}
                          onClick={() => setRevoking(grant)}
                        >
                          {t("revoke")}
                        </Button>
                      ),
                    },
                  ]
                : []),
            ]}
          />
        )}
      </Card>
      <Confirm
        isOpen={ending !== undefined}
        title={t("endTitle")}
        action={t("end")}
        onConfirm={async () => {
          if (!ending) return;
          await endSession(id, ending.payload.uid, "all");
          await refresh();
          done(t("ended"));
        }}
        onClose={() => setEnding(undefined)}
      >
        {t("endText")}
      </Confirm>
      <Confirm
        isOpen={revoking !== undefined}
        title={t("revokeTitle", { name: revoking?.application.name ?? "" })}
        action={t("revoke")}
        onConfirm={async () => {
          if (!revoking) return;
          await endGrant(id, revoking.id);
          await refresh();
          done(t("revoked"));
        }}
        onClose={() => setRevoking(undefined)}
      >
        {t("revokeText")}
      </Confirm>
    </div>
  );
};
