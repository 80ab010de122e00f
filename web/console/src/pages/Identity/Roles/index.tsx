import { Badge, Radio, SegmentedControl, Switch, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import type { RoleType } from "../../../../../api/management.ts";
import { createRole, listRoles, type RoleSummary } from "../../../../../api/roles.ts";
import { Empty } from "../../../parts/Empty.tsx";
import { FormDialog } from "../../../parts/FormDialog.tsx";
import { Listing } from "../../../parts/Listing.tsx";
import { done } from "../../../parts/notify.ts";
import { Page } from "../../../parts/Page.tsx";
import type { Column } from "../../../parts/Table.tsx";
import { useAddress } from "../../../parts/useAddress.ts";
import { useForm } from "../../../parts/useForm.ts";
import { useMay } from "../../../session.tsx";
import { Plus, useList } from "../parts/list.tsx";
import { PermissionPicker } from "../parts/PermissionPicker.tsx";
import { t as shared } from "../text.ts";
import { t } from "./text.ts";
import "../identity.css";

const Create = ({ onClose }: { onClose: () => void }) => {
  const client = useQueryClient();
  const navigate = useNavigate();
  const form = useForm({
    initial: { name: "", description: "", type: "User" as RoleType, isDefault: false, scopeIds: [] as string[] },
    check: ({ name }) => (name.trim() ? {} : { name: shared("required") }),
    where: { "role.name_in_use": "name", "role.internal": "name" },
    onSubmit: async (values) => {
      const name = values.name.trim();
      const created = await createRole({ ...values, name, description: values.description.trim() || name });
      await client.invalidateQueries({ queryKey: ["roles"] });
      done(t("created", { name }));
      await navigate({ to: "/identity/roles/$id", params: { id: created.id }, search: { tab: values.type === "User" ? "users" : "applications" } });
    },
  });
  const { type, scopeIds } = form.values;
  return (
    <FormDialog isOpen size="lg" title={t("create")} action={t("create")} form={form} onClose={onClose}>
      <TextInput
        label={t("name")}
        description={t("nameHint")}
        placeholder={t("namePlaceholder")}
        required
        data-autofocus
        maxLength={128}
        spellCheck={false}
        autoCapitalize="none"
        {...form.text("name")}
      />
      <TextInput label={t("description")} placeholder={t("descriptionPlaceholder")} maxLength={128} {...form.text("description")} />
      <Radio.Group
        label={t("type")}
        description={t("typeHint")}
        value={type}
        onChange={(value) => {
          form.set("type", value as RoleType);
          form.set("scopeIds", []); // a user's role cannot hold what a machine's can
        }}
      >
        <div className="radios">
          <Radio value="User" label={t("typeUser")} />
          <Radio value="MachineToMachine" label={t("typeMachine")} />
        </div>
      </Radio.Group>
      <div>
        <p className="label">{t("permissions")}</p>
        <PermissionPicker type={type} picked={scopeIds} onChange={(ids) => form.set("scopeIds", ids)} />
      </div>
      <Switch label={t("defaultSwitch")} description={t(type === "User" ? "defaultHintUser" : "defaultHintMachine")} {...form.tick("isDefault")} />
    </FormDialog>
  );
};

const columns: Column<RoleSummary>[] = [
  {
    name: t("name"),
    width: "34%",
    cell: (role) => (
      <span className="badges">
        <Link to="/identity/roles/$id" params={{ id: role.id }} className="whole">
          {role.name}
        </Link>
        {role.isDefault && (
          <Badge variant="default" color="gray">
            {t("default")}
          </Badge>
        )}
      </span>
    ),
  },
  { name: t("description"), isMinor: true, cell: (role) => <span className="muted">{role.description}</span> },
  { name: t("type"), isMinor: true, cell: (role) => t(role.type === "User" ? "typeUser" : "typeMachine") },
  {
    name: t("assigned"),
    isEnd: true,
    cell: (role) => (role.type === "User" ? t("userCount", { count: role.usersCount }) : t("applicationCount", { count: role.applicationsCount })),
  },
];

/** Roles: what they are called, and who holds them. */
const Roles = () => {
  const mayWrite = useMay("access");
  const [{ create, type }, set] = useAddress<{ create?: string; type?: RoleType; page?: number }>();
  const { list, find } = useList(["roles", "list", type], (window) => listRoles({ ...window, type }));
  const add = mayWrite && <Plus name={t("create")} onClick={() => set({ create: "new" })} />;
  return (
    <Page title={t("title")} lead={t("lead")} actions={add}>
      <Listing
        label={t("title")}
        columns={columns}
        keyOf={(role) => role.id}
        {...list}
        search={find(t("find"))}
        isNarrowed={type !== undefined}
        tools={
          <SegmentedControl
            size="sm"
            aria-label={t("typeFilter")}
            value={type ?? ""}
            onChange={(value) => set({ type: (value || undefined) as RoleType | undefined, page: undefined })}
            data={[
              { value: "", label: t("all") },
              { value: "User", label: t("typeUser") },
              { value: "MachineToMachine", label: t("typeMachine") },
            ]}
          />
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

export default Roles;
