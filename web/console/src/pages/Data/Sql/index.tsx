import { Button, Checkbox, Menu, TextInput } from "@mantine/core";
import { IconClock, IconDownload, IconPlayerPlay, IconPlayerStop } from "@tabler/icons-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { describe } from "../../../../../api/catalog.ts";
import { ApiError } from "../../../../../api/error.ts";
import { command } from "../../../../../api/metadata.ts";
import { execute, migrate, type SQLFailure, type SQLResult } from "../../../../../api/sql.ts";
import { download } from "../../../parts/download.ts";
import { done, failed } from "../../../parts/notify.ts";
import { Page } from "../../../parts/Page.tsx";
import { Problem } from "../../../parts/Problem.tsx";
import { useMay } from "../../../session.tsx";
import { ago, texts } from "../../../text.ts";
import { Code } from "../Code.tsx";
import { sqlProblem } from "../Review.tsx";
import { SourceSelect } from "../SourceSelect.tsx";
import { useDatabase, useRefresh } from "../source.ts";
import { useSource } from "../useSource.ts";
import { forgetHistory, type Ran, readHistory, remember } from "./history.ts";

const t = texts("data.sql", {
  title: "SQL",
  editor: "SQL to run; Ctrl Enter runs it, or what is selected of it",
  run: "Run",
  cancel: "Cancel",
  cancelled: "Cancelled. The statement was stopped in the database, and nothing of it is kept.",
  history: "History",
  noHistory: "Nothing was run in this browser yet.",
  clear: "Clear the history",
  readOnly: "Read only",
  keep: "Keep as a migration",
  name: "Migration's name",
  track: "Track new tables",
  running: "Running… {seconds} s",
  took: "{ms} ms",
  rows: { one: "{count} row", other: "{count} rows" },
  first: "the first {shown} of {count} rows",
  did: "What each statement did: {commands}",
  results: "Result",
  nothing: "The result of the last statement is shown here.",
  noRows: "No rows.",
  null: "null",
  csv: "CSV",
  tracked: { one: "{count} new table is in the API.", other: "{count} new tables are in the API." },
  cascade: "Also drop what depends on it in the API",
  mayNot: "You may look at this database, but not run SQL in it.",
});

const quoted = (value: string | null) => (value === null ? "" : value === "" || /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
const csv = (result: SQLResult) => [result.columns.map((column) => column.name), ...result.rows].map((row) => row.map(quoted).join(",")).join("\r\n");

const Results = ({ result }: { result: SQLResult }) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keyboard
  <section className="results" aria-label={t("results")} tabIndex={0}>
    {result.columns.length === 0 ? (
      <p>{t("did", { commands: result.commands.join(", ") })}</p>
    ) : result.rows.length === 0 ? (
      <p>{t("noRows")}</p>
    ) : (
      <table>
        <thead>
          <tr>
            {result.columns.map((column, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: two columns may have one name
              <th key={i} scope="col">
                {column.name} <small>{column.type}</small>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {result.rows.map((row, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows have no other name
            <tr key={i}>
              {row.map((value, j) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: nor have values
                <td key={j} title={value ?? undefined}>
                  {value === null ? <em className="none">{t("null")}</em> : value}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    )}
  </section>
);

const draftKey = "gatehouse-sql";
const readDraft = () => sessionStorage.getItem(draftKey) ?? "";

/** SQL on a source: several statements, the rows of the last, stopped in the database when it is cancelled. */
const Sql = () => {
  const { source = "default", names: sources, setSource } = useSource();
  const { data: database } = useDatabase(source);
  const maySQL = useMay("sql");
  const mayTrack = useMay("metadata");
  const refresh = useRefresh();
  const [sql, setSql] = useState(readDraft);
  const [isReadOnly, setReadOnly] = useState(false);
  const [isKept, setKept] = useState(false);
  const [name, setName] = useState("");
  const [tracks, setTracks] = useState(true);
  const [cascades, setCascades] = useState(false);
  const [result, setResult] = useState<SQLResult>();
  const [error, setError] = useState<unknown>();
  const [isCancelled, setCancelled] = useState(false);
  const [place, setPlace] = useState<number>();
  const [seconds, setSeconds] = useState<number>();
  const [history, setHistory] = useState<Ran[]>(readHistory);
  const stop = useRef<AbortController>(undefined);
  const isBusy = seconds !== undefined;
  useEffect(() => {
    if (!isBusy) return;
    const timer = setInterval(() => setSeconds((was) => (was ?? 0) + 1), 1000);
    return () => clearInterval(timer);
  }, [isBusy]);
  useEffect(() => () => stop.current?.abort(), []);
  const names = useMemo(() => {
    if (!database) return undefined;
    const all: Record<string, Record<string, string[]>> = {};
    for (const table of database.tables) {
      all[table.schema] ??= {};
      (all[table.schema] as Record<string, string[]>)[table.name] = table.columns.map((column) => column.name);
    }
    return all;
  }, [database]);
  const change = (text: string) => {
    setSql(text);
    sessionStorage.setItem(draftKey, text);
  };
  const run = async (selected = "") => {
    const text = selected.trim() ? selected : sql;
    if (!text.trim() || isBusy || !maySQL) return;
    const before = new Set(database?.tables.map((table) => `${table.schema}.${table.name}`));
    stop.current = new AbortController();
    setSeconds(0);
    setError(undefined);
    setResult(undefined);
    setCancelled(false);
    setPlace(undefined);
    try {
      const { signal } = stop.current;
      if (isKept && !isReadOnly) {
        const made = await migrate(
          { source, name: name.trim() || "sql", up: text, down: "-- Nothing is known here that takes it back.", cascade: cascades },
          signal,
        );
        setResult(made.answer);
        setName("");
      } else setResult(await execute(text, { source, readOnly: isReadOnly, cascade: cascades, signal }));
      setHistory(remember(text, source));
      if (!isReadOnly && /\b(create|alter|drop|comment|rename)\b/i.test(text)) {
        if (tracks && mayTrack) await trackNew(before);
        await refresh();
      }
    } catch (problem) {
      if (stop.current.signal.aborted) setCancelled(true);
      else {
        setError(problem);
        const at = problem instanceof ApiError ? (problem.data as SQLFailure | undefined)?.position : undefined;
        if (at && !selected.trim()) setPlace(at - 1);
      }
    } finally {
      setSeconds(undefined);
    }
  };
  const trackNew = async (before: Set<string>) => {
    const fresh = (await describe(source)).tables
      .filter((one) => !one.tracked && !one.parent && !before.has(`${one.schema}.${one.name}`))
      .map(({ schema, name: table }) => ({ schema, name: table }));
    if (fresh.length === 0) return;
    try {
      await command(
        "bulk",
        fresh.map((table) => ({ type: "pg_track_table", args: { source, table } })),
      );
      done(t("tracked", { count: fresh.length }));
    } catch (problem) {
      failed(problem);
    }
  };
  const isDependency = error instanceof ApiError && error.code === "dependency-error";
  return (
    <Page title={t("title")} isWide actions={<SourceSelect names={sources} source={source} onChange={setSource} />}>
      <div className="sql-page">
        <Code
          label={t("editor")}
          value={sql}
          onChange={change}
          names={names}
          onRun={(selected) => void run(selected)}
          place={place}
          height="100%"
          autoFocus
        />
        <div className="rows-bar">
          {isBusy ? (
            <Button size="xs" color="red" leftSection={<IconPlayerStop size={14} aria-hidden="true" />} onClick={() => stop.current?.abort()}>
              {t("cancel")}
            </Button>
          ) : (
            <Button
              size="xs"
              disabled={!maySQL || !sql.trim()}
              leftSection={<IconPlayerPlay size={14} aria-hidden="true" />}
              onClick={() => void run()}
            >
              {t("run")}
            </Button>
          )}
          <Checkbox size="xs" label={t("readOnly")} checked={isReadOnly} onChange={(event) => setReadOnly(event.currentTarget.checked)} />
          {!isReadOnly && mayTrack && (
            <Checkbox size="xs" label={t("track")} checked={tracks} onChange={(event) => setTracks(event.currentTarget.checked)} />
          )}
          {!isReadOnly && <Checkbox size="xs" label={t("keep")} checked={isKept} onChange={(event) => setKept(event.currentTarget.checked)} />}
          {!isReadOnly && isKept && (
            <TextInput
              size="xs"
              aria-label={t("name")}
              placeholder={t("name")}
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
            />
          )}
          {isDependency && (
            <Checkbox size="xs" label={t("cascade")} checked={cascades} onChange={(event) => setCascades(event.currentTarget.checked)} />
          )}
          <span className="grow" />
          <span role="status" className="muted">
            {isBusy && t("running", { seconds })}
            {result &&
              [
                result.columns.length > 0 &&
                  (result.row_count > result.rows.length
                    ? t("first", { shown: result.rows.length, count: result.row_count })
                    : t("rows", { count: result.row_count })),
                t("took", { ms: Math.round(result.took_ms * 10) / 10 }),
              ]
                .filter(Boolean)
                .join(" · ")}
          </span>
          {result && result.columns.length > 0 && (
            <Button
              size="xs"
              variant="default"
              leftSection={<IconDownload size={14} aria-hidden="true" />}
              onClick={() => download("result.csv", new Blob([csv(result)], { type: "text/csv" }))}
            >
              {t("csv")}
            </Button>
          )}
          <Menu position="bottom-end" withArrow width={360}>
            <Menu.Target>
              <Button size="xs" variant="default" leftSection={<IconClock size={14} aria-hidden="true" />}>
                {t("history")}
              </Button>
            </Menu.Target>
            <Menu.Dropdown mah={360} style={{ overflowY: "auto" }}>
              {history.length === 0 && <Menu.Label>{t("noHistory")}</Menu.Label>}
              {history.map((one) => (
                <Menu.Item key={one.at} onClick={() => change(one.sql)}>
                  <code className="history-line">{one.sql.slice(0, 160)}</code>
                  <small className="muted"> {ago(one.at)}</small>
                </Menu.Item>
              ))}
              {history.length > 0 && (
                <Menu.Item
                  color="red"
                  onClick={() => {
                    forgetHistory();
                    setHistory([]);
                  }}
                >
                  {t("clear")}
                </Menu.Item>
              )}
            </Menu.Dropdown>
          </Menu>
        </div>
        {error !== undefined ? (
          <div>
            <Problem error={sqlProblem(error)} />
          </div>
        ) : result ? (
          <Results result={result} />
        ) : (
          <section className="results" aria-label={t("results")}>
            <p>{!maySQL ? t("mayNot") : isCancelled ? t("cancelled") : t("nothing")}</p>
          </section>
        )}
      </div>
    </Page>
  );
};

export default Sql;
