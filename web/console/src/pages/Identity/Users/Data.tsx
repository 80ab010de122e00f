import { useQueryClient } from "@tanstack/react-query";
import { changeUser, type User } from "../../../../../api/users.ts";
import { Card } from "../../../parts/Card.tsx";
import { Code } from "../../../parts/Code.tsx";
import { done } from "../../../parts/notify.ts";
import { useForm } from "../../../parts/useForm.ts";
import { FormTab } from "../parts/Detail.tsx";
import { JsonField } from "../parts/JsonField.tsx";
import { problemOf } from "../parts/json.ts";
import { t } from "./text.ts";

/** What is kept with a user beside the account: a JSON object of the operator's own, and identities elsewhere. */
export const Data = ({ user, mayWrite }: { user: User; mayWrite: boolean }) => {
  const client = useQueryClient();
  const stored = JSON.stringify(user.customData, null, 2);
  const form = useForm({
    initial: { customData: stored },
    check: ({ customData }) => {
      const problem = problemOf(customData);
      return problem ? { customData: problem } : {};
    },
    onSubmit: async ({ customData }) => {
      await changeUser(user.id, { customData: JSON.parse(customData) });
      await client.invalidateQueries({ queryKey: ["users"] });
      done(t("saved"));
    },
  });
  return (
    <FormTab form={form}>
      <JsonField
        title={t("customData")}
        hint={t("customDataHint")}
        value={form.values.customData}
        stored={stored}
        onChange={(value) => form.set("customData", value)}
        error={form.errors.customData}
        isReadOnly={!mayWrite}
      />
      <Card title={t("identities")}>
        {Object.keys(user.identities).length === 0 ? (
          <p className="muted">{t("identitiesNone")}</p>
        ) : (
          <>
            <p className="muted">{t("identitiesHint")}</p>
            <Code name={t("identities")} text={JSON.stringify(user.identities, null, 2)} />
          </>
        )}
      </Card>
    </FormTab>
  );
};
