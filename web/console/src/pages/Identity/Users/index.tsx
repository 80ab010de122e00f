import { Button } from "@mantine/core";
import { IconUpload } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { listUsers, type User } from "../../../../../api/users.ts";
import { Empty } from "../../../parts/Empty.tsx";
import { Listing } from "../../../parts/Listing.tsx";
import { Page } from "../../../parts/Page.tsx";
import type { Column } from "../../../parts/Table.tsx";
import { useAddress } from "../../../parts/useAddress.ts";
import { useMay } from "../../../session.tsx";
import { Plus, useList, When } from "../parts/list.tsx";
import { Person } from "../parts/Person.tsx";
import { t as parts } from "../parts/text.ts";
import { Add } from "./Add.tsx";
import { t } from "./text.ts";
import "../identity.css";

const columns: Column<User>[] = [
  {
    name: t("user"),
    width: "50%",
    cell: (user) => <Person user={user} isLink />,
  },
  {
    name: t("lastSignIn"),
    isMinor: true,
    cell: (user) => (
      <span className="muted">
        <When at={user.lastSignInAt} />
      </span>
    ),
  },
  {
    name: t("created"),
    isMinor: true,
    isEnd: true,
    cell: (user) => (
      <span className="muted">
        <When at={user.createdAt} />
      </span>
    ),
  },
];

/** Everybody who can sign in. */
const Users = () => {
  const mayWrite = useMay("users");
  const [{ create }, set] = useAddress<{ create?: string }>();
  const { list, find } = useList(["users", "list"], listUsers);
  const actions = mayWrite && (
    <>
      <Button component={Link} to="/identity/users/import" variant="default" leftSection={<IconUpload size={16} aria-hidden="true" />}>
        {t("import")}
      </Button>
      <Plus name={t("add")} onClick={() => set({ create: "new" })} />
    </>
  );
  return (
    <Page title={t("title")} lead={t("lead")} actions={actions}>
      <Listing
        label={t("title")}
        columns={columns}
        keyOf={(user) => user.id}
        {...list}
        search={find(parts("findUser"))}
        empty={
          <Empty title={t("emptyTitle")} text={t("empty")}>
            {actions}
          </Empty>
        }
      />
      {create && mayWrite && <Add onClose={() => set({ create: undefined })} />}
    </Page>
  );
};

export default Users;
