import { ActionIcon, Button, PasswordInput, Switch, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { lazy, Suspense, useId, useState } from "react";
import { deleteScript, loadScripts, type Script, saveScript, type TokenType } from "../../../../../api/customJwt.ts";
import { Card } from "../../../parts/Card.tsx";
import { Confirm } from "../../../parts/confirm.tsx";
import { done } from "../../../parts/notify.ts";
import { Page } from "../../../parts/Page.tsx";
import { Problem } from "../../../parts/Problem.tsx";
import { SaveBar } from "../../../parts/SaveBar.tsx";
import { useForm } from "../../../parts/useForm.ts";
import { useMay } from "../../../session.tsx";
import { NotFound } from "../../../shell/NotFound.tsx";
import { Waiting } from "../../../shell/Waiting.tsx";
import { t as shared } from "../text.ts";
import type { Fault } from "./ScriptEditor.tsx";
import { Test } from "./Test.tsx";
import { templates } from "./templates.ts";
import { t } from "./text.ts";
import "../identity.css";
import "./customJwt.css";

const ScriptEditor = lazy(() => import("./ScriptEditor.tsx"));

type Variable = { name: string; value: string };
type Values = { script: string; variables: Variable[]; block: boolean };

const valuesOf = (type: TokenType, stored: Script | undefined): Values => ({
  script: stored?.script ?? templates[type],
  variables: Object.entries(stored?.environmentVariables ?? {}).map(([name, value]) => ({ name, value })),
  block: stored?.blockIssuanceOnError ?? false,
});

const environmentOf = (variables: Variable[]) => Object.fromEntries(variables.filter(({ name }) => name).map(({ name, value }) => [name, value]));

const Variables = ({
  values,
  onChange,
  error,
  isOff,
}: {
  values: Variable[];
  onChange: (next: Variable[]) => void;
  error?: string;
  isOff: boolean;
}) => {
  const change = (index: number, part: Partial<Variable>) => onChange(values.map((one, i) => (i === index ? { ...one, ...part } : one)));
  return (
    <fieldset disabled={isOff} className="variables">
      <legend className="unseen">{t("environment")}</legend>
      {values.map((variable, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows have no other name while they are typed
        <div key={index} className="variable">
          <TextInput
            aria-label={`${t("variable")} ${index + 1}`}
            placeholder="USER_DEFAULT_ROLE_NAMES"
            spellCheck={false}
            autoCapitalize="none"
            autoComplete="off"
            value={variable.name}
            error={Boolean(error && (!/^[A-Za-z_]\w*$/.test(variable.name) || values.filter(({ name }) => name === variable.name).length > 1))}
            onChange={(event) => change(index, { name: event.currentTarget.value })}
          />
          <PasswordInput
            aria-label={`${t("value")} ${index + 1}`}
            autoComplete="off"
            value={variable.value}
            visibilityToggleButtonProps={{ "aria-label": t("show") }}
            onChange={(event) => change(index, { value: event.currentTarget.value })}
          />
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={t("removeVariable", { name: variable.name || String(index + 1) })}
            onClick={() => onChange(values.filter((_, i) => i !== index))}
          >
            <IconTrash size={16} aria-hidden="true" />
          </ActionIcon>
        </div>
      ))}
      {error && (
        <p className="wrong-text" role="alert">
          {error}
        </p>
      )}
      {!isOff && (
        <Button
          variant="subtle"
          size="xs"
          leftSection={<IconPlus size={14} aria-hidden="true" />}
          onClick={() => onChange([...values, { name: "", value: "" }])}
        >
          {t("addVariable")}
        </Button>
      )}
    </fieldset>
  );
};

const Form = ({ type, stored }: { type: TokenType; stored: Script | undefined }) => {
  const client = useQueryClient();
  const navigate = useNavigate();
  const hint = useId();
  const maySecrets = useMay("secrets");
  const isKept = !maySecrets && Object.keys(stored?.environmentVariables ?? {}).length > 0;
  const mayWrite = useMay("settings") && !isKept;
  const [asking, setAsking] = useState<"delete" | "template">();
  const [fault, setFault] = useState<Fault>();
  const form = useForm<Values>({
    initial: valuesOf(type, stored),
    check: ({ script, variables }) => {
      const given = variables.filter(({ name, value }) => name || value);
      const names = given.map(({ name }) => name);
      return {
        ...(!script.includes("getCustomJwtClaims") && { script: t("noFunction") }),
        ...(names.some((name) => !/^[A-Za-z_]\w*$/.test(name)) && { variables: t("variableWrong") }),
        ...(new Set(names).size < names.length && { variables: t("variableTwice") }),
      };
    },
    where: { environmentVariables: "variables" },
    onSubmit: async ({ script, variables, block }) => {
      const environmentVariables = environmentOf(variables);
      await saveScript(type, {
        ...(stored?.tokenSample && { tokenSample: stored.tokenSample }),
        ...(stored?.contextSample && { contextSample: stored.contextSample }),
        script,
        ...(Object.keys(environmentVariables).length > 0 && { environmentVariables }),
        ...(block && { blockIssuanceOnError: true }),
      });
      await client.invalidateQueries({ queryKey: ["scripts"] });
      done(t("saved"));
    },
  });
  const { script, variables } = form.values;
  return (
    <Page
      title={t(type)}
      back={{ to: "/identity/custom-jwt", name: t("title") }}
      lead={t(`${type}Hint`)}
      actions={
        mayWrite && (
          <>
            <Button
              variant="default"
              onClick={() => (script === templates[type] ? undefined : setAsking("template"))}
              disabled={script === templates[type]}
            >
              {t("template")}
            </Button>
            {stored && (
              <Button variant="default" leftSection={<IconTrash size={16} aria-hidden="true" />} onClick={() => setAsking("delete")}>
                {shared("delete")}
              </Button>
            )}
          </>
        )
      }
    >
      {isKept && <p className="muted">{t("kept")}</p>}
      <div className="beside">
        <form ref={form.element} onSubmit={form.submit} noValidate className="panel">
          <Card title={t("script")}>
            <Suspense fallback={<Waiting />}>
              <ScriptEditor
                label={t("script")}
                type={type}
                variables={variables.map(({ name }) => name).filter(Boolean)}
                value={script}
                onChange={(value) => form.set("script", value)}
                isReadOnly={!mayWrite}
                describedBy={hint}
                error={form.errors.script}
                fault={fault}
              />
            </Suspense>
            <p className="muted hint" id={hint}>
              {t("editorHint")}
            </p>
          </Card>
          <Card title={t("environment")}>
            <p className="muted lead-in">{t(maySecrets ? "environmentHint" : "secretsOnly")}</p>
            <Variables
              values={variables}
              onChange={(next) => form.set("variables", next)}
              error={form.errors.variables}
              isOff={!mayWrite || !maySecrets}
            />
          </Card>
          <Card title={t("onFailure")}>
            <Switch label={t("block")} description={t("blockHint")} disabled={!mayWrite} {...form.tick("block")} />
          </Card>
          {/* A script that is not stored yet can be saved as it stands. */}
          {stored || form.isDirty ? (
            <SaveBar form={form} />
          ) : (
            mayWrite && (
              <div className="actions end">
                {form.error !== undefined && <Problem error={form.error} />}
                <Button type="submit" loading={form.isBusy}>
                  {t("add")}
                </Button>
              </div>
            )
          )}
        </form>
        <Test type={type} script={script} environment={environmentOf(variables)} onFault={setFault} />
      </div>
      <Confirm
        isOpen={asking === "delete"}
        title={t("deleteTitle", { type: t(type).toLowerCase() })}
        action={t("deleteAction")}
        onConfirm={async () => {
          await deleteScript(type);
          await navigate({ to: "/identity/custom-jwt", ignoreBlocker: true });
          await client.invalidateQueries({ queryKey: ["scripts"] });
          done(t("deleted"));
        }}
        onClose={() => setAsking(undefined)}
      >
        {t("deleteText")}
      </Confirm>
      <Confirm
        isOpen={asking === "template"}
        title={t("templateTitle")}
        action={t("templateAction")}
        onConfirm={async () => form.set("script", templates[type])}
        onClose={() => setAsking(undefined)}
      >
        {t("templateText")}
      </Confirm>
    </Page>
  );
};

/** The script of one kind of token. */
const ScriptPage = () => {
  const { type } = useParams({ from: "/identity/custom-jwt/$type" });
  const { data, error, refetch } = useQuery({ queryKey: ["scripts"], queryFn: loadScripts });
  if (type !== "access-token" && type !== "client-credentials") return <NotFound />;
  if (error)
    return (
      <Page title={t("title")} back={{ to: "/identity/custom-jwt", name: t("title") }}>
        <Problem error={error} onRetry={() => void refetch()} />
      </Page>
    );
  if (!data) return <Waiting />;
  return <Form key={type} type={type} stored={data[type]} />;
};

export default ScriptPage;
