import { Alert, Button, FileButton, NativeSelect, Progress } from "@mantine/core";
import { IconUpload } from "@tabler/icons-react";
import { useParams } from "@tanstack/react-router";
import { type DragEvent, useEffect, useMemo, useRef, useState } from "react";
import { type Imported, type ImportOptions, importRows, type Table } from "../../../../../api/catalog.ts";
import { Card } from "../../../parts/Card.tsx";
import { LinkButton } from "../../../parts/LinkButton.tsx";
import { Problem } from "../../../parts/Problem.tsx";
import { isWritable } from "../cells.ts";
import { t as words } from "../Rows/text.ts";
import { useRefresh } from "../source.ts";
import { TableFrame } from "../TableFrame.tsx";
import { type EmptyAs, type FileRows, match, missing, mistakesIn, readCSV, readJSON, writtenAs } from "./reading.ts";
import { t } from "./text.ts";

type Run = { done: number; isTrial: boolean; result?: Imported; isStopped?: boolean };
type Fault = { line: number; column: string; reason: string };

const Faults = ({ title, faults, note, isCSV }: { title: string; faults: Fault[]; note?: string; isCSV: boolean }) => (
  <Card title={title}>
    {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keyboard */}
    <section className="listing" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col" className="number">
              {t(isCSV ? "line" : "row")}
            </th>
            <th scope="col">{t("column")}</th>
            <th scope="col">{t("reason")}</th>
          </tr>
        </thead>
        <tbody>
          {faults.map(({ line, column, reason }) => (
            <tr key={`${line} ${column}`}>
              <td className="number">{line}</td>
              <td>{column}</td>
              <td>{reason}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
    {note && <p className="muted">{note}</p>}
  </Card>
);

type MatchingProps = { file: FileRows; table: Table; matched: (string | null)[]; onMatch: (matched: (string | null)[]) => void };

/** Which column of the file goes where, with its first values beside it. */
const Matching = ({ file, table, matched, onMatch }: MatchingProps) => {
  const free = (at: number) =>
    table.columns.filter((column) => isWritable(column) && (matched[at] === column.name || !matched.includes(column.name)));
  return (
    <Card title={t("columns")}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keyboard */}
      <section className="listing" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t("inFile")}</th>
              <th scope="col">{t("inTable")}</th>
              <th scope="col" className="wide-only">
                {t("example")}
              </th>
            </tr>
          </thead>
          <tbody>
            {file.names.map((name, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a file may name a column twice
              <tr key={i}>
                <td>{name}</td>
                <td>
                  <NativeSelect
                    size="xs"
                    aria-label={`${t("inTable")}: ${name}`}
                    data={[
                      { value: "", label: t("leaveOut") },
                      ...free(i).map((column) => ({ value: column.name, label: `${column.name} (${column.type})` })),
                    ]}
                    value={matched[i] ?? ""}
                    onChange={(event) => onMatch(matched.with(i, event.currentTarget.value || null))}
                  />
                </td>
                <td className="wide-only">
                  <code>
                    {file.rows
                      .slice(0, 3)
                      .map(({ cells }) => (cells[i] ?? t("null")).slice(0, 40))
                      .join(" · ")}
                  </code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </Card>
  );
};

const Form = ({ source, table }: { source: string; table: Table }) => {
  const [file, setFile] = useState<FileRows & { name: string }>();
  const [matched, setMatched] = useState<(string | null)[]>([]);
  const [emptyAs, setEmptyAs] = useState<EmptyAs>("null");
  const [conflict, setConflict] = useState<"" | "skip" | "update">("");
  const [run, setRun] = useState<Run>();
  const [error, setError] = useState<unknown>();
  const stop = useRef<AbortController>(undefined);
  const refresh = useRefresh();
  useEffect(() => () => stop.current?.abort(), []);
  const take = async (given: File | null | undefined) => {
    if (!given) return;
    setError(undefined);
    setRun(undefined);
    try {
      const text = await given.text();
      const read = /\.(json|jsonl|ndjson)$/i.test(given.name) || /^\s*[[{]/.test(text) ? readJSON(text) : readCSV(text);
      setFile({ ...read, name: given.name });
      setMatched(match(read.names, table));
    } catch (problem) {
      setFile(undefined);
      setError(problem);
    }
  };
  const mistakes = useMemo(() => (file ? mistakesIn(file, matched, table, 50) : []), [file, matched, table]);
  const needed = file ? missing(table, matched) : [];
  const columns = matched.filter((name) => name !== null);
  const rest = table.columns.filter((column) => isWritable(column) && !columns.includes(column.name) && !needed.includes(column));
  const start = async (isTrial: boolean) => {
    if (!file) return;
    stop.current = new AbortController();
    setError(undefined);
    setRun({ done: 0, isTrial });
    const taken = matched.flatMap((name, i) => {
      const column = table.columns.find((one) => one.name === name);
      return column ? [{ i, column }] : [];
    });
    const rows = file.rows.map(({ cells }) => taken.map(({ i, column }) => writtenAs(file.kind, column, cells[i], emptyAs)));
    const options: ImportOptions = {
      columns: taken.map(({ column }) => column.name),
      signal: stop.current.signal,
      onProgress: (done) => setRun({ done, isTrial }),
      ...(conflict && { on_conflict: conflict }),
      ...(isTrial && { check: true }),
    };
    try {
      const result = await importRows(source, table, rows, options);
      setRun({ done: result.rows, isTrial, result });
      if (!isTrial && result.refused.length === 0) await refresh();
    } catch (problem) {
      if (stop.current.signal.aborted) setRun({ done: 0, isTrial, isStopped: true });
      else {
        setRun(undefined);
        setError(problem);
      }
    }
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    void take(event.dataTransfer.files[0]);
  };
  const result = run?.result;
  const isBusy = run !== undefined && !result && !run.isStopped;
  const isOver = result !== undefined && !run?.isTrial && result.refused.length === 0;
  const isCSV = file?.kind === "csv";
  const lineOf = (row: number) => file?.rows[row - 1]?.line ?? row;
  const picker = (
    <FileButton accept=".csv,.tsv,.txt,.json,.jsonl,.ndjson,text/csv,application/json" onChange={(given) => void take(given)} disabled={isBusy}>
      {(props) => (
        <Button {...props} disabled={isBusy} variant={file ? "default" : "filled"} leftSection={<IconUpload size={16} aria-hidden="true" />}>
          {t(file ? "other" : "pick")}
        </Button>
      )}
    </FileButton>
  );
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping a file is a shortcut of the button inside
    <div className="sections" onDragOver={(event) => event.preventDefault()} onDrop={drop}>
      {error !== undefined && <Problem error={error} />}
      {!file && (
        <div className="empty">
          <p>{t("drop")}</p>
          <div className="actions">{picker}</div>
        </div>
      )}
      {file && (
        <>
          <div className="actions">
            <strong>{t("taken", { name: file.name, count: file.rows.length })}</strong>
            {picker}
          </div>
          <Matching
            file={file}
            table={table}
            matched={matched}
            onMatch={(next) => {
              setMatched(next);
              setRun(undefined);
            }}
          />
          {columns.length === 0 && <Problem error={new Error(t("noColumns"))} />}
          {needed.length > 0 && <Problem error={new Error(t("missing", { names: needed.map((column) => column.name).join(", ") }))} />}
          {rest.length > 0 && <p className="muted">{t("rest", { names: rest.map((column) => column.name).join(", ") })}</p>}
          <div className="actions" style={{ alignItems: "end" }}>
            {isCSV && (
              <NativeSelect
                label={t("empty")}
                data={[
                  { value: "null", label: t("emptyNull") },
                  { value: "default", label: t("emptyDefault") },
                  { value: "text", label: t("emptyText") },
                ]}
                value={emptyAs}
                onChange={(event) => setEmptyAs(event.currentTarget.value as EmptyAs)}
              />
            )}
            {table.keys.length > 0 && (
              <NativeSelect
                label={t("conflict")}
                data={[
                  { value: "", label: t("conflictRefuse") },
                  { value: "skip", label: t("conflictSkip") },
                  ...(table.keys.some((key) => key.primary && key.columns.every((name) => columns.includes(name)))
                    ? [{ value: "update", label: t("conflictUpdate") }]
                    : []),
                ]}
                value={conflict}
                onChange={(event) => setConflict(event.currentTarget.value as typeof conflict)}
              />
            )}
          </div>
          {mistakes.length > 0 && (
            <Faults
              title={t("certain")}
              isCSV={isCSV}
              faults={mistakes.map(({ line, column, value, mistake }) => ({
                line,
                column,
                reason: `${value.slice(0, 60)}: ${words(`mistake_${mistake}`)}`,
              }))}
              note={mistakes.length === 50 ? t("refusedMore", { count: 50 }) : undefined}
            />
          )}
          {result && result.refused.length > 0 && (
            <Faults
              title={t("refused")}
              isCSV={isCSV}
              faults={result.refused.map(({ row, column, reason }) => ({ line: lineOf(row), column: column ?? "", reason }))}
              note={result.stopped ? t("refusedMore", { count: result.refused.length }) : undefined}
            />
          )}
          <div role="status">
            {isBusy && (
              <>
                <Progress value={(100 * (run?.done ?? 0)) / Math.max(1, file.rows.length)} aria-label={t("title")} animated />
                <p className="muted">{t("running", { done: run?.done ?? 0, total: file.rows.length })}</p>
              </>
            )}
            {run?.isStopped && <p>{t("stopped")}</p>}
            {result && result.refused.length === 0 && (
              <Alert color="pine">
                {t(run?.isTrial ? "checked" : "imported", { count: result.written })}
                {result.written < result.rows && ` ${t("left", { count: result.rows - result.written })}`}
              </Alert>
            )}
          </div>
          <div className="actions end">
            {isBusy ? (
              <Button variant="default" onClick={() => stop.current?.abort()}>
                {t("stop")}
              </Button>
            ) : isOver ? (
              <LinkButton to="/data/$source/$schema/$table" params={{ source, schema: table.schema, table: table.name }}>
                {t("toRows")}
              </LinkButton>
            ) : (
              <>
                <Button variant="default" disabled={columns.length === 0 || file.rows.length === 0} onClick={() => void start(true)}>
                  {t("check")}
                </Button>
                <Button
                  disabled={columns.length === 0 || needed.length > 0 || mistakes.length > 0 || file.rows.length === 0}
                  onClick={() => void start(false)}
                >
                  {t("run", { count: file.rows.length })}
                </Button>
              </>
            )}
          </div>
        </>
      )}
    </div>
  );
};

/** Rows of a file taken into a table, all or none. */
const Import = () => {
  const { source = "", schema = "", table = "" } = useParams({ strict: false }) as { source?: string; schema?: string; table?: string };
  return (
    <TableFrame source={source} name={{ schema, name: table }}>
      {(one) =>
        one.kind === "view" || one.kind === "materialized_view" ? (
          <p className="muted">{t("mayNot")}</p>
        ) : (
          <Form key={`${schema}.${table}`} source={source} table={one} />
        )
      }
    </TableFrame>
  );
};

export default Import;
