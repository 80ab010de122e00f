import { Select, Tabs } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type Application, list, type Resource } from "../../../../api/management.ts";
import { Card } from "../../parts/Card.tsx";
import { Code } from "../../parts/Code.tsx";
import { useMay, useSession } from "../../session.tsx";
import { snippets } from "../../snippets.ts";
import { t } from "./text.ts";

/** Programs to start from, per framework, with the real addresses and the chosen application filled in. */
export const Connect = () => {
  const { endpoints } = useSession();
  const mayRead = useMay("access:read");
  const [picked, setPicked] = useState<string | null>(null);
  const applications =
    useQuery({ queryKey: ["applications"], enabled: mayRead, queryFn: () => list<Application>("applications", { page: 1, page_size: 100 }) }).data
      ?.items ?? [];
  const resources = useQuery({ queryKey: ["resources"], enabled: mayRead, queryFn: () => list<Resource>("resources") }).data?.items ?? [];
  const app = applications.find((one) => one.id === picked) ?? applications[0];
  const values = {
    graphql: endpoints.graphql,
    endpoint: endpoints.issuer.replace(/\/oidc$/, ""),
    appId: app?.id ?? t("noApplication"),
    redirectUri: app?.oidcClientMetadata.redirectUris[0] ?? "http://localhost:3000/callback",
    resource:
      (resources.find((one) => one.isDataApi) ?? resources.find((one) => !one.indicator.endsWith(".logto.app/api")))?.indicator ??
      "https://api.example.com",
  };
  return (
    <Card
      title={t("connect")}
      actions={
        applications.length > 1 && (
          <Select
            size="xs"
            aria-label={t("application")}
            data={applications.map((one) => ({ value: one.id, label: one.name }))}
            value={app?.id ?? null}
            onChange={setPicked}
            allowDeselect={false}
          />
        )
      }
    >
      <p className="muted">{t("connectLead")}</p>
      <Tabs defaultValue="React" mt="sm" keepMounted={false}>
        <Tabs.List>
          {snippets.map((snippet) => (
            <Tabs.Tab key={snippet.name} value={snippet.name}>
              {snippet.name}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {snippets.map((snippet) => (
          <Tabs.Panel key={snippet.name} value={snippet.name} pt="sm">
            {snippet.install && <Code name={snippet.install} text={snippet.install} />}
            <Code name={snippet.name} text={snippet.code(values)} />
          </Tabs.Panel>
        ))}
      </Tabs>
    </Card>
  );
};
