import { Button, Checkbox, Modal, MultiSelect, NativeSelect, Textarea, TextInput } from "@mantine/core";
import { type ReactNode, useState } from "react";
import type { Column, Enum, Table } from "../../../../../api/catalog.ts";
import { ColumnFields, newColumn } from "../ColumnFields.tsx";
import { addCheck, addColumn, addForeignKey, addPrimaryKey, addUnique, alterColumn, createIndex, draftOf, type SchemaChange } from "../ddl.ts";
import { ForeignKeyFields, newForeignKey } from "../ForeignKeyFields.tsx";
import { t } from "./text.ts";

/** What a form is for. */
export type Form = { kind: "column"; column?: Column } | { kind: "primary" | "unique" | "check" | "foreign" | "index" };

type Props = { table: Table; tables: Table[]; enums: Enum[]; onReview: (change: SchemaChange) => void };

const Frame = ({ canGo, onGo, children }: { canGo: boolean; onGo: () => void; children: ReactNode }) => (
  <form
    className="stack"
    style={{ marginTop: 0 }}
    onSubmit={(event) => {
      event.preventDefault();
      if (canGo) onGo();
    }}
  >
    {children}
    <div className="actions end">
      <Button type="submit" disabled={!canGo}>
        {t("review")}
      </Button>
    </div>
  </form>
);

const ColumnForm = ({ table, enums, column, onReview }: Props & { column?: Column }) => {
  const [draft, setDraft] = useState(column ? draftOf(column) : newColumn());
  const change = !draft.name.trim() || !draft.type.trim() ? undefined : column ? alterColumn(table, column, draft) : addColumn(table, draft);
  return (
    <Frame canGo={change !== undefined} onGo={() => change && onReview(change)}>
      <ColumnFields column={draft} enums={enums} onChange={setDraft} isNew={!column} />
    </Frame>
  );
};

const KeyForm = ({ table, kind, onReview }: Props & { kind: "primary" | "unique" }) => {
  const [columns, setColumns] = useState<string[]>([]);
  return (
    <Frame canGo={columns.length > 0} onGo={() => onReview((kind === "primary" ? addPrimaryKey : addUnique)(table, columns))}>
      <MultiSelect
        label={t("keyColumns")}
        data={table.columns.map((column) => column.name)}
        value={columns}
        onChange={setColumns}
        searchable
        data-autofocus
      />
    </Frame>
  );
};

const CheckForm = ({ table, onReview }: Props) => {
  const [name, setName] = useState("");
  const [expression, setExpression] = useState("");
  return (
    <Frame canGo={name.trim() !== "" && expression.trim() !== ""} onGo={() => onReview(addCheck(table, name.trim(), expression))}>
      <TextInput label={t("name")} value={name} onChange={(event) => setName(event.currentTarget.value)} required data-autofocus />
      <Textarea
        label={t("expression")}
        description={t("expressionHint")}
        value={expression}
        onChange={(event) => setExpression(event.currentTarget.value)}
        autosize
        required
      />
    </Frame>
  );
};

const ForeignForm = ({ table, tables, onReview }: Props) => {
  const [key, setKey] = useState(newForeignKey);
  return (
    <Frame canGo={key.columns.length > 0 && key.to.name !== "" && key.toColumns.every(Boolean)} onGo={() => onReview(addForeignKey(table, key))}>
      <ForeignKeyFields columns={table.columns.map((column) => column.name)} tables={tables} value={key} onChange={setKey} />
    </Frame>
  );
};

const IndexForm = ({ table, onReview }: Props) => {
  const [index, setIndex] = useState({ name: "", unique: false, method: "btree", columns: [] as string[], where: "" });
  return (
    <Frame canGo={index.columns.length > 0} onGo={() => onReview(createIndex(table, index))}>
      <MultiSelect
        label={t("keyColumns")}
        data={table.columns.map((column) => column.name)}
        value={index.columns}
        onChange={(columns) => setIndex({ ...index, columns })}
        searchable
        data-autofocus
      />
      <TextInput
        label={t("name")}
        description={t("nameHint")}
        value={index.name}
        onChange={(event) => setIndex({ ...index, name: event.currentTarget.value })}
      />
      <NativeSelect
        label={t("method")}
        data={["btree", "hash", "gin", "gist", "brin"]}
        value={index.method}
        onChange={(event) => setIndex({ ...index, method: event.currentTarget.value })}
      />
      <Checkbox label={t("onlyUnique")} checked={index.unique} onChange={(event) => setIndex({ ...index, unique: event.currentTarget.checked })} />
      <TextInput
        label={t("where")}
        description={t("whereHint")}
        value={index.where}
        onChange={(event) => setIndex({ ...index, where: event.currentTarget.value })}
      />
    </Frame>
  );
};

const titles = { primary: "addPrimary", unique: "addUnique", check: "addCheck", foreign: "addForeign", index: "addIndex" } as const;

/** The form that is open, if one is; what comes of it is reviewed as SQL. */
export const FormDialog = ({ form, onClose, ...props }: Props & { form: Form | undefined; onClose: () => void }) => {
  const title =
    form && (form.kind === "column" ? (form.column ? t("editColumn", { name: form.column.name }) : t("addColumn")) : t(titles[form.kind]));
  return (
    <Modal opened={form !== undefined} onClose={onClose} title={title} centered closeButtonProps={{ "aria-label": t("cancel") }}>
      {form?.kind === "column" && <ColumnForm {...props} column={form.column} />}
      {(form?.kind === "primary" || form?.kind === "unique") && <KeyForm {...props} kind={form.kind} />}
      {form?.kind === "check" && <CheckForm {...props} />}
      {form?.kind === "foreign" && <ForeignForm {...props} />}
      {form?.kind === "index" && <IndexForm {...props} />}
    </Modal>
  );
};
