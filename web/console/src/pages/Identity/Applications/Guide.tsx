import { Select, Tabs } from "@mantine/core";
import { IconCircleCheckFilled } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { hasSecrets, hasSignIn } from "../../../../../api/applications.ts";
import { type Application, managementResource } from "../../../../../api/management.ts";
import { loadResourcesWithScopes } from "../../../../../api/resources.ts";
import { loadHeldRoles } from "../../../../../api/roles.ts";
import { Code } from "../../../parts/Code.tsx";
import { useAddress } from "../../../parts/useAddress.ts";
import { useSession } from "../../../session.tsx";
import { snippetsFor } from "../../../snippets.ts";
import { t } from "./text.ts";
import { Uris } from "./Uris.tsx";

const Step = ({ title, isDone, children }: { title: string; isDone?: boolean; children: ReactNode }) => (
  <li className="card">
    <h2>
      {title} {isDone && <IconCircleCheckFilled size={18} aria-hidden="true" />}
    </h2>
    {children}
  </li>
);

/** A name as a part of an address and of an element's id. */
const slug = (name: string) => name.toLowerCase().replace(/[^a-z]+/g, "-");

/** Where sign-in returns to, where an application registers none yet. */
const firstUri = (app: Application) => (app.type === "Native" ? "io.logto://callback" : "http://localhost:3000/callback");

/** How to build on an application: what to register, and code with the real values. */
export const Guide = ({ app, mayWrite }: { app: Application; mayWrite: boolean }) => {
  const { endpoints } = useSession();
  const [{ framework }, set] = useAddress<{ framework?: string }>();
  const isMachine = app.type === "MachineToMachine";
  const resources = useQuery({ queryKey: ["resources", "with scopes"], queryFn: loadResourcesWithScopes }).data ?? [];
  const roles = useQuery({
    queryKey: ["applications", "one", app.id, "roles"],
    queryFn: () => loadHeldRoles("applications", app.id),
    enabled: isMachine,
  }).data;
  const offered = resources.filter((one) => one.id !== managementResource || isMachine);
  const [picked, setPicked] = useState<string | null>(null);
  const resource = offered.find((one) => one.indicator === picked) ?? offered.find((one) => one.isDataApi) ?? offered[0];
  const { redirectUris } = app.oidcClientMetadata;
  const values = {
    graphql: endpoints.graphql,
    endpoint: endpoints.issuer.replace(/\/oidc$/, ""),
    appId: app.id,
    resource: resource?.indicator ?? "https://api.example.com",
    redirectUri: redirectUris[0] ?? firstUri(app),
  };
  const snippets = snippetsFor(app.type);
  const shown = snippets.find(({ name }) => slug(name) === framework) ?? snippets[0];
  return (
    <ol className="panel guide">
      {hasSignIn(app.type) && (
        <Step title={t("stepRedirect")} isDone={redirectUris.length > 0}>
          <p className="muted">{t("stepRedirectText")}</p>
          <Uris key={redirectUris.join(" ")} app={app} of="redirectUris" first={firstUri(app)} mayWrite={mayWrite} />
        </Step>
      )}
      {app.type === "SPA" && (
        <Step title={t("stepCors")}>
          <p className="muted">{t("stepCorsText")}</p>
          <Uris key={app.customClientMetadata.corsAllowedOrigins?.join(" ")} app={app} of="corsAllowedOrigins" mayWrite={mayWrite} />
        </Step>
      )}
      {isMachine && (
        <Step title={t("stepRole")} isDone={roles !== undefined && roles.length > 0}>
          <p className="muted">
            {roles && roles.length > 0 ? t("stepRoleDone", { names: roles.map(({ name }) => name).join(", ") }) : t("stepRoleText")}{" "}
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
        {shown && (
          <Tabs
            value={slug(shown.name)}
            onChange={(next) => set({ framework: next === slug(snippets[0]?.name ?? "") ? undefined : (next ?? undefined) }, "replace")}
            keepMounted={false}
            mt="sm"
          >
            <Tabs.List className="tabs">
              {snippets.map(({ name }) => (
                <Tabs.Tab key={name} value={slug(name)}>
                  {name}
                </Tabs.Tab>
              ))}
            </Tabs.List>
            {snippets.map((snippet) => (
              <Tabs.Panel key={snippet.name} value={slug(snippet.name)}>
                {snippet.install && <Code name={snippet.install} text={snippet.install} />}
                <Code name={snippet.name} text={snippet.code(values)} />
              </Tabs.Panel>
            ))}
          </Tabs>
        )}
      </Step>
    </ol>
  );
};
