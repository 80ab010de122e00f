import { Badge, Button, Switch, Tabs, TextInput } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import type { Role } from "../../../../../api/management.ts";
import { changeRole, deleteRole, loadRole } from "../../../../../api/roles.ts";
import { Confirm } from "../../../parts/confirm.tsx";
import { done } from "../../../parts/notify.ts";
import { Page } from "../../../parts/Page.tsx";
import { Problem } from "../../../parts/Problem.tsx";
import { SaveBar } from "../../../parts/SaveBar.tsx";
import { useAddress } from "../../../parts/useAddress.ts";
import { useForm } from "../../../parts/useForm.ts";
import { useMay } from "../../../session.tsx";
import { Waiting } from "../../../shell/Waiting.tsx";
import { t as shared } from "../text.ts";
import { Holders } from "./Holders.tsx";
import { Permissions } from "./Permissions.tsx";
import { t } from "./text.ts";
import "../identity.css";

const General = ({ role, mayWrite }: { role: Role; mayWrite: boolean }) => {
  const client = useQueryClient();
  const form = useForm({
    initial: { name: role.name, description: role.description, isDefault: role.isDefault },
    check: ({ name, description }) => ({
      ...(!name.trim() && { name: shared("required") }),
      ...(!description.trim() && { description: shared("required") }),
    }),
    where: { "role.": "name" },
    onSubmit: async ({ name, description, isDefault }) => {
      await changeRole(role.id, { name: name.trim(), description: description.trim(), isDefault });
      await client.invalidateQueries({ queryKey: ["roles"] });
      done(t("saved"));
    },
  });
  return (
    <form className="panel" ref={form.element} onSubmit={form.submit} noValidate>
      <fieldset className="fields card" disabled={!mayWrite}>
        <TextInput label={t("name")} description={t("nameHint")} required maxLength={128} {...form.text("name")} />
        <TextInput label={t("description")} required maxLength={128} {...form.text("description")} />
        <Switch
          label={t("defaultSwitch")}
          description={t(role.type === "User" ? "defaultHintUser" : "defaultHintMachine")}
          {...form.tick("isDefault")}
        />
      </fieldset>
      <SaveBar form={form} />
    </form>
  );
};

/** One role: its permissions, who holds it, its settings. */
const RolePage = () => {
  const { id } = useParams({ from: "/identity/roles/$id" });
  const [{ tab = "permissions" }, set] = useAddress<{ tab?: string; q?: string; page?: number; create?: string }>();
  const mayWrite = useMay("access");
  const readsUsers = useMay("users:read");
  const client = useQueryClient();
  const navigate = useNavigate();
  const [isDeleting, setDeleting] = useState(false);
  const { data: role, error, refetch } = useQuery({ queryKey: ["roles", "one", id], queryFn: () => loadRole(id) });
  const back = { to: "/identity/roles", name: t("title") } as const;
  if (error)
    return (
      <Page title={t("title")} back={back}>
        <Problem error={error} onRetry={() => void refetch()} />
      </Page>
    );
  if (!role) return <Waiting />;
  const isUsers = role.type === "User";
  const remove = async () => {
    await deleteRole(id);
    await navigate({ to: "/identity/roles" });
    client.removeQueries({ queryKey: ["roles", "one", id] });
    await client.invalidateQueries({ queryKey: ["roles"] });
    done(t("deleted", { name: role.name }));
  };
  return (
    <Page
      title={role.name}
      back={back}
      lead={
        <span className="badges">
          {role.description}
          <Badge variant="default" color="gray">
            {t(isUsers ? "typeUser" : "typeMachine")}
          </Badge>
          {role.isDefault && <Badge variant="light">{t("default")}</Badge>}
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
      <Tabs
        value={tab}
        onChange={(next) => set({ tab: next === "permissions" ? undefined : (next ?? undefined), q: undefined, page: undefined, create: undefined })}
        keepMounted={false}
      >
        <Tabs.List>
          <Tabs.Tab value="permissions">{t("permissions")}</Tabs.Tab>
          {isUsers && readsUsers && <Tabs.Tab value="users">{t("users")}</Tabs.Tab>}
          {!isUsers && <Tabs.Tab value="applications">{t("applications")}</Tabs.Tab>}
          <Tabs.Tab value="general">{shared("general")}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="permissions">
          <Permissions role={role} mayWrite={mayWrite} />
        </Tabs.Panel>
        <Tabs.Panel value={isUsers ? "users" : "applications"}>
          <Holders role={role} kind={isUsers ? "users" : "applications"} />
        </Tabs.Panel>
        <Tabs.Panel value="general">
          <General role={role} mayWrite={mayWrite} />
        </Tabs.Panel>
      </Tabs>
      <Confirm
        isOpen={isDeleting}
        title={t("deleteTitle", { name: role.name })}
        action={t("deleteAction")}
        word={role.name}
        onConfirm={remove}
        onClose={() => setDeleting(false)}
      >
        {t("deleteText", { holders: t(isUsers ? "users" : "applications") })}
      </Confirm>
    </Page>
  );
};

export default RolePage;
