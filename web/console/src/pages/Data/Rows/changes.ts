import { useCallback, useMemo, useState } from "react";
import type { Change, Row, Rows, Value } from "../../../../../api/catalog.ts";
import { idOf, keyOf, sameValue } from "../cells.ts";

/** What is to be done with one row. */
export type Staged = { row: Row; set?: Record<string, Value>; isDeleted?: boolean };
export type StagedRows = ReadonlyMap<string, Staged>;
type Head = Pick<Rows, "columns" | "identity">;

const nothing: StagedRows = new Map();

export type CellChange = { row: Row; column: string; value: Value };

/** Values set on rows; setting what it was takes a change back. */
export const stageValues = (staged: StagedRows, head: Head, changes: CellChange[]): StagedRows => {
  const next = new Map(staged);
  for (const { row, column, value } of changes) {
    const id = idOf(head, row);
    const was = next.get(id) ?? { row };
    const set = { ...was.set };
    const position = head.columns.indexOf(column);
    if (sameValue(was.row.values[position], value) && !was.row.cut?.includes(position)) delete set[column];
    else set[column] = value;
    const isEmpty = Object.keys(set).length === 0;
    if (isEmpty && !was.isDeleted) next.delete(id);
    else next.set(id, { ...was, set: isEmpty ? undefined : set });
  }
  return next;
};

export const stageDeletion = (staged: StagedRows, head: Head, rows: Row[], isDeleted: boolean): StagedRows => {
  const next = new Map(staged);
  for (const row of rows) {
    const id = idOf(head, row);
    const was = staged.get(id) ?? { row };
    if (!isDeleted && !was.set) next.delete(id);
    else next.set(id, { ...was, isDeleted });
  }
  return next;
};

/** The changes as they are sent, in the order they were made. */
export const changesOf = (staged: StagedRows, head: Head): Change[] =>
  [...staged.values()].map(({ row, set, isDeleted }) => {
    const which = { key: keyOf(head, row), version: row.version, ...(row.place !== undefined && { place: row.place }) };
    return isDeleted ? { op: "delete", ...which } : { op: "update", set: set ?? {}, ...which };
  });

/** Changes that are not saved yet, each step of which can be undone. */
export const useStaged = () => {
  const [steps, setSteps] = useState<StagedRows[]>([]);
  const staged = steps.at(-1) ?? nothing;
  const push = useCallback((next: (staged: StagedRows) => StagedRows) => setSteps((all) => [...all.slice(-100), next(all.at(-1) ?? nothing)]), []);
  const undo = useCallback(() => setSteps((all) => all.slice(0, -1)), []);
  const clear = useCallback(() => setSteps([]), []);
  return useMemo(() => ({ staged, push, undo, clear, canUndo: steps.length > 0 }), [staged, push, undo, clear, steps.length]);
};
