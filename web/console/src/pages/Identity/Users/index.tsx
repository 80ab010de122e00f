import { Button, Checkbox, SegmentedControl } from "@mantine/core";
import { IconUpload } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { listUsers, nameOf, type User } from "../../../../../api/users.ts";
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
import { Bulk } from "./Bulk.tsx";
import { t } from "./text.ts";
import "../identity.css";
import "../../../parts/form.css";

const columns: Column<User>[] = [
  { name: t("user"), cell: (user) => <Person user={user} isLink /> },
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
  const [{ create, suspended }, set] = useAddress<{ create?: string; suspended?: "yes" | "no"; page?: number }>();
  const { list, find } = useList(["users", "list", suspended], (window) =>
    listUsers({ ...window, isSuspended: suspended === undefined ? undefined : suspended === "yes" }),
  );
  const [picked, setPicked] = useState<ReadonlyMap<string, User>>(new Map());
  const pick = (users: User[], isOn: boolean) => {
    const next = new Map(picked);
    for (const user of users) isOn ? next.set(user.id, user) : next.delete(user.id);
    setPicked(next);
  };
  const shown = list.query.data?.items ?? [];
  const isAll = shown.length > 0 && shown.every((user) => picked.has(user.id));
  const actions = mayWrite && (
    <>
      <Button component={Link} to="/identity/users/import" variant="default" leftSection={<IconUpload size={16} aria-hidden="true" />}>
        {t("import")}
      </Button>
      <Plus name={t("add")} onClick={() => set({ create: "new" })} />
    </>
  );
  const picking: Column<User>[] = mayWrite
    ? [
        {
          name: t("pick"),
          isUnnamed: true,
          width: "3rem",
          cell: (user) => (
            <Checkbox
              className="pick"
              aria-label={t("pickOne", { name: nameOf(user) })}
              checked={picked.has(user.id)}
              onChange={(event) => pick([user], event.currentTarget.checked)}
            />
          ),
        },
      ]
    : [];
  return (
    <Page title={t("title")} lead={t("lead")} actions={actions}>
      <Listing
        label={t("title")}
        columns={[...picking, ...columns]}
        keyOf={(user) => user.id}
        {...list}
        search={find(parts("findUser"))}
        isNarrowed={suspended !== undefined}
        tools={
          (shown.length > 0 || suspended) && (
            <>
              <SegmentedControl
                size="sm"
                aria-label={t("filter")}
                value={suspended ?? ""}
                onChange={(value) => set({ suspended: (value || undefined) as typeof suspended, page: undefined })}
                data={[
                  { value: "", label: t("all") },
                  { value: "no", label: t("active") },
                  { value: "yes", label: t("suspended") },
                ]}
              />
              {mayWrite && shown.length > 1 && (
                <Checkbox
                  label={t("pickPage")}
                  checked={isAll}
                  indeterminate={!isAll && shown.some((user) => picked.has(user.id))}
                  onChange={(event) => pick(shown, event.currentTarget.checked)}
                />
              )}
            </>
          )
        }
        empty={
          <Empty title={t("emptyTitle")} text={t("empty")}>
            {actions}
          </Empty>
        }
      />
      <Bulk picked={[...picked.values()]} onClear={() => setPicked(new Map())} />
      {create && mayWrite && <Add onClose={() => set({ create: undefined })} />}
    </Page>
  );
};

export default Users;
