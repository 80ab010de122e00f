import { Button, NativeSelect, Textarea, TextInput } from "@mantine/core";
import { useId } from "react";
import type { Column, Enum, Value } from "../../../../../api/catalog.ts";
import { editorOf, isDefault, isRequired, mistakeIn, prettyJSON } from "../cells.ts";
import { LookupField } from "./LookupField.tsx";
import type { Lookup } from "./lookup.ts";
import { t } from "./text.ts";

type Props = {
  column: Column;
  enums: Enum[];
  value: Value | undefined;
  onChange: (value: Value) => void;
  /** Where its values come from, in the source: rows of another table, or the keys of an enum table. */
  lookup?: { source: string; of: Lookup; keys?: string[] };
  /** New rows may leave a column to its default. */
  isNew?: boolean;
  autoFocus?: boolean;
  disabled?: boolean;
};

const now = (kind: string): string => {
  const at = new Date();
  const iso = new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString();
  if (kind === "date") return iso.slice(0, 10);
  if (kind === "time") return iso.slice(11, 23);
  return kind === "timestamptz" ? at.toISOString() : iso.slice(0, 23).replace("T", " ");
};

/** One value, edited as its type is: null, the default and the empty text are three things. */
export const ValueInput = ({ column, enums, value, onChange, isNew, autoFocus, disabled, lookup }: Props) => {
  const id = useId();
  const editor = editorOf(column);
  const text = typeof value === "string" ? value : "";
  const isNull = value === null;
  const leaves = isDefault(value) || value === undefined;
  // What nobody has typed yet is not wrong.
  const mistake = typeof value === "string" && !(isNew && value === "") ? mistakeIn(column, value) : undefined;
  const wrong = mistake && t(`mistake_${mistake}`);
  const hasDefault = column.default !== null || column.identity !== "";
  const placeholder = isNull
    ? t("null")
    : leaves && hasDefault
      ? column.default === null
        ? t("numbered")
        : t("hasDefault", { value: column.default })
      : undefined;
  const shared = { id, "data-autofocus": autoFocus || undefined, disabled, placeholder, error: wrong, "aria-describedby": `${id}-type` };
  const write = (event: { currentTarget: { value: string } }) => onChange(event.currentTarget.value);
  const mono = { styles: { input: { fontFamily: "var(--mono)", fontSize: "0.8125rem" } } };
  let field = <TextInput {...shared} {...mono} value={text} onChange={write} inputMode={editor === "number" ? "decimal" : undefined} />;
  if (editor === "boolean" || editor === "enum" || lookup?.keys) {
    const choices = lookup?.keys
      ? lookup.keys
      : editor === "boolean"
        ? ["true", "false"]
        : (enums.find((one) => one.schema === column.type_name.schema && one.name === column.type_name.name)?.values ?? []);
    field = (
      <NativeSelect
        id={id}
        data-autofocus={autoFocus || undefined}
        disabled={disabled}
        data={[...(typeof value === "string" && choices.includes(value) ? [] : [{ value: "", label: placeholder ?? "" }]), ...choices]}
        value={text}
        onChange={(event) => event.currentTarget.value && onChange(event.currentTarget.value)}
      />
    );
  } else if (lookup) field = <LookupField {...shared} source={lookup.source} lookup={lookup.of} value={text} onChange={onChange} />;
  else if (editor === "json" || editor === "text" || editor === "array" || editor === "bytea")
    field = <Textarea {...shared} {...(editor === "text" ? {} : mono)} value={text} onChange={write} autosize minRows={1} maxRows={16} />;
  const tool =
    editor === "json" && typeof value === "string" && !mistake
      ? { name: t("format"), run: () => onChange(prettyJSON(text)) }
      : editor === "uuid" && !lookup
        ? { name: t("generate"), run: () => onChange(crypto.randomUUID()) }
        : editor === "date" || editor === "time" || editor === "timestamp"
          ? { name: t("now"), run: () => onChange(now(column.type_name.name)) }
          : undefined;
  return (
    <div className="value-input">
      <div className="value-head">
        <label htmlFor={id}>
          {column.name} <small id={`${id}-type`}>{column.type}</small>
          {isNew && isRequired(column) && <small className="needed">{t("required")}</small>}
        </label>
        {!disabled && (
          <span className="value-tools">
            {tool && (
              <Button size="compact-xs" variant="subtle" onClick={tool.run} aria-label={`${tool.name}: ${column.name}`}>
                {tool.name}
              </Button>
            )}
            {isNew && hasDefault && (
              <Button
                size="compact-xs"
                variant={leaves ? "light" : "subtle"}
                color={leaves ? undefined : "gray"}
                aria-pressed={leaves}
                aria-label={t("setDefault", { name: column.name })}
                onClick={() => onChange({ default: true })}
              >
                {t("default")}
              </Button>
            )}
            {column.nullable && (
              <Button
                size="compact-xs"
                variant={isNull ? "light" : "subtle"}
                color={isNull ? undefined : "gray"}
                aria-pressed={isNull}
                aria-label={t("setNull", { name: column.name })}
                onClick={() => onChange(isNull ? "" : null)}
              >
                {t("null")}
              </Button>
            )}
          </span>
        )}
      </div>
      {field}
      {column.comment && <small className="muted">{column.comment}</small>}
    </div>
  );
};
