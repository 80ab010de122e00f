import { Badge, Button, Switch, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { managementResource, type Resource } from "../../../../../api/management.ts";
import { createResource, loadResourcesWithScopes } from "../../../../../api/resources.ts";
import { Copy } from "../../../parts/Copy.tsx";
import { Empty } from "../../../parts/Empty.tsx";
import { FormDialog } from "../../../parts/FormDialog.tsx";
import { Listing } from "../../../parts/Listing.tsx";
import { done } from "../../../parts/notify.ts";
import { Page } from "../../../parts/Page.tsx";
import type { Column } from "../../../parts/Table.tsx";
import { useAddress, useWindow } from "../../../parts/useAddress.ts";
import { useForm } from "../../../parts/useForm.ts";
import { useMay } from "../../../session.tsx";
import { Plus, useWhole } from "../parts/list.tsx";
import { t } from "./text.ts";
import "../identity.css";

const isIndicator = (value: string) => /^[A-Za-z][A-Za-z0-9+.-]*:[^\s#]+$/.test(value);

const Create = ({ isFirst, onClose }: { isFirst: boolean; onClose: () => void }) => {
  const client = useQueryClient();
  const navigate = useNavigate();
  const form = useForm({
    initial: { name: "", indicator: "", isDataApi: isFirst },
    check: ({ name, indicator }) => ({
      ...(!name.trim() && { name: t("name") }),
      ...(!isIndicator(indicator.trim()) && { indicator: t("indicatorWrong") }),
    }),
    where: { "resource.resource_identifier_in_use": "indicator" },
    onSubmit: async ({ name, indicator, isDataApi }) => {
      const created = await createResource({ name: name.trim(), indicator: indicator.trim(), isDataApi });
      await client.invalidateQueries({ queryKey: ["resources"] });
      done(t("created", { name: created.name }));
      await navigate({ to: "/identity/resources/$id", params: { id: created.id } });
    },
  });
  return (
    <FormDialog isOpen title={t("create")} action={t("create")} form={form} onClose={onClose}>
      <TextInput label={t("name")} placeholder={t("namePlaceholder")} required data-autofocus maxLength={256} {...form.text("name")} />
      <TextInput
        label={t("indicator")}
        description={t("indicatorHint")}
        placeholder={t("indicatorPlaceholder")}
        required
        spellCheck={false}
        autoCapitalize="none"
        {...form.text("indicator")}
      />
      <Switch label={t("dataApiSwitch")} description={t("dataApiHint")} {...form.tick("isDataApi")} />
    </FormDialog>
  );
};

const columns: Column<Resource>[] = [
  {
    name: t("name"),
    width: "32%",
    cell: (resource) => (
      <span className="badges">
        <Link to="/identity/resources/$id" params={{ id: resource.id }} className="whole">
          {resource.name}
        </Link>
        {resource.isDataApi && <Badge variant="light">{t("dataApi")}</Badge>}
        {resource.isDefault && (
          <Badge variant="default" color="gray">
            {t("default")}
          </Badge>
        )}
      </span>
    ),
  },
  {
    name: t("indicator"),
    cell: (resource) => (
      <span className="copied">
        <code>{resource.indicator}</code>
        <Copy name={t("indicator")} value={resource.indicator} />
      </span>
    ),
  },
  {
    name: t("permissions"),
    isMinor: true,
    isEnd: true,
    cell: (resource) => resource.scopes?.length ?? 0,
  },
];

/** The APIs that tokens are issued for. */
const Resources = () => {
  const mayWrite = useMay("access");
  const [{ create }, set] = useAddress<{ create?: string }>();
  const { search = "", setSearch } = useWindow();
  const { items: all, list } = useWhole(["resources", "with scopes"], loadResourcesWithScopes);
  const words = search.toLowerCase();
  const items = all?.filter(({ name, indicator }) => `${name} ${indicator}`.toLowerCase().includes(words));
  const hasOwn = all?.some((resource) => resource.id !== managementResource);
  const add = mayWrite && <Plus name={t("create")} onClick={() => set({ create: "new" })} />;
  return (
    <Page title={t("title")} lead={t("lead")} actions={add}>
      <Listing
        label={t("title")}
        columns={columns}
        keyOf={(resource) => resource.id}
        {...list}
        query={{ ...list.query, data: items && { items, total: items.length } }}
        search={(all?.length ?? 0) > 5 ? { label: t("find"), value: search, onChange: setSearch } : undefined}
        empty={null}
      />
      {hasOwn === false && (
        <Empty title={t("emptyTitle")} text={t("empty")}>
          {mayWrite && (
            <Button variant="default" onClick={() => set({ create: "new" })}>
              {t("create")}
            </Button>
          )}
        </Empty>
      )}
      {create && mayWrite && all && (
        <Create isFirst={!all.some((resource) => resource.isDataApi && resource.id !== "demo-api")} onClose={() => set({ create: undefined })} />
      )}
    </Page>
  );
};

export default Resources;
