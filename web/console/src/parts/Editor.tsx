import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, HighlightStyle, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { lintKeymap } from "@codemirror/lint";
import { Compartment, EditorState, type Extension } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, highlightSpecialChars, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { useEffect, useRef } from "react";
import "./editor.css";

/** The colours of code, of those that ui/tokens.css has. */
const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.modifier, tags.operatorKeyword, tags.controlKeyword, tags.definitionKeyword], color: "var(--link)" },
  { tag: [tags.string, tags.special(tags.string), tags.regexp], color: "var(--warn)" },
  { tag: [tags.number, tags.bool, tags.null, tags.atom], color: "var(--danger)" },
  { tag: [tags.comment, tags.meta], color: "var(--muted)", fontStyle: "italic" },
  { tag: [tags.propertyName, tags.definition(tags.variableName), tags.function(tags.variableName)], color: "var(--ink)", fontWeight: "550" },
  { tag: tags.invalid, color: "var(--danger)", textDecoration: "underline wavy" },
]);

const base: Extension = [
  lineNumbers(),
  highlightSpecialChars(),
  history(),
  drawSelection(),
  indentOnInput(),
  indentUnit.of("  "),
  bracketMatching(),
  closeBrackets(),
  autocompletion(),
  highlightActiveLine(),
  syntaxHighlighting(colours),
  EditorView.lineWrapping,
  // Tab indents; Escape and then Tab leaves the editor, as the label says.
  keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, ...completionKeymap, ...lintKeymap, indentWithTab]),
];

type Props = {
  label: string;
  value: string;
  onChange?: (value: string) => void;
  /** Language, completion, checks; the same value for the life of the editor. */
  extensions?: Extension;
  isReadOnly?: boolean;
  describedBy?: string;
  error?: string;
};

/** An editor of code. Lazily loaded: CodeMirror is large. */
export const Editor = ({ label, value, onChange, extensions = [], isReadOnly = false, describedBy, error }: Props) => {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  const tell = useRef(onChange);
  tell.current = onChange;
  const settings = useRef(new Compartment());
  const attributes = {
    "aria-label": label,
    "aria-readonly": String(isReadOnly),
    tabindex: "0", // said aloud: what scrolls must be reachable by keyboard
    ...(describedBy && { "aria-describedby": describedBy }),
    ...(error && { "aria-invalid": "true" }),
  };
  const current = [EditorState.readOnly.of(isReadOnly), EditorView.contentAttributes.of(attributes)];

  // biome-ignore lint/correctness/useExhaustiveDependencies: the editor is made once; what changes is told to it below
  useEffect(() => {
    if (!host.current) return;
    const made = new EditorView({
      parent: host.current,
      state: EditorState.create({
        doc: value,
        extensions: [
          base,
          extensions,
          settings.current.of(current),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) tell.current?.(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = made;
    return () => made.destroy();
  }, []);
  useEffect(() => {
    const now = view.current?.state.doc.toString();
    if (now !== undefined && now !== value) view.current?.dispatch({ changes: { from: 0, to: now.length, insert: value } });
  }, [value]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: made of these
  useEffect(() => {
    view.current?.dispatch({ effects: settings.current.reconfigure(current) });
  }, [label, isReadOnly, describedBy, error]);

  return (
    <>
      <div ref={host} className={error ? "editor wrong" : "editor"} />
      {error && (
        <p className="wrong-text" role="alert">
          {error}
        </p>
      )}
    </>
  );
};
