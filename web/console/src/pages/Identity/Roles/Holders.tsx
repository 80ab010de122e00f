import { ActionIcon, Button } from "@mantine/core";
import { IconPlus, IconX } from "@tabler/icons-react";
import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { listApplications } from "../../../../../api/applications.ts";
import type { Application, Listed, Role } from "../../../../../api/management.ts";
import { giveRoleTo, type Holders as Kind, listRoleApplications, listRoleUsers, takeRoleFrom } from "../../../../../api/roles.ts";
import { listUsers, nameOf, type User } from "../../../../../api/users.ts";
import { Empty } from "../../../parts/Empty.tsx";
import { Listing } from "../../../parts/Listing.tsx";
import { done, failed } from "../../../parts/notify.ts";
import { useAddress, useWindow } from "../../../parts/useAddress.ts";
import { useMay } from "../../../session.tsx";
import { ago } from "../../../text.ts";
import { AssignDialog } from "../parts/AssignDialog.tsx";
import { Person } from "../parts/Person.tsx";
import { t as parts } from "../parts/text.ts";
import { t as shared } from "../text.ts";
import { t } from "./text.ts";

type Holder = User | Application;
const isUser = (holder: Holder): holder is User => "hasPassword" in holder;
const called = (holder: Holder) => (isUser(holder) ? nameOf(holder) : holder.name);

const words = {
  users: { assign: "assignUsers", title: "usersEmptyTitle", empty: "usersEmpty", assigned: "assignedUsers", one: "user" },
  applications: {
    assign: "assignApplications",
    title: "applicationsEmptyTitle",
    empty: "applicationsEmpty",
    assigned: "assignedApplications",
    one: "application",
  },
} as const;

/** Who holds a role: users, or machine-to-machine applications. */
export const Holders = ({ role, kind }: { role: Role; kind: Kind }) => {
  const client = useQueryClient();
  const mayWrite = useMay(kind === "users" ? "users" : "access");
  const { search, page, setSearch, setPage } = useWindow();
  const [{ create }, set] = useAddress<{ create?: string }>();
  const query = useQuery<Listed<Holder>>({
    queryKey: ["roles", "one", role.id, kind, search, page],
    queryFn: (): Promise<Listed<Holder>> =>
      kind === "users" ? listRoleUsers(role.id, { search, page }) : listRoleApplications(role.id, { search, page }),
    placeholderData: keepPreviousData,
  });
  const refresh = () => Promise.all([client.invalidateQueries({ queryKey: ["roles"] }), client.invalidateQueries({ queryKey: [kind] })]);
  const remove = async (holder: Holder) => {
    try {
      await takeRoleFrom(role.id, kind, holder.id);
      await refresh();
      done(t("removedHolder", { name: called(holder) }), async () => {
        await giveRoleTo(role.id, kind, [holder.id]);
        await refresh();
      });
    } catch (error) {
      failed(error);
    }
  };
  const add = mayWrite && (
    <Button leftSection={<IconPlus size={16} aria-hidden="true" />} onClick={() => set({ create: kind })}>
      {t(words[kind].assign)}
    </Button>
  );
  return (
    <div className="panel">
      <Listing
        label={t(kind)}
        query={query}
        keyOf={(holder) => holder.id}
        search={{ label: parts(kind === "users" ? "findUser" : "findApplication"), value: search ?? "", onChange: setSearch }}
        page={page}
        onPage={setPage}
        tools={query.data && query.data.total > 0 && add}
        empty={
          <Empty title={t(words[kind].title)} text={t(words[kind].empty)}>
            {add}
          </Empty>
        }
        columns={[
          {
            name: t(words[kind].one),
            cell: (holder: Holder) =>
              isUser(holder) ? (
                <Person
                  user={holder}
                  name={
                    <Link to="/identity/users/$id" params={{ id: holder.id }} className="whole">
                      {nameOf(holder)}
                    </Link>
                  }
                />
              ) : (
                <Link to="/identity/applications/$id" params={{ id: holder.id }} className="whole">
                  {holder.name}
                </Link>
              ),
          },
          ...(kind === "users"
            ? [
                {
                  name: t("lastSignIn"),
                  isMinor: true,
                  cell: (holder: Holder) => (
                    <span className="muted">{isUser(holder) && holder.lastSignInAt ? ago(holder.lastSignInAt) : t("never")}</span>
                  ),
                },
              ]
            : []),
          ...(mayWrite
            ? [
                {
                  name: shared("actions"),
                  isUnnamed: true,
                  isEnd: true,
                  width: "4rem",
                  cell: (holder: Holder) => (
                    <ActionIcon
                      variant="subtle"
                      color="gray"
                      aria-label={t("removeHolder", { name: called(holder) })}
                      onClick={() => void remove(holder)}
                    >
                      <IconX size={16} aria-hidden="true" />
                    </ActionIcon>
                  ),
                },
              ]
            : []),
        ]}
      />
      {create && mayWrite && (
        <AssignDialog<Holder>
          title={t(words[kind].assign)}
          action={t(words[kind].assign)}
          find={parts(kind === "users" ? "findUser" : "findApplication")}
          queryKey={[kind, "for role", role.id]}
          load={(search): Promise<Listed<Holder>> =>
            kind === "users"
              ? listUsers({ search, excludeRoleId: role.id })
              : listApplications({ search, types: "MachineToMachine", excludeRoleId: role.id })
          }
          show={(holder) => (isUser(holder) ? <Person user={holder} /> : holder.name)}
          nameOf={called}
          nothing={parts(kind === "users" ? "nobody" : "nothing")}
          onClose={() => set({ create: undefined }, "replace")}
          onSubmit={async (ids) => {
            await giveRoleTo(role.id, kind, ids);
            set({ create: undefined }, "replace");
            await refresh();
            done(t(words[kind].assigned, { count: ids.length }));
          }}
        />
      )}
    </div>
  );
};
