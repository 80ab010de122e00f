import { Badge, Radio, Select } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { loadMembers, type Member, removeMember, setMember } from "../../../../../api/members.ts";
import type { MemberRole } from "../../../../../api/session.ts";
import { Empty } from "../../../parts/Empty.tsx";
import { FormDialog } from "../../../parts/FormDialog.tsx";
import { Listing } from "../../../parts/Listing.tsx";
import { done, failed } from "../../../parts/notify.ts";
import { Page } from "../../../parts/Page.tsx";
import { PickUser } from "../../../parts/Pick.tsx";
import { useAddress } from "../../../parts/useAddress.ts";
import { useForm } from "../../../parts/useForm.ts";
import { useMay, useSession } from "../../../session.tsx";
import { Ask } from "../parts/Ask.tsx";
import { doing, Plus, RowAction, useWhole, When } from "../parts/list.tsx";
import { Person } from "../parts/Person.tsx";
import { t as shared } from "../text.ts";
import { t } from "./text.ts";
import "../identity.css";

const roles: MemberRole[] = ["owner", "developer", "support"];

const Add = ({ members, onDone, onClose }: { members: Member[]; onDone: () => Promise<unknown>; onClose: () => void }) => {
  const [name, setName] = useState("");
  const form = useForm({
    initial: { userId: "", role: (members.length === 0 ? "owner" : "developer") as MemberRole },
    check: ({ userId }) => (userId ? {} : { userId: shared("required") }),
    where: { "user.suspended": "userId", "entity.not_found": "userId" },
    onSubmit: async ({ userId, role }) => {
      await setMember(userId, role);
      onClose();
      await onDone();
      done(t("added", { name }));
    },
  });
  return (
    <FormDialog isOpen title={t("add")} action={t("add")} form={form} onClose={onClose}>
      <PickUser
        label={t("user")}
        required
        openOnFocus={false}
        data-autofocus
        value={form.values.userId || null}
        error={form.errors.userId}
        isOut={(id) => members.some((member) => member.user.id === id)}
        onChange={(id, called) => {
          setName(called);
          form.set("userId", id ?? "");
        }}
      />
      <Radio.Group label={t("role")} value={form.values.role} onChange={(role) => form.set("role", role as MemberRole)}>
        <div className="stack">
          {roles.map((role) => (
            <Radio key={role} value={role} label={t(role)} description={t(`${role}Hint`)} />
          ))}
        </div>
      </Radio.Group>
    </FormDialog>
  );
};

/** Who may open the console. */
const Members = () => {
  const client = useQueryClient();
  const session = useSession();
  const reads = useMay("users:read");
  const mayAdd = useMay("members") && reads;
  const [{ create }, set] = useAddress<{ create?: string }>();
  const [removing, setRemoving] = useState<Member>();
  const { items, list } = useWhole(["members"], loadMembers);
  const refresh = () => client.invalidateQueries({ queryKey: ["members"] });
  const called = ({ user }: Member) => user.name || user.username || user.id;
  const change = async (member: Member, role: MemberRole) => {
    const before = member.role;
    try {
      await setMember(member.user.id, role);
      await refresh();
      done(t("changed", { name: called(member), role: t(role).toLowerCase() }), async () => {
        await setMember(member.user.id, before);
        await refresh();
      });
    } catch (error) {
      failed(error);
    }
  };
  const add = mayAdd && <Plus name={t("add")} onClick={() => set({ create: "new" })} />;
  return (
    <Page title={t("title")} lead={t("lead")} actions={add}>
      <Listing
        label={t("title")}
        {...list}
        keyOf={(member) => member.user.id}
        empty={
          <Empty title={t("emptyTitle")} text={t("empty")}>
            {add}
          </Empty>
        }
        columns={[
          {
            name: t("member"),
            cell: (member: Member) => (
              <Person user={{ ...member.user, primaryEmail: null, primaryPhone: null }}>
                {called(member)}{" "}
                {member.user.id === session.user?.id && (
                  <Badge variant="default" color="gray" size="sm">
                    {t("you")}
                  </Badge>
                )}
              </Person>
            ),
          },
          {
            name: t("role"),
            cell: (member: Member) => (
              <Select
                size="sm"
                w={150}
                aria-label={t("roleOf", { name: called(member) })}
                allowDeselect={false}
                value={member.role}
                onChange={(role) => role && void change(member, role as MemberRole)}
                data={roles.map((role) => ({ value: role, label: t(role) }))}
              />
            ),
          },
          { name: t("since"), isMinor: true, cell: (member: Member) => <When at={member.since} /> },
          {
            name: t("lastSeen"),
            isMinor: true,
            cell: (member: Member) => <When at={member.lastSeen} never={t("never")} />,
          },
          ...doing<Member>(true, (member) => (
            <RowAction icon="delete" name={t("remove", { name: called(member) })} onClick={() => setRemoving(member)} />
          )),
        ]}
      />
      {create && items && mayAdd && <Add members={items} onDone={refresh} onClose={() => set({ create: undefined }, "replace")} />}
      <Ask
        about={removing}
        title={(member) => t("removeTitle", { name: called(member) })}
        action={t("removeAction")}
        text={({ user }) => `${t("removeText")} ${user.id === session.user?.id ? t("removeSelf") : ""}`}
        said={(member) => t("removed", { name: called(member) })}
        onConfirm={async ({ user }) => {
          await removeMember(user.id);
          await (user.id === session.user?.id ? client.invalidateQueries() : refresh());
        }}
        onClose={() => setRemoving(undefined)}
      />
    </Page>
  );
};

export default Members;
