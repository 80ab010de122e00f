// biome-ignore-all lint/a11y/useSemanticElements: a table element cannot be drawn in parts
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid holds the focus and names the active cell
import { Checkbox } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconArrowUpRight, IconChevronRight, IconKey } from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type RefObject, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { Column, Enum, ForeignKey, Order, Row, Rows, Table, Value } from "../../../../../api/catalog.ts";
import { editorOf, idOf, isWritable, shortType } from "../cells.ts";
import { CellEditor, Shown } from "./Cell.tsx";
import type { CellChange, StagedRows } from "./changes.ts";
import { t } from "./text.ts";
import { gutter, rowHeight, useGridKeys } from "./useGridKeys.ts";
import { isWithin, spanOf, useSelection } from "./useSelection.ts";
import { widthIn } from "./width.ts";

export type GridProps = {
  table: Table;
  columns: Column[];
  head: Pick<Rows, "columns" | "identity">;
  rows: Row[];
  /** How many rows stand ahead of these, and how many there are, where that is known. */
  ahead: number;
  total: number | undefined;
  enums: Enum[];
  order: Order[];
  staged: StagedRows;
  selected: ReadonlySet<string>;
  canEdit: boolean;
  onSort: (column: string, adds: boolean) => void;
  onSelect: (ids: ReadonlySet<string>) => void;
  onSet: (changes: CellChange[]) => void;
  onDelete: (rows: Row[]) => void;
  onOpen: (row: Row) => void;
  onFollow: (row: Row, key: ForeignKey) => void;
  onReview: () => void;
  onUndo: () => void;
  onTurn: (to: "next" | "previous") => void;
};

/** The row is known by what it is, not by where: others may come and go while one types. */
type Editing = { row: string; column: string; text: string | undefined };

const isShort = (column: Column) => !["json", "text", "array", "bytea"].includes(editorOf(column));

/** Rows as a grid that is worked in by keyboard as well as by pointer; only what is seen of it is drawn. */
export const Grid = (props: GridProps) => {
  const { table, columns, head, rows, ahead, total: count, enums, order, staged, selected, canEdit } = props;
  const id = useId();
  const scroll = useRef<HTMLDivElement>(null);
  const [editing, setEditing] = useState<Editing>();
  const [widths, setWidths] = useState<Record<string, number>>({});
  const position = useMemo(() => new Map(head.columns.map((column, index) => [column, index])), [head]);
  const isRead = rows.length > 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: widths stay as they are while more rows arrive
  const fitting = useMemo(() => columns.map((column) => widthIn(column, rows, position.get(column.name) ?? -1)), [columns, isRead]);
  const size = (index: number) => widths[columns[index]?.name ?? ""] ?? fitting[index] ?? 180;
  const lines = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => rowHeight,
    overscan: 8,
    scrollPaddingStart: rowHeight,
  });
  const across = useVirtualizer({
    horizontal: true,
    count: columns.length,
    getScrollElement: () => scroll.current,
    estimateSize: size,
    overscan: 3,
    scrollPaddingStart: gutter,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: another width is measured anew
  useLayoutEffect(() => across.measure(), [widths, fitting]);
  const items = lines.getVirtualItems();
  const keyColumns = useMemo(() => new Set(table.keys.find((key) => key.primary)?.columns), [table]);
  const shown = across.getVirtualItems();
  const before = shown[0]?.start ?? 0;
  const total = gutter + across.getTotalSize();
  const { active, anchor, move, drag, takeAll } = useSelection(rows.length, columns.length, (to) => {
    if (to.row >= 0) lines.scrollToIndex(to.row);
    across.scrollToIndex(to.column);
  });
  const { row, column } = active;
  const span = spanOf(active, anchor);
  const first = rows[0];
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page is seen from its beginning
  useEffect(() => {
    lines.scrollToOffset(0);
    move({ row: Math.min(row, 0) }, false);
  }, [ahead, first && idOf(head, first)]);
  const valueAt = (at: Row, of: Column): Value | undefined => {
    const set = staged.get(idOf(head, at))?.set;
    return set && of.name in set ? set[of.name] : at.values[position.get(of.name) ?? -1];
  };
  const begin = (atRow: number, atColumn: number, text?: string) => {
    const one = rows[atRow];
    const of = columns[atColumn];
    if (!one || !of) return;
    const value = valueAt(one, of);
    const isLong = typeof value === "string" && (value.length > 200 || value.includes("\n"));
    if (
      !canEdit ||
      !isWritable(of) ||
      one.cut?.includes(position.get(of.name) ?? -1) ||
      isLong ||
      (!isShort(of) && editorOf(of) !== "text" && text === undefined)
    )
      props.onOpen(one);
    else setEditing({ row: idOf(head, one), column: of.name, text });
  };
  const focusGrid = () => scroll.current?.focus({ preventScroll: true });
  const isGone = editing !== undefined && !rows.some((one) => idOf(head, one) === editing.row);
  useEffect(() => {
    if (!isGone) return;
    setEditing(undefined);
    scroll.current?.focus({ preventScroll: true });
  }, [isGone]);
  const select = (one: Row, isOn: boolean) => {
    const next = new Set(selected);
    if (isOn) next.add(idOf(head, one));
    else next.delete(idOf(head, one));
    props.onSelect(next);
  };

  const keys = useGridKeys({
    ...props,
    active,
    span,
    move,
    takeAll,
    valueAt,
    begin,
    select,
    page: Math.max(1, Math.floor((scroll.current?.clientHeight ?? 400) / rowHeight) - 2),
    takes: (of) => isShort(of) || editorOf(of) === "text",
  });

  const resize = (of: Column, event: React.PointerEvent) => {
    event.preventDefault();
    event.stopPropagation();
    const from = event.clientX;
    const start = widths[of.name] ?? fitting[columns.indexOf(of)] ?? 180;
    const move = (at: PointerEvent) => setWidths((all) => ({ ...all, [of.name]: Math.max(64, start + at.clientX - from) }));
    const end = () => {
      window.removeEventListener("pointermove", move);
      window.removeEventListener("pointerup", end);
    };
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", end);
  };

  const activeId = row < 0 ? `${id}-h-${column}` : `${id}-${row}-${column}`;
  const allSelected = rows.length > 0 && rows.every((one) => selected.has(idOf(head, one)));
  return (
    <div
      ref={scroll as RefObject<HTMLDivElement>}
      role="grid"
      className="grid"
      tabIndex={0}
      aria-label={t("grid", { name: table.name })}
      aria-describedby={`${id}-keys`}
      aria-rowcount={count === undefined ? -1 : count + 1}
      aria-colcount={columns.length + 1}
      aria-multiselectable
      aria-activedescendant={editing ? undefined : activeId}
      {...keys}
    >
      <p id={`${id}-keys`} className="unseen">
        {t("keys")}
      </p>
      <div role="rowgroup" className="grid-head" style={{ width: total }}>
        <div role="row" aria-rowindex={1} className="grid-row">
          <div role="columnheader" className="gutter" style={{ width: gutter }} aria-colindex={1}>
            <Checkbox
              size="xs"
              tabIndex={-1}
              aria-label={t("selectAll")}
              checked={allSelected}
              indeterminate={!allSelected && selected.size > 0}
              onChange={(event) => props.onSelect(event.currentTarget.checked ? new Set(rows.map((one) => idOf(head, one))) : new Set())}
            />
          </div>
          <div style={{ width: before }} role="presentation" />
          {shown.map((item) => {
            const of = columns[item.index] as Column;
            const sorted = order.find((one) => one.column === of.name);
            return (
              <div
                key={of.name}
                id={`${id}-h-${item.index}`}
                role="columnheader"
                aria-colindex={item.index + 2}
                aria-sort={sorted ? (sorted.desc ? "descending" : "ascending") : "none"}
                className={row < 0 && column === item.index ? "grid-cell head active" : "grid-cell head"}
                style={{ width: item.size }}
                title={`${of.name} ${of.type}${of.comment ? `\n${of.comment}` : ""}`}
              >
                <button type="button" tabIndex={-1} onClick={(event) => props.onSort(of.name, event.shiftKey)}>
                  {keyColumns.has(of.name) && <IconKey size={13} aria-hidden="true" />}
                  <span>{of.name}</span>
                  <small>{shortType(of.type)}</small>
                  {sorted && (sorted.desc ? <IconArrowDown size={14} aria-hidden="true" /> : <IconArrowUp size={14} aria-hidden="true" />)}
                </button>
                <span className="resize" aria-hidden="true" onPointerDown={(event) => resize(of, event)} />
              </div>
            );
          })}
        </div>
      </div>
      <div role="rowgroup" style={{ height: lines.getTotalSize(), width: total, position: "relative" }}>
        {items.map((line) => {
          const one = rows[line.index] as Row;
          const rowId = idOf(head, one);
          const change = staged.get(rowId);
          const isSelected = selected.has(rowId);
          return (
            <div
              key={canEdit ? rowId : line.index}
              role="row"
              aria-rowindex={ahead + line.index + 2}
              aria-selected={isSelected}
              className={["grid-row", isSelected && "selected", change?.isDeleted && "deleted"].filter(Boolean).join(" ")}
              style={{ transform: `translateY(${line.start}px)`, height: line.size, width: total, position: "absolute" }}
            >
              <div role="gridcell" className="gutter" style={{ width: gutter }} aria-colindex={1}>
                <Checkbox
                  size="xs"
                  tabIndex={-1}
                  aria-label={t("selectRow", { number: ahead + line.index + 1 })}
                  checked={isSelected}
                  onChange={(event) => select(one, event.currentTarget.checked)}
                />
                <button type="button" tabIndex={-1} aria-label={t("openRow", { number: ahead + line.index + 1 })} onClick={() => props.onOpen(one)}>
                  <IconChevronRight size={15} aria-hidden="true" />
                </button>
              </div>
              <div style={{ width: before }} role="presentation" />
              {shown.map((item) => {
                const of = columns[item.index] as Column;
                const value = valueAt(one, of);
                const isChanged = change?.set !== undefined && of.name in change.set;
                const isActive = row === line.index && column === item.index;
                const key = typeof value === "string" ? table.foreign_keys.find((each) => each.columns.includes(of.name)) : undefined;
                const isEditing = editing?.row === rowId && editing.column === of.name;
                return (
                  // biome-ignore lint/a11y/useKeyWithClickEvents: the grid takes the keys
                  <div
                    key={of.name}
                    id={`${id}-${line.index}-${item.index}`}
                    role="gridcell"
                    aria-colindex={item.index + 2}
                    aria-readonly={!canEdit || !isWritable(of)}
                    className={[
                      "grid-cell",
                      editorOf(of) === "number" && "number",
                      isActive && "active",
                      isChanged && "changed",
                      isWithin(span, line.index, item.index) && "within",
                    ]
                      .filter(Boolean)
                      .join(" ")}
                    style={{ width: item.size }}
                    onPointerDown={(event) => {
                      if (isEditing || event.button !== 0 || event.target instanceof HTMLButtonElement) return;
                      move({ row: line.index, column: item.index }, event.shiftKey);
                      if (event.pointerType === "mouse") drag();
                    }}
                    onPointerEnter={(event) => event.buttons === 1 && drag({ row: line.index, column: item.index })}
                    onClick={() => !isEditing && focusGrid()}
                    onDoubleClick={() => begin(line.index, item.index)}
                  >
                    {isEditing ? (
                      <CellEditor
                        column={of}
                        enums={enums}
                        start={value}
                        typed={editing.text}
                        onCancel={() => {
                          setEditing(undefined);
                          focusGrid();
                        }}
                        onDone={(next, moves) => {
                          setEditing(undefined);
                          props.onSet([{ row: one, column: of.name, value: next }]);
                          if (moves === "none") return;
                          focusGrid();
                          move(moves === "down" ? { row: line.index + 1 } : { column: item.index + 1 });
                        }}
                      />
                    ) : (
                      <>
                        <span className="shown">
                          <Shown value={value} isCut={!isChanged && one.cut?.includes(position.get(of.name) ?? -1)} />
                        </span>
                        {key && (
                          <button
                            type="button"
                            tabIndex={-1}
                            className="follow"
                            aria-label={t("follow", { name: key.to.name })}
                            title={t("follow", { name: key.to.name })}
                            onClick={(event) => {
                              event.stopPropagation();
                              props.onFollow(one, key);
                            }}
                          >
                            <IconArrowUpRight size={14} aria-hidden="true" />
                          </button>
                        )}
                      </>
                    )}
                  </div>
                );
              })}
            </div>
          );
        })}
      </div>
    </div>
  );
};
