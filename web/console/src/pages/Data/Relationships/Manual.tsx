import { ActionIcon, Button, Modal, NativeSelect, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import type { Database, Name, Table } from "../../../../../api/catalog.ts";
import { Problem } from "../../../parts/Problem.tsx";
import { useDatabase, useSources } from "../source.ts";
import { t } from "./text.ts";
import { useCommand } from "./useCommand.ts";

type Pair = { from: string; to: string };
type Props = { source: string; database: Database; table: Table; isOpen: boolean; onClose: () => void };

const nameOf = ({ schema, name }: Name) => `${schema}.${name}`;

/** A relationship that no foreign key makes: by columns, of this database or of another. */
export const Manual = ({ source, database, table, isOpen, onClose }: Props) => {
  const sources = (useSources().data ?? []).map((one) => one.name);
  const [name, setName] = useState("");
  const [type, setType] = useState<"object" | "array">("object");
  const [other, setOther] = useState(source);
  const [to, setTo] = useState("");
  const [pairs, setPairs] = useState<Pair[]>([{ from: table.columns[0]?.name ?? "", to: "" }]);
  const add = useCommand(t("added"));
  const there = useDatabase(isOpen ? other : undefined).data ?? (other === source ? database : undefined);
  const targets = (there?.tables ?? []).filter((one) => one.tracked);
  const target = targets.find((one) => nameOf(one) === to) ?? targets[0];
  const columnOf = (pair: Pair) => (target?.columns.some((one) => one.name === pair.to) ? pair.to : (target?.columns[0]?.name ?? ""));
  const change = (at: number, next: Partial<Pair>) => setPairs(pairs.map((pair, i) => (i === at ? { ...pair, ...next } : pair)));
  const submit = async () => {
    if (!target) return;
    const remote: Name = { schema: target.schema, name: target.name };
    const mapping = Object.fromEntries(pairs.map((pair) => [pair.from, columnOf(pair)]));
    const self = { source, table: { schema: table.schema, name: table.name }, name };
    const command =
      other === source
        ? {
            type: `pg_create_${type}_relationship`,
            args: { ...self, using: { manual_configuration: { remote_table: remote, column_mapping: mapping } } },
          }
        : {
            type: "pg_create_remote_relationship",
            args: { ...self, definition: { to_source: { source: other, table: remote, relationship_type: type, field_mapping: mapping } } },
          };
    await add.mutateAsync(command).then(onClose, () => {});
  };
  return (
    <Modal opened={isOpen} onClose={onClose} title={t("manualTitle")} centered closeButtonProps={{ "aria-label": t("cancel") }}>
      <form
        className="stack"
        style={{ marginTop: 0 }}
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <TextInput label={t("name")} value={name} onChange={(event) => setName(event.currentTarget.value)} required data-autofocus />
        <NativeSelect
          label={t("type")}
          data={[
            { value: "object", label: t("typeObject") },
            { value: "array", label: t("typeArray") },
          ]}
          value={type}
          onChange={(event) => setType(event.currentTarget.value as "object" | "array")}
        />
        {sources.length > 1 && (
          <NativeSelect
            label={t("source")}
            data={sources.map((one) => ({ value: one, label: one === source ? t("sourceHere", { name: one }) : one }))}
            value={other}
            onChange={(event) => setOther(event.currentTarget.value)}
          />
        )}
        <NativeSelect
          label={t("to")}
          data={targets.map(nameOf)}
          value={target ? nameOf(target) : ""}
          onChange={(event) => setTo(event.currentTarget.value)}
        />
        {pairs.map((pair, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a pair has no other name
          <div key={at} className="pair">
            <NativeSelect
              label={t("from")}
              data={table.columns.map((one) => one.name)}
              value={pair.from}
              onChange={(event) => change(at, { from: event.currentTarget.value })}
            />
            <NativeSelect
              label={t("toColumn")}
              data={target?.columns.map((one) => one.name) ?? []}
              value={columnOf(pair)}
              onChange={(event) => change(at, { to: event.currentTarget.value })}
            />
            {pairs.length > 1 && (
              <ActionIcon
                variant="subtle"
                color="gray"
                aria-label={t("removeColumn", { name: pair.from })}
                onClick={() => setPairs(pairs.filter((_, i) => i !== at))}
              >
                <IconTrash size={16} aria-hidden="true" />
              </ActionIcon>
            )}
          </div>
        ))}
        <Button
          size="compact-sm"
          variant="subtle"
          leftSection={<IconPlus size={14} aria-hidden="true" />}
          onClick={() =>
            setPairs([...pairs, { from: table.columns.find((one) => !pairs.some((pair) => pair.from === one.name))?.name ?? "", to: "" }])
          }
          style={{ justifySelf: "start" }}
        >
          {t("addColumn")}
        </Button>
        {add.error && <Problem error={add.error} />}
        <div className="actions end">
          <Button type="submit" loading={add.isPending} disabled={!target}>
            {t("add")}
          </Button>
        </div>
      </form>
    </Modal>
  );
};
