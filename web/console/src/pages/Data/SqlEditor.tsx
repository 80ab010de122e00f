import { closeCompletion } from "@codemirror/autocomplete";
import { PostgreSQL, sql } from "@codemirror/lang-sql";
import { setDiagnostics } from "@codemirror/lint";
import { Compartment, Prec } from "@codemirror/state";
import { type EditorView, keymap, ViewPlugin } from "@codemirror/view";
import { useEffect, useMemo, useRef, useState } from "react";
import { Editor } from "../../parts/Editor.tsx";
import type { CodeProps } from "./Code.tsx";

const sqlOf = (names: CodeProps["names"]) => sql({ dialect: PostgreSQL, schema: names, defaultSchema: "public" });

/** The editor with Postgres' words and the database's names. */
const SqlEditor = ({ value, onChange, label, names, onRun, fault, autoFocus }: CodeProps) => {
  const view = useRef<EditorView>(undefined);
  const [language] = useState(() => new Compartment());
  const run = useRef(onRun);
  run.current = onRun;
  const extensions = useMemo(
    () => [
      Prec.highest(
        keymap.of([
          {
            key: "Mod-Enter",
            run: (editor) => {
              closeCompletion(editor);
              const { from, to } = editor.state.selection.main;
              run.current?.(editor.state.sliceDoc(from, to), from);
              return run.current !== undefined;
            },
          },
        ]),
      ),
      language.of(sqlOf(undefined)),
      ViewPlugin.define((made) => {
        view.current = made;
        return {};
      }),
    ],
    [language],
  );
  // Names may arrive while somebody types: they change what is completed, and nothing else.
  useEffect(() => view.current?.dispatch({ effects: language.reconfigure(sqlOf(names)) }), [language, names]);
  useEffect(() => {
    if (autoFocus) view.current?.focus();
  }, [autoFocus]);
  useEffect(() => {
    const editor = view.current;
    if (!editor) return;
    if (!fault) {
      editor.dispatch(setDiagnostics(editor.state, []));
      return;
    }
    const at = Math.min(fault.place, editor.state.doc.length);
    const word = editor.state.wordAt(at);
    const to = Math.max(word?.to ?? 0, Math.min(at + 1, editor.state.doc.length));
    editor.dispatch(
      { selection: { anchor: at }, scrollIntoView: true },
      setDiagnostics(editor.state, [{ from: Math.min(at, to), to, severity: "error", message: fault.words }]),
    );
    editor.focus();
  }, [fault]);
  return <Editor label={label} value={value} onChange={onChange} isReadOnly={!onChange} extensions={extensions} />;
};

export default SqlEditor;
