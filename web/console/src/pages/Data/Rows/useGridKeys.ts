import type { ClipboardEvent, KeyboardEvent } from "react";
import type { Column, Row, Value } from "../../../../../api/catalog.ts";
import { done, failed } from "../../../parts/notify.ts";
import { editorOf, idOf, isWritable, mistakeIn } from "../cells.ts";
import type { CellChange } from "./changes.ts";
import { copyCells, pasteCells } from "./clipboard.ts";
import type { GridProps } from "./Grid.tsx";
import { t } from "./text.ts";
import type { Cell, Span } from "./useSelection.ts";

export const gutter = 68;
export const rowHeight = 34;

type Keys = Pick<
  GridProps,
  "columns" | "head" | "rows" | "staged" | "selected" | "canEdit" | "onSort" | "onSet" | "onDelete" | "onOpen" | "onReview" | "onUndo" | "onTurn"
> & {
  active: Cell;
  span: Span;
  move: (to: Partial<Cell>, extends_?: boolean) => void;
  takeAll: () => void;
  valueAt: (row: Row, column: Column) => Value | undefined;
  begin: (row: number, column: number, text?: string) => void;
  select: (row: Row, isOn: boolean) => void;
  /** How many rows are seen at once. */
  page: number;
  /** Whether typing into a column edits it in its place. */
  takes: (column: Column) => boolean;
};

const textOf = (value: Value | undefined): string | null => (typeof value === "string" ? value : null);

/** What pasted lines make of the cells from a corner on, and how many of them cannot be taken. One value fills a range. */
export const pasted = (
  lines: (string | null)[][],
  span: Span,
  rows: Row[],
  columns: Column[],
  isWhole: (row: Row, column: Column) => boolean,
): { changes: CellChange[]; left: number } => {
  const only = lines.length === 1 && lines[0]?.length === 1 ? lines[0][0] : undefined;
  const changes: CellChange[] = [];
  let left = 0;
  const put = (at: number, across: number, value: string | null) => {
    const row = rows[at];
    const column = columns[across];
    const isText = column !== undefined && editorOf(column) === "text";
    const next = value === null && column && !column.nullable ? (isText ? "" : undefined) : value;
    if (
      !row ||
      !column ||
      next === undefined ||
      !isWritable(column) ||
      !isWhole(row, column) ||
      (typeof next === "string" && mistakeIn(column, next))
    )
      left++;
    else changes.push({ row, column: column.name, value: next });
  };
  if (only !== undefined)
    for (let at = span.top; at <= span.bottom; at++) for (let across = span.left; across <= span.right; across++) put(at, across, only);
  else
    lines.forEach((line, i) => {
      line.forEach((value, j) => {
        put(span.top + i, span.left + j, value);
      });
    });
  return { changes, left };
};

/** What the grid does by keyboard. */
export const useGridKeys = (keys: Keys) => {
  const { columns, head, rows, staged, selected, canEdit, active, span, move, valueAt } = keys;
  const { row, column } = active;
  const last = { row: rows.length - 1, column: columns.length - 1 };
  const within = () => rows.slice(span.top, span.bottom + 1);

  const isCut = (one: Row, of: Column) => one.cut?.includes(head.columns.indexOf(of.name)) ?? false;
  const copy = () => {
    const marked = rows.filter((each) => selected.has(idOf(head, each)));
    const isRange = span.top !== span.bottom || span.left !== span.right;
    const [lines, across] = marked.length > 0 && !isRange ? [marked, columns] : [within(), columns.slice(span.left, span.right + 1)];
    // A beginning would be pasted as if it were all of it.
    if (lines.some((each) => across.some((of) => isCut(each, of) && !(of.name in (staged.get(idOf(head, each))?.set ?? {}))))) {
      failed(new Error(t("copyCut")));
      return;
    }
    void navigator.clipboard?.writeText(copyCells(lines.map((each) => across.map((of) => textOf(valueAt(each, of))))));
  };
  const onPaste = (event: ClipboardEvent) => {
    // A browser pastes where the caret was set last, which a click puts into a cell while the grid has the focus.
    if (document.activeElement !== event.currentTarget || row < 0) return;
    event.preventDefault();
    if (!canEdit) return;
    const { changes, left } = pasted(pasteCells(event.clipboardData.getData("text/plain")), span, rows, columns, (one, of) => !isCut(one, of));
    if (changes.length > 0) keys.onSet(changes);
    if (left > 0) failed(new Error(t("pasteLeft", { count: left })));
    else if (changes.length > 1) done(t("pasted", { count: changes.length }));
  };
  const clear = () => {
    const changes = within().flatMap((one) =>
      columns
        .slice(span.left, span.right + 1)
        .filter((of) => of.nullable && isWritable(of))
        .map((of): CellChange => ({ row: one, column: of.name, value: null })),
    );
    if (changes.length > 0) keys.onSet(changes);
  };

  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    if (event.target !== event.currentTarget) return;
    const one = rows[row];
    const of = columns[column];
    const isControl = event.ctrlKey || event.metaKey;
    const grows = event.shiftKey;
    const moves: Record<string, () => void> = {
      ArrowUp: () => move({ row: isControl ? 0 : grows ? Math.max(0, row - 1) : row - 1 }, grows),
      ArrowDown: () => move({ row: isControl ? last.row : row + 1 }, grows),
      ArrowLeft: () => move({ column: isControl ? 0 : column - 1 }, grows),
      ArrowRight: () => move({ column: isControl ? last.column : column + 1 }, grows),
      Home: () => move(isControl ? { row: 0, column: 0 } : { column: 0 }, grows),
      End: () => move(isControl ? last : { column: last.column }, grows),
      PageUp: () => (event.altKey ? keys.onTurn("previous") : move({ row: Math.max(0, row - keys.page) }, grows)),
      PageDown: () => (event.altKey ? keys.onTurn("next") : move({ row: row + keys.page }, grows)),
      F2: () => keys.begin(row, column),
      Enter: () => {
        if (row < 0 && of) keys.onSort(of.name, event.shiftKey);
        else if (isControl) keys.onReview();
        else if (event.shiftKey && one) keys.onOpen(one);
        else keys.begin(row, column);
      },
      " ": () => one && row >= 0 && keys.select(one, !selected.has(idOf(head, one))),
    };
    const act = moves[event.key];
    const isDelete = event.key === "Delete" || event.key === "Backspace";
    if (event.key === "Escape" && (span.top !== span.bottom || span.left !== span.right)) move({});
    else if (act) act();
    else if (isDelete && isControl && canEdit && one) {
      const marked = rows.filter((each) => selected.has(idOf(head, each)));
      keys.onDelete(marked.length > 0 ? marked : within());
    } else if (isDelete && canEdit && row >= 0) clear();
    else if (isControl && event.key === "z") keys.onUndo();
    else if (isControl && event.key === "a") keys.takeAll();
    else if (isControl && event.key === "c" && one && !window.getSelection()?.toString()) copy();
    else if (event.key.length === 1 && !isControl && !event.altKey && row >= 0 && of && keys.takes(of)) keys.begin(row, column, event.key);
    else return;
    event.preventDefault();
  };
  return { onKeyDown, onPaste };
};
