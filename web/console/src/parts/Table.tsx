import { Skeleton } from "@mantine/core";
import { type ReactNode, useEffect, useRef, useState } from "react";
import "./table.css";

export type Column<T> = {
  name: string;
  /** Left out where there is little width. */
  isMinor?: boolean;
  /** Numbers and what ends a row stand at its end. */
  isEnd?: boolean;
  /** The heading is for those who hear the page only. */
  isUnnamed?: boolean;
  width?: string;
  cell: (row: T) => ReactNode;
};

type Props<T> = {
  /** What the table lists, for those who cannot see its surroundings. */
  label: string;
  columns: Column<T>[];
  rows: T[] | undefined;
  keyOf: (row: T) => string;
};

const classOf = ({ isMinor, isEnd }: { isMinor?: boolean; isEnd?: boolean }) =>
  [isMinor && "minor", isEnd && "end"].filter(Boolean).join(" ") || undefined;

/** Whether an element is wider inside than out, so that it is scrolled sideways. */
const useIsScrolled = () => {
  const ref = useRef<HTMLDivElement>(null);
  const [isScrolled, setScrolled] = useState(false);
  useEffect(() => {
    const box = ref.current;
    if (!box) return;
    const observer = new ResizeObserver(() => setScrolled(box.scrollWidth > box.clientWidth));
    observer.observe(box);
    for (const child of box.children) observer.observe(child);
    return () => observer.disconnect();
  }, []);
  return [ref, isScrolled] as const;
};

/** A table of records. A link of class "whole" in a cell is followed by a click anywhere in its row. Rows that are not there yet are held open. */
export const Table = <T,>({ label, columns, rows, keyOf }: Props<T>) => {
  const [box, isScrolled] = useIsScrolled();
  // Who has no mouse scrolls what has the focus.
  const scrolled = isScrolled ? { tabIndex: 0, role: "group", "aria-label": label } : {};
  return (
    <div className="table" ref={box} {...scrolled}>
      <table aria-label={label} aria-busy={rows === undefined}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.name} scope="col" className={classOf(column)} style={{ width: column.width }}>
                {column.isUnnamed ? <span className="unseen">{column.name}</span> : column.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows
            ? rows.map((row) => (
                <tr key={keyOf(row)}>
                  {columns.map((column) => (
                    <td key={column.name} className={classOf(column)}>
                      {column.cell(row)}
                    </td>
                  ))}
                </tr>
              ))
            : [0, 1, 2].map((row) => (
                <tr key={row}>
                  {columns.map((column) => (
                    <td key={column.name} className={classOf(column)}>
                      <Skeleton height={14} my={4} width={column.isEnd ? 40 : "60%"} />
                    </td>
                  ))}
                </tr>
              ))}
        </tbody>
      </table>
    </div>
  );
};
