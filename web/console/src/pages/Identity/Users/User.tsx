import { Badge, Button, Menu } from "@mantine/core";
import { IconDots, IconEye, IconKey, IconPlayerPause, IconPlayerPlay, IconTrash } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { deleteUser, loadUser, nameOf, setSuspended, type User } from "../../../../../api/users.ts";
import { Copy } from "../../../parts/Copy.tsx";
import { Confirm } from "../../../parts/confirm.tsx";
import { done, failed } from "../../../parts/notify.ts";
import { useMay } from "../../../session.tsx";
import { Entries } from "../Logs/Entries.tsx";
import { Detail } from "../parts/Detail.tsx";
import { HeldRoles } from "../parts/HeldRoles.tsx";
import { When } from "../parts/list.tsx";
import { Face } from "../parts/Person.tsx";
import { t as shared } from "../text.ts";
import { Data } from "./Data.tsx";
import { Password } from "./Password.tsx";
import { Sessions } from "./Sessions.tsx";
import { Settings } from "./Settings.tsx";
import { t } from "./text.ts";

/** What can be done with a user as a whole. */
const Actions = ({ user, onDelete }: { user: User; onDelete: () => void }) => {
  const client = useQueryClient();
  const [asking, setAsking] = useState<"password" | "suspend">();
  const name = nameOf(user);
  const close = () => setAsking(undefined);
  const set = async (isSuspended: boolean) => {
    await setSuspended(user.id, isSuspended);
    await client.invalidateQueries({ queryKey: ["users"] });
  };
  const suspend = async (isSuspended: boolean) => {
    await set(isSuspended);
    done(t(isSuspended ? "suspendDone" : "reactivateDone", { name }), () => set(!isSuspended));
  };
  return (
    <>
      <Button variant="default" leftSection={<IconKey size={16} aria-hidden="true" />} onClick={() => setAsking("password")}>
        {t("resetPassword")}
      </Button>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button variant="default" aria-label={shared("more")} px="xs">
            <IconDots size={18} aria-hidden="true" />
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {user.isSuspended ? (
            <Menu.Item leftSection={<IconPlayerPlay size={16} aria-hidden="true" />} onClick={() => void suspend(false).catch(failed)}>
              {t("reactivate")}
            </Menu.Item>
          ) : (
            <Menu.Item leftSection={<IconPlayerPause size={16} aria-hidden="true" />} onClick={() => setAsking("suspend")}>
              {t("suspend")}
            </Menu.Item>
          )}
          <Menu.Item color="red" leftSection={<IconTrash size={16} aria-hidden="true" />} onClick={onDelete}>
            {t("deleteAction")}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {asking === "password" && <Password user={user} onClose={close} />}
      <Confirm
        isOpen={asking === "suspend"}
        title={t("suspendTitle", { name })}
        action={t("suspend")}
        onConfirm={() => suspend(true)}
        onClose={close}
      >
        {t("suspendText")}
      </Confirm>
    </>
  );
};

/** One user. */
const UserPage = () => {
  const { id } = useParams({ from: "/identity/users/$id" });
  const mayWrite = useMay("users");
  const readsLog = useMay("logs");
  const mayAsk = useMay("graphql");
  const maySee = useMay("users:read") && mayAsk;
  return (
    <Detail
      list={{ to: "/identity/users", name: t("title"), kind: "users" }}
      id={id}
      load={loadUser}
      nameOf={nameOf}
      lead={(user) => (
        <span className="badges">
          <Face name={nameOf(user)} avatar={user.avatar} />
          <span className="copied">
            <code>{user.id}</code>
            <Copy name={t("id")} value={user.id} />
          </span>
          {user.isSuspended && (
            <Badge color="red" variant="light">
              {t("suspended")}
            </Badge>
          )}
          <Badge variant="default" color="gray">
            {t(user.hasPassword ? "passwordSet" : "passwordMissing")}
          </Badge>
          <span className="second">
            {t("lastSignIn")}: <When at={user.lastSignInAt} /> · {t("created")}: <When at={user.createdAt} />
          </span>
        </span>
      )}
      actions={(user, remove) => (
        <>
          {maySee && (
            <Button
              component={Link}
              to="/graphql"
              search={{ as: id } as never}
              variant="default"
              title={t("viewAsHint")}
              leftSection={<IconEye size={16} aria-hidden="true" />}
            >
              {t("viewAs")}
            </Button>
          )}
          {mayWrite && <Actions user={user} onDelete={remove} />}
        </>
      )}
      tabs={(user) => [
        ["settings", t("settings"), <Settings key="settings" user={user} mayWrite={mayWrite} />],
        ["roles", t("roles"), <HeldRoles key="roles" kind="users" id={id} type="User" mayWrite={mayWrite} />],
        ["sessions", t("sessions"), <Sessions key="sessions" id={id} mayWrite={mayWrite} />],
        readsLog && [
          "log",
          t("logs"),
          <div key="log" className="panel">
            <Entries of={{ userId: id }} />
          </div>,
        ],
        ["data", t("data"), <Data key="data" user={user} mayWrite={mayWrite} />],
      ]}
      deletion={(user) => ({
        title: t("deleteTitle", { name: nameOf(user) }),
        action: t("deleteAction"),
        text: t("deleteText", { id }),
        done: t("deleted", { name: nameOf(user) }),
        run: () => deleteUser(id),
      })}
    />
  );
};

export default UserPage;
