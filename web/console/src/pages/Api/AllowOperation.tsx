import { Textarea, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { allow } from "../../../../api/operations.ts";
import { FormDialog } from "../../parts/FormDialog.tsx";
import { done } from "../../parts/notify.ts";
import { useForm } from "../../parts/useForm.ts";
import { nameIn } from "./CreateEndpoint.tsx";
import { t } from "./text.ts";

/** Stores an operation in the collection of ours that is on the allow list. */
export const AllowOperation = ({ query = "", onClose }: { query?: string; onClose: () => void }) => {
  const client = useQueryClient();
  const form = useForm({
    initial: { query, name: "" },
    check: ({ name, query }) => ({
      ...(!query.trim() && { query: t("restQueryNeeded") }),
      ...(!(name.trim() || nameIn(query)) && { name: t("restNameNeeded") }),
    }),
    onSubmit: async ({ name, query }) => {
      await allow(name.trim() || nameIn(query), query);
      await client.invalidateQueries({ queryKey: ["metadata"] });
      done(t("allowed", { name: name.trim() || nameIn(query) }));
      onClose();
    },
  });
  return (
    <FormDialog isOpen title={t("allowAdd")} action={t("add")} form={form} size="lg" onClose={onClose}>
      <Textarea
        label={t("restQuery")}
        required
        data-autofocus
        autosize
        minRows={6}
        maxRows={16}
        spellCheck={false}
        className="monospaced"
        {...form.text("query")}
      />
      <TextInput label={t("restName")} description={t("allowNameHint")} placeholder={nameIn(form.values.query)} {...form.text("name")} />
    </FormDialog>
  );
};
