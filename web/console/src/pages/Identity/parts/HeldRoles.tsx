import { Link } from "@tanstack/react-router";
import { inWindow, list as listOf, type Role, type RoleType } from "../../../../../api/management.ts";
import { giveRoles, type Holders, loadHeldRoles, takeRole } from "../../../../../api/roles.ts";
import { t as shared } from "../text.ts";
import { AssignDialog } from "./AssignDialog.tsx";
import { Assigned } from "./Assigned.tsx";
import { useWhole } from "./list.tsx";
import { t } from "./text.ts";

type Props = { kind: Holders; id: string; type: RoleType; mayWrite: boolean };

/** The roles of a user or of a machine, and giving and taking them. */
export const HeldRoles = ({ kind, id, type, mayWrite }: Props) => {
  const { list } = useWhole([kind, "one", id, "roles"], () => loadHeldRoles(kind, id));
  return (
    <Assigned<Role>
      {...list}
      mayWrite={mayWrite}
      touches={["roles", kind]}
      give={(ids) => giveRoles(kind, id, ids)}
      take={(roleId) => takeRole(kind, id, roleId)}
      words={{
        label: t("roles"),
        assign: t("assignRoles"),
        emptyTitle: t("rolesEmptyTitle"),
        empty: t(kind === "users" ? "rolesEmptyUser" : "rolesEmptyMachine"),
        take: ({ name }) => t("takeRole", { name }),
        took: ({ name }) => t("tookRole", { name }),
        gave: (count) => t("assignedRoles", { count }),
      }}
      columns={[
        {
          name: t("role"),
          cell: (role) => (
            <Link to="/identity/roles/$id" params={{ id: role.id }} className="whole">
              {role.name}
            </Link>
          ),
        },
        { name: shared("description"), isMinor: true, cell: (role) => <span className="muted">{role.description}</span> },
      ]}
    >
      {(give, onClose) => (
        <AssignDialog<Role>
          title={t("assignRoles")}
          find={t("findRole")}
          queryKey={["roles", "for", kind, id]}
          load={(search) => listOf("roles", { ...inWindow({ search }), type, [kind === "users" ? "excludeUserId" : "excludeApplicationId"]: id })}
          show={(role) => (
            <>
              {role.name}
              <span className="second">{role.description}</span>
            </>
          )}
          nameOf={(role) => role.name}
          nothing={t("noRole")}
          onClose={onClose}
          onSubmit={give}
        />
      )}
    </Assigned>
  );
};
