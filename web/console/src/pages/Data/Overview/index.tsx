import { Button, TextInput } from "@mantine/core";
import { IconPlus, IconSearch } from "@tabler/icons-react";
import { Link, useParams } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import type { Table } from "../../../../../api/catalog.ts";
import { Confirm } from "../../../parts/confirm.tsx";
import { Empty } from "../../../parts/Empty.tsx";
import { LinkButton } from "../../../parts/LinkButton.tsx";
import { Page } from "../../../parts/Page.tsx";
import { Problem } from "../../../parts/Problem.tsx";
import { useMay } from "../../../session.tsx";
import { Waiting } from "../../../shell/Waiting.tsx";
import { bytes } from "../size.ts";
import { useDatabase, useSources } from "../source.ts";
import { t } from "../text.ts";
import { useAddSuggestions, useSuggestions, useTracking } from "../tracking.ts";
import { SchemaActions } from "./SchemaActions.tsx";

const atOnce = 150;

const Tables = ({ source, tables }: { source: string; tables: Table[] }) => {
  const mayTrack = useMay("metadata");
  const { track, untrack } = useTracking(source);
  const [leaving, setLeaving] = useState<Table>();
  // A thousand lines with their buttons take seconds to draw: more come as one scrolls.
  const [most, setMost] = useState(atOnce);
  const more = () => setMost((was) => was + atOnce);
  return (
    <section
      className="listing"
      aria-label={t("tables")}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keyboard
      tabIndex={0}
      onScroll={({ currentTarget: { scrollTop, clientHeight, scrollHeight } }) =>
        scrollTop + 2 * clientHeight > scrollHeight && most < tables.length && more()
      }
    >
      <table>
        <thead>
          <tr>
            <th scope="col">{t("name")}</th>
            <th scope="col" className="number wide-only">
              {t("rowsEstimate")}
            </th>
            <th scope="col" className="number wide-only">
              {t("size")}
            </th>
            <th scope="col">{t("tracked")}</th>
          </tr>
        </thead>
        <tbody>
          {tables.slice(0, most).map((table) => (
            <tr key={table.name}>
              <td>
                <Link to="/data/$source/$schema/$table" params={{ source, schema: table.schema, table: table.name }}>
                  {table.name}
                </Link>
                <span className="muted">
                  {table.kind !== "table" && ` ${t(`kind_${table.kind}`)}`}
                  {table.comment && ` ${table.comment}`}
                </span>
              </td>
              <td className="number muted wide-only">{table.rows === null ? "" : t("about", { count: table.rows })}</td>
              <td className="number muted wide-only">{bytes(table.bytes)}</td>
              <td>
                {!mayTrack ? (
                  table.tracked ? (
                    t("tracked")
                  ) : (
                    t("untracked")
                  )
                ) : table.tracked ? (
                  <Button
                    size="compact-xs"
                    variant="subtle"
                    color="gray"
                    onClick={() => setLeaving(table)}
                    aria-label={`${t("untrack")} ${table.name}`}
                  >
                    {t("untrack")}
                  </Button>
                ) : (
                  <Button size="compact-xs" variant="light" onClick={() => track.mutate([table])} aria-label={`${t("track")} ${table.name}`}>
                    {t("track")}
                  </Button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {most < tables.length && (
        <Button size="compact-sm" variant="subtle" m="xs" onClick={more}>
          {t("moreTables", { count: tables.length - most })}
        </Button>
      )}
      <Confirm
        isOpen={leaving !== undefined}
        title={t("untrackTitle", { name: leaving?.name ?? "" })}
        action={t("untrack")}
        onConfirm={() => untrack.mutateAsync(leaving as Table)}
        onClose={() => setLeaving(undefined)}
      >
        <p>{t("untrackText")}</p>
      </Confirm>
    </section>
  );
};

const Schema = ({ source, schema }: { source: string; schema: string }) => {
  const { data, error, refetch } = useDatabase(source);
  const mayTrack = useMay("metadata");
  const mayShape = useMay("sql");
  const { track } = useTracking(source);
  const suggestions = useSuggestions(source, mayTrack).data ?? [];
  const add = useAddSuggestions(source, data);
  const [wanted, setWanted] = useState("");
  const all = useMemo(() => (data?.tables ?? []).filter((table) => table.schema === schema && !table.parent), [data, schema]);
  const shown = useMemo(() => all.filter((table) => table.name.toLowerCase().includes(wanted.trim().toLowerCase())), [all, wanted]);
  const untracked = all.filter((table) => !table.tracked);
  return (
    <Page
      title={schema}
      isWide
      actions={
        mayShape && (
          <>
            <SchemaActions source={source} schema={schema} isEmpty={all.length === 0} />
            <LinkButton to="/data/create" search={{ source, schema }} size="xs" leftSection={<IconPlus size={15} aria-hidden="true" />}>
              {t("createTable")}
            </LinkButton>
          </>
        )
      }
    >
      <div className="table-page">
        {error && <Problem error={error} onRetry={() => void refetch()} />}
        {!data && !error && <Waiting />}
        {data && all.length === 0 && (
          <Empty title={t("noTables")} text={t("noTablesText")}>
            {mayShape && (
              <>
                <LinkButton to="/data/create" search={{ source, schema }}>
                  {t("createTable")}
                </LinkButton>
                <LinkButton to="/data/sql" search={{ source }} variant="default">
                  {t("sql")}
                </LinkButton>
              </>
            )}
          </Empty>
        )}
        {all.length > 0 && (
          <>
            <div className="actions">
              <TextInput
                size="xs"
                aria-label={t("find")}
                placeholder={t("find")}
                leftSection={<IconSearch size={14} aria-hidden="true" />}
                value={wanted}
                onChange={(event) => setWanted(event.currentTarget.value)}
              />
              {mayTrack && untracked.length > 0 && (
                <Button size="xs" variant="light" loading={track.isPending} onClick={() => track.mutate(untracked)}>
                  {t("trackAll", { count: untracked.length })}
                </Button>
              )}
              {mayTrack && suggestions.length > 0 && (
                <span className="hint">
                  {t("suggested", { count: suggestions.length })}
                  <Button size="compact-xs" variant="light" loading={add.isPending} onClick={() => add.mutate(suggestions)}>
                    {t("addAll")}
                  </Button>
                </span>
              )}
            </div>
            {shown.length > 0 ? <Tables source={source} tables={shown} /> : <p className="muted">{t("nothingFound")}</p>}
          </>
        )}
      </div>
    </Page>
  );
};

/** The tables of a schema; without one in the address, of the first. */
const Overview = () => {
  const params = useParams({ strict: false }) as { source?: string; schema?: string };
  const sources = useSources();
  const source = params.source ?? sources.data?.[0]?.name;
  const database = useDatabase(source);
  const mayConnect = useMay("sources");
  if (source && params.schema) return <Schema key={`${source}.${params.schema}`} source={source} schema={params.schema} />;
  const error = sources.error ?? database.error;
  if (error)
    return (
      <Page title={t("title")}>
        <Problem error={error} onRetry={() => void (sources.error ? sources.refetch() : database.refetch())} />
      </Page>
    );
  if (sources.data && !source)
    return (
      <Page title={t("title")}>
        <Empty title={t("noSources")} text={t("noSourcesText")}>
          {mayConnect && (
            <LinkButton to="/data/sources" search={{ connect: true }}>
              {t("connect")}
            </LinkButton>
          )}
        </Empty>
      </Page>
    );
  const schemas = database.data?.schemas;
  if (!source || !schemas) return <Waiting />;
  // Shown here, not sent there: somebody may already be on the way to another page.
  const schema = schemas.includes("public") ? "public" : (schemas[0] ?? "public");
  return <Schema key={`${source}.${schema}`} source={source} schema={schema} />;
};

export default Overview;
