import { ActionIcon, Button, NativeSelect, Popover, Textarea, TextInput } from "@mantine/core";
import { IconFilter, IconX } from "@tabler/icons-react";
import { useState } from "react";
import type { Enum, Filter, Table } from "../../../../../api/catalog.ts";
import { editorOf } from "../cells.ts";
import { operatorsFor, wordsOf } from "./operators.ts";
import { t } from "./text.ts";

type Props = { table: Table; enums: Enum[]; where: Filter[]; onChange: (where: Filter[]) => void };

const Form = ({ table, enums, onAdd }: { table: Table; enums: Enum[]; onAdd: (filter: Filter) => void }) => {
  const [name, setName] = useState(table.columns[0]?.name ?? "");
  const column = table.columns.find((one) => one.name === name);
  const operators = column ? operatorsFor(column) : [];
  const [op, setOp] = useState("");
  const chosen = operators.find((one) => one.op === op) ?? operators[0];
  const [value, setValue] = useState("");
  if (!column || !chosen) return null;
  const choices =
    editorOf(column) === "boolean"
      ? ["true", "false"]
      : enums.find((one) => one.schema === column.type_name.schema && one.name === column.type_name.name)?.values;
  const current = chosen.takes === "one" && choices && !choices.includes(value) ? (choices[0] ?? "") : value;
  const shared = { label: t("value"), "data-autofocus": true };
  return (
    <form
      className="stack"
      style={{ marginTop: 0 }}
      onSubmit={(event) => {
        event.preventDefault();
        onAdd({
          column: name,
          op: chosen.op,
          ...(chosen.takes === "one" && { value: current }),
          ...(chosen.takes === "many" && { values: value.split("\n").filter((line) => line !== "") }),
        });
      }}
    >
      <NativeSelect
        label={t("column")}
        data={table.columns.map((one) => one.name)}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <NativeSelect
        label={t("op")}
        data={operators.map((one) => ({ value: one.op, label: one.name }))}
        value={chosen.op}
        onChange={(event) => setOp(event.currentTarget.value)}
      />
      {chosen.takes === "many" && (
        <Textarea
          {...shared}
          description={t("valuesHint")}
          autosize
          minRows={2}
          maxRows={8}
          value={value}
          onChange={(event) => setValue(event.currentTarget.value)}
        />
      )}
      {chosen.takes === "one" &&
        (choices ? (
          <NativeSelect {...shared} data={choices} value={current} onChange={(event) => setValue(event.currentTarget.value)} />
        ) : (
          <TextInput {...shared} value={value} onChange={(event) => setValue(event.currentTarget.value)} />
        ))}
      <Button type="submit">{t("apply")}</Button>
    </form>
  );
};

/** What is asked of the rows, each condition with a way to take it off. */
export const Filters = ({ table, enums, where, onChange }: Props) => {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Popover opened={isOpen} onChange={setOpen} width={280} trapFocus returnFocus shadow="md" position="bottom-start">
        <Popover.Target>
          <Button size="xs" variant="default" leftSection={<IconFilter size={14} aria-hidden="true" />} onClick={() => setOpen(!isOpen)}>
            {where.length > 0 ? t("addFilter") : t("filter")}
          </Button>
        </Popover.Target>
        <Popover.Dropdown>
          <Form
            table={table}
            enums={enums}
            onAdd={(filter) => {
              onChange([...where, filter]);
              setOpen(false);
            }}
          />
        </Popover.Dropdown>
      </Popover>
      {where.map((filter, index) => {
        const words = wordsOf(
          filter,
          table.columns.find((one) => one.name === filter.column),
        );
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: two filters may be the same
          <span key={index} className="chip">
            <span>{words}</span>
            <ActionIcon
              size="xs"
              variant="transparent"
              color="gray"
              aria-label={t("removeFilter", { filter: words })}
              onClick={() => onChange(where.filter((_, i) => i !== index))}
            >
              <IconX size={13} aria-hidden="true" />
            </ActionIcon>
          </span>
        );
      })}
      {where.length > 1 && (
        <Button size="compact-xs" variant="subtle" color="gray" onClick={() => onChange([])}>
          {t("clearFilters")}
        </Button>
      )}
    </>
  );
};
