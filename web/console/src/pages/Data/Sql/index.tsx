import { Button, Checkbox, Menu, NativeSelect, TextInput } from "@mantine/core";
import { IconClock, IconDownload, IconPlayerPlay, IconPlayerStop } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import { describe } from "../../../../../api/catalog.ts";
import { ApiError } from "../../../../../api/error.ts";
import { bulk } from "../../../../../api/metadata.ts";
import { execute, migrate, type SQLFailure, type SQLResult } from "../../../../../api/sql.ts";
import { download } from "../../../parts/download.ts";
import { done, failed } from "../../../parts/notify.ts";
import { Page } from "../../../parts/Page.tsx";
import { Problem, wordsFor } from "../../../parts/Problem.tsx";
import { useMay } from "../../../session.tsx";
import { ago } from "../../../text.ts";
import { Code } from "../Code.tsx";
import { sqlProblem } from "../Review.tsx";
import { SourceSelect } from "../SourceSelect.tsx";
import { useDatabase, useNames, useRefresh } from "../source.ts";
import { useSource } from "../useSource.ts";
import { created, type Known, known } from "./created.ts";
import { forgetHistory, type Ran, readHistory, remember } from "./history.ts";
import { offsetOf } from "./offset.ts";
import { csvOf, firstShown, Results } from "./Results.tsx";
import { t } from "./text.ts";

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
  const [fault, setFault] = useState<{ place: number; words: string }>();
  const [shown, setShown] = useState(0);
  const [timeout, setSecondsAtMost] = useState(0);
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
  const names = useNames(database);
  const change = (text: string) => {
    setSql(text);
    sessionStorage.setItem(draftKey, text);
  };
  const take = (answer: SQLResult) => {
    setResult(answer);
    setShown(firstShown(answer.results));
  };
  const run = async (selected = "", from = 0) => {
    const isPart = selected.trim() !== "";
    const text = isPart ? selected : sql;
    if (!text.trim() || isBusy || !maySQL) return;
    const mayCreate = !isReadOnly && /\b(create|alter|drop|comment|rename)\b/i.test(text);
    stop.current = new AbortController();
    setSeconds(0);
    setError(undefined);
    setResult(undefined);
    setCancelled(false);
    setFault(undefined);
    try {
      const { signal } = stop.current;
      // Asked for now: what is older than this would make news of what has long been left out of the API.
      const before = mayCreate && tracks && mayTrack ? await describe(source).then(known, (problem) => void failed(problem)) : undefined;
      if (isKept && !isReadOnly) {
        const down = "-- Nothing is known here that takes it back.";
        const made = await migrate(
          { source, name: name.trim() || "sql", up: text, down, cascade: cascades, ...(timeout > 0 && { timeout_ms: timeout * 1000 }) },
          signal,
        );
        take(made.answer);
        setName("");
      } else take(await execute(text, { source, readOnly: isReadOnly, cascade: cascades, timeout: timeout * 1000, signal }));
      setHistory(remember(text, source));
      if (before) await trackNew(before);
      if (mayCreate) await refresh();
    } catch (problem) {
      if (stop.current.signal.aborted) setCancelled(true);
      else {
        setError(problem);
        const at = problem instanceof ApiError ? (problem.data as SQLFailure | undefined)?.position : undefined;
        if (at) setFault({ place: (isPart ? from : 0) + offsetOf(text, at), words: wordsFor(sqlProblem(problem)) });
      }
    } finally {
      setSeconds(undefined);
    }
  };
  const trackNew = async (before: Known) => {
    try {
      const { tables, functions, commands } = created(source, before, await describe(source));
      if (commands.length === 0) return;
      await bulk(commands);
      const told = [
        tables.length > 0 && t("tracked", { count: tables.length }),
        functions.length > 0 && t("trackedFunctions", { count: functions.length }),
      ];
      done(told.filter(Boolean).join(" "));
    } catch (problem) {
      failed(problem);
    }
  };
  const one = result?.results[shown];
  const isDependency = error instanceof ApiError && error.code === "dependency-error";
  return (
    <Page title={t("title")} isWide actions={<SourceSelect names={sources} source={source} onChange={setSource} />}>
      <div className="sql-page">
        <Code
          label={t("editor")}
          value={sql}
          onChange={change}
          names={names}
          onRun={(selected, from) => void run(selected, from)}
          fault={fault}
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
          {!isReadOnly && (
            <Checkbox
              size="xs"
              label={t("cascade")}
              title={t("cascadeHint")}
              checked={cascades}
              onChange={(event) => setCascades(event.currentTarget.checked)}
            />
          )}
          <NativeSelect
            size="xs"
            aria-label={t("timeout")}
            data={[
              { value: "0", label: t("timeoutNone") },
              ...[5, 30, 300].map((one) => ({ value: String(one), label: t("timeoutOf", { seconds: one }) })),
            ]}
            value={String(timeout)}
            onChange={(event) => setSecondsAtMost(Number(event.currentTarget.value))}
          />
          <span className="grow" />
          <span role="status" className="muted">
            {isBusy && t("running", { seconds })}
            {result &&
              [
                one &&
                  one.columns.length > 0 &&
                  (one.row_count > one.rows.length
                    ? t("first", { shown: one.rows.length, count: one.row_count })
                    : t("rows", { count: one.row_count })),
                t("took", { ms: Math.round(result.took_ms * 10) / 10 }),
              ]
                .filter(Boolean)
                .join(" · ")}
          </span>
          {one && one.columns.length > 0 && (
            <Button
              size="xs"
              variant="default"
              leftSection={<IconDownload size={14} aria-hidden="true" />}
              onClick={() => download("result.csv", new Blob([csvOf(one)], { type: "text/csv" }))}
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
            {isDependency && !cascades && <p className="muted">{t("cascadeAsked")}</p>}
          </div>
        ) : result ? (
          <Results key={result.took_ms} result={result} shown={shown} onShow={setShown} />
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
