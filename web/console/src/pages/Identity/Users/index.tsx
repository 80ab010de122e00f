import { Button } from "@mantine/core";
import { IconPlus, IconUpload } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { listUsers, nameOf, type User } from "../../../../../api/users.ts";
import { Empty } from "../../../parts/Empty.tsx";
import { Listing } from "../../../parts/Listing.tsx";
import { Page } from "../../../parts/Page.tsx";
import type { Column } from "../../../parts/Table.tsx";
import { useAddress, useWindow } from "../../../parts/useAddress.ts";
import { useMay } from "../../../session.tsx";
import { ago, moment } from "../../../text.ts";
import { Person } from "../parts/Person.tsx";
import { t as parts } from "../parts/text.ts";
import { Add } from "./Add.tsx";
import { t } from "./text.ts";
import "../identity.css";

const columns: Column<User>[] = [
  {
    name: t("user"),
    width: "50%",
    cell: (user) => (
      <Person
        user={user}
        name={
          <Link to="/identity/users/$id" params={{ id: user.id }} className="whole">
            {nameOf(user)}
          </Link>
        }
      />
    ),
  },
  {
    name: t("lastSignIn"),
    isMinor: true,
    cell: (user) => (
      <span className="muted">{user.lastSignInAt ? <time title={moment(user.lastSignInAt)}>{ago(user.lastSignInAt)}</time> : t("never")}</span>
    ),
  },
  {
    name: t("created"),
    isMinor: true,
    isEnd: true,
    cell: (user) => (
      <time className="muted" title={moment(user.createdAt)}>
        {ago(user.createdAt)}
      </time>
    ),
  },
];

/** Everybody who can sign in. */
const Users = () => {
  const mayWrite = useMay("users");
  const { search, page, setSearch, setPage } = useWindow();
  const [{ create }, set] = useAddress<{ create?: string }>();
  const query = useQuery({
    queryKey: ["users", "list", search, page],
    queryFn: () => listUsers({ search, page }),
    placeholderData: keepPreviousData,
  });
  const actions = mayWrite && (
    <>
      <Button component={Link} to="/identity/users/import" variant="default" leftSection={<IconUpload size={16} aria-hidden="true" />}>
        {t("import")}
      </Button>
      <Button leftSection={<IconPlus size={16} aria-hidden="true" />} onClick={() => set({ create: "new" })}>
        {t("add")}
      </Button>
    </>
  );
  return (
    <Page title={t("title")} lead={t("lead")} actions={actions}>
      <Listing
        label={t("title")}
        columns={columns}
        keyOf={(user) => user.id}
        query={query}
        search={{ label: parts("findUser"), value: search ?? "", onChange: setSearch }}
        page={page}
        onPage={setPage}
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
