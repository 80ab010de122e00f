import { Checkbox } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ExtendedClaim, loadExtendedClaims, loadSessionLife, setExtendedClaims, setSessionLife } from "../../../../../api/tokens.ts";
import { done } from "../../../parts/notify.ts";
import { Page } from "../../../parts/Page.tsx";
import { Problem } from "../../../parts/Problem.tsx";
import { useForm } from "../../../parts/useForm.ts";
import { useMay } from "../../../session.tsx";
import { Waiting } from "../../../shell/Waiting.tsx";
import { FormTab } from "../parts/Detail.tsx";
import { Span } from "../parts/Span.tsx";
import { t } from "./text.ts";
import "../identity.css";

type Settings = { life: number; claims: ExtendedClaim[] };
const key = ["token settings"];
const load = async (): Promise<Settings> => {
  const [life, claims] = await Promise.all([loadSessionLife(), loadExtendedClaims()]);
  return { life, claims };
};

/** The claims there is something to say in; others stay as they are stored. */
const offered = ["roles", "custom_data", "identities"] as const;
const longest = 365 * 86_400;

const Form = ({ stored }: { stored: Settings }) => {
  const client = useQueryClient();
  const isOff = !useMay("settings");
  const form = useForm({
    initial: { life: stored.life as number | "", claims: stored.claims.filter((claim) => offered.some((one) => one === claim)).sort() as string[] },
    check: ({ life }) => (life !== "" && life >= 1 && life <= longest ? {} : { life: t("sessionWrong") }),
    where: { ttl: "life", enabledExtendedClaims: "claims" },
    onSubmit: async ({ life, claims }) => {
      if (life !== stored.life) await setSessionLife(Number(life));
      const next = [...stored.claims.filter((claim) => !offered.some((one) => one === claim)), ...(claims as ExtendedClaim[])];
      if (next.toSorted().join() !== stored.claims.toSorted().join()) await setExtendedClaims(next);
      await client.invalidateQueries({ queryKey: key });
      done(t("saved"));
    },
  });
  return (
    <FormTab form={form}>
      <fieldset className="fields card" disabled={isOff}>
        <h2>{t("session")}</h2>
        <Span
          label={t("sessionLife")}
          description={t("sessionHint")}
          isRequired
          value={form.values.life}
          onChange={(life) => form.set("life", life)}
          error={form.errors.life}
        />
      </fieldset>
      <fieldset className="fields card" disabled={isOff}>
        <h2>{t("idToken")}</h2>
        <p className="muted">{t("idTokenText")}</p>
        <Checkbox.Group aria-label={t("idToken")} value={form.values.claims} onChange={(claims) => form.set("claims", claims.toSorted())}>
          <div className="stack flat">
            {offered.map((claim) => (
              <Checkbox key={claim} value={claim} label={t(claim)} description={t(`${claim}Hint`)} />
            ))}
          </div>
        </Checkbox.Group>
      </fieldset>
      <section className="fields card" aria-label={t("others")}>
        <h2>{t("others")}</h2>
        <p className="muted">
          {t("othersAccess")} <Link to="/identity/resources">{t("resources")}</Link>
        </p>
        <p className="muted">
          {t("othersApp")} <Link to="/identity/applications">{t("applications")}</Link>
        </p>
      </section>
    </FormTab>
  );
};

/** How long sessions last, and what ID tokens say. */
const Tokens = () => {
  const { data, error, refetch } = useQuery({ queryKey: key, queryFn: load });
  return (
    <Page title={t("title")} lead={t("lead")}>
      {error && <Problem error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Waiting />}
      {data && <Form stored={data} />}
    </Page>
  );
};

export default Tokens;
