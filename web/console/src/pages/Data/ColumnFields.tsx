import { Autocomplete, Checkbox, NativeSelect, TextInput } from "@mantine/core";
import type { Enum } from "../../../../api/catalog.ts";
import { texts } from "../../text.ts";
import type { ColumnDraft } from "./ddl.ts";
import { qualified } from "./quote.ts";
import { commonDefaults, commonTypes } from "./types.ts";

const t = texts("data.column", {
  name: "Name",
  type: "Type",
  default: "Default",
  defaultHint: "SQL, as now()",
  nullable: "Nullable",
  unique: "Unique",
  comment: "Comment",
  numbered: "numbered by Postgres",
  identity: "Numbered by Postgres",
  identity_none: "no",
  identity_by_default: "yes, unless a value is given",
  identity_always: "always",
});

type Props = { column: ColumnDraft; enums: Enum[]; onChange: (column: ColumnDraft) => void; isCompact?: boolean; isNew?: boolean };

/** The fields of a column: in a line of a new table, or in a form of their own. */
export const ColumnFields = ({ column, enums, onChange, isCompact, isNew }: Props) => {
  const set = (change: Partial<ColumnDraft>) => onChange({ ...column, ...change });
  const types = [...commonTypes, ...enums.map((one) => (one.schema === "public" ? qualified(one).replace(/^public\./, "") : qualified(one)))];
  return (
    <>
      <TextInput
        label={t("name")}
        value={column.name}
        required
        onChange={(event) => set({ name: event.currentTarget.value })}
        autoComplete="off"
        data-autofocus={!isCompact || undefined}
      />
      <Autocomplete
        label={t("type")}
        data={[...new Set(types)]}
        value={column.type}
        required
        onChange={(type) => set({ type })}
        maxDropdownHeight={220}
      />
      <Autocomplete
        label={t("default")}
        placeholder={column.identity !== "" ? t("numbered") : isCompact ? undefined : t("defaultHint")}
        data={commonDefaults[column.type] ?? []}
        value={column.default}
        disabled={column.identity !== ""}
        onChange={(value) => set({ default: value })}
      />
      {!isCompact && isNew && (
        <NativeSelect
          label={t("identity")}
          value={column.identity}
          data={[
            { value: "", label: t("identity_none") },
            { value: "by_default", label: t("identity_by_default") },
            { value: "always", label: t("identity_always") },
          ]}
          onChange={(event) => set({ identity: event.currentTarget.value as ColumnDraft["identity"] })}
        />
      )}
      <Checkbox
        label={t("nullable")}
        checked={column.nullable}
        disabled={column.identity !== ""}
        onChange={(event) => set({ nullable: event.currentTarget.checked })}
      />
      {isNew && <Checkbox label={t("unique")} checked={column.unique} onChange={(event) => set({ unique: event.currentTarget.checked })} />}
      {!isCompact && <TextInput label={t("comment")} value={column.comment} onChange={(event) => set({ comment: event.currentTarget.value })} />}
    </>
  );
};

export const newColumn = (change: Partial<ColumnDraft> = {}): ColumnDraft => ({
  name: "",
  type: "text",
  nullable: true,
  default: "",
  identity: "",
  unique: false,
  comment: "",
  ...change,
});
