import { ActionIcon, Autocomplete, Button, Popover, TextInput } from "@mantine/core";
import { IconEye, IconPlus, IconTrash } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { exportMetadata, rolesOf } from "../../../../api/metadata.ts";
import { useMay } from "../../session.tsx";
import { t } from "./text.ts";

/** Somebody the data API can be asked as. */
export type Caller = { role: string; variables: { name: string; value: string }[] };

const prefix = "x-hasura-";

/** The headers that make the data API take a signed-in member for this caller. Names without the prefix get it. */
export const headersOf = ({ role, variables }: Caller): Record<string, string> => {
  const headers: Record<string, string> = {};
  for (const { name, value } of variables) {
    const full = name.trim().toLowerCase();
    if (full) headers[full.startsWith(prefix) ? full : prefix + full] = value;
  }
  if (role && role !== "admin") headers[`${prefix}role`] = role;
  return headers;
};

/** Picks the caller: a role, and the session variables its permissions read. */
export const ViewAs = ({ caller, onChange }: { caller: Caller; onChange: (caller: Caller) => void }) => {
  const mayRead = useMay("metadata:read");
  const metadata = useQuery({ queryKey: ["metadata"], queryFn: exportMetadata, enabled: mayRead }).data?.metadata;
  const [draft, setDraft] = useState(caller);
  const [isOpen, setOpen] = useState(false);
  const apply = () => {
    setOpen(false);
    onChange(draft);
  };
  const setVariable = (index: number, change: Partial<Caller["variables"][number]>) =>
    setDraft({ ...draft, variables: draft.variables.map((variable, i) => (i === index ? { ...variable, ...change } : variable)) });
  const count = caller.variables.filter((variable) => variable.name).length;
  return (
    <Popover opened={isOpen} onChange={setOpen} onOpen={() => setDraft(caller)} position="bottom-end" width={360} trapFocus shadow="md" returnFocus>
      <Popover.Target>
        <Button variant="default" leftSection={<IconEye size={16} aria-hidden="true" />} onClick={() => setOpen(!isOpen)}>
          {t("viewAs")} {caller.role || t("admin")}
          {count > 0 && `, ${t("some", { count })}`}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <form
          className="stack"
          style={{ marginTop: 0 }}
          onSubmit={(event) => {
            event.preventDefault();
            apply();
          }}
        >
          <Autocomplete
            label={t("viewAs")}
            placeholder={t("roleHint")}
            data={["admin", ...rolesOf(metadata ?? {}).filter((role) => role !== "admin")]}
            value={draft.role}
            onChange={(role) => setDraft({ ...draft, role })}
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
                  onClick={() => setDraft({ ...draft, variables: draft.variables.filter((_, i) => i !== index) })}
                >
                  <IconTrash size={16} aria-hidden="true" />
                </ActionIcon>
              </div>
            ))}
            <Button
              variant="subtle"
              size="xs"
              leftSection={<IconPlus size={14} aria-hidden="true" />}
              onClick={() => setDraft({ ...draft, variables: [...draft.variables, { name: "", value: "" }] })}
            >
              {t("addVariable")}
            </Button>
          </fieldset>
          <Button type="submit">{t("viewAs")}</Button>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
};
