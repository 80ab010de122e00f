import { Badge, Button, Tabs } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { managementResource } from "../../../../../api/management.ts";
import { deleteResource, loadResource } from "../../../../../api/resources.ts";
import { Copy } from "../../../parts/Copy.tsx";
import { Confirm } from "../../../parts/confirm.tsx";
import { done } from "../../../parts/notify.ts";
import { Page } from "../../../parts/Page.tsx";
import { Problem } from "../../../parts/Problem.tsx";
import { useAddress } from "../../../parts/useAddress.ts";
import { useMay } from "../../../session.tsx";
import { Waiting } from "../../../shell/Waiting.tsx";
import { t as shared } from "../text.ts";
import { Connect } from "./Connect.tsx";
import { General } from "./General.tsx";
import { Permissions } from "./Permissions.tsx";
import { t } from "./text.ts";
import "../identity.css";

/** One API resource: its permissions, its settings, and how it is put to use. */
const ResourcePage = () => {
  const { id } = useParams({ from: "/identity/resources/$id" });
  const [{ tab = "permissions" }, set] = useAddress<{ tab?: string }>();
  const mayWrite = useMay("access") && id !== managementResource;
  const client = useQueryClient();
  const navigate = useNavigate();
  const [isDeleting, setDeleting] = useState(false);
  const { data: resource, error, refetch } = useQuery({ queryKey: ["resources", "one", id], queryFn: () => loadResource(id) });
  const back = { to: "/identity/resources", name: t("title") } as const;
  if (error)
    return (
      <Page title={t("title")} back={back}>
        <Problem error={error} onRetry={() => void refetch()} />
      </Page>
    );
  if (!resource) return <Waiting />;
  const remove = async () => {
    await deleteResource(id);
    await navigate({ to: "/identity/resources" });
    client.removeQueries({ queryKey: ["resources", "one", id] });
    await client.invalidateQueries({ queryKey: ["resources"] });
    done(t("deleted", { name: resource.name }));
  };
  return (
    <Page
      title={resource.name}
      back={back}
      lead={
        <span className="copied">
          <code>{resource.indicator}</code>
          <Copy name={t("indicator")} value={resource.indicator} />
          {resource.isDataApi && <Badge variant="light">{t("dataApi")}</Badge>}
          {resource.isDefault && (
            <Badge variant="default" color="gray">
              {t("default")}
            </Badge>
          )}
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
      {id === managementResource && <p className="muted">{t("managed")}</p>}
      <Tabs
        value={tab}
        onChange={(next) => set({ tab: next === "permissions" ? undefined : (next ?? undefined), q: undefined, page: undefined } as object)}
        keepMounted={false}
      >
        <Tabs.List>
          <Tabs.Tab value="permissions">{t("permissions")}</Tabs.Tab>
          <Tabs.Tab value="general">{shared("general")}</Tabs.Tab>
          <Tabs.Tab value="connect">{t("connect")}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="permissions">
          <Permissions resource={resource} mayWrite={mayWrite} />
        </Tabs.Panel>
        <Tabs.Panel value="general">
          <General resource={resource} mayWrite={mayWrite} />
        </Tabs.Panel>
        <Tabs.Panel value="connect">
          <Connect resource={resource} />
        </Tabs.Panel>
      </Tabs>
      <Confirm
        isOpen={isDeleting}
        title={t("deleteTitle", { name: resource.name })}
        action={t("deleteAction")}
        word={resource.name}
        onConfirm={remove}
        onClose={() => setDeleting(false)}
      >
        {t("deleteText", { permissions: t("permissions").toLowerCase(), indicator: resource.indicator })}
      </Confirm>
    </Page>
  );
};

export default ResourcePage;
