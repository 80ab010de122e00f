// biome-ignore-all lint/a11y/useSemanticElements: a table element cannot be drawn in parts
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid holds the focus and names the active cell
import { Checkbox } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconArrowUpRight, IconChevronRight, IconKey } from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, type RefObject, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { Column, Enum, ForeignKey, Order, Row, Rows, Table, Value } from "../../../../../api/catalog.ts";
import { asLine, editorOf, idOf, isDefault, isWritable, mistakeIn } from "../cells.ts";
import type { StagedRows } from "./changes.ts";
import { t } from "./text.ts";

type Props = {
  table: Table;
  columns: Column[];
  head: Pick<Rows, "columns" | "identity">;
  rows: Row[];
  enums: Enum[];
  order: Order[];
  staged: StagedRows;
  selected: ReadonlySet<string>;
  canEdit: boolean;
  hasMore: boolean;
  onMore: () => void;
  onSort: (column: string, adds: boolean) => void;
  onSelect: (ids: ReadonlySet<string>) => void;
  onSet: (row: Row, column: string, value: Value) => void;
  onOpen: (row: Row) => void;
  onFollow: (row: Row, key: ForeignKey) => void;
  onReview: () => void;
  onUndo: () => void;
  name: string;
};

const gutter = 68;
const rowHeight = 34;
const isShort = (column: Column) => !["json", "text", "array", "bytea"].includes(editorOf(column));
const widthOf = (column: Column) => {
  const byType = {
    boolean: 96,
    number: 130,
    uuid: 300,
    timestamp: 230,
    date: 120,
    time: 140,
    enum: 140,
    json: 260,
    text: 220,
    array: 200,
    bytea: 160,
    other: 180,
  };
  return Math.min(360, Math.max(byType[editorOf(column)], 46 + (column.name.length + column.type.length) * 7));
};
/** Wide enough for what the first rows have, within bounds. */
const widthIn = (column: Column, rows: Row[], position: number) =>
  Math.max(widthOf(column), Math.min(320, 24 + 7.6 * Math.max(0, ...rows.slice(0, 40).map((row) => row.values[position]?.length ?? 0))));

/** How a value looks: null and the empty text are told apart from words. */
const Shown = ({ value, isCut }: { value: Value | undefined; isCut?: boolean }) => {
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

type Editing = { row: number; column: number; text: string | undefined };

const CellEditor = ({
  column,
  enums,
  start,
  selects,
  onDone,
  onCancel,
}: {
  column: Column;
  enums: Enum[];
  start: Value | undefined;
  /** Its text is there to be replaced; not what was just typed. */
  selects: boolean;
  onDone: (value: Value, moves: "down" | "right" | "none") => void;
  onCancel: () => void;
}) => {
  const [text, setText] = useState(typeof start === "string" ? start : "");
  const field = useRef<HTMLInputElement & HTMLSelectElement>(null);
  const isOver = useRef(false);
  useLayoutEffect(() => {
    field.current?.focus();
    if (selects && field.current instanceof HTMLInputElement) field.current.select();
  }, [selects]);
  const editor = editorOf(column);
  const mistake = text === "" ? undefined : mistakeIn(column, text);
  const finish = (moves: "down" | "right" | "none") => {
    if (isOver.current) return;
    // Nothing typed over null leaves it; letters are the only types that have an empty text.
    if (mistake || (text === "" && editor !== "text") || (text === "" && typeof start !== "string")) {
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
  const choices =
    editor === "boolean"
      ? ["true", "false"]
      : enums.find((one) => one.schema === column.type_name.schema && one.name === column.type_name.name)?.values;
  if (choices && (editor === "boolean" || editor === "enum"))
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

/** Rows as a grid that is worked in by keyboard as well as by pointer; only what is seen of it is drawn. */
export const Grid = (props: Props) => {
  const { table, columns, head, rows, enums, order, staged, selected, canEdit, hasMore, onMore, name } = props;
  const id = useId();
  const scroll = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState({ row: 0, column: 0 });
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
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && last >= rows.length - 30) onMore();
  }, [hasMore, last, rows.length, onMore]);
  const keyColumns = useMemo(() => new Set(table.keys.find((key) => key.primary)?.columns), [table]);
  const shown = across.getVirtualItems();
  const before = shown[0]?.start ?? 0;
  const total = gutter + across.getTotalSize();
  const row = Math.min(active.row, rows.length - 1);
  const column = Math.min(active.column, columns.length - 1);

  const go = (to: { row?: number; column?: number }) => {
    const next = {
      row: Math.max(-1, Math.min(rows.length - 1, to.row ?? row)),
      column: Math.max(0, Math.min(columns.length - 1, to.column ?? column)),
    };
    setActive(next);
    if (next.row >= 0) lines.scrollToIndex(next.row);
    across.scrollToIndex(next.column);
  };
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
    else setEditing({ row: atRow, column: atColumn, text });
  };
  const focusGrid = () => scroll.current?.focus({ preventScroll: true });
  const select = (one: Row, isOn: boolean) => {
    const next = new Set(selected);
    if (isOn) next.add(idOf(head, one));
    else next.delete(idOf(head, one));
    props.onSelect(next);
  };

  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    if (event.target !== event.currentTarget) return;
    const one = rows[row];
    const of = columns[column];
    const page = Math.max(1, Math.floor((scroll.current?.clientHeight ?? 400) / rowHeight) - 2);
    const isControl = event.ctrlKey || event.metaKey;
    const moves: Record<string, () => void> = {
      ArrowUp: () => go({ row: isControl ? 0 : row - 1 }),
      ArrowDown: () => go({ row: isControl ? rows.length - 1 : row + 1 }),
      ArrowLeft: () => go({ column: isControl ? 0 : column - 1 }),
      ArrowRight: () => go({ column: isControl ? columns.length - 1 : column + 1 }),
      Home: () => go(isControl ? { row: 0, column: 0 } : { column: 0 }),
      End: () => go(isControl ? { row: rows.length - 1, column: columns.length - 1 } : { column: columns.length - 1 }),
      PageUp: () => go({ row: Math.max(0, row - page) }),
      PageDown: () => go({ row: row + page }),
      F2: () => begin(row, column),
      Enter: () => {
        if (row < 0 && of) props.onSort(of.name, event.shiftKey);
        else if (isControl) props.onReview();
        else if (event.shiftKey && one) props.onOpen(one);
        else begin(row, column);
      },
      " ": () => one && row >= 0 && select(one, !selected.has(idOf(head, one))),
    };
    const move = moves[event.key];
    if (move) move();
    else if ((event.key === "Delete" || event.key === "Backspace") && canEdit && one && of?.nullable && isWritable(of))
      props.onSet(one, of.name, null);
    else if (isControl && event.key === "z") props.onUndo();
    else if (isControl && event.key === "c" && one && of && !window.getSelection()?.toString()) {
      const marked = rows.filter((each) => selected.has(idOf(head, each)));
      const text =
        marked.length > 0 ? marked.map((each) => asLine(columns.map((c) => textOf(valueAt(each, c))))).join("\n") : (textOf(valueAt(one, of)) ?? "");
      void navigator.clipboard?.writeText(text);
    } else if (event.key.length === 1 && !isControl && !event.altKey && row >= 0 && of && (isShort(of) || editorOf(of) === "text"))
      begin(row, column, event.key);
    else return;
    event.preventDefault();
  };

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
      aria-label={t("grid", { name })}
      aria-describedby={`${id}-keys`}
      aria-rowcount={hasMore ? -1 : rows.length + 1}
      aria-colcount={columns.length + 1}
      aria-multiselectable
      aria-activedescendant={editing ? undefined : activeId}
      onKeyDown={onKeyDown}
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
                  <small>{of.type}</small>
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
              key={rowId}
              role="row"
              aria-rowindex={line.index + 2}
              aria-selected={isSelected}
              className={["grid-row", isSelected && "selected", change?.isDeleted && "deleted"].filter(Boolean).join(" ")}
              style={{ transform: `translateY(${line.start}px)`, height: line.size, width: total, position: "absolute" }}
            >
              <div role="gridcell" className="gutter" style={{ width: gutter }} aria-colindex={1}>
                <Checkbox
                  size="xs"
                  tabIndex={-1}
                  aria-label={t("selectRow", { number: line.index + 1 })}
                  checked={isSelected}
                  onChange={(event) => select(one, event.currentTarget.checked)}
                />
                <button type="button" tabIndex={-1} aria-label={t("openRow", { number: line.index + 1 })} onClick={() => props.onOpen(one)}>
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
                const isEditing = editing?.row === line.index && editing.column === item.index;
                return (
                  // biome-ignore lint/a11y/useKeyWithClickEvents: the grid takes the keys
                  <div
                    key={of.name}
                    id={`${id}-${line.index}-${item.index}`}
                    role="gridcell"
                    aria-colindex={item.index + 2}
                    aria-readonly={!canEdit || !isWritable(of)}
                    className={["grid-cell", editorOf(of) === "number" && "number", isActive && "active", isChanged && "changed"]
                      .filter(Boolean)
                      .join(" ")}
                    style={{ width: item.size }}
                    onClick={() => {
                      setActive({ row: line.index, column: item.index });
                      if (!isEditing) focusGrid();
                    }}
                    onDoubleClick={() => begin(line.index, item.index)}
                  >
                    {isEditing ? (
                      <CellEditor
                        column={of}
                        enums={enums}
                        start={editing.text ?? value}
                        selects={editing.text === undefined}
                        onCancel={() => {
                          setEditing(undefined);
                          focusGrid();
                        }}
                        onDone={(next, moves) => {
                          setEditing(undefined);
                          props.onSet(one, of.name, next);
                          if (moves === "none") return;
                          focusGrid();
                          go(moves === "down" ? { row: line.index + 1 } : { column: item.index + 1 });
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

const textOf = (value: Value | undefined): string | null => (typeof value === "string" ? value : null);
