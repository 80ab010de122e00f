import { Badge, Button, Checkbox, Radio } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { forgetMigration, loadMigrations, type Migration, revertMigration } from "../../../../../api/sql.ts";
import { Confirm } from "../../../parts/confirm.tsx";
import { download } from "../../../parts/download.ts";
import { Empty } from "../../../parts/Empty.tsx";
import { LinkButton } from "../../../parts/LinkButton.tsx";
import { Page } from "../../../parts/Page.tsx";
import { Problem } from "../../../parts/Problem.tsx";
import { useMay } from "../../../session.tsx";
import { Waiting } from "../../../shell/Waiting.tsx";
import { ago, moment, texts } from "../../../text.ts";
import { SourceSelect } from "../SourceSelect.tsx";
import { useRefresh } from "../source.ts";
import { useSource } from "../useSource.ts";
import { zip } from "../zip.ts";

const t = texts("data.migrations", {
  title: "Migrations",
  lead: "Changes of the schema made here. Downloaded into a project, they count as applied to this server.",
  download: "Download all",
  empty: "No migrations yet",
  emptyText: "Every change of the schema made in these pages is kept here, as the files of a Hasura project.",
  create: "Create a table",
  up: "Runs",
  down: "Takes it back",
  by: "by {name}",
  dirty: "begun, and not seen to end",
  revert: "Take back",
  revertTitle: "Take {name} back?",
  revertText: "This SQL runs, and the migration is forgotten:",
  later: {
    one: "{count} later migration may rest on it: {names}.",
    other: "{count} later migrations may rest on it: {names}.",
  },
  laterToo: "Take back all {count}, the newest first",
  laterNot: "Only this one, whatever rests on it",
  cascade: "Also drop what depends on it in the API",
  forget: "Forget",
  forgetTitle: "Forget {name}?",
  forgetText: "It leaves this list and no longer counts as applied. The database stays as it is.",
  more: "{action}: {name}",
});

const hasDown = (migration: Migration) => migration.down.replace(/--.*$/gm, "").trim() !== "";

const laterThan = (all: Migration[], one: Migration) => all.filter((other) => other.version > one.version);

/** The files as the command line reads them. */
export const filesOf = (migrations: Migration[]) =>
  migrations.flatMap((one) => {
    const name = one.name.replace(/[^\w.-]+/g, "_");
    const folder = `migrations/${one.source}/${one.version}_${name}`;
    return [
      { path: `${folder}/up.sql`, text: `${one.up.trimEnd()}\n` },
      { path: `${folder}/down.sql`, text: `${one.down.trimEnd()}\n` },
    ];
  });

/** The changes of the schema that are kept, to be taken into a project. */
const Migrations = () => {
  const { source, names, setSource } = useSource();
  const mayRun = useMay("sql");
  const refresh = useRefresh();
  const { data, error, refetch } = useQuery({
    queryKey: ["migrations", source],
    queryFn: () => loadMigrations(source ?? ""),
    enabled: source !== undefined,
  });
  const [reverting, setReverting] = useState<Migration>();
  const [cascades, setCascades] = useState(false);
  const [takesLater, setTakesLater] = useState(false);
  const later = reverting && data ? laterThan(data, reverting) : [];
  const [leaving, setLeaving] = useState<Migration>();
  return (
    <Page
      title={t("title")}
      lead={t("lead")}
      actions={
        <>
          <SourceSelect names={names} source={source} onChange={setSource} />
          {data && data.length > 0 && (
            <Button
              size="xs"
              variant="default"
              leftSection={<IconDownload size={14} aria-hidden="true" />}
              onClick={() => download(`migrations-${source}.zip`, new Blob([zip(filesOf(data))], { type: "application/zip" }))}
            >
              {t("download")}
            </Button>
          )}
        </>
      }
    >
      {error && <Problem error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Waiting />}
      {data?.length === 0 && (
        <Empty title={t("empty")} text={t("emptyText")}>
          {mayRun && (
            <LinkButton to="/data/create" search={{ source }}>
              {t("create")}
            </LinkButton>
          )}
        </Empty>
      )}
      {data && data.length > 0 && (
        <ol className="migrations" reversed>
          {data.toReversed().map((one) => (
            <li key={one.version} className="card">
              <details>
                <summary>
                  <strong>{one.name}</strong>
                  {one.dirty && <Badge color="red">{t("dirty")}</Badge>}
                  <span className="muted" title={moment(one.at)}>
                    {ago(one.at)} {one.by && t("by", { name: one.by })}
                  </span>
                  <code className="muted">{one.version}</code>
                </summary>
                <h2>{t("up")}</h2>
                <pre>{one.up}</pre>
                <h2>{t("down")}</h2>
                <pre>{one.down}</pre>
                {mayRun && (
                  <div className="actions">
                    {hasDown(one) && (
                      <Button
                        size="xs"
                        variant="light"
                        color="red"
                        aria-label={t("more", { action: t("revert"), name: one.name })}
                        onClick={() => {
                          setCascades(false);
                          const behind = laterThan(data, one);
                          setTakesLater(behind.length > 0 && behind.every(hasDown));
                          setReverting(one);
                        }}
                      >
                        {t("revert")}
                      </Button>
                    )}
                    <Button
                      size="xs"
                      variant="subtle"
                      color="gray"
                      aria-label={t("more", { action: t("forget"), name: one.name })}
                      onClick={() => setLeaving(one)}
                    >
                      {t("forget")}
                    </Button>
                  </div>
                )}
              </details>
            </li>
          ))}
        </ol>
      )}
      <Confirm
        isOpen={reverting !== undefined}
        title={t("revertTitle", { name: reverting?.name ?? "" })}
        action={t("revert")}
        onConfirm={async () => {
          if (!reverting) return;
          try {
            // Newest first, so that each is taken back from what it was made on.
            for (const one of takesLater ? later.toReversed() : []) await revertMigration(one.source, one.version, { cascade: cascades });
            await revertMigration(reverting.source, reverting.version, { cascade: cascades, force: !takesLater });
          } finally {
            // Where one fails, those before it are gone all the same.
            await refresh();
          }
        }}
        onClose={() => setReverting(undefined)}
      >
        {later.length > 0 && (
          <>
            <p className="warning">{t("later", { count: later.length, names: later.map((one) => one.name).join(", ") })}</p>
            <Radio.Group value={takesLater ? "all" : "one"} onChange={(value) => setTakesLater(value === "all")} aria-label={t("revert")}>
              <Radio value="all" label={t("laterToo", { count: later.length + 1 })} disabled={!later.every(hasDown)} />
              <Radio value="one" label={t("laterNot")} mt="xs" />
            </Radio.Group>
          </>
        )}
        <p>{t("revertText")}</p>
        <pre className="sql-text">{(takesLater ? [...later.toReversed(), reverting] : [reverting]).map((one) => one?.down.trim()).join("\n\n")}</pre>
        <Checkbox label={t("cascade")} checked={cascades} onChange={(event) => setCascades(event.currentTarget.checked)} />
      </Confirm>
      <Confirm
        isOpen={leaving !== undefined}
        title={t("forgetTitle", { name: leaving?.name ?? "" })}
        action={t("forget")}
        onConfirm={async () => {
          if (leaving) await forgetMigration(leaving.source, leaving.version);
          await refresh();
        }}
        onClose={() => setLeaving(undefined)}
      >
        <p>{t("forgetText")}</p>
      </Confirm>
    </Page>
  );
};

export default Migrations;
