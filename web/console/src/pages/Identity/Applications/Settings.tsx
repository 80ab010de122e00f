import { NumberInput, Switch, TagsInput, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { changeApplication, hasSignIn } from "../../../../../api/applications.ts";
import type { Application } from "../../../../../api/management.ts";
import { Copy } from "../../../parts/Copy.tsx";
import { done } from "../../../parts/notify.ts";
import { useForm } from "../../../parts/useForm.ts";
import { useSession } from "../../../session.tsx";
import { FormTab } from "../parts/Detail.tsx";
import { JsonField } from "../parts/JsonField.tsx";
import { problemOf } from "../parts/json.ts";
import { Span } from "../parts/Span.tsx";
import { t as shared } from "../text.ts";
import { t } from "./text.ts";
import { isOrigin, isRedirectUri } from "./uris.ts";

const isNumber = (value: number | string, from: number, to: number) =>
  value === "" || (Number.isInteger(value) && Number(value) >= from && Number(value) <= to);
const longest = 10 * 365 * 24 * 3600;

/** The settings of an application that have an effect; others stay as they are. */
export const Settings = ({ app, mayWrite }: { app: Application; mayWrite: boolean }) => {
  const client = useQueryClient();
  const { endpoints } = useSession();
  const storedData = JSON.stringify(app.customData, null, 2);
  const { oidcClientMetadata: oidc, customClientMetadata: custom } = app;
  // What was set once cannot be unset, only set to what it would be.
  const kept = (name: "idTokenTtl" | "refreshTokenTtlInDays", value: number | string, standard: number) =>
    value !== "" ? { [name]: Number(value) } : custom[name] !== undefined ? { [name]: standard } : {};
  const form = useForm({
    initial: {
      name: app.name,
      description: app.description ?? "",
      redirectUris: oidc.redirectUris,
      postLogoutRedirectUris: oidc.postLogoutRedirectUris,
      corsAllowedOrigins: custom.corsAllowedOrigins ?? [],
      idTokenTtl: (custom.idTokenTtl ?? "") as number | "",
      refreshTokenTtlInDays: (custom.refreshTokenTtlInDays ?? "") as number | string,
      rotateRefreshToken: custom.rotateRefreshToken ?? true,
      alwaysIssueRefreshToken: custom.alwaysIssueRefreshToken ?? false,
      customData: storedData,
    },
    check: (values) => {
      const unread = problemOf(values.customData);
      const gone = unread ? [] : Object.keys(app.customData).filter((key) => !(key in JSON.parse(values.customData)));
      const uri = (list: string[]) => list.find((value) => !isRedirectUri(value));
      const wrong = {
        redirectUris: uri(values.redirectUris),
        postLogoutRedirectUris: uri(values.postLogoutRedirectUris),
      };
      const origin = values.corsAllowedOrigins.find((value) => !isOrigin(value));
      return {
        ...(!values.name.trim() && { name: shared("required") }),
        ...(wrong.redirectUris !== undefined && { redirectUris: t("redirectWrong", { value: wrong.redirectUris }) }),
        ...(wrong.postLogoutRedirectUris !== undefined && { postLogoutRedirectUris: t("redirectWrong", { value: wrong.postLogoutRedirectUris }) }),
        ...(origin !== undefined && { corsAllowedOrigins: t("originWrong", { value: origin }) }),
        ...(!isNumber(values.idTokenTtl, 1, longest) && { idTokenTtl: t("numberWrong", { from: 1, to: longest }) }),
        ...(gone.length > 0 && { customData: t("customDataKept", { keys: gone.join(", ") }) }),
        ...(unread && { customData: unread }),
        ...(!isNumber(values.refreshTokenTtlInDays, 1, 180) && { refreshTokenTtlInDays: t("numberWrong", { from: 1, to: 180 }) }),
      };
    },
    where: {
      "oidcClientMetadata.redirectUris": "redirectUris",
      "oidcClientMetadata.postLogoutRedirectUris": "postLogoutRedirectUris",
      "customClientMetadata.corsAllowedOrigins": "corsAllowedOrigins",
      "customClientMetadata.idTokenTtl": "idTokenTtl",
      "customClientMetadata.refreshTokenTtlInDays": "refreshTokenTtlInDays",
    },
    onSubmit: async (values) => {
      await changeApplication(app.id, {
        name: values.name.trim(),
        description: values.description.trim(),
        customData: JSON.parse(values.customData),
        ...(hasSignIn(app.type) && {
          oidcClientMetadata: {
            redirectUris: values.redirectUris,
            postLogoutRedirectUris: values.postLogoutRedirectUris,
          },
          customClientMetadata: {
            ...custom,
            corsAllowedOrigins: values.corsAllowedOrigins,
            ...kept("idTokenTtl", values.idTokenTtl, 3600),
            ...kept("refreshTokenTtlInDays", values.refreshTokenTtlInDays, 14),
            rotateRefreshToken: values.rotateRefreshToken,
            alwaysIssueRefreshToken: values.alwaysIssueRefreshToken,
          },
        }),
      });
      await client.invalidateQueries({ queryKey: ["applications"] });
      done(t("saved"));
    },
  });
  const list = (name: "redirectUris" | "postLogoutRedirectUris" | "corsAllowedOrigins") => ({
    value: form.values[name],
    onChange: (value: string[]) => form.set(name, value),
    error: form.errors[name],
    placeholder: form.values[name].length === 0 ? t("addUri") : undefined,
    acceptValueOnBlur: true,
    splitChars: [",", " "],
    clearable: false,
  });
  const amount = (name: "refreshTokenTtlInDays") => ({
    value: form.values[name],
    onChange: (value: number | string) => form.set(name, value),
    error: form.errors[name],
    allowDecimal: false,
    allowNegative: false,
    min: 1,
  });
  return (
    <FormTab form={form}>
      <fieldset className="fields card" disabled={!mayWrite}>
        <TextInput label={t("name")} required maxLength={256} {...form.text("name")} />
        <TextInput label={t("description")} {...form.text("description")} />
      </fieldset>
      {hasSignIn(app.type) && (
        <>
          <fieldset className="fields card" disabled={!mayWrite}>
            <h2>{t("signIn")}</h2>
            <TagsInput label={t("redirectUris")} description={t("redirectUrisHint")} {...list("redirectUris")} />
            <TagsInput label={t("postLogoutUris")} description={t("postLogoutUrisHint")} {...list("postLogoutRedirectUris")} />
            <TagsInput label={t("cors")} description={t("corsHint")} {...list("corsAllowedOrigins")} />
          </fieldset>
          <fieldset className="fields card" disabled={!mayWrite}>
            <h2>{t("tokens")}</h2>
            <NumberInput
              label={t("refreshTtl")}
              description={t("refreshTtlHint")}
              suffix={` ${t("days")}`}
              max={180}
              {...amount("refreshTokenTtlInDays")}
            />
            <Switch label={t("rotate")} description={t("rotateHint")} {...form.tick("rotateRefreshToken")} />
            {app.type === "Traditional" && <Switch label={t("always")} description={t("alwaysHint")} {...form.tick("alwaysIssueRefreshToken")} />}
            <Span
              label={t("idTokenTtl")}
              description={t("idTokenTtlHint")}
              value={form.values.idTokenTtl}
              onChange={(seconds) => form.set("idTokenTtl", seconds)}
              error={form.errors.idTokenTtl}
            />
          </fieldset>
        </>
      )}
      <JsonField
        title={t("customData")}
        hint={t("customDataHint")}
        value={form.values.customData}
        stored={storedData}
        onChange={(value) => form.set("customData", value)}
        error={form.errors.customData}
        isReadOnly={!mayWrite}
      />
      <section className="fields card" aria-label={t("endpoints")}>
        <h2>{t("endpoints")}</h2>
        <dl className="facts-list">
          {(
            [
              ["id", app.id],
              ["endpoint", endpoints.issuer.replace(/\/oidc$/, "")],
              ["issuer", endpoints.issuer],
            ] as const
          ).map(([name, value]) => (
            <div key={name}>
              <dt>{t(name)}</dt>
              <dd className="copied">
                <code>{value}</code>
                <Copy name={t(name)} value={value} />
              </dd>
            </div>
          ))}
        </dl>
      </section>
    </FormTab>
  );
};
