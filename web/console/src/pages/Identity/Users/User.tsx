import { Badge, Button, Menu, Tabs } from "@mantine/core";
import { IconDots, IconKey, IconPlayerPause, IconPlayerPlay, IconTrash } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { deleteUser, loadUser, nameOf, setSuspended } from "../../../../../api/users.ts";
import { Copy } from "../../../parts/Copy.tsx";
import { Confirm } from "../../../parts/confirm.tsx";
import { done, failed } from "../../../parts/notify.ts";
import { Page } from "../../../parts/Page.tsx";
import { Problem } from "../../../parts/Problem.tsx";
import { useAddress } from "../../../parts/useAddress.ts";
import { useMay } from "../../../session.tsx";
import { Waiting } from "../../../shell/Waiting.tsx";
import { HeldRoles } from "../parts/HeldRoles.tsx";
import { Face } from "../parts/Person.tsx";
import { t as shared } from "../text.ts";
import { Data } from "./Data.tsx";
import { Password } from "./Password.tsx";
import { Sessions } from "./Sessions.tsx";
import { Settings } from "./Settings.tsx";
import { t } from "./text.ts";
import "../identity.css";

/** One user. */
const UserPage = () => {
  const { id } = useParams({ from: "/identity/users/$id" });
  const [{ tab = "settings" }, set] = useAddress<{ tab?: string; create?: string; q?: string; page?: number }>();
  const mayWrite = useMay("users");
  const client = useQueryClient();
  const navigate = useNavigate();
  const [asking, setAsking] = useState<"password" | "suspend" | "delete">();
  const { data: user, error, refetch } = useQuery({ queryKey: ["users", "one", id], queryFn: () => loadUser(id) });
  const back = { to: "/identity/users", name: t("title") } as const;
  if (error)
    return (
      <Page title={t("title")} back={back}>
        <Problem error={error} onRetry={() => void refetch()} />
      </Page>
    );
  if (!user) return <Waiting />;
  const name = nameOf(user);
  const refresh = () => client.invalidateQueries({ queryKey: ["users"] });
  const suspend = async (isSuspended: boolean) => {
    await setSuspended(id, isSuspended);
    await refresh();
    done(t(isSuspended ? "suspendDone" : "reactivateDone", { name }));
  };
  const remove = async () => {
    await deleteUser(id);
    await navigate({ to: "/identity/users" });
    client.removeQueries({ queryKey: ["users", "one", id] });
    await refresh();
    done(t("deleted", { name }));
  };
  return (
    <Page
      title={name}
      back={back}
      lead={
        <span className="badges">
          <Face name={name} avatar={user.avatar} />
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
        </span>
      }
      actions={
        mayWrite && (
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
                <Menu.Item color="red" leftSection={<IconTrash size={16} aria-hidden="true" />} onClick={() => setAsking("delete")}>
                  {t("deleteAction")}
                </Menu.Item>
              </Menu.Dropdown>
            </Menu>
          </>
        )
      }
    >
      <Tabs
        value={tab}
        onChange={(next) => set({ tab: next === "settings" ? undefined : (next ?? undefined), q: undefined, page: undefined, create: undefined })}
        keepMounted={false}
      >
        <Tabs.List>
          <Tabs.Tab value="settings">{t("settings")}</Tabs.Tab>
          <Tabs.Tab value="roles">{t("roles")}</Tabs.Tab>
          <Tabs.Tab value="sessions">{t("sessions")}</Tabs.Tab>
          <Tabs.Tab value="data">{t("data")}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="settings">
          <Settings user={user} mayWrite={mayWrite} />
        </Tabs.Panel>
        <Tabs.Panel value="roles">
          <HeldRoles kind="users" id={id} type="User" mayWrite={mayWrite} />
        </Tabs.Panel>
        <Tabs.Panel value="sessions">
          <Sessions id={id} mayWrite={mayWrite} />
        </Tabs.Panel>
        <Tabs.Panel value="data">
          <Data user={user} mayWrite={mayWrite} />
        </Tabs.Panel>
      </Tabs>
      {asking === "password" && <Password user={user} onClose={() => setAsking(undefined)} />}
      <Confirm
        isOpen={asking === "suspend"}
        title={t("suspendTitle", { name })}
        action={t("suspend")}
        onConfirm={() => suspend(true)}
        onClose={() => setAsking(undefined)}
      >
        {t("suspendText")}
      </Confirm>
      <Confirm
        isOpen={asking === "delete"}
        title={t("deleteTitle", { name })}
        action={t("deleteAction")}
        word={name}
        onConfirm={remove}
        onClose={() => setAsking(undefined)}
      >
        {t("deleteText", { id })}
      </Confirm>
    </Page>
  );
};

export default UserPage;
