import { Button, Progress } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { exportMetadata, loadInconsistencies, type Metadata, rolesOf } from "../../../../api/metadata.ts";
import { type Health as HealthOf, loadHealth, loadIdentityHealth } from "../../../../api/status.ts";
import { Card } from "../../parts/Card.tsx";
import { Copy } from "../../parts/Copy.tsx";
import { LinkButton } from "../../parts/LinkButton.tsx";
import { Page } from "../../parts/Page.tsx";
import { Problem } from "../../parts/Problem.tsx";
import { useMay, useSession } from "../../session.tsx";
import { number } from "../../text.ts";
import { Activity } from "./Activity.tsx";
import { Connect } from "./Connect.tsx";
import "./home.css";
import { Steps } from "./Steps.tsx";
import { t } from "./text.ts";

const wordsFor = (health: HealthOf | undefined) => {
  if (health === undefined) return ["", t("looking")] as const;
  if (!health.isUp) return ["no", `${t("down")}: ${health.text}`] as const;
  return health.text === "OK" ? (["ok", t("up")] as const) : (["warn", t("upWithWarning")] as const);
};

const Half = ({ name, load }: { name: "data" | "identity"; load: () => Promise<HealthOf> }) => {
  const { data } = useQuery({ queryKey: name === "data" ? ["health"] : ["health", name], queryFn: load, refetchInterval: 10_000 });
  const [dot, words] = wordsFor(data);
  return (
    <>
      <span className={`dot ${dot}`} aria-hidden="true" />
      <span>
        {t(name)}: {words}
      </span>
    </>
  );
};

/** How each half is that runs here. */
const Health = () => {
  const { version, halves, may } = useSession();
  return (
    <p className="health" role="status">
      {halves.data && <Half name="data" load={loadHealth} />}
      {halves.identity && (may.includes("operations") || may.includes("logs")) && <Half name="identity" load={loadIdentityHealth} />}
      <span className="muted">{version}</span>
    </p>
  );
};

const Address = ({ name, value }: { name: string; value: string }) => (
  <div>
    <dt>{name}</dt>
    <dd>
      <code>{value}</code>
      <Copy name={name} value={value} />
    </dd>
  </div>
);

/** What there is, counted; its place is held until that is known. */
const Facts = ({ metadata }: { metadata: Metadata | undefined }) => {
  const sources = metadata?.sources ?? [];
  const facts = [
    ["sources", sources.length],
    ["tables", sources.reduce((sum, source) => sum + (source.tables?.length ?? 0), 0)],
    ["roles", rolesOf(metadata ?? {}).length],
    ["endpoints", metadata?.rest_endpoints?.length ?? 0],
  ] as const;
  return (
    <dl className="facts">
      {facts.map(([name, count]) => (
        <div key={name}>
          <dt>{t(name, { count })}</dt>
          <dd>{metadata ? number(count) : "–"}</dd>
        </div>
      ))}
    </dl>
  );
};

const Data = () => {
  const { endpoints, demo } = useSession();
  const mayRead = useMay("metadata:read");
  const mayAsk = useMay("graphql");
  const metadata = useQuery({ queryKey: ["metadata"], queryFn: exportMetadata, enabled: mayRead });
  const problems = useQuery({ queryKey: ["inconsistencies"], queryFn: loadInconsistencies, enabled: mayRead });
  return (
    <Card
      title={t("data")}
      actions={
        <>
          {demo && (
            <Button component="a" href="/demo" variant="default" size="xs">
              {t("demo")}
            </Button>
          )}
          {mayAsk && (
            <LinkButton to="/graphql" size="xs">
              {t("explore")}
            </LinkButton>
          )}
        </>
      }
    >
      {metadata.error && <Problem error={metadata.error} onRetry={() => void metadata.refetch()} />}
      {mayRead && !metadata.error && <Facts metadata={metadata.data?.metadata} />}
      {problems.data && problems.data.length > 0 && (
        <div className="warning">
          <strong>{t("inconsistent", { count: problems.data.length })}</strong>
          <ul>
            {problems.data.slice(0, 10).map((problem) => (
              <li key={`${problem.name}${problem.reason}`}>{[problem.name, problem.reason].filter(Boolean).join(": ")}</li>
            ))}
          </ul>
        </div>
      )}
      <dl className="addresses">
        <Address name={t("graphql")} value={endpoints.graphql} />
        <Address name={t("rest")} value={endpoints.rest} />
        <Address name={t("metadata")} value={endpoints.metadata} />
      </dl>
    </Card>
  );
};

const Identity = () => {
  const { endpoints } = useSession();
  return (
    <Card title={t("identity")}>
      <dl className="addresses">
        <Address name={t("issuer")} value={endpoints.issuer} />
        <Address name={t("discovery")} value={endpoints.discovery} />
        <Address name={t("jwks")} value={endpoints.jwks} />
      </dl>
    </Card>
  );
};

/** What is running and how it is, what to do first, and how to connect to it. */
const Home = () => {
  const { halves } = useSession();
  const mayOperate = useMay("operations");
  const seesActivity = useMay("logs") || mayOperate;
  const both = halves.data && halves.identity;
  return (
    <Page title={t("title")} actions={<Health />}>
      <Steps
        render={(done, count, steps) => (
          <Card title={t("first")} actions={<span className="muted">{done === count ? t("allDone") : t("firstLead", { done, count })}</span>}>
            <Progress value={(100 * done) / count} size="sm" mb="md" aria-label={t("first")} />
            {steps}
          </Card>
        )}
      />
      <div className="cards">
        {halves.data && <Data />}
        {halves.identity && <Identity />}
      </div>
      {seesActivity && <Activity />}
      {both && <Connect />}
    </Page>
  );
};

export default Home;
