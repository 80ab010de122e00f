import { useEffect, useRef, useState } from "react";

export type Cell = { row: number; column: number };
/** A rectangle of cells, its ends within it. */
export type Span = { top: number; bottom: number; left: number; right: number };

export const spanOf = (a: Cell, b: Cell): Span => ({
  top: Math.max(0, Math.min(a.row, b.row)),
  bottom: Math.max(a.row, b.row),
  left: Math.min(a.column, b.column),
  right: Math.max(a.column, b.column),
});
export const isWithin = (span: Span, row: number, column: number): boolean =>
  row >= span.top && row <= span.bottom && column >= span.left && column <= span.right && (span.top !== span.bottom || span.left !== span.right);

/** The active cell, and the one a range begins at. Row -1 is the line of names. */
export const useSelection = (rows: number, columns: number, onMove: (to: Cell) => void) => {
  const [state, setState] = useState({ active: { row: 0, column: 0 }, anchor: { row: 0, column: 0 } });
  const isDragging = useRef(false);
  const bound = ({ row, column }: Cell): Cell => ({
    row: Math.max(-1, Math.min(rows - 1, row)),
    column: Math.max(0, Math.min(columns - 1, column)),
  });
  const active = bound(state.active);
  const anchor = bound(state.anchor);
  const move = (to: Partial<Cell>, extends_ = false) => {
    const next = bound({ ...active, ...to });
    setState({ active: next, anchor: extends_ && next.row >= 0 ? anchor : next });
    onMove(next);
  };
  useEffect(() => {
    const end = () => {
      isDragging.current = false;
    };
    window.addEventListener("pointerup", end);
    return () => window.removeEventListener("pointerup", end);
  }, []);
  /** Without a cell a drag begins; with one it goes on. */
  const drag = (to?: Cell) => {
    if (!to) isDragging.current = true;
    else if (isDragging.current) move(to, true);
  };
  const takeAll = () => setState({ active: { row: rows - 1, column: columns - 1 }, anchor: { row: 0, column: 0 } });
  return { active, anchor, move, drag, takeAll };
};
