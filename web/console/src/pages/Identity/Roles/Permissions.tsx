import { Link } from "@tanstack/react-router";
import { managementResource, type Role } from "../../../../../api/management.ts";
import { addRoleScopes, loadRoleScopes, type RoleScope, removeRoleScope } from "../../../../../api/roles.ts";
import { FormDialog } from "../../../parts/FormDialog.tsx";
import { useForm } from "../../../parts/useForm.ts";
import { Assigned } from "../parts/Assigned.tsx";
import { useWhole } from "../parts/list.tsx";
import { PermissionPicker } from "../parts/PermissionPicker.tsx";
import { t as shared } from "../text.ts";
import { t } from "./text.ts";

type AssignProps = { role: Role; held: RoleScope[]; onSubmit: (ids: string[]) => Promise<void>; onClose: () => void };
const Assign = ({ role, held, onSubmit, onClose }: AssignProps) => {
  const form = useForm({ initial: { ids: [] as string[] }, onSubmit: ({ ids }) => onSubmit(ids) });
  const { ids } = form.values;
  return (
    <FormDialog isOpen title={t("assignPermissions")} action={t("assignPermissions")} form={form} isOff={ids.length === 0} onClose={onClose}>
      <PermissionPicker type={role.type} held={new Set(held.map((scope) => scope.id))} picked={ids} onChange={(picked) => form.set("ids", picked)} />
    </FormDialog>
  );
};

/** What a role may, at which API. */
export const Permissions = ({ role, mayWrite }: { role: Role; mayWrite: boolean }) => {
  const { items = [], list } = useWhole(["roles", "one", role.id, "scopes"], () => loadRoleScopes(role.id));
  const opensManagement = items.some(({ resourceId }) => resourceId === managementResource);
  return (
    <Assigned<RoleScope>
      {...list}
      note={opensManagement && <p className="note">{t("managementNote")}</p>}
      mayWrite={mayWrite}
      touches={["roles"]}
      give={(ids) => addRoleScopes(role.id, ids)}
      take={(scopeId) => removeRoleScope(role.id, scopeId)}
      words={{
        label: t("permissions"),
        assign: t("assignPermissions"),
        emptyTitle: t("permissionsEmptyTitle"),
        empty: t("permissionsEmpty"),
        take: ({ name }) => t("removePermission", { name }),
        took: ({ name }) => t("removedPermission", { name }),
        gave: (count) => t("assignedPermissions", { count }),
      }}
      columns={[
        { name: t("permission"), cell: (scope) => <code>{scope.name}</code> },
        { name: shared("description"), isMinor: true, cell: (scope) => <span className="muted">{scope.description}</span> },
        {
          name: t("resource"),
          cell: (scope) => (
            <Link to="/identity/resources/$id" params={{ id: scope.resourceId }}>
              {scope.resource?.name}
            </Link>
          ),
        },
      ]}
    >
      {(give, onClose) => <Assign role={role} held={items} onSubmit={give} onClose={onClose} />}
    </Assigned>
  );
};
