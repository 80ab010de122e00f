import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Resource } from "../../../../../api/management.ts";
import { Card } from "../../../parts/Card.tsx";
import { Code } from "../../../parts/Code.tsx";
import { useSession } from "../../../session.tsx";
import { t } from "./text.ts";

const Way = ({ title, text, children }: { title: string; text: ReactNode; children?: ReactNode }) => (
  <Card title={title}>
    <p className="muted">{text}</p>
    {children}
  </Card>
);

/** What to write where, so that tokens for this resource are asked for and taken. */
export const Connect = ({ resource }: { resource: Resource }) => {
  const { endpoints, halves } = useSession();
  const identity = endpoints.issuer.replace(/\/oidc$/, "");
  const hook = `${identity}/api/authn/hasura?resource=${encodeURIComponent(resource.indicator).replace(/%3A/gi, ":").replace(/%2F/gi, "/")}`;
  return (
    <div className="panel">
      <Way title={t("connectApp")} text={null}>
        <Code
          name={t("connectApp")}
          text={`const config: LogtoConfig = {\n  endpoint: '${identity}',\n  appId: '<your-application-id>',\n  resources: ['${resource.indicator}'],\n};\n\nconst accessToken = await logto.getAccessToken('${resource.indicator}');`}
        />
      </Way>
      {halves.data && (
        <Way
          title={t("connectOwn")}
          text={resource.isDataApi ? t("connectOwnOn", { graphql: endpoints.graphql }) : <Off graphql={endpoints.graphql} />}
        >
          {resource.isDataApi && (
            <Code
              name={t("connectOwn")}
              text={`request.headers.set('Authorization', \`Bearer \${accessToken}\`);\nrequest.headers.set('X-Hasura-Role', '<role>');`}
            />
          )}
        </Way>
      )}
      <Way title={t("connectWebhook")} text={t("connectWebhookText")}>
        <Code name="HASURA_GRAPHQL_AUTH_HOOK" text={`HASURA_GRAPHQL_AUTH_HOOK: ${hook}`} />
      </Way>
      <Way title={t("connectJwt")} text={t("connectJwtText")}>
        <Code name="HASURA_GRAPHQL_JWT_SECRET" text={`HASURA_GRAPHQL_JWT_SECRET: '${JSON.stringify({ jwk_url: endpoints.jwks })}'`} />
      </Way>
    </div>
  );
};

const Off = ({ graphql }: { graphql: string }) => (
  <>
    {t("connectOwnOff", { graphql })}{" "}
    <Link to="." search={{ tab: "general" } as never}>
      {t("dataApiSwitch")}
    </Link>
  </>
);
