import { TextInput } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Resource, Scope } from "../../../../../api/management.ts";
import { changeScope, createScope, deleteScope, listScopes, type ScopeValues } from "../../../../../api/resources.ts";
import { listRoles } from "../../../../../api/roles.ts";
import { Empty } from "../../../parts/Empty.tsx";
import { FormDialog } from "../../../parts/FormDialog.tsx";
import { Listing } from "../../../parts/Listing.tsx";
import { done } from "../../../parts/notify.ts";
import { useAddress } from "../../../parts/useAddress.ts";
import { useForm } from "../../../parts/useForm.ts";
import { Ask } from "../parts/Ask.tsx";
import { doing, Plus, RowAction, useList } from "../parts/list.tsx";
import { t as shared } from "../text.ts";
import { t } from "./text.ts";

const Edit = ({ scope, onSubmit, onClose }: { scope?: Scope; onSubmit: (values: ScopeValues) => Promise<unknown>; onClose: () => void }) => {
  const form = useForm({
    initial: { name: scope?.name ?? "", description: scope?.description ?? "" },
    check: ({ name }) => (!name.trim() || /\s/.test(name.trim()) ? { name: t("permissionWrong") } : {}),
    where: { "scope.": "name" },
    onSubmit: ({ name, description }) => onSubmit({ name: name.trim(), description: description.trim() }),
  });
  const words = scope ? t("editPermission") : t("createPermission");
  return (
    <FormDialog isOpen title={words} action={words} form={form} onClose={onClose}>
      <TextInput
        label={t("permissionName")}
        description={t("permissionHint")}
        placeholder={t("permissionPlaceholder")}
        required
        data-autofocus
        maxLength={256}
        spellCheck={false}
        autoCapitalize="none"
        {...form.text("name")}
      />
      <TextInput label={shared("description")} placeholder={t("descriptionPlaceholder")} {...form.text("description")} />
    </FormDialog>
  );
};

/** What a permission is part of, and what becomes of it. */
const Use = ({ scope }: { scope: Scope }) => {
  const { data } = useQuery({ queryKey: ["roles", "with", scope.id], queryFn: () => listRoles({ scopeId: scope.id }) });
  const names = data?.items.slice(0, 5).map(({ name }) => name) ?? [];
  return (
    <>
      {data && (
        <p>
          {data.total > 0 ? t(data.total > names.length ? "usedByMore" : "usedBy", { count: data.total, names: names.join(", ") }) : t("usedByNone")}
        </p>
      )}
      <p>{t("deletePermissionText")}</p>
    </>
  );
};

/** What an API can allow. */
export const Permissions = ({ resource, mayWrite }: { resource: Resource; mayWrite: boolean }) => {
  const client = useQueryClient();
  const [{ create }, set] = useAddress<{ create?: string }>();
  const [editing, setEditing] = useState<Scope>();
  const [deleting, setDeleting] = useState<Scope>();
  const { list, find } = useList(["resources", "one", resource.id, "scopes"], (window) => listScopes(resource.id, window));
  const refresh = () => Promise.all([client.invalidateQueries({ queryKey: ["resources"] }), client.invalidateQueries({ queryKey: ["roles"] })]);
  const add = mayWrite && <Plus name={t("createPermission")} onClick={() => set({ create: "permission" })} />;
  return (
    <div className="panel">
      <Listing
        label={t("permissions")}
        {...list}
        keyOf={(scope) => scope.id}
        search={find(t("findPermission"))}
        tools={list.query.data && list.query.data.total > 0 && add}
        empty={
          <Empty title={t("permissionsEmptyTitle")} text={t("permissionsEmpty")}>
            {add}
          </Empty>
        }
        columns={[
          {
            name: t("permission"),
            cell: (scope: Scope) => (
              <>
                <code>{scope.name}</code>
                <span className="second">{scope.description}</span>
              </>
            ),
          },
          ...doing<Scope>(
            mayWrite,
            (scope) => (
              <span className="actions">
                <RowAction icon="edit" name={`${t("editPermission")} ${scope.name}`} onClick={() => setEditing(scope)} />
                <RowAction icon="delete" name={`${t("deletePermission")} ${scope.name}`} onClick={() => setDeleting(scope)} />
              </span>
            ),
            "6rem",
          ),
        ]}
      />
      {create === "permission" && mayWrite && (
        <Edit
          onClose={() => set({ create: undefined }, "replace")}
          onSubmit={async (values) => {
            await createScope(resource.id, values);
            set({ create: undefined }, "replace");
            await refresh();
            done(t("permissionCreated", { name: values.name }));
          }}
        />
      )}
      {editing && (
        <Edit
          scope={editing}
          onClose={() => setEditing(undefined)}
          onSubmit={async (values) => {
            await changeScope(resource.id, editing.id, values);
            setEditing(undefined);
            await refresh();
            done(t("permissionSaved"));
          }}
        />
      )}
      <Ask
        about={deleting}
        title={({ name }) => t("deletePermissionTitle", { name })}
        action={t("deletePermission")}
        text={(scope) => <Use scope={scope} />}
        said={({ name }) => t("permissionDeleted", { name })}
        onConfirm={async ({ id }) => {
          await deleteScope(resource.id, id);
          await refresh();
        }}
        onClose={() => setDeleting(undefined)}
      />
    </div>
  );
};
