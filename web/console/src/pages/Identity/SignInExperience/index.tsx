import { Checkbox, ColorInput, NumberInput, Radio, Select, Switch, Tabs, TagsInput, Textarea, TextInput } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect } from "react";
import { changeSignInExperience, type Identifier, loadSignInExperience, type SignInExperience } from "../../../../../api/signInExperience.ts";
import { done } from "../../../parts/notify.ts";
import { Page } from "../../../parts/Page.tsx";
import { Problem } from "../../../parts/Problem.tsx";
import { SaveBar } from "../../../parts/SaveBar.tsx";
import { useAddress } from "../../../parts/useAddress.ts";
import { useForm } from "../../../parts/useForm.ts";
import { useMay } from "../../../session.tsx";
import { Waiting } from "../../../shell/Waiting.tsx";
import { changesOf, type Draft, draftOf, settingsOf, wrongOf } from "./draft.ts";
import { Preview } from "./Preview.tsx";
import { t } from "./text.ts";
import "../identity.css";
import "../CustomJwt/customJwt.css";
import "./preview.css";

const identifiers: Identifier[] = ["username", "email", "phone"];
const modes = ["SignInAndRegister", "SignIn", "Register"] as const;
const agreements = ["Automatic", "ManualRegistrationOnly", "Manual"] as const;
const kinds = ["lowercase", "uppercase", "numbers", "underscore"] as const;

/** The tab a field is on, so that what is wrong is seen. */
const tabs: Record<string, (keyof Draft)[]> = {
  branding: ["primaryColor", "darkPrimaryColor", "logoUrl", "darkLogoUrl", "favicon", "darkFavicon", "customCss"],
  methods: ["methods", "signInMode"],
  rules: ["minLength", "maxLength", "characterTypes", "nameMin", "nameMax", "allowed", "maxAttempts", "lockoutDuration"],
  content: ["termsOfUseUrl", "privacyPolicyUrl", "supportEmail", "supportWebsiteUrl", "unknownSessionRedirectUrl", "fallbackLanguage"],
};

const Group = ({ title, isOff, children }: { title: string; isOff: boolean; children: ReactNode }) => (
  <fieldset className="fields card" disabled={isOff}>
    <h2>{title}</h2>
    {children}
  </fieldset>
);

const Form = ({ stored }: { stored: SignInExperience }) => {
  const client = useQueryClient();
  const mayWrite = useMay("settings");
  const [{ tab = "branding" }, set] = useAddress<{ tab?: string }>();
  const form = useForm({
    initial: draftOf(stored),
    check: wrongOf,
    where: {
      "color.primaryColor": "primaryColor",
      "color.darkPrimaryColor": "darkPrimaryColor",
      "branding.logoUrl": "logoUrl",
      "branding.darkLogoUrl": "darkLogoUrl",
      "branding.favicon": "favicon",
      "branding.darkFavicon": "darkFavicon",
      "sign_in_experiences.": "methods",
      "languageInfo.fallbackLanguage": "fallbackLanguage",
    },
    onSubmit: async (draft) => {
      await changeSignInExperience(changesOf(stored, settingsOf(stored, draft)));
      await client.invalidateQueries({ queryKey: ["sign-in experience"] });
      done(t("saved"));
    },
  });
  const { values, errors } = form;
  const wrong = Object.keys(errors)[0];
  const wrongTab = wrong && Object.keys(tabs).find((name) => tabs[name]?.includes(wrong as keyof Draft));
  useEffect(() => {
    if (wrongTab) set({ tab: wrongTab === "branding" ? undefined : wrongTab }, "replace");
  }, [wrongTab, set]);
  const isOff = !mayWrite;
  const amount = (name: "minLength" | "maxLength" | "characterTypes" | "nameMin" | "nameMax" | "maxAttempts" | "lockoutDuration") => ({
    value: values[name],
    onChange: (value: number | string) => form.set(name, value),
    error: errors[name],
    allowDecimal: false,
    allowNegative: false,
  });
  const color = (name: "primaryColor" | "darkPrimaryColor") => ({
    value: values[name],
    onChange: (value: string) => form.set(name, value),
    error: errors[name],
    eyeDropperButtonProps: { "aria-label": t("eyeDropper") },
  });
  return (
    <div className="beside">
      <form ref={form.element} onSubmit={form.submit} noValidate className="panel">
        <Tabs value={tab} onChange={(next) => set({ tab: next === "branding" ? undefined : (next ?? undefined) })} keepMounted={false}>
          <Tabs.List>
            <Tabs.Tab value="branding">{t("branding")}</Tabs.Tab>
            <Tabs.Tab value="methods">{t("methods")}</Tabs.Tab>
            <Tabs.Tab value="rules">{t("rules")}</Tabs.Tab>
            <Tabs.Tab value="content">{t("content")}</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="branding" className="panel">
            <Group title={t("colors")} isOff={isOff}>
              <ColorInput label={t("primary")} {...color("primaryColor")} />
              <Switch label={t("darkMode")} description={t("darkModeHint")} {...form.tick("isDarkModeEnabled")} />
              {values.isDarkModeEnabled && <ColorInput label={t("darkPrimary")} {...color("darkPrimaryColor")} />}
            </Group>
            <Group title={t("logos")} isOff={isOff}>
              <TextInput label={t("logo")} description={t("urlHint")} type="url" placeholder="https://" {...form.text("logoUrl")} />
              <TextInput label={t("darkLogo")} type="url" placeholder="https://" {...form.text("darkLogoUrl")} />
              <TextInput label={t("favicon")} type="url" placeholder="https://" {...form.text("favicon")} />
              <TextInput label={t("darkFavicon")} type="url" placeholder="https://" {...form.text("darkFavicon")} />
              <Switch label={t("hide")} {...form.tick("hideLogtoBranding")} />
            </Group>
            <Group title={t("css")} isOff={isOff}>
              <Textarea
                aria-label={t("css")}
                description={t("cssHint")}
                autosize
                minRows={4}
                maxRows={16}
                spellCheck={false}
                styles={{ input: { fontFamily: "var(--mono)", fontSize: "0.8125rem" } }}
                placeholder=".card { border-radius: 0; }"
                {...form.text("customCss")}
              />
            </Group>
          </Tabs.Panel>
          <Tabs.Panel value="methods" className="panel">
            <Group title={t("mode")} isOff={isOff}>
              <Radio.Group
                aria-label={t("mode")}
                value={values.signInMode}
                onChange={(mode) => form.set("signInMode", mode as (typeof modes)[number])}
              >
                <div className="stack" style={{ marginTop: 0 }}>
                  {modes.map((mode) => (
                    <Radio key={mode} value={mode} label={t(mode)} description={t(`${mode}Hint`)} />
                  ))}
                </div>
              </Radio.Group>
            </Group>
            <Group title={t("identifiers")} isOff={isOff}>
              <Checkbox.Group
                aria-label={t("identifiers")}
                description={t("identifiersHint")}
                value={values.methods}
                onChange={(next) => form.set("methods", next as Identifier[])}
                error={errors.methods}
              >
                <div className="stack">
                  {identifiers.map((identifier) => (
                    <Checkbox key={identifier} value={identifier} label={t(identifier)} />
                  ))}
                </div>
              </Checkbox.Group>
              <p className="muted">{t("signUp")}</p>
            </Group>
          </Tabs.Panel>
          <Tabs.Panel value="rules" className="panel">
            <Group title={t("password")} isOff={isOff}>
              <div className="fields two">
                <NumberInput label={t("minLength")} min={1} {...amount("minLength")} />
                <NumberInput label={t("maxLength")} min={1} {...amount("maxLength")} />
              </div>
              <NumberInput label={t("types")} description={t("typesHint")} min={1} max={4} {...amount("characterTypes")} />
              <Switch label={t("pwned")} description={t("pwnedHint")} {...form.tick("pwned")} />
              <Switch label={t("sequences")} description={t("sequencesHint")} {...form.tick("repetitionAndSequence")} />
              <Switch label={t("userInfo")} {...form.tick("userInfo")} />
              <TagsInput
                label={t("words")}
                description={t("wordsHint")}
                placeholder={values.words.length === 0 ? t("addWord") : undefined}
                value={values.words}
                onChange={(words) => form.set("words", words)}
                acceptValueOnBlur
              />
            </Group>
            <Group title={t("usernames")} isOff={isOff}>
              <div className="fields two">
                <NumberInput label={t("minLength")} min={1} max={128} {...amount("nameMin")} />
                <NumberInput label={t("maxLength")} min={1} max={128} {...amount("nameMax")} />
              </div>
              <Checkbox.Group label={t("allowed")} value={values.allowed} onChange={(next) => form.set("allowed", next)} error={errors.allowed}>
                <div className="radios">
                  {kinds.map((kind) => (
                    <Checkbox key={kind} value={kind} label={t(kind)} />
                  ))}
                </div>
              </Checkbox.Group>
              <Switch label={t("caseSensitive")} {...form.tick("caseSensitive")} />
            </Group>
            <Group title={t("lockout")} isOff={isOff}>
              <NumberInput label={t("attempts")} description={t("attemptsHint")} min={1} {...amount("maxAttempts")} />
              <NumberInput label={t("duration")} description={t("durationHint")} min={1} suffix={` ${t("minutes")}`} {...amount("lockoutDuration")} />
            </Group>
          </Tabs.Panel>
          <Tabs.Panel value="content" className="panel">
            <Group title={t("terms")} isOff={isOff}>
              <TextInput label={t("termsUrl")} type="url" placeholder="https://" {...form.text("termsOfUseUrl")} />
              <TextInput label={t("privacyUrl")} type="url" placeholder="https://" {...form.text("privacyPolicyUrl")} />
              <Select
                label={t("agree")}
                allowDeselect={false}
                value={values.agreeToTermsPolicy}
                onChange={(value) => form.set("agreeToTermsPolicy", (value ?? "Automatic") as (typeof agreements)[number])}
                data={agreements.map((one) => ({ value: one, label: t(one) }))}
              />
            </Group>
            <Group title={t("support")} isOff={isOff}>
              <TextInput label={t("supportEmail")} type="email" {...form.text("supportEmail")} />
              <TextInput label={t("supportWebsite")} type="url" placeholder="https://" {...form.text("supportWebsiteUrl")} />
              <TextInput
                label={t("unknownSession")}
                description={t("unknownSessionHint")}
                type="url"
                placeholder="https://"
                {...form.text("unknownSessionRedirectUrl")}
              />
            </Group>
            <Group title={t("languages")} isOff={isOff}>
              <Switch label={t("autoDetect")} {...form.tick("autoDetect")} />
              <TextInput label={t("fallback")} description={t("fallbackHint")} maxLength={16} {...form.text("fallbackLanguage")} />
            </Group>
          </Tabs.Panel>
        </Tabs>
        <SaveBar form={form} isAcrossTabs />
      </form>
      <div className="panel sticky">
        <Preview settings={settingsOf(stored, values)} />
      </div>
    </div>
  );
};

/** What users see when they sign in. */
const SignInExperiencePage = () => {
  const { data, error, refetch } = useQuery({ queryKey: ["sign-in experience"], queryFn: loadSignInExperience });
  return (
    <Page title={t("title")} lead={t("lead")}>
      {error && <Problem error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Waiting />}
      {data && <Form stored={data} />}
    </Page>
  );
};

export default SignInExperiencePage;
