import { type KeyboardEvent, useLayoutEffect, useRef, useState } from "react";
import type { Column, Enum, Value } from "../../../../../api/catalog.ts";
import { choiceFor, editorOf, isDefault, mistakeIn } from "../cells.ts";
import { t } from "./text.ts";

/** How a value looks: null and the empty text are told apart from words. */
export const Shown = ({ value, isCut }: { value: Value | undefined; isCut?: boolean }) => {
  if (value === null || value === undefined) return <em className="none">{t("null")}</em>;
  if (isDefault(value)) return <em className="none">{t("default")}</em>;
  if (value === "") return <em className="none">{t("emptyText1")}</em>;
  return (
    <>
      {value.length > 300 ? value.slice(0, 300) : value}
      {(isCut || value.length > 300) && <span className="none">…</span>}
    </>
  );
};

/** A value edited in its place. */
export const CellEditor = ({
  column,
  enums,
  start,
  typed,
  onDone,
  onCancel,
}: {
  column: Column;
  enums: Enum[];
  start: Value | undefined;
  /** What was typed to begin with, in place of the value. */
  typed: string | undefined;
  onDone: (value: Value, moves: "down" | "right" | "none") => void;
  onCancel: () => void;
}) => {
  const editor = editorOf(column);
  const choices =
    editor === "boolean"
      ? ["true", "false"]
      : editor === "enum"
        ? enums.find((one) => one.schema === column.type_name.schema && one.name === column.type_name.name)?.values
        : undefined;
  const from = choices ? (choiceFor(choices, typed) ?? start) : (typed ?? start);
  const [text, setText] = useState(typeof from === "string" ? from : "");
  const field = useRef<HTMLInputElement & HTMLSelectElement>(null);
  const isOver = useRef(false);
  useLayoutEffect(() => {
    field.current?.focus();
    if (typed === undefined && field.current instanceof HTMLInputElement) field.current.select();
  }, [typed]);
  const mistake = text === "" ? undefined : mistakeIn(column, text);
  const finish = (moves: "down" | "right" | "none") => {
    if (isOver.current) return;
    // Nothing typed over null leaves it; letters are the only types that have an empty text.
    if (mistake || (text === "" && editor !== "text") || (text === "" && typeof from !== "string")) {
      if (moves !== "none" && mistake) return;
      isOver.current = true;
      onCancel();
      return;
    }
    isOver.current = true;
    onDone(text, moves);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    event.stopPropagation();
    if (event.key === "Escape") {
      isOver.current = true;
      onCancel();
    } else if (event.key === "Enter" || event.key === "Tab") {
      event.preventDefault();
      finish(event.key === "Tab" ? "right" : "down");
    }
  };
  if (choices)
    return (
      <select
        ref={field}
        className="cell-editor"
        aria-label={column.name}
        value={text}
        onKeyDown={onKeyDown}
        onBlur={() => finish("none")}
        onChange={(event) => setText(event.currentTarget.value)}
      >
        {typeof start !== "string" && <option value="">{t("null")}</option>}
        {choices.map((choice) => (
          <option key={choice}>{choice}</option>
        ))}
      </select>
    );
  return (
    <input
      ref={field}
      className="cell-editor"
      aria-label={column.name}
      aria-invalid={mistake !== undefined}
      title={mistake && t(`mistake_${mistake}`)}
      value={text}
      inputMode={editor === "number" ? "decimal" : undefined}
      onKeyDown={onKeyDown}
      onBlur={() => finish("none")}
      onChange={(event) => setText(event.currentTarget.value)}
    />
  );
};
