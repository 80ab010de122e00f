import { MultiSelect, NativeSelect } from "@mantine/core";
import type { Table } from "../../../../api/catalog.ts";
import { texts } from "../../text.ts";
import type { ForeignKeyDraft } from "./ddl.ts";
import { actions } from "./types.ts";

const t = texts("data.foreign", {
  columns: "Columns",
  to: "Points to table",
  toColumn: "{name} points to",
  onDelete: "When that row is deleted",
  onUpdate: "When its key changes",
  pick: "Pick one",
});

const keyOf = (table: { schema: string; name: string }) => `${table.schema}.${table.name}`;

type Props = { columns: string[]; tables: Table[]; value: ForeignKeyDraft; onChange: (value: ForeignKeyDraft) => void };

/** What a foreign key joins. The columns it points to are the other table's key until another is picked. */
export const ForeignKeyFields = ({ columns, tables, value, onChange }: Props) => {
  const targets = tables.filter((table) => table.kind === "table" || table.kind === "partitioned_table");
  const target = targets.find((table) => keyOf(table) === keyOf(value.to));
  const keys = target?.keys[0]?.columns ?? [];
  const aim = (own: string[], to: Table | undefined) =>
    own.map((_, i) => value.toColumns[i] ?? to?.keys[0]?.columns[i] ?? to?.columns[0]?.name ?? "");
  return (
    <>
      <MultiSelect
        label={t("columns")}
        data={columns}
        value={value.columns}
        onChange={(own) => onChange({ ...value, columns: own, toColumns: aim(own, target) })}
        required
        searchable
      />
      <NativeSelect
        label={t("to")}
        value={target ? keyOf(target) : ""}
        data={[{ value: "", label: t("pick") }, ...targets.map(keyOf)]}
        required
        onChange={(event) => {
          const to = targets.find((table) => keyOf(table) === event.currentTarget.value);
          if (to)
            onChange({
              ...value,
              to: { schema: to.schema, name: to.name },
              toColumns: value.columns.map((_, i) => to.keys[0]?.columns[i] ?? to.columns[0]?.name ?? ""),
            });
        }}
      />
      {target &&
        value.columns.map((column, i) => (
          <NativeSelect
            key={column}
            label={t("toColumn", { name: column })}
            value={value.toColumns[i] ?? keys[i] ?? ""}
            data={target.columns.map((one) => one.name)}
            onChange={(event) => onChange({ ...value, toColumns: value.toColumns.map((was, at) => (at === i ? event.currentTarget.value : was)) })}
          />
        ))}
      <NativeSelect
        label={t("onDelete")}
        data={actions}
        value={value.onDelete}
        onChange={(event) => onChange({ ...value, onDelete: event.currentTarget.value })}
      />
      <NativeSelect
        label={t("onUpdate")}
        data={actions}
        value={value.onUpdate}
        onChange={(event) => onChange({ ...value, onUpdate: event.currentTarget.value })}
      />
    </>
  );
};

export const newForeignKey = (): ForeignKeyDraft => ({
  columns: [],
  to: { schema: "", name: "" },
  toColumns: [],
  onDelete: "no action",
  onUpdate: "no action",
});
