import { Switch, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import type { Resource } from "../../../../../api/management.ts";
import { changeResource, setDefaultResource } from "../../../../../api/resources.ts";
import { done } from "../../../parts/notify.ts";
import { useForm } from "../../../parts/useForm.ts";
import { FormTab } from "../parts/Detail.tsx";
import { Span } from "../parts/Span.tsx";
import { t as shared } from "../text.ts";
import { t } from "./text.ts";

/** The settings of an API resource. */
export const General = ({ resource, mayWrite }: { resource: Resource; mayWrite: boolean }) => {
  const client = useQueryClient();
  const { name, accessTokenTtl, isDataApi = false, isDefault } = resource;
  const form = useForm({
    initial: { name, accessTokenTtl: accessTokenTtl as number | "", isDataApi, isDefault },
    check: (values) => ({
      ...(!values.name.trim() && { name: shared("required") }),
      ...(!(Number.isInteger(values.accessTokenTtl) && Number(values.accessTokenTtl) > 0) && { accessTokenTtl: t("lifetimeWrong") }),
    }),
    onSubmit: async (values) => {
      await changeResource(resource.id, { name: values.name.trim(), accessTokenTtl: Number(values.accessTokenTtl), isDataApi: values.isDataApi });
      if (values.isDefault !== isDefault) await setDefaultResource(resource.id, values.isDefault);
      await client.invalidateQueries({ queryKey: ["resources"] });
      done(t("saved"));
    },
  });
  return (
    <FormTab form={form}>
      <fieldset className="fields card" disabled={!mayWrite}>
        <TextInput label={t("name")} required maxLength={256} {...form.text("name")} />
        <TextInput label={t("indicator")} value={resource.indicator} readOnly variant="filled" />
        <Span
          label={t("lifetime")}
          description={t("lifetimeHint")}
          isRequired
          value={form.values.accessTokenTtl}
          onChange={(seconds) => form.set("accessTokenTtl", seconds)}
          error={form.errors.accessTokenTtl}
        />
        <Switch label={t("dataApiSwitch")} description={t("dataApiHint")} {...form.tick("isDataApi")} />
        <Switch label={t("defaultSwitch")} description={t("defaultHint")} {...form.tick("isDefault")} />
      </fieldset>
    </FormTab>
  );
};
