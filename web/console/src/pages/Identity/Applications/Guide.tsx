import { Button, Select, Tabs, TextInput } from "@mantine/core";
import { IconCircleCheckFilled } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { changeApplication, hasSecrets, hasSignIn } from "../../../../../api/applications.ts";
import { type Application, managementResource } from "../../../../../api/management.ts";
import { loadResourcesWithScopes } from "../../../../../api/resources.ts";
import { Code } from "../../../parts/Code.tsx";
import { done } from "../../../parts/notify.ts";
import { Problem } from "../../../parts/Problem.tsx";
import { useForm } from "../../../parts/useForm.ts";
import { useSession } from "../../../session.tsx";
import { snippetsFor } from "../../../snippets.ts";
import { t } from "./text.ts";
import { isRedirectUri } from "./uris.ts";

const Step = ({ title, isDone, children }: { title: string; isDone?: boolean; children: ReactNode }) => (
  <li className="card">
    <h2>
      {title} {isDone && <IconCircleCheckFilled size={18} aria-hidden="true" />}
    </h2>
    {children}
  </li>
);

const Redirect = ({ app }: { app: Application }) => {
  const client = useQueryClient();
  const { redirectUris } = app.oidcClientMetadata;
  const form = useForm({
    initial: { uri: redirectUris.length === 0 ? "http://localhost:3000/callback" : "" },
    check: ({ uri }) => (isRedirectUri(uri.trim()) ? {} : { uri: t("redirectWrong", { value: uri }) }),
    where: { "oidcClientMetadata.redirectUris": "uri" },
    onSubmit: async ({ uri }) => {
      const next = [...new Set([...redirectUris, uri.trim()])];
      await changeApplication(app.id, { oidcClientMetadata: { ...app.oidcClientMetadata, redirectUris: next } });
      await client.invalidateQueries({ queryKey: ["applications"] });
      done(t("redirectAdded"));
    },
  });
  return (
    <form className="inline" ref={form.element} onSubmit={form.submit} noValidate>
      <TextInput aria-label={t("redirectUri")} spellCheck={false} autoCapitalize="none" {...form.text("uri")} />
      <Button type="submit" variant="default" loading={form.isBusy}>
        {t("redirectAdd")}
      </Button>
      {form.error !== undefined && <Problem error={form.error} />}
    </form>
  );
};

/** How to build on an application: what to register, and code with the real values. */
export const Guide = ({ app, mayWrite }: { app: Application; mayWrite: boolean }) => {
  const { endpoints } = useSession();
  const resources = useQuery({ queryKey: ["resources", "with scopes"], queryFn: loadResourcesWithScopes }).data ?? [];
  const offered = resources.filter((one) => one.id !== managementResource || app.type === "MachineToMachine");
  const [picked, setPicked] = useState<string | null>(null);
  const resource = offered.find((one) => one.indicator === picked) ?? offered.find((one) => one.isDataApi) ?? offered[0];
  const { redirectUris } = app.oidcClientMetadata;
  const values = {
    graphql: endpoints.graphql,
    endpoint: endpoints.issuer.replace(/\/oidc$/, ""),
    appId: app.id,
    resource: resource?.indicator ?? "https://api.example.com",
    redirectUri: redirectUris[0] ?? "http://localhost:3000/callback",
  };
  const snippets = snippetsFor(app.type);
  return (
    <ol className="panel guide">
      {hasSignIn(app.type) && (
        <Step title={t("stepRedirect")} isDone={redirectUris.length > 0}>
          <p className="muted">{redirectUris.length > 0 ? t("stepRedirectDone", { uris: redirectUris.join(", ") }) : t("stepRedirectText")}</p>
          {mayWrite && <Redirect key={redirectUris.join(" ")} app={app} />}
        </Step>
      )}
      {app.type === "MachineToMachine" && (
        <Step title={t("stepRole")}>
          <p className="muted">
            {t("stepRoleText")}{" "}
            <Link to="/identity/applications/$id" params={{ id: app.id }} search={{ tab: "roles" }}>
              {t("roles")}
            </Link>
          </p>
        </Step>
      )}
      {hasSecrets(app.type) && (
        <Step title={t("stepSecret")}>
          <p className="muted">
            {t("stepSecretText")}{" "}
            <Link to="/identity/applications/$id" params={{ id: app.id }} search={{ tab: "secrets" }}>
              {t("secrets")}
            </Link>
          </p>
        </Step>
      )}
      <Step title={t("stepCode")}>
        <div className="tools">
          <p className="muted grow">{t("stepCodeText", { resource: resource?.name ?? t("noResource") })}</p>
          {offered.length > 1 && (
            <Select
              size="xs"
              aria-label={t("resource")}
              allowDeselect={false}
              data={offered.map((one) => ({ value: one.indicator, label: one.name }))}
              value={resource?.indicator ?? null}
              onChange={setPicked}
            />
          )}
        </div>
        <Tabs defaultValue={snippets[0]?.name} keepMounted={false} mt="sm">
          <Tabs.List>
            {snippets.map((snippet) => (
              <Tabs.Tab key={snippet.name} value={snippet.name}>
                {snippet.name}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          {snippets.map((snippet) => (
            <Tabs.Panel key={snippet.name} value={snippet.name}>
              {snippet.install && <Code name={snippet.install} text={snippet.install} />}
              <Code name={snippet.name} text={snippet.code(values)} />
            </Tabs.Panel>
          ))}
        </Tabs>
      </Step>
    </ol>
  );
};
