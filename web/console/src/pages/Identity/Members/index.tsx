import { ActionIcon, Badge, Button, Radio, Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { loadMembers, type Member, removeMember, setMember } from "../../../../../api/members.ts";
import type { MemberRole } from "../../../../../api/session.ts";
import { listUsers, nameOf } from "../../../../../api/users.ts";
import { Confirm } from "../../../parts/confirm.tsx";
import { Empty } from "../../../parts/Empty.tsx";
import { FormDialog } from "../../../parts/FormDialog.tsx";
import { Listing } from "../../../parts/Listing.tsx";
import { done, failed } from "../../../parts/notify.ts";
import { Page } from "../../../parts/Page.tsx";
import { useAddress } from "../../../parts/useAddress.ts";
import { useForm } from "../../../parts/useForm.ts";
import { useMay, useSession } from "../../../session.tsx";
import { ago, moment } from "../../../text.ts";
import { Person } from "../parts/Person.tsx";
import { t as shared } from "../text.ts";
import { t } from "./text.ts";
import "../identity.css";

const roles: MemberRole[] = ["owner", "developer", "support"];

const Add = ({ members, onDone, onClose }: { members: Member[]; onDone: () => Promise<unknown>; onClose: () => void }) => {
  const [words, setWords] = useState("");
  const [search] = useDebouncedValue(words, 250);
  const [name, setName] = useState("");
  const query = useQuery({ queryKey: ["users", "pick", search], queryFn: () => listUsers({ search }), placeholderData: keepPreviousData });
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
  const users = (query.data?.items ?? []).filter((user) => !members.some((member) => member.user.id === user.id));
  const options = users.map((user) => ({ value: user.id, label: nameOf(user) }));
  const { userId } = form.values;
  return (
    <FormDialog isOpen title={t("add")} action={t("add")} form={form} onClose={onClose}>
      <Select
        label={t("user")}
        placeholder={t("pick")}
        required
        searchable
        openOnFocus={false}
        data-autofocus
        data={userId && !options.some((option) => option.value === userId) ? [{ value: userId, label: name }, ...options] : options}
        filter={({ options: all }) => all}
        value={userId || null}
        error={form.errors.userId}
        onSearchChange={(next) => setWords(next === name ? "" : next)}
        onChange={(id, option) => {
          setName(option?.label ?? "");
          form.set("userId", id ?? "");
        }}
        nothingFoundMessage={t("nobody")}
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
  const query = useQuery({ queryKey: ["members"], queryFn: loadMembers });
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
  const add = mayAdd && (
    <Button leftSection={<IconPlus size={16} aria-hidden="true" />} onClick={() => set({ create: "new" })}>
      {t("add")}
    </Button>
  );
  const items = query.data;
  return (
    <Page title={t("title")} lead={t("lead")} actions={add}>
      <Listing
        label={t("title")}
        query={{ data: items && { items, total: items.length }, error: query.error, refetch: query.refetch }}
        keyOf={(member) => member.user.id}
        page={1}
        onPage={() => {}}
        empty={
          <Empty title={t("emptyTitle")} text={t("empty")}>
            {add}
          </Empty>
        }
        columns={[
          {
            name: t("member"),
            cell: (member: Member) => (
              <Person
                user={{ ...member.user, primaryEmail: null, primaryPhone: null }}
                name={
                  <>
                    {called(member)}{" "}
                    {member.user.id === session.user?.id && (
                      <Badge variant="default" color="gray" size="sm">
                        {t("you")}
                      </Badge>
                    )}
                  </>
                }
              />
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
          { name: t("since"), isMinor: true, cell: (member: Member) => <time title={moment(member.since)}>{ago(member.since)}</time> },
          {
            name: t("lastSeen"),
            isMinor: true,
            cell: (member: Member) => (member.lastSeen ? <time title={moment(member.lastSeen)}>{ago(member.lastSeen)}</time> : t("never")),
          },
          {
            name: shared("actions"),
            isUnnamed: true,
            isEnd: true,
            width: "4rem",
            cell: (member: Member) => (
              <ActionIcon variant="subtle" color="gray" aria-label={t("remove", { name: called(member) })} onClick={() => setRemoving(member)}>
                <IconTrash size={16} aria-hidden="true" />
              </ActionIcon>
            ),
          },
        ]}
      />
      {create && items && mayAdd && <Add members={items} onDone={refresh} onClose={() => set({ create: undefined }, "replace")} />}
      <Confirm
        isOpen={removing !== undefined}
        title={t("removeTitle", { name: removing ? called(removing) : "" })}
        action={t("removeAction")}
        onConfirm={async () => {
          if (!removing) return;
          await removeMember(removing.user.id);
          done(t("removed", { name: called(removing) }));
          await (removing.user.id === session.user?.id ? client.invalidateQueries() : refresh());
        }}
        onClose={() => setRemoving(undefined)}
      >
        {t("removeText")} {removing?.user.id === session.user?.id && t("removeSelf")}
      </Confirm>
    </Page>
  );
};

export default Members;
