import { Badge } from "@mantine/core";
import { useParams } from "@tanstack/react-router";
import { managementResource } from "../../../../../api/management.ts";
import { deleteResource, loadResource } from "../../../../../api/resources.ts";
import { Copy } from "../../../parts/Copy.tsx";
import { useMay } from "../../../session.tsx";
import { Detail } from "../parts/Detail.tsx";
import { t as shared } from "../text.ts";
import { Connect } from "./Connect.tsx";
import { General } from "./General.tsx";
import { Permissions } from "./Permissions.tsx";
import { t } from "./text.ts";

/** One API resource: its permissions, its settings, and how it is put to use. */
const ResourcePage = () => {
  const { id } = useParams({ from: "/identity/resources/$id" });
  const mayWrite = useMay("access") && id !== managementResource;
  return (
    <Detail
      list={{ to: "/identity/resources", name: t("title"), kind: "resources" }}
      id={id}
      load={loadResource}
      nameOf={(resource) => resource.name}
      lead={(resource) => (
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
      )}
      note={() => id === managementResource && <p className="muted">{t("managed")}</p>}
      tabs={(resource) => [
        ["permissions", t("permissions"), <Permissions key="permissions" resource={resource} mayWrite={mayWrite} />],
        ["general", shared("general"), <General key="general" resource={resource} mayWrite={mayWrite} />],
        ["connect", t("connect"), <Connect key="connect" resource={resource} />],
      ]}
      deletion={({ name, indicator }) =>
        mayWrite
          ? {
              title: t("deleteTitle", { name }),
              action: t("deleteAction"),
              text: t("deleteText", { permissions: t("permissions").toLowerCase(), indicator }),
              done: t("deleted", { name }),
              run: () => deleteResource(id),
            }
          : undefined
      }
    />
  );
};

export default ResourcePage;
