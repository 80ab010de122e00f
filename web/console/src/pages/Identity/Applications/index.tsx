import { Badge, Radio, Select, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { createApplication, listApplications } from "../../../../../api/applications.ts";
import type { Application, ApplicationType } from "../../../../../api/management.ts";
import { Copy } from "../../../parts/Copy.tsx";
import { Empty } from "../../../parts/Empty.tsx";
import { FormDialog } from "../../../parts/FormDialog.tsx";
import { Listing } from "../../../parts/Listing.tsx";
import { done } from "../../../parts/notify.ts";
import { Page } from "../../../parts/Page.tsx";
import type { Column } from "../../../parts/Table.tsx";
import { useAddress } from "../../../parts/useAddress.ts";
import { useForm } from "../../../parts/useForm.ts";
import { useMay } from "../../../session.tsx";
import { Plus, useList, When } from "../parts/list.tsx";
import { t as shared } from "../text.ts";
import { t } from "./text.ts";
import "../identity.css";

const types = ["SPA", "Traditional", "Native", "MachineToMachine"] as const;
type Kind = (typeof types)[number];

const Create = ({ onClose }: { onClose: () => void }) => {
  const client = useQueryClient();
  const navigate = useNavigate();
  const form = useForm({
    initial: { type: "SPA" as Kind, name: "", description: "" },
    check: ({ name }) => (name.trim() ? {} : { name: shared("required") }),
    onSubmit: async ({ type, name, description }) => {
      const created = await createApplication({ type, name: name.trim(), ...(description.trim() && { description: description.trim() }) });
      await client.invalidateQueries({ queryKey: ["applications"] });
      done(t("created", { name: created.name }));
      await navigate({ to: "/identity/applications/$id", params: { id: created.id } });
    },
  });
  return (
    <FormDialog isOpen size="lg" title={t("create")} action={t("create")} form={form} onClose={onClose}>
      <TextInput label={t("name")} placeholder={t("namePlaceholder")} required data-autofocus maxLength={256} {...form.text("name")} />
      <Radio.Group label={t("typeOf")} value={form.values.type} onChange={(value) => form.set("type", value as Kind)}>
        <div className="cards-of-choice">
          {types.map((type) => (
            <Radio.Card key={type} value={type} className="choice" aria-label={t(type)} aria-describedby={`kind-${type}`}>
              <Radio.Indicator />
              <span>
                <strong>{t(type)}</strong>
                <span className="second" id={`kind-${type}`}>
                  {t(`${type}Hint`)}
                </span>
              </span>
            </Radio.Card>
          ))}
        </div>
      </Radio.Group>
      <TextInput label={t("description")} {...form.text("description")} />
    </FormDialog>
  );
};

const columns: Column<Application>[] = [
  {
    name: t("name"),
    width: "36%",
    cell: (app) => (
      <span className="badges">
        <Link to="/identity/applications/$id" params={{ id: app.id }} className="whole">
          {app.name}
        </Link>
        {app.isThirdParty && (
          <Badge variant="default" color="gray">
            {t("thirdParty")}
          </Badge>
        )}
      </span>
    ),
  },
  { name: t("type"), cell: (app) => t(app.type) },
  {
    name: t("id"),
    isMinor: true,
    cell: (app) => (
      <span className="copied">
        <code>{app.id}</code>
        <Copy name={t("id")} value={app.id} />
      </span>
    ),
  },
  {
    name: t("createdAt"),
    isMinor: true,
    isEnd: true,
    cell: (app) => (
      <span className="muted">
        <When at={app.createdAt} />
      </span>
    ),
  },
];

/** The clients of this Gatehouse. */
const Applications = () => {
  const mayWrite = useMay("access");
  const [{ create, type }, set] = useAddress<{ create?: string; type?: ApplicationType; page?: number }>();
  const { list, find } = useList(["applications", "list", type], (window) => listApplications({ ...window, types: type }));
  const add = mayWrite && <Plus name={t("create")} onClick={() => set({ create: "new" })} />;
  return (
    <Page title={t("title")} lead={t("lead")} actions={add}>
      <Listing
        label={t("title")}
        columns={columns}
        keyOf={(app) => app.id}
        {...list}
        search={find(t("find"))}
        isNarrowed={type !== undefined}
        tools={
          ((list.query.data?.total ?? 0) > 0 || type) && (
            <Select
              aria-label={t("type")}
              placeholder={t("type")}
              clearable
              value={type ?? null}
              onChange={(value) => set({ type: (value ?? undefined) as ApplicationType | undefined, page: undefined })}
              data={types.map((kind) => ({ value: kind, label: t(kind) }))}
            />
          )
        }
        empty={
          <Empty title={t("emptyTitle")} text={t("empty")}>
            {add}
          </Empty>
        }
      />
      {create && mayWrite && <Create onClose={() => set({ create: undefined })} />}
    </Page>
  );
};

export default Applications;
