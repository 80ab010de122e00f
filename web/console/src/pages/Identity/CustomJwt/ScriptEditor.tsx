import type { Completion, CompletionContext, CompletionResult } from "@codemirror/autocomplete";
import { javascript, javascriptLanguage } from "@codemirror/lang-javascript";
import { syntaxTree } from "@codemirror/language";
import { type Diagnostic, linter, setDiagnostics } from "@codemirror/lint";
import { type EditorView, hoverTooltip, ViewPlugin } from "@codemirror/view";
import { type ComponentProps, useEffect, useMemo, useRef } from "react";
import type { TokenType } from "../../../../../api/customJwt.ts";
import { Editor } from "../../../parts/Editor.tsx";
import { argumentsOf, choicesAt, type Type, typeAt } from "./types.ts";

/** Where a run failed, counted from 1. */
export type Fault = { line: number; column: number; message: string };
type Props = Omit<ComponentProps<typeof Editor>, "extensions"> & { type: TokenType; variables: string[]; fault?: Fault };

/** Marks where the script is no JavaScript. */
const syntax = linter(
  (view) => {
    const found: Diagnostic[] = [];
    syntaxTree(view.state).iterate({
      enter: ({ type, from, to }) => {
        if (type.isError && found.length < 20)
          found.push({ from, to: Math.max(to, Math.min(from + 1, view.state.doc.length)), severity: "error", message: "Syntax error" });
      },
    });
    return found;
  },
  { delay: 400 },
);

const described = ({ type, doc }: Type) => {
  const box = document.createElement("div");
  const code = document.createElement("code");
  code.textContent = type;
  box.append(code);
  if (doc) box.append(document.createElement("br"), doc);
  return box;
};

/** An editor that knows what getCustomJwtClaims is given: it completes its arguments and tells their types. */
const ScriptEditor = ({ type, variables, fault, ...props }: Props) => {
  const shown = useRef<EditorView>(undefined);
  const names = useRef(variables);
  names.current = variables;
  const extensions = useMemo(() => {
    const known = () => argumentsOf(type, names.current);
    const complete = ({ state, pos, explicit }: CompletionContext): CompletionResult | null => {
      const found = choicesAt(state.doc.sliceString(0, pos), known());
      if (!found || (found.from === pos && !explicit && state.doc.sliceString(pos - 1, pos) !== ".")) return null;
      const options = Object.entries(found.choices).map(
        ([label, of]): Completion => ({ label, detail: of.type, type: of.type.includes("=>") ? "method" : "property", boost: 50, info: of.doc }),
      );
      return { from: found.from, options, validFor: /^[\w$]*$/ };
    };
    const hover = hoverTooltip((view, pos) => {
      const word = view.state.wordAt(pos);
      const of = word && typeAt(view.state.doc.sliceString(0, word.to), known());
      return of ? { pos: word.from, end: word.to, create: () => ({ dom: described(of) }) } : null;
    });
    return [
      javascript(),
      javascriptLanguage.data.of({ autocomplete: complete }),
      hover,
      syntax,
      ViewPlugin.define((view) => {
        shown.current = view;
        return {};
      }),
    ];
  }, [type]);
  useEffect(() => {
    const view = shown.current;
    if (!view || !fault || fault.line > view.state.doc.lines) return;
    // It stands until the next edit, when the linter looks again.
    const line = view.state.doc.line(fault.line);
    const from = Math.min(line.from + fault.column - 1, line.to);
    view.dispatch(setDiagnostics(view.state, [{ from, to: Math.max(line.to, from), severity: "error", message: fault.message }]));
  }, [fault]);
  return <Editor {...props} extensions={extensions} />;
};

export default ScriptEditor;
