import { ActionIcon, Button, TextInput } from "@mantine/core";
import { IconPencil, IconPlus, IconTrash } from "@tabler/icons-react";
import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Resource, Scope } from "../../../../../api/management.ts";
import { changeScope, createScope, deleteScope, listScopes, type ScopeValues } from "../../../../../api/resources.ts";
import { Confirm } from "../../../parts/confirm.tsx";
import { Empty } from "../../../parts/Empty.tsx";
import { FormDialog } from "../../../parts/FormDialog.tsx";
import { Listing } from "../../../parts/Listing.tsx";
import { done } from "../../../parts/notify.ts";
import { useAddress, useWindow } from "../../../parts/useAddress.ts";
import { useForm } from "../../../parts/useForm.ts";
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

/** What an API can allow. */
export const Permissions = ({ resource, mayWrite }: { resource: Resource; mayWrite: boolean }) => {
  const client = useQueryClient();
  const { search, page, setSearch, setPage } = useWindow();
  const [{ create }, set] = useAddress<{ create?: string }>();
  const [editing, setEditing] = useState<Scope>();
  const [deleting, setDeleting] = useState<Scope>();
  const query = useQuery({
    queryKey: ["resources", "one", resource.id, "scopes", search, page],
    queryFn: () => listScopes(resource.id, { search, page }),
    placeholderData: keepPreviousData,
  });
  const refresh = () => Promise.all([client.invalidateQueries({ queryKey: ["resources"] }), client.invalidateQueries({ queryKey: ["roles"] })]);
  const open = () => set({ create: "permission" });
  const add = mayWrite && (
    <Button leftSection={<IconPlus size={16} aria-hidden="true" />} onClick={open}>
      {t("createPermission")}
    </Button>
  );
  return (
    <div className="panel">
      <Listing
        label={t("permissions")}
        query={query}
        keyOf={(scope) => scope.id}
        search={{ label: t("findPermission"), value: search ?? "", onChange: setSearch }}
        page={page}
        onPage={setPage}
        tools={query.data && query.data.total > 0 && add}
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
          ...(mayWrite
            ? [
                {
                  name: shared("actions"),
                  isUnnamed: true,
                  isEnd: true,
                  width: "6rem",
                  cell: (scope: Scope) => (
                    <span className="actions">
                      <ActionIcon variant="subtle" color="gray" aria-label={`${t("editPermission")} ${scope.name}`} onClick={() => setEditing(scope)}>
                        <IconPencil size={16} aria-hidden="true" />
                      </ActionIcon>
                      <ActionIcon
                        variant="subtle"
                        color="gray"
                        aria-label={`${t("deletePermission")} ${scope.name}`}
                        onClick={() => setDeleting(scope)}
                      >
                        <IconTrash size={16} aria-hidden="true" />
                      </ActionIcon>
                    </span>
                  ),
                },
              ]
            : []),
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
      <Confirm
        isOpen={deleting !== undefined}
        title={t("deletePermissionTitle", { name: deleting?.name ?? "" })}
        action={t("deletePermission")}
        onConfirm={async () => {
          if (!deleting) return;
          await deleteScope(resource.id, deleting.id);
          await refresh();
          done(t("permissionDeleted", { name: deleting.name }));
        }}
        onClose={() => setDeleting(undefined)}
      >
        {t("deletePermissionText")}
      </Confirm>
    </div>
  );
};
