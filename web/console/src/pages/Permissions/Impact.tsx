import { Autocomplete } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import type { QualifiedTable, Source, Table } from "../../../../api/metadata.ts";
import { type Answer, type Question, type Rehearsal, type Right, rehearse, replacing, type TableOperation } from "../../../../api/permissions.ts";
import { Card } from "../../parts/Card.tsx";
import { PickUser } from "../../parts/Pick.tsx";
import { Problem } from "../../parts/Problem.tsx";
import { useCaller, useMayPick } from "../../parts/useCaller.ts";
import { sessionVariables } from "./filter.ts";
import { type Definition, graphqlNames, rowsQuery } from "./rights.ts";
import { t } from "./text.ts";

const shownRows = 50;

type Props = {
  source: Source;
  table: Table;
  /** All columns of the table, in its order. */
  columns: string[];
  at: { source: string; table: QualifiedTable; role: string; operation: TableOperation };
  was: Definition | undefined;
  is: Definition | undefined;
};

/** What saving would change, rehearsed by the server: rights, stored operations, the schema, and the rows the role reads. */
export const Impact = ({ source, table, columns: all, at, was, is }: Props) => {
  const [variables, setVariables] = useState<Record<string, string>>({});
  const mayPick = useMayPick();
  const [userId, setUserId] = useState<string>();
  const known = useCaller(userId);
  const given = known.data?.variables;
  const needed = useMemo(() => sessionVariables([was?.filter, is?.filter]), [was, is]);
  const columns = readBoth(was, is, all);
  const ask: Question | undefined =
    at.operation === "select" && columns.length > 0
      ? {
          query: { query: rowsQuery(source, table, columns, shownRows) },
          user: { ...(given ?? Object.fromEntries(needed.map((name) => [name, variables[name] ?? ""]))), "x-hasura-role": at.role },
        }
      : undefined;
  const question = JSON.stringify({ is, ask });
  const [asked] = useDebouncedValue(question, 400);
  const { data, error, isPlaceholderData } = useQuery<Rehearsal>({
    queryKey: ["rehearsal", at, was, asked],
    queryFn: ({ signal }) => {
      const { is: next, ask: about } = JSON.parse(asked) as { is?: Definition; ask?: Question };
      return rehearse(replacing(at, was, next), about, signal);
    },
    placeholderData: (before) => before,
    retry: false,
  });
  // Rows of whoever was picked before are not shown for this one's.
  const isTheirs = !userId || (known.data && asked === question && !isPlaceholderData);
  return (
    <Card title={t("impact")}>
      <div className="impact" aria-live="polite">
        {error ? <Problem error={error} /> : !data ? <p className="muted">{t("impactLooking")}</p> : <Told data={data} />}
      </div>
      {ask && (
        <section className="rows" aria-label={t("tryRows")}>
          <h3>{t("tryRows")}</h3>
          <p className="muted">{t("tryRowsHint")}</p>
          {mayPick && (
            <PickUser clearable size="xs" maw="20rem" label={t("tryAs")} value={userId ?? null} onChange={(id) => setUserId(id ?? undefined)} />
          )}
          {known.error && userId && <Problem title={t("tryAsCannot")} error={known.error} />}
          {known.data?.problem && <p className="note">{known.data.problem}</p>}
          {known.data && !known.data.roles.includes(at.role) && <p className="note">{t("tryAsNotHeld", { role: at.role })}</p>}
          {needed.map((name) => (
            <Autocomplete
              key={name}
              size="xs"
              maw="20rem"
              label={name}
              value={(given ? given[name] : variables[name]) ?? ""}
              readOnly={given !== undefined}
              onChange={(value) => setVariables({ ...variables, [name]: value })}
            />
          ))}
          {data && !error && isTheirs && (
            <Rows
              before={was ? data.before : undefined}
              after={is ? data.after : undefined}
              columns={columns.map(graphqlNames(source, table).column)}
            />
          )}
        </section>
      )}
    </Card>
  );
};

/** The columns that can be read both before and after; of a permission that comes or goes, its own. */
const readBoth = (was: Definition | undefined, is: Definition | undefined, all: string[]): string[] =>
  [was, is].reduce<string[]>((left, definition) => {
    if (!definition || definition.columns === "*") return left;
    return left.filter((name) => definition.columns?.includes(name));
  }, all);

const Told = ({ data: { plan } }: { data: Rehearsal }) => {
  const by = (direction: Right["direction"]) => plan.rights.filter((right) => right.direction === direction);
  const isNothing = plan.rights.length + plan.operations.length + (plan.sdl?.length ?? 0) === 0;
  if (isNothing) return <p className="muted">{t("impactNothing")}</p>;
  return (
    <>
      <Rights title={t("impactWider")} kind="wider" rights={by("wider")} />
      <Rights title={t("impactUnclear")} kind="unclear" rights={by("unclear")} />
      <Rights title={t("impactNarrower")} kind="narrower" rights={by("narrower")} />
      {plan.operations.length > 0 && (
        <div className="right-list breaks">
          <h3>{t("impactBreaks", { count: plan.operations.length })}</h3>
          <ul>
            {plan.operations.map((one) => (
              <li key={`${one.collection} ${one.query} ${one.role}`}>
                {[one.endpoint ?? `${one.collection}/${one.query}`, one.role].filter(Boolean).join(", ")}: {one.reason}
              </li>
            ))}
          </ul>
        </div>
      )}
      {plan.sdl && plan.sdl.length > 0 && (
        <details>
          <summary>{t("impactSchema")}</summary>
          {plan.sdl.map((one) => (
            <div key={one.roles.join()}>
              <p className="muted">{one.roles.join(", ")}</p>
              {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard */}
              <pre className="diff" tabIndex={0}>
                {one.diff.split("\n").map((line, index) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: lines have no name but their place
                  <span key={index} className={line.startsWith("+") ? "plus" : line.startsWith("-") ? "minus" : undefined}>
                    {`${line}\n`}
                  </span>
                ))}
              </pre>
            </div>
          ))}
        </details>
      )}
    </>
  );
};

const Rights = ({ title, kind, rights }: { title: string; kind: string; rights: Right[] }) =>
  rights.length > 0 && (
    <div className={`right-list ${kind}`}>
      <h3>{title}</h3>
      <ul>
        {rights.map((right) => (
          <li key={`${right.role} ${right.object} ${right.operation} ${right.change}`}>
            <strong>{right.role}</strong> {[right.operation, right.object].filter(Boolean).join(" ")}: {right.change}
          </li>
        ))}
      </ul>
    </div>
  );

type Row = Record<string, unknown>;

const rowsOf = (answer: Answer | undefined): Row[] => {
  const data = answer?.data as { rows?: Row[]; space?: { rows?: Row[] } } | undefined;
  return data?.rows ?? data?.space?.rows ?? [];
};

/** The rows before and after, each once, with what becomes of it. */
const Rows = ({ before, after, columns }: { before: Answer | undefined; after: Answer | undefined; columns: string[] }) => {
  const problem = before?.errors?.[0] ?? after?.errors?.[0];
  if (problem) return <p className="muted">{t("cannotTry", { why: problem.message })}</p>;
  const was = rowsOf(before).map((row) => JSON.stringify(row));
  const is = rowsOf(after).map((row) => JSON.stringify(row));
  const all = [...new Set([...is, ...was])];
  if (all.length === 0) return <p className="muted">{t("noRows")}</p>;
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard */}
      <div className="sample" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">
                <span className="muted">{t("rowsCounted", { count: all.length })}</span>
              </th>
              {columns.map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {all.map((text) => {
              const state = was.includes(text) ? (is.includes(text) ? "same" : "gone") : "fresh";
              const row = JSON.parse(text) as Row;
              return (
                <tr key={text} className={state}>
                  <td>{t(state)}</td>
                  {columns.map((name) => (
                    <td key={name}>{typeof row[name] === "object" ? JSON.stringify(row[name]) : String(row[name])}</td>
                  ))}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      {(was.length === shownRows || is.length === shownRows) && <p className="muted">{t("atMost", { count: shownRows })}</p>}
    </>
  );
};
