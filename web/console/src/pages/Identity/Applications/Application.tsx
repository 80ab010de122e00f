import { Badge, Button, Tabs } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { deleteApplication, hasSecrets, loadApplication } from "../../../../../api/applications.ts";
import { Copy } from "../../../parts/Copy.tsx";
import { Confirm } from "../../../parts/confirm.tsx";
import { done } from "../../../parts/notify.ts";
import { Page } from "../../../parts/Page.tsx";
import { Problem } from "../../../parts/Problem.tsx";
import { useAddress } from "../../../parts/useAddress.ts";
import { useMay } from "../../../session.tsx";
import { Waiting } from "../../../shell/Waiting.tsx";
import { HeldRoles } from "../parts/HeldRoles.tsx";
import { t as shared } from "../text.ts";
import { Guide } from "./Guide.tsx";
import { Secrets } from "./Secrets.tsx";
import { Settings } from "./Settings.tsx";
import { t } from "./text.ts";
import "../identity.css";

/** One application: how to build on it, its settings, its secrets and its roles. */
const ApplicationPage = () => {
  const { id } = useParams({ from: "/identity/applications/$id" });
  const [{ tab = "guide" }, set] = useAddress<{ tab?: string; create?: string }>();
  const mayWrite = useMay("access");
  const client = useQueryClient();
  const navigate = useNavigate();
  const [isDeleting, setDeleting] = useState(false);
  const { data: app, error, refetch } = useQuery({ queryKey: ["applications", "one", id], queryFn: () => loadApplication(id) });
  const back = { to: "/identity/applications", name: t("title") } as const;
  if (error)
    return (
      <Page title={t("title")} back={back}>
        <Problem error={error} onRetry={() => void refetch()} />
      </Page>
    );
  if (!app) return <Waiting />;
  const isMachine = app.type === "MachineToMachine";
  const remove = async () => {
    await deleteApplication(id);
    await navigate({ to: "/identity/applications" });
    client.removeQueries({ queryKey: ["applications", "one", id] });
    await client.invalidateQueries({ queryKey: ["applications"] });
    done(t("deleted", { name: app.name }));
  };
  return (
    <Page
      title={app.name}
      back={back}
      lead={
        <span className="badges">
          <Badge variant="default" color="gray">
            {t(app.type)}
          </Badge>
          <span className="copied">
            {t("id")} <code>{app.id}</code>
            <Copy name={t("id")} value={app.id} />
          </span>
        </span>
      }
      actions={
        mayWrite && (
          <Button variant="default" leftSection={<IconTrash size={16} aria-hidden="true" />} onClick={() => setDeleting(true)}>
            {shared("delete")}
          </Button>
        )
      }
    >
      <Tabs value={tab} onChange={(next) => set({ tab: next === "guide" ? undefined : (next ?? undefined), create: undefined })} keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="guide">{t("guide")}</Tabs.Tab>
          <Tabs.Tab value="settings">{t("settings")}</Tabs.Tab>
          {hasSecrets(app.type) && <Tabs.Tab value="secrets">{t("secrets")}</Tabs.Tab>}
          {isMachine && <Tabs.Tab value="roles">{t("roles")}</Tabs.Tab>}
        </Tabs.List>
        <Tabs.Panel value="guide">
          <Guide app={app} mayWrite={mayWrite} />
        </Tabs.Panel>
        <Tabs.Panel value="settings">
          <Settings app={app} mayWrite={mayWrite} />
        </Tabs.Panel>
        {hasSecrets(app.type) && (
          <Tabs.Panel value="secrets">
            <Secrets app={app} />
          </Tabs.Panel>
        )}
        {isMachine && (
          <Tabs.Panel value="roles">
            <HeldRoles kind="applications" id={id} type="MachineToMachine" mayWrite={mayWrite} />
          </Tabs.Panel>
        )}
      </Tabs>
      <Confirm
        isOpen={isDeleting}
        title={t("deleteTitle", { name: app.name })}
        action={t("deleteAction")}
        word={app.name}
        onConfirm={remove}
        onClose={() => setDeleting(false)}
      >
        {t("deleteText")}
      </Confirm>
    </Page>
  );
};

export default ApplicationPage;
