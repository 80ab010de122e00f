import type { SQLNamespace } from "@codemirror/lang-sql";
import { lazy, Suspense } from "react";

export type CodeProps = {
  value: string;
  onChange?: (value: string) => void;
  label: string;
  /** Tables and columns to complete. */
  names?: SQLNamespace;
  /** Called by Ctrl-Enter, with what is selected where something is. */
  onRun?: (selected: string, from: number) => void;
  /** What is wrong, and where: a character from 0. It is marked, and the cursor set there. */
  fault?: { place: number; words: string };
  autoFocus?: boolean;
};

const SqlEditor = lazy(() => import("./SqlEditor.tsx"));

/** SQL to be edited or read; the editor is loaded when the first one is shown, until then its text stands there. */
export const Code = ({ height = "14rem", ...props }: CodeProps & { height?: string }) => (
  <div className="sql-code" style={{ height }}>
    <Suspense fallback={<pre>{props.value}</pre>}>
      <SqlEditor {...props} />
    </Suspense>
  </div>
);
