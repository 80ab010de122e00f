import { useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useId } from "react";
import { changeUser, type User } from "../../../../../api/users.ts";
import { Card } from "../../../parts/Card.tsx";
import { Code } from "../../../parts/Code.tsx";
import { done } from "../../../parts/notify.ts";
import { useForm } from "../../../parts/useForm.ts";
import { Waiting } from "../../../shell/Waiting.tsx";
import { FormTab } from "../parts/Detail.tsx";
import { problemOf } from "../parts/json.ts";
import { t } from "./text.ts";

const JsonEditor = lazy(() => import("../../../parts/JsonEditor.tsx"));

/** What is kept with a user beside the account: a JSON object of the operator's own, and identities elsewhere. */
export const Data = ({ user, mayWrite }: { user: User; mayWrite: boolean }) => {
  const client = useQueryClient();
  const id = useId();
  const form = useForm({
    initial: { customData: JSON.stringify(user.customData, null, 2) },
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
      <Card title={t("customData")}>
        <p className="muted lead-in" id={id}>
          {t("customDataHint")}
        </p>
        <Suspense fallback={<Waiting />}>
          <JsonEditor
            label={t("customData")}
            value={form.values.customData}
            onChange={(value) => form.set("customData", value)}
            isReadOnly={!mayWrite}
            describedBy={id}
            error={form.errors.customData}
          />
        </Suspense>
      </Card>
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
