import { Checkbox, NumberInput, TextInput } from "@mantine/core";
import { isObject } from "./filter.ts";
import type { Definition } from "./rights.ts";
import { t } from "./text.ts";

type Hook = { url?: string; timeout?: number; forward_client_headers?: boolean; headers?: unknown };

const hookOf = (definition: Definition): Hook | undefined => {
  const { validate_input: value } = definition;
  return isObject(value) ? (isObject(value.definition) ? (value.definition as Hook) : {}) : undefined;
};

/** A webhook that is asked whether the input of a mutation is good. Its headers, which metadata can have, are kept as they are. */
export const ValidateInput = ({ definition, onChange }: { definition: Definition; onChange: (change: Partial<Definition>) => void }) => {
  const hook = hookOf(definition);
  const set = (change: Hook) => onChange({ validate_input: { type: "http", definition: { ...hook, ...change } } });
  return (
    <section className="rows" aria-label={t("validate")}>
      <Checkbox
        label={t("validate")}
        checked={hook !== undefined}
        onChange={(event) => (event.currentTarget.checked ? set({ url: "" }) : onChange({ validate_input: undefined }))}
      />
      {hook && (
        <>
          <TextInput
            label={t("validateUrl")}
            description={t("validateUrlHint")}
            placeholder="https://example.com/validate"
            required
            spellCheck={false}
            maw="30rem"
            value={hook.url ?? ""}
            onChange={(event) => set({ url: event.currentTarget.value })}
          />
          <NumberInput
            label={t("validateTimeout")}
            description={t("validateTimeoutHint")}
            min={1}
            allowDecimal={false}
            maw="16rem"
            value={hook.timeout ?? ""}
            onChange={(value) => set({ timeout: typeof value === "number" ? value : undefined })}
          />
          <Checkbox
            label={t("validateForward")}
            checked={hook.forward_client_headers ?? false}
            onChange={(event) => set({ forward_client_headers: event.currentTarget.checked || undefined })}
          />
        </>
      )}
    </section>
  );
};
