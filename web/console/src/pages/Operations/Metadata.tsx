import { Button, FileButton } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { command, exportMetadata, type Inconsistency, loadInconsistencies } from "../../../../api/metadata.ts";
import type { Plan } from "../../../../api/permissions.ts";
import { Card } from "../../parts/Card.tsx";
import { Confirm } from "../../parts/confirm.tsx";
import { download } from "../../parts/download.ts";
import { done, failed } from "../../parts/notify.ts";
import { Page } from "../../parts/Page.tsx";
import { Problem } from "../../parts/Problem.tsx";
import { useMay } from "../../session.tsx";
import { Waiting } from "../../shell/Waiting.tsx";
import "./operations.css";
import { placeOf } from "./place.ts";
import { t } from "./text.ts";

/** The metadata as a whole: what of it cannot be served, taking it away as a file and putting another in its place. */
const Metadata = () => {
  const client = useQueryClient();
  const { data, error, refetch } = useQuery({ queryKey: ["metadata"], queryFn: exportMetadata });
  const inconsistencies = useQuery({ queryKey: ["inconsistencies"], queryFn: loadInconsistencies });
  const mayWrite = useMay("metadata");
  const mayReplace = useMay("sources");
  const [isReloading, setReloading] = useState(false);
  const reload = async () => {
    setReloading(true);
    try {
      await command("reload_metadata", { reload_sources: true });
      await client.invalidateQueries();
      done(t("reloaded"));
    } catch (problem) {
      failed(problem);
    } finally {
      setReloading(false);
    }
  };
  return (
    <Page
      title={t("metadata")}
      lead={data && t("metadataLead", { version: String(data.resource_version) })}
      actions={
        mayWrite && (
          <Button variant="default" loading={isReloading} onClick={() => void reload()}>
            {t("reload")}
          </Button>
        )
      }
    >
      {error ? (
        <Problem error={error} onRetry={() => void refetch()} />
      ) : !data || inconsistencies.isPending ? (
        <Waiting />
      ) : (
        <>
          <Inconsistencies />
          <Export document={data.metadata} />
          {mayReplace && <Import />}
        </>
      )}
    </Page>
  );
};

const Inconsistencies = () => {
  const client = useQueryClient();
  const mayWrite = useMay("metadata");
  const { data, error } = useQuery({ queryKey: ["inconsistencies"], queryFn: loadInconsistencies });
  const [isAsking, setAsking] = useState(false);
  if (error) return <Problem error={error} />;
  if (!data) return null;
  if (data.length === 0) return <p className="muted">{t("consistent")}</p>;
  const drop = async () => {
    await command("drop_inconsistent_metadata");
    await client.invalidateQueries();
    done(t("dropped"));
  };
  return (
    <Card
      title={t("inconsistent", { count: data.length })}
      actions={
        mayWrite && (
          <Button size="xs" variant="default" onClick={() => setAsking(true)}>
            {t("dropAll")}
          </Button>
        )
      }
    >
      <p className="muted">{t("inconsistentLead")}</p>
      <ul className="problems">
        {data.map((problem) => (
          <li key={`${problem.type} ${problem.name} ${problem.reason}`}>
            <strong>{problem.name}</strong> {problem.reason} <There problem={problem} />
          </li>
        ))}
      </ul>
      <Confirm isOpen={isAsking} title={t("dropTitle")} action={t("dropAll")} onConfirm={drop} onClose={() => setAsking(false)}>
        {t("dropText", { count: data.length })}
      </Confirm>
    </Card>
  );
};

/** The way to where a problem can be mended. */
const There = ({ problem }: { problem: Inconsistency }) => {
  const place = placeOf(problem);
  return place && <Link {...(place as { to: "/data" })}>{t("goThere")}</Link>;
};

const Export = ({ document: metadata }: { document: unknown }) => {
  const save = () => download("metadata.json", new Blob([JSON.stringify(metadata, null, 2)], { type: "application/json" }));
  return (
    <Card title={t("export")}>
      <p className="muted">{t("exportLead")}</p>
      <Button variant="default" mt="sm" onClick={save}>
        {t("download")}
      </Button>
    </Card>
  );
};

type Planned = Plan & {
  inconsistencies: { new: Inconsistency[] };
  objects: { added: { name: string }[]; changed: { name: string }[]; removed: { name: string }[] };
};

const Import = () => {
  const client = useQueryClient();
  const [file, setFile] = useState<{ name: string; size: number; document: unknown }>();
  const [error, setError] = useState<unknown>();
  const [isAsking, setAsking] = useState(false);
  const plan = useQuery({
    queryKey: ["plan", file?.name, file?.size],
    enabled: file !== undefined,
    gcTime: 0,
    retry: false,
    queryFn: () => command<Planned>("gatehouse_plan_metadata", { metadata: file?.document }),
  });
  const read = async (picked: File | null) => {
    setError(undefined);
    if (!picked) return;
    try {
      const parsed = JSON.parse(await picked.text()) as { metadata?: unknown };
      setFile({ name: picked.name, size: picked.size, document: parsed.metadata ?? parsed });
    } catch (problem) {
      setFile(undefined);
      setError(new Error(t("notJson", { name: picked.name, why: problem instanceof Error ? problem.message : String(problem) })));
    }
  };
  const apply = async () => {
    await command("replace_metadata", { allow_inconsistent_metadata: true, metadata: file?.document });
    setFile(undefined);
    await client.invalidateQueries();
    done(t("applied"));
  };
  return (
    <Card title={t("import")}>
      <p className="muted">{t("importLead")}</p>
      <div className="actions import">
        <FileButton accept="application/json,.json" onChange={(picked) => void read(picked)}>
          {(props) => (
            <Button variant="default" {...props}>
              {t("pick")}
            </Button>
          )}
        </FileButton>
        {file && <span>{t("picked", { name: file.name, size: file.size })}</span>}
      </div>
      {error !== undefined && <Problem error={error} />}
      {file && (
        <section className="plan" aria-label={t("plan")}>
          <h3>{t("plan")}</h3>
          {plan.error ? <Problem error={plan.error} /> : plan.data ? <PlanShown plan={plan.data} /> : <Waiting />}
          {plan.data && (
            <div className="actions">
              <Button color="red" onClick={() => setAsking(true)}>
                {t("apply")}
              </Button>
              <Button variant="default" onClick={() => setFile(undefined)}>
                {t("cancel")}
              </Button>
            </div>
          )}
        </section>
      )}
      <Confirm isOpen={isAsking} title={t("applyTitle")} action={t("apply")} onConfirm={apply} onClose={() => setAsking(false)}>
        {t("applyText")}
      </Confirm>
    </Card>
  );
};

const PlanShown = ({ plan }: { plan: Planned }) => {
  const { added, changed, removed } = plan.objects;
  const objects = [
    ...added.map((one) => ({ ...one, what: t("added") })),
    ...changed.map((one) => ({ ...one, what: t("changed") })),
    ...removed.map((one) => ({ ...one, what: t("removed") })),
  ];
  if (objects.length + plan.rights.length + plan.operations.length === 0) return <p className="muted">{t("nothing")}</p>;
  return (
    <>
      {plan.inconsistencies.new.length > 0 && (
        <List
          title={t("newProblems", { count: plan.inconsistencies.new.length })}
          items={plan.inconsistencies.new.map((one) => `${one.name ?? ""}: ${one.reason}`)}
        />
      )}
      {plan.operations.length > 0 && (
        <List
          title={t("breaks", { count: plan.operations.length })}
          items={plan.operations.map((one) => `${one.endpoint ?? `${one.collection}/${one.query}`}: ${one.reason}`)}
        />
      )}
      {plan.rights.length > 0 && (
        <List
          title={t("rights")}
          items={plan.rights.map((one) => `${t(one.direction)}: ${one.role} ${one.operation ?? ""} ${one.object ?? ""}: ${one.change}`)}
        />
      )}
      <List title={t("objects", { count: objects.length })} items={objects.map((one) => `${one.what}: ${one.name}`)} />
    </>
  );
};

const List = ({ title, items }: { title: string; items: string[] }) => (
  <div>
    <h4>{title}</h4>
    <ul className="problems">
      {items.slice(0, 200).map((item) => (
        <li key={item}>{item}</li>
      ))}
    </ul>
  </div>
);

export default Metadata;
