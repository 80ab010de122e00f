import { Badge } from "@mantine/core";
import { useParams } from "@tanstack/react-router";
import { deleteApplication, hasSecrets, loadApplication } from "../../../../../api/applications.ts";
import { Copy } from "../../../parts/Copy.tsx";
import { useMay } from "../../../session.tsx";
import { Entries } from "../Logs/Entries.tsx";
import { Detail } from "../parts/Detail.tsx";
import { HeldRoles } from "../parts/HeldRoles.tsx";
import { Guide } from "./Guide.tsx";
import { Secrets } from "./Secrets.tsx";
import { Settings } from "./Settings.tsx";
import { t } from "./text.ts";

/** One application: how to build on it, its settings, its secrets and its roles. */
const ApplicationPage = () => {
  const { id } = useParams({ from: "/identity/applications/$id" });
  const mayWrite = useMay("access");
  const readsLog = useMay("logs");
  return (
    <Detail
      list={{ to: "/identity/applications", name: t("title"), kind: "applications" }}
      id={id}
      load={loadApplication}
      nameOf={(app) => app.name}
      lead={(app) => (
        <span className="badges">
          <Badge variant="default" color="gray">
            {t(app.type)}
          </Badge>
          <span className="copied">
            {t("id")} <code>{app.id}</code>
            <Copy name={t("id")} value={app.id} />
          </span>
        </span>
      )}
      tabs={(app) => [
        ["guide", t("guide"), <Guide key="guide" app={app} mayWrite={mayWrite} />],
        ["settings", t("settings"), <Settings key="settings" app={app} mayWrite={mayWrite} />],
        hasSecrets(app.type) && ["secrets", t("secrets"), <Secrets key="secrets" app={app} />],
        app.type === "MachineToMachine" && [
          "roles",
          t("roles"),
          <HeldRoles key="roles" kind="applications" id={id} type="MachineToMachine" mayWrite={mayWrite} />,
        ],
        readsLog && [
          "log",
          t("log"),
          <div key="log" className="panel">
            <Entries of={{ applicationId: id }} />
          </div>,
        ],
      ]}
      deletion={({ name }) =>
        mayWrite
          ? {
              title: t("deleteTitle", { name }),
              action: t("deleteAction"),
              text: t("deleteText"),
              done: t("deleted", { name }),
              run: () => deleteApplication(id),
            }
          : undefined
      }
    />
  );
};

export default ApplicationPage;
