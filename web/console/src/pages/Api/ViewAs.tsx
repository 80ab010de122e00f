import { ActionIcon, Autocomplete, Button, Popover, Select, TextInput } from "@mantine/core";
import { IconEye, IconPlus, IconTrash } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { exportMetadata, rolesOf } from "../../../../api/metadata.ts";
import { PickUser } from "../../parts/Pick.tsx";
import { Problem } from "../../parts/Problem.tsx";
import { useCaller, useMayPick } from "../../parts/useCaller.ts";
import { useMay } from "../../session.tsx";
import { type Caller, callerOf } from "./caller.ts";
import { t } from "./viewAsText.ts";

type Variable = Caller["variables"][number];

/** Picks the caller: a user in a role of theirs, or a role and the session variables its permissions read. */
export const ViewAs = ({ caller, onChange }: { caller: Caller; onChange: (caller: Caller) => void }) => {
  const mayPick = useMayPick();
  const [userId, setUserId] = useState(caller.user?.id);
  const [draft, setDraft] = useState(caller);
  const [isOpen, setOpen] = useState(false);
  const apply = (next: Caller) => {
    setOpen(false);
    onChange(next);
  };
  const count = caller.variables.filter((variable) => variable.name).length;
  return (
    <Popover
      opened={isOpen}
      onChange={setOpen}
      onOpen={() => {
        setDraft(caller);
        setUserId(caller.user?.id);
      }}
      position="bottom-end"
      width={360}
      trapFocus
      shadow="md"
      returnFocus
    >
      <Popover.Target>
        <Button variant="default" className="view-as" leftSection={<IconEye size={16} aria-hidden="true" />} onClick={() => setOpen(!isOpen)}>
          {t("viewAs")} {caller.user?.name ?? (caller.role || t("admin"))}
          {!caller.user && count > 0 && `, ${t("some", { count })}`}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <div className="stack" style={{ marginTop: 0 }}>
          {mayPick && (
            <PickUser
              clearable
              label={t("user")}
              value={userId ?? null}
              onChange={(id) => {
                setUserId(id ?? undefined);
                if (!id) setDraft(caller.user ? { role: "admin", variables: [] } : draft);
              }}
              comboboxProps={{ withinPortal: false }}
            />
          )}
          {mayPick && userId ? (
            <AUser key={userId} id={userId} role={caller.user?.id === userId ? caller.role : undefined} onApply={apply} />
          ) : (
            <ARole draft={draft} onDraft={setDraft} onApply={() => apply({ role: draft.role, variables: draft.variables })} />
          )}
        </div>
      </Popover.Dropdown>
    </Popover>
  );
};

/** A user's roles to choose among, and what a token of theirs says. */
const AUser = ({ id, role: at, onApply }: { id: string; role?: string; onApply: (caller: Caller) => void }) => {
  const { data, error, refetch } = useCaller(id);
  const [picked, setPicked] = useState(at);
  if (error) return <Problem title={t("cannot")} error={error} onRetry={() => void refetch()} />;
  if (!data) return null;
  let caller: Caller;
  try {
    caller = callerOf(data, picked && data.roles.includes(picked) ? picked : undefined);
  } catch (problem) {
    return <Problem title={t("cannot")} error={problem} />;
  }
  return (
    <form
      className="stack"
      style={{ marginTop: 0 }}
      onSubmit={(event) => {
        event.preventDefault();
        onApply(caller);
      }}
    >
      <Select
        label={t("role")}
        description={t("held")}
        data={data.roles}
        value={caller.role}
        onChange={(role) => role && setPicked(role)}
        allowDeselect={false}
        comboboxProps={{ withinPortal: false }}
      />
      {data.withoutPermissions.includes(caller.role) && <p className="note">{t("withoutPermissions", { role: caller.role })}</p>}
      <div className="variables">
        <p className="label">{t("variables")}</p>
        <p className="muted">{t("variablesOf")}</p>
        <dl className="given">
          {caller.variables.map(({ name, value }) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
        {data.problem && <p className="note">{data.problem}</p>}
      </div>
      <Button type="submit">{t("apply")}</Button>
    </form>
  );
};

/** A role, and variables as they are written. */
const ARole = ({ draft, onDraft, onApply }: { draft: Caller; onDraft: (draft: Caller) => void; onApply: () => void }) => {
  const mayRead = useMay("metadata:read");
  const metadata = useQuery({ queryKey: ["metadata"], queryFn: exportMetadata, enabled: mayRead }).data?.metadata;
  const set = (variables: Variable[]) => onDraft({ ...draft, variables });
  const setVariable = (index: number, change: Partial<Variable>) =>
    set(draft.variables.map((variable, i) => (i === index ? { ...variable, ...change } : variable)));
  return (
    <form
      className="stack"
      style={{ marginTop: 0 }}
      onSubmit={(event) => {
        event.preventDefault();
        onApply();
      }}
    >
      <Autocomplete
        label={t("viewAs")}
        placeholder={t("roleHint")}
        data={["admin", ...rolesOf(metadata ?? {}).filter((role) => role !== "admin")]}
        value={draft.role}
        onChange={(role) => onDraft({ ...draft, role })}
        comboboxProps={{ withinPortal: false }}
        data-autofocus
      />
      <fieldset className="variables">
        <legend>{t("variables")}</legend>
        <p className="muted">{t("variablesHint")}</p>
        {draft.variables.map((variable, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: rows have no other name while they are typed
          <div key={index} className="row">
            <TextInput
              aria-label={t("name")}
              placeholder="x-hasura-user-id"
              value={variable.name}
              onChange={(event) => setVariable(index, { name: event.currentTarget.value })}
            />
            <TextInput
              aria-label={t("value")}
              value={variable.value}
              onChange={(event) => setVariable(index, { value: event.currentTarget.value })}
            />
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={t("remove", { name: variable.name || t("name") })}
              onClick={() => set(draft.variables.filter((_, i) => i !== index))}
            >
              <IconTrash size={16} aria-hidden="true" />
            </ActionIcon>
          </div>
        ))}
        <Button
          variant="subtle"
          size="xs"
          leftSection={<IconPlus size={14} aria-hidden="true" />}
          onClick={() => set([...draft.variables, { name: "", value: "" }])}
        >
          {t("addVariable")}
        </Button>
      </fieldset>
      <Button type="submit">{t("apply")}</Button>
    </form>
  );
};
