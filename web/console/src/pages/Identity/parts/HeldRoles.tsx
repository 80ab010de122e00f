import { ActionIcon, Button } from "@mantine/core";
import { IconPlus, IconX } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { inWindow, list, type Role, type RoleType } from "../../../../../api/management.ts";
import { giveRoles, type Holders, loadHeldRoles, takeRole } from "../../../../../api/roles.ts";
import { Empty } from "../../../parts/Empty.tsx";
import { Listing } from "../../../parts/Listing.tsx";
import { done, failed } from "../../../parts/notify.ts";
import { useAddress } from "../../../parts/useAddress.ts";
import { t as shared } from "../text.ts";
import { AssignDialog } from "./AssignDialog.tsx";
import { t } from "./text.ts";

type Props = { kind: Holders; id: string; type: RoleType; mayWrite: boolean };

/** The roles of a user or of a machine, and giving and taking them. */
export const HeldRoles = ({ kind, id, type, mayWrite }: Props) => {
  const client = useQueryClient();
  const [{ create }, set] = useAddress<{ create?: string }>();
  const query = useQuery({ queryKey: [kind, "one", id, "roles"], queryFn: () => loadHeldRoles(kind, id) });
  const refresh = () => Promise.all([client.invalidateQueries({ queryKey: ["roles"] }), client.invalidateQueries({ queryKey: [kind] })]);
  const remove = async (role: Role) => {
    try {
      await takeRole(kind, id, role.id);
      await refresh();
      done(t("tookRole", { name: role.name }), async () => {
        await giveRoles(kind, id, [role.id]);
        await refresh();
      });
    } catch (error) {
      failed(error);
    }
  };
  const add = mayWrite && (
    <Button leftSection={<IconPlus size={16} aria-hidden="true" />} onClick={() => set({ create: "roles" })}>
      {t("assignRoles")}
    </Button>
  );
  const items = query.data;
  return (
    <div className="panel">
      <Listing
        label={t("roles")}
        query={{ data: items && { items, total: items.length }, error: query.error, refetch: query.refetch }}
        keyOf={(role) => role.id}
        page={1}
        onPage={() => {}}
        tools={items && items.length > 0 && add}
        empty={
          <Empty title={t("rolesEmptyTitle")} text={t(kind === "users" ? "rolesEmptyUser" : "rolesEmptyMachine")}>
            {add}
          </Empty>
        }
        columns={[
          {
            name: t("role"),
            cell: (role: Role) => (
              <Link to="/identity/roles/$id" params={{ id: role.id }} className="whole">
                {role.name}
              </Link>
            ),
          },
          { name: shared("description"), isMinor: true, cell: (role: Role) => <span className="muted">{role.description}</span> },
          ...(mayWrite
            ? [
                {
                  name: shared("actions"),
                  isUnnamed: true,
                  isEnd: true,
                  width: "4rem",
                  cell: (role: Role) => (
                    <ActionIcon variant="subtle" color="gray" aria-label={t("takeRole", { name: role.name })} onClick={() => void remove(role)}>
                      <IconX size={16} aria-hidden="true" />
                    </ActionIcon>
                  ),
                },
              ]
            : []),
        ]}
      />
      {create === "roles" && mayWrite && (
        <AssignDialog<Role>
          title={t("assignRoles")}
          action={t("assignRoles")}
          find={t("findRole")}
          queryKey={["roles", "for", kind, id]}
          load={(search) => list<Role>("roles", { ...inWindow({ search }), type, [kind === "users" ? "excludeUserId" : "excludeApplicationId"]: id })}
          show={(role) => (
            <>
              {role.name}
              <span className="second">{role.description}</span>
            </>
          )}
          nameOf={(role) => role.name}
          nothing={t("noRole")}
          onClose={() => set({ create: undefined }, "replace")}
          onSubmit={async (ids) => {
            await giveRoles(kind, id, ids);
            set({ create: undefined }, "replace");
            await refresh();
            done(t("assignedRoles", { count: ids.length }));
          }}
        />
      )}
    </div>
  );
};
