import type { Answer } from "../../api/demo.ts";

const plural = (rows: number) => `${rows} ${rows === 1 ? "row" : "rows"}`;

/** The last requests, newest first. */
export const Answers = ({ answers }: { answers: Answer[] }) =>
  answers.length === 0 ? null : (
    <section class="card" id="answers">
      <h2>Requests so far</h2>
      <ol>
        {answers.map((answer, i) => (
          <li key={answers.length - i}>
            <span class={answer.rows ? "dot ok" : "dot no"} aria-hidden="true" />
            <code>{answer.role ?? "no role"}</code>
            <span>{answer.rows ? plural(answer.rows.length) : (answer.error?.code ?? "refused")}</span>
            <span class="muted">
              {answer.status || "no answer"} · {answer.took.toFixed(answer.took < 10 ? 1 : 0)} ms
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
