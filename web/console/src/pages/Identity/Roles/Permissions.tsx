import { ActionIcon, Button } from "@mantine/core";
import { IconPlus, IconX } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Role } from "../../../../../api/management.ts";
import { addRoleScopes, loadRoleScopes, type RoleScope, removeRoleScope } from "../../../../../api/roles.ts";
import { Empty } from "../../../parts/Empty.tsx";
import { FormDialog } from "../../../parts/FormDialog.tsx";
import { Listing } from "../../../parts/Listing.tsx";
import { done, failed } from "../../../parts/notify.ts";
import { useAddress } from "../../../parts/useAddress.ts";
import { useForm } from "../../../parts/useForm.ts";
import { PermissionPicker } from "../parts/PermissionPicker.tsx";
import { t as shared } from "../text.ts";
import { t } from "./text.ts";

type AssignProps = { role: Role; held: RoleScope[]; onDone: () => Promise<unknown>; onClose: () => void };
const Assign = ({ role, held, onDone, onClose }: AssignProps) => {
  const form = useForm({
    initial: { ids: [] as string[] },
    onSubmit: async ({ ids }) => {
      await addRoleScopes(role.id, ids);
      onClose();
      await onDone();
      done(t("assignedPermissions", { count: ids.length }));
    },
  });
  const { ids } = form.values;
  return (
    <FormDialog isOpen title={t("assignPermissions")} action={t("assignPermissions")} form={form} isOff={ids.length === 0} onClose={onClose}>
      <PermissionPicker type={role.type} held={new Set(held.map((scope) => scope.id))} picked={ids} onChange={(picked) => form.set("ids", picked)} />
    </FormDialog>
  );
};

/** What a role may, at which API. */
export const Permissions = ({ role, mayWrite }: { role: Role; mayWrite: boolean }) => {
  const client = useQueryClient();
  const [{ create }, set] = useAddress<{ create?: string }>();
  const query = useQuery({ queryKey: ["roles", "one", role.id, "scopes"], queryFn: () => loadRoleScopes(role.id) });
  const refresh = () => client.invalidateQueries({ queryKey: ["roles"] });
  const remove = async (scope: RoleScope) => {
    try {
      await removeRoleScope(role.id, scope.id);
      await refresh();
      done(t("removedPermission", { name: scope.name }), async () => {
        await addRoleScopes(role.id, [scope.id]);
        await refresh();
      });
    } catch (error) {
      failed(error);
    }
  };
  const add = mayWrite && (
    <Button leftSection={<IconPlus size={16} aria-hidden="true" />} onClick={() => set({ create: "permissions" })}>
      {t("assignPermissions")}
    </Button>
  );
  const items = query.data;
  return (
    <div className="panel">
      <Listing
        label={t("permissions")}
        query={{ data: items && { items, total: items.length }, error: query.error, refetch: query.refetch }}
        keyOf={(scope) => scope.id}
        page={1}
        onPage={() => {}}
        tools={items && items.length > 0 && add}
        empty={
          <Empty title={t("permissionsEmptyTitle")} text={t("permissionsEmpty")}>
            {add}
          </Empty>
        }
        columns={[
          { name: t("permission"), cell: (scope: RoleScope) => <code>{scope.name}</code> },
          { name: shared("description"), isMinor: true, cell: (scope: RoleScope) => <span className="muted">{scope.description}</span> },
          {
            name: t("resource"),
            cell: (scope: RoleScope) => (
              <Link to="/identity/resources/$id" params={{ id: scope.resourceId }}>
                {scope.resource?.name}
              </Link>
            ),
          },
          ...(mayWrite
            ? [
                {
                  name: shared("actions"),
                  isUnnamed: true,
                  isEnd: true,
                  width: "4rem",
                  cell: (scope: RoleScope) => (
                    <ActionIcon
                      variant="subtle"
                      color="gray"
                      aria-label={t("removePermission", { name: scope.name })}
                      onClick={() => void remove(scope)}
                    >
                      <IconX size={16} aria-hidden="true" />
                    </ActionIcon>
                  ),
                },
              ]
            : []),
        ]}
      />
      {create && mayWrite && items && <Assign role={role} held={items} onDone={refresh} onClose={() => set({ create: undefined }, "replace")} />}
    </div>
  );
};
