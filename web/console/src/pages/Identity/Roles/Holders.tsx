import { Link } from "@tanstack/react-router";
import { listApplications } from "../../../../../api/applications.ts";
import type { Application, Listed, Role } from "../../../../../api/management.ts";
import { giveRoleTo, type Holders as Kind, listRoleApplications, listRoleUsers, takeRoleFrom } from "../../../../../api/roles.ts";
import { listUsers, nameOf, type User } from "../../../../../api/users.ts";
import { useMay } from "../../../session.tsx";
import { AssignDialog } from "../parts/AssignDialog.tsx";
import { Assigned } from "../parts/Assigned.tsx";
import { useList, When } from "../parts/list.tsx";
import { Person } from "../parts/Person.tsx";
import { t as parts } from "../parts/text.ts";
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
  const mayWrite = useMay(kind === "users" ? "users" : "access");
  const { list, find } = useList<Holder>(
    ["roles", "one", role.id, kind],
    (window): Promise<Listed<Holder>> => (kind === "users" ? listRoleUsers : listRoleApplications)(role.id, window),
  );
  const findWords = parts(kind === "users" ? "findUser" : "findApplication");
  return (
    <Assigned<Holder>
      {...list}
      search={find(findWords)}
      mayWrite={mayWrite}
      touches={["roles", kind]}
      give={(ids) => giveRoleTo(role.id, kind, ids)}
      take={(holderId) => takeRoleFrom(role.id, kind, holderId)}
      words={{
        label: t(kind),
        assign: t(words[kind].assign),
        emptyTitle: t(words[kind].title),
        empty: t(words[kind].empty),
        take: (holder) => t("removeHolder", { name: called(holder) }),
        took: (holder) => t("removedHolder", { name: called(holder) }),
        gave: (count) => t(words[kind].assigned, { count }),
      }}
      columns={[
        {
          name: t(words[kind].one),
          cell: (holder) =>
            isUser(holder) ? (
              <Person user={holder} isLink />
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
                cell: (holder: Holder) => <span className="muted">{isUser(holder) && <When at={holder.lastSignInAt} />}</span>,
              },
            ]
          : []),
      ]}
    >
      {(give, onClose) => (
        <AssignDialog<Holder>
          title={t(words[kind].assign)}
          find={findWords}
          queryKey={[kind, "for role", role.id]}
          load={(search): Promise<Listed<Holder>> =>
            kind === "users"
              ? listUsers({ search, excludeRoleId: role.id })
              : listApplications({ search, types: "MachineToMachine", excludeRoleId: role.id })
          }
          show={(holder) => (isUser(holder) ? <Person user={holder} /> : holder.name)}
          nameOf={called}
          nothing={parts(kind === "users" ? "nobody" : "nothing")}
          onClose={onClose}
          onSubmit={give}
        />
      )}
    </Assigned>
  );
};
