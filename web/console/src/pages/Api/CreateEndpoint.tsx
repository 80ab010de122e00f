import { Checkbox, Textarea, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { createEndpoint } from "../../../../api/operations.ts";
import { FormDialog } from "../../parts/FormDialog.tsx";
import { done } from "../../parts/notify.ts";
import { useForm } from "../../parts/useForm.ts";
import { t } from "./text.ts";

export const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/** The name an operation has in its text, "" for one without. */
export const nameIn = (query: string): string => /^\s*(?:query|mutation|subscription)\s+(\w+)/m.exec(query)?.[1] ?? "";

/** Makes a REST endpoint of an operation. */
export const CreateEndpoint = ({ query, onClose }: { query: string; onClose: () => void }) => {
  const client = useQueryClient();
  const navigate = useNavigate();
  const name = nameIn(query);
  const form = useForm({
    initial: { name, url: name.toLowerCase(), methods: [/^\s*mutation/m.test(query) ? "POST" : "GET"], comment: "", query },
    check: (values) => ({
      ...(!values.name.trim() && { name: t("restNameNeeded") }),
      ...(!values.url.trim() && { url: t("restUrlNeeded") }),
      ...(!values.query.trim() && { query: t("restQueryNeeded") }),
    }),
    onSubmit: async (values) => {
      await createEndpoint({ ...values, name: values.name.trim(), url: values.url.trim().replace(/^\/?(api\/rest\/)?/, "") });
      await client.invalidateQueries({ queryKey: ["metadata"] });
      done(t("restCreated", { name: values.name.trim() }));
      await navigate({ to: "/graphql/rest", search: { open: values.name.trim() } as never });
      onClose();
    },
  });
  return (
    <FormDialog isOpen title={t("restCreate")} lead={t("restCreateLead")} action={t("restCreate")} form={form} size="lg" onClose={onClose}>
      <TextInput label={t("restName")} required data-autofocus {...form.text("name")} />
      <TextInput
        label={t("restUrl")}
        description={t("restUrlHint")}
        required
        spellCheck={false}
        autoCapitalize="none"
        leftSection={<span className="muted">/api/rest/</span>}
        leftSectionWidth={84}
        {...form.text("url")}
      />
      <Checkbox.Group label={t("restMethods")} value={form.values.methods} onChange={(picked) => form.set("methods", picked)}>
        <div className="actions">
          {methods.map((method) => (
            <Checkbox key={method} value={method} label={method} />
          ))}
        </div>
      </Checkbox.Group>
      <Textarea label={t("restQuery")} required autosize minRows={5} maxRows={16} spellCheck={false} className="monospaced" {...form.text("query")} />
      <TextInput label={t("restComment")} {...form.text("comment")} />
    </FormDialog>
  );
};
