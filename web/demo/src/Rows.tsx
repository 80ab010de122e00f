import { useEffect, useRef, useState } from "preact/hooks";
import type { Answer, Row } from "../../api/demo.ts";

const keyOf = (row: Row, i: number) => String(row.id ?? JSON.stringify(row) ?? i);

const cell = (value: unknown): string => {
  if (value === null || value === undefined) return "—";
  if (typeof value === "object") {
    const values = Object.values(value);
    return values.length === 1 && typeof values[0] !== "object" ? String(values[0]) : JSON.stringify(value);
  }
  return String(value);
};

/** Rows that went away stay for a moment, so that one sees them go. */
const useDeparting = (rows: Row[] | undefined) => {
  const before = useRef<Row[]>([]);
  const [departing, setDeparting] = useState<Row[]>([]);
  useEffect(() => {
    const keys = new Set((rows ?? []).map(keyOf));
    setDeparting(before.current.filter((row, i) => !keys.has(keyOf(row, i))));
    before.current = rows ?? [];
    const timer = setTimeout(() => setDeparting([]), 900);
    return () => clearTimeout(timer);
  }, [rows]);
  return departing;
};

type Props = { query: string; answer: Answer | undefined; isAsking: boolean; onRun: () => void };

/** The query, and what the API answers to it under the chosen role. */
export const Rows = ({ query, answer, isAsking, onRun }: Props) => {
  const rows = answer?.rows;
  const departing = useDeparting(rows);
  const all = [...(rows ?? []), ...departing];
  const columns = [...new Set(all.flatMap((row) => Object.keys(row)))];
  return (
    <section class="card" id="rows">
      <div class="query">
        <pre>
          <code>{query.trim()}</code>
        </pre>
        <button type="button" class="primary" aria-disabled={isAsking} onClick={onRun}>
          Run
        </button>
      </div>
      <p class="count" aria-live="polite">
        {answer && (
          <>
            {rows ? `${rows.length} ${rows.length === 1 ? "row" : "rows"}` : `Refused: ${answer.error?.code}`}
            {answer.role && (
              <>
                {" "}
                as <code>{answer.role}</code>
              </>
            )}
          </>
        )}
      </p>
      {answer?.error && <p class="problem">{answer.error.message}</p>}
      {all.length > 0 && (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                {columns.map((name) => (
                  <th key={name} scope="col">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {all.map((row, i) => (
                <tr key={keyOf(row, i)} class={departing.includes(row) ? "gone" : ""} aria-hidden={departing.includes(row)}>
                  {columns.map((name) => (
                    <td key={name}>{name in row ? cell(row[name]) : ""}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
};
