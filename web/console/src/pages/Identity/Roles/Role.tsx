import { Badge, Switch, TextInput } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import type { Role } from "../../../../../api/management.ts";
import { changeRole, deleteRole, listRoles, loadRole } from "../../../../../api/roles.ts";
import { done } from "../../../parts/notify.ts";
import { useForm } from "../../../parts/useForm.ts";
import { useMay } from "../../../session.tsx";
import { Detail, FormTab } from "../parts/Detail.tsx";
import { t as shared } from "../text.ts";
import { Holders } from "./Holders.tsx";
import { Permissions } from "./Permissions.tsx";
import { t } from "./text.ts";

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
    <FormTab form={form}>
      <fieldset className="fields card" disabled={!mayWrite}>
        <TextInput label={t("name")} description={t("nameHint")} required maxLength={128} {...form.text("name")} />
        <TextInput label={t("description")} required maxLength={128} {...form.text("description")} />
        <Switch
          label={t("defaultSwitch")}
          description={t(role.type === "User" ? "defaultHintUser" : "defaultHintMachine")}
          {...form.tick("isDefault")}
        />
      </fieldset>
    </FormTab>
  );
};

/** What is lost with a role, and for how many. */
const Loss = ({ role }: { role: Role }) => {
  const { data } = useQuery({ queryKey: ["roles", "summary", role.id], queryFn: () => listRoles({ id: role.id }) });
  const held = data?.items[0];
  const [users, applications] = [held?.usersCount ?? 0, held?.applicationsCount ?? 0];
  return (
    <>
      {held && (
        <p>
          {users > 0 ? t("heldByUsers", { count: users }) : applications > 0 ? t("heldByApplications", { count: applications }) : t("heldByNobody")}
        </p>
      )}
      <p>{t("deleteText")}</p>
    </>
  );
};

/** One role: its permissions, who holds it, its settings. */
const RolePage = () => {
  const { id } = useParams({ from: "/identity/roles/$id" });
  const mayWrite = useMay("access");
  const readsUsers = useMay("users:read");
  const holders = (role: Role) => (role.type === "User" ? "users" : "applications");
  return (
    <Detail
      list={{ to: "/identity/roles", name: t("title"), kind: "roles" }}
      id={id}
      load={loadRole}
      nameOf={(role) => role.name}
      lead={(role) => (
        <span className="badges">
          {role.description}
          <Badge variant="default" color="gray">
            {t(role.type === "User" ? "typeUser" : "typeMachine")}
          </Badge>
          {role.isDefault && <Badge variant="light">{t("default")}</Badge>}
        </span>
      )}
      tabs={(role) => [
        ["permissions", t("permissions"), <Permissions key="permissions" role={role} mayWrite={mayWrite} />],
        (role.type !== "User" || readsUsers) && [holders(role), t(holders(role)), <Holders key="holders" role={role} kind={holders(role)} />],
        ["general", shared("general"), <General key="general" role={role} mayWrite={mayWrite} />],
      ]}
      deletion={(role) =>
        mayWrite
          ? {
              title: t("deleteTitle", { name: role.name }),
              action: t("deleteAction"),
              text: <Loss role={role} />,
              done: t("deleted", { name: role.name }),
              run: () => deleteRole(id),
            }
          : undefined
      }
    />
  );
};

export default RolePage;
