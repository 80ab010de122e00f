import { Checkbox, MultiSelect, SegmentedControl, TextInput } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Table as Described } from "../../../../api/catalog.ts";
import { bulk, type Command, type Metadata, type Source } from "../../../../api/metadata.ts";
import { cloning, inherit, operations, rehearse, spreading, type TableOperation } from "../../../../api/permissions.ts";
import { FormDialog } from "../../parts/FormDialog.tsx";
import { done } from "../../parts/notify.ts";
import { Problem } from "../../parts/Problem.tsx";
import { useForm } from "../../parts/useForm.ts";
import { broad } from "./fit.ts";
import { nameOf } from "./rights.ts";
import { operationName, t } from "./text.ts";

/** How much commands would open or close, rehearsed by the server. */
const Foreseen = ({ commands }: { commands: Command[] }) => {
  const { data, error } = useQuery({
    queryKey: ["rehearsal", "several", JSON.stringify(commands)],
    queryFn: ({ signal }) => rehearse(commands, undefined, signal),
    enabled: commands.length > 0,
    retry: false,
    gcTime: 0,
  });
  if (error) return <Problem error={error} />;
  const count = (direction: string) => data?.plan.rights.filter((right) => right.direction === direction).length ?? 0;
  return (
    <p className="muted" role="status">
      {commands.length === 0
        ? t("foreseenNothing")
        : data
          ? t("foreseen", { wider: count("wider"), narrower: count("narrower"), breaks: data.plan.operations.length })
          : t("impactLooking")}
    </p>
  );
};

/** Makes a role that may exactly what another may. */
export const CloneRole = ({
  metadata,
  from,
  onDone,
  onClose,
}: {
  metadata: Metadata;
  from: string;
  onDone: (to: string) => void;
  onClose: () => void;
}) => {
  const client = useQueryClient();
  const form = useForm({
    initial: { name: "" },
    check: ({ name }) => (!name.trim() || name.trim() === from || name.trim() === "admin" ? { name: t("roleNameNeeded") } : {}),
    onSubmit: async ({ name }) => {
      const to = name.trim();
      await bulk(cloning(metadata, from, to));
      await client.invalidateQueries({ queryKey: ["metadata"] });
      done(t("cloned", { from, to }));
      onClose();
      onDone(to);
    },
  });
  const to = form.values.name.trim();
  return (
    <FormDialog isOpen title={t("cloneTitle", { role: from })} lead={t("cloneLead")} action={t("clone")} form={form} onClose={onClose}>
      <TextInput label={t("newRole")} data-autofocus required spellCheck={false} autoCapitalize="none" {...form.text("name")} />
      {to && to !== from && <Foreseen commands={cloning(metadata, from, to)} />}
    </FormDialog>
  );
};

/** Gives a role the same on several tables at once. */
export const SpreadPermission = ({
  source,
  tables,
  roles,
  onClose,
}: {
  source: Source;
  tables: Described[];
  roles: string[];
  onClose: () => void;
}) => {
  const client = useQueryClient();
  const [operation, setOperation] = useState<TableOperation>("select");
  const [owner, setOwner] = useState("");
  const commandsFor = (role: string, picked: string[]) =>
    spreading(
      source,
      role.trim(),
      operation,
      (source.tables ?? []).filter(({ table }) => picked.includes(nameOf(table))),
      ({ table }) => {
        const described = tables.find((one) => one.schema === table.schema && one.name === table.name);
        return described && broad(operation, described, owner.trim() || undefined);
      },
    );
  const form = useForm({
    initial: { role: "", picked: [] as string[] },
    check: ({ role, picked }) => ({
      ...(!role.trim() && { role: t("roleNameNeeded") }),
      ...(picked.length === 0 && { picked: t("tablesNeeded") }),
    }),
    onSubmit: async ({ role, picked }) => {
      const commands = commandsFor(role, picked);
      await bulk(commands);
      await client.invalidateQueries({ queryKey: ["metadata"] });
      done(
        t("spread", {
          role: role.trim(),
          operation: operationName[operation],
          count: commands.filter(({ type }) => type.includes("_create_")).length,
        }),
      );
      onClose();
    },
  });
  const { role, picked } = form.values;
  const commands = role.trim() ? commandsFor(role, picked) : [];
  return (
    <FormDialog
      isOpen
      title={t("spreadTitle")}
      lead={t("spreadLead")}
      action={t("allow")}
      form={form}
      size="lg"
      onClose={onClose}
      isOff={commands.length === 0}
    >
      <TextInput label={t("role")} data-autofocus required spellCheck={false} autoCapitalize="none" list="known-roles" {...form.text("role")} />
      <datalist id="known-roles">
        {roles.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <SegmentedControl
        size="xs"
        aria-label={t("what")}
        value={operation}
        onChange={(value) => setOperation(value as TableOperation)}
        data={operations.map((value) => ({ value, label: operationName[value] }))}
      />
      <TextInput
        label={t("ownerColumn")}
        description={t("ownerColumnHint")}
        placeholder="user_id"
        spellCheck={false}
        autoCapitalize="none"
        value={owner}
        onChange={(event) => setOwner(event.currentTarget.value)}
      />
      <MultiSelect
        label={t("onTables")}
        searchable
        clearable
        required
        data={(source.tables ?? []).map(({ table }) => nameOf(table))}
        value={picked}
        onChange={(names) => form.set("picked", names)}
        error={form.errors.picked}
      />
      <Checkbox
        label={t("everyTable")}
        checked={picked.length === (source.tables ?? []).length}
        onChange={(event) => form.set("picked", event.currentTarget.checked ? (source.tables ?? []).map(({ table }) => nameOf(table)) : [])}
      />
      <Foreseen commands={commands} />
    </FormDialog>
  );
};

/** Makes or changes a role that may what several others may together. */
export const InheritedRole = ({ was, roles, onClose }: { was?: { role_name: string; role_set: string[] }; roles: string[]; onClose: () => void }) => {
  const client = useQueryClient();
  const form = useForm({
    initial: { name: was?.role_name ?? "", set: was?.role_set ?? [] },
    check: ({ name, set }) => ({
      ...(!name.trim() && { name: t("roleNameNeeded") }),
      ...(set.length === 0 && { set: t("rolesNeeded") }),
    }),
    onSubmit: async ({ name, set }) => {
      await inherit(name.trim(), set);
      await client.invalidateQueries({ queryKey: ["metadata"] });
      done(t("inheritSaved", { name: name.trim() }));
      onClose();
    },
  });
  return (
    <FormDialog isOpen title={t(was ? "inheritEdit" : "inheritAdd")} lead={t("inheritedLead")} action={t("save")} form={form} onClose={onClose}>
      <TextInput
        label={t("role")}
        required
        disabled={was !== undefined}
        data-autofocus
        spellCheck={false}
        autoCapitalize="none"
        {...form.text("name")}
      />
      <MultiSelect
        label={t("inheritFrom")}
        required
        searchable
        data={roles.filter((role) => role !== form.values.name.trim())}
        value={form.values.set}
        onChange={(set) => form.set("set", set)}
        error={form.errors.set}
      />
    </FormDialog>
  );
};
