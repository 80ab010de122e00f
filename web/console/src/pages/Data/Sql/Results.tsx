import { Button } from "@mantine/core";
import { useState } from "react";
import type { SQLResult, StatementResult } from "../../../../../api/sql.ts";
import { t } from "./text.ts";

const quoted = (value: string | null) => (value === null ? "" : value === "" || /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
export const csvOf = (result: StatementResult) =>
  [result.columns.map((column) => column.name), ...result.rows].map((row) => row.map(quoted).join(",")).join("\r\n");

const Rows = ({ result }: { result: StatementResult }) =>
  result.columns.length === 0 ? (
    <p>{result.command || t("done")}</p>
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
  );

/** Which result is shown first: the last that has rows. */
export const firstShown = (results: StatementResult[]): number => {
  const at = results.findLastIndex((one) => one.columns.length > 0);
  return at < 0 ? results.length - 1 : at;
};

type Props = { result: SQLResult; shown: number; onShow: (at: number) => void };

/** What the statements gave, one of them at a time, and what Postgres said beside it. */
export const Results = ({ result, shown, onShow }: Props) => {
  const [isTold, setTold] = useState(true);
  const one = result.results[shown];
  return (
    <div className="results-box">
      {result.results.length > 1 && (
        // biome-ignore lint/a11y/useSemanticElements: a row of buttons is no fieldset
        <div className="results-of" role="group" aria-label={t("statements")}>
          {result.results.map((each, i) => (
            <Button
              // biome-ignore lint/suspicious/noArrayIndexKey: statements have no other name
              key={i}
              size="compact-xs"
              variant={i === shown ? "light" : "subtle"}
              color={i === shown ? undefined : "gray"}
              aria-pressed={i === shown}
              onClick={() => onShow(i)}
            >
              {i + 1}: {each.command || t("done")}
            </Button>
          ))}
        </div>
      )}
      {result.notices.length > 0 && isTold && (
        <ul className="notices" aria-label={t("notices")}>
          {result.notices.map((notice, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: notices have no other name
            <li key={i}>
              <small>{notice.severity}</small> {notice.message}
              {notice.detail && <span className="muted"> {notice.detail}</span>}
            </li>
          ))}
          <li>
            <Button size="compact-xs" variant="subtle" color="gray" onClick={() => setTold(false)}>
              {t("hideNotices")}
            </Button>
          </li>
        </ul>
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keyboard */}
      <section className="results" aria-label={t("results")} tabIndex={0}>
        {one ? <Rows result={one} /> : <p>{t("done")}</p>}
      </section>
    </div>
  );
};
