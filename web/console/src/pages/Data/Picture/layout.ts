import type { Table } from "../../../../../api/catalog.ts";

export type Node = {
  table: Table;
  key: string;
  x: number;
  y: number;
  width: number;
  height: number;
  lines: { name: string; type: string; isKey: boolean }[];
  more: number;
};
export type Edge = { from: Node; to: Node; name: string; fromLine: number; toLine: number };
export type Layout = { nodes: Node[]; edges: Edge[]; width: number; height: number };

export const nodeWidth = 230;
export const headHeight = 30;
export const lineHeight = 20;
const gapX = 90;
const gapY = 28;
/** How much wider than tall a picture is. */
const shape = 1.6;
const keyOf = (table: { schema: string; name: string }) => `${table.schema}.${table.name}`;

/** How much of each table is drawn: its name alone, its keys, all of its columns. */
export type Detail = "names" | "keys" | "all";

const nodeOf = (table: Table, detail: Detail): Node => {
  const keys = new Set([
    ...table.keys.filter((key) => key.primary).flatMap((key) => key.columns),
    ...table.foreign_keys.flatMap((key) => key.columns),
  ]);
  const columns = detail === "all" ? table.columns : detail === "keys" ? table.columns.filter((column) => keys.has(column.name)) : [];
  const shown = columns.slice(0, 24);
  const more = detail === "names" ? 0 : table.columns.length - shown.length;
  const lines = shown.map((column) => ({ name: column.name, type: column.type, isKey: keys.has(column.name) }));
  return {
    table,
    key: keyOf(table),
    x: 0,
    y: 0,
    width: nodeWidth,
    height: headHeight + (lines.length + (more > 0 ? 1 : 0)) * lineHeight + (detail === "names" ? 0 : 6),
    lines,
    more,
  };
};

/**
 * Tables in columns, each to the right of those it points to, as far as keys in circles allow; within a column near what it is joined with. A column
 * that is too tall for the picture's shape goes on beside itself. Tables without any keys between them stand below, in rows.
 */
export const arrange = (tables: Table[], detail: Detail): Layout => {
  const nodes = tables.map((table) => nodeOf(table, detail));
  const byKey = new Map(nodes.map((node) => [node.key, node]));
  const edges: Edge[] = nodes.flatMap((from) =>
    from.table.foreign_keys.flatMap((key) => {
      const to = byKey.get(keyOf(key.to));
      if (!to) return [];
      return [
        {
          from,
          to,
          name: key.name,
          fromLine: from.lines.findIndex((line) => line.name === key.columns[0]),
          toLine: to.lines.findIndex((line) => line.name === key.to_columns[0]),
        },
      ];
    }),
  );
  const out = new Map<Node, Node[]>();
  const around = new Map<Node, Node[]>();
  for (const { from, to } of edges) {
    if (from === to) continue;
    out.set(from, [...(out.get(from) ?? []), to]);
    around.set(from, [...(around.get(from) ?? []), to]);
    around.set(to, [...(around.get(to) ?? []), from]);
  }
  const rank = new Map<Node, number>();
  const visiting = new Set<Node>();
  const rankOf = (node: Node): number => {
    const known = rank.get(node);
    if (known !== undefined) return known;
    if (visiting.has(node)) return -1; // a circle is cut where it closes
    visiting.add(node);
    const value = Math.max(-1, ...(out.get(node) ?? []).map(rankOf)) + 1;
    visiting.delete(node);
    rank.set(node, value);
    return value;
  };
  const joined = nodes.filter((node) => around.has(node));
  const columns: Node[][] = [];
  for (const node of joined) {
    const at = rankOf(node);
    columns[at] ??= [];
    columns[at].push(node);
  }
  const place = (column: Node[]) => {
    let y = 0;
    for (const node of column) {
      node.y = y;
      y += node.height + gapY;
    }
  };
  const filled = columns.filter(Boolean);
  filled.forEach(place);
  // A few sweeps bring each table to the middle of what it is joined with.
  for (let sweep = 0; sweep < 6; sweep++)
    for (const column of sweep % 2 === 0 ? filled : filled.toReversed()) {
      const middle = new Map(
        column.map((node) => {
          const others = around.get(node) ?? [];
          return [node, others.reduce((sum, other) => sum + other.y + other.height / 2, 0) / Math.max(1, others.length)];
        }),
      );
      column.sort((a, b) => (middle.get(a) ?? 0) - (middle.get(b) ?? 0));
      place(column);
    }
  const room = joined.reduce((sum, node) => sum + (nodeWidth + gapX) * (node.height + gapY), 0);
  const most = Math.max(Math.sqrt(room / shape), ...joined.map((node) => node.height + gapY));
  const split = filled.flatMap((column) => {
    const parts: Node[][] = [[]];
    let height = 0;
    for (const node of column) {
      height += node.height + gapY;
      if (height > most && parts.at(-1)?.length) {
        parts.push([]);
        height = node.height + gapY;
      }
      parts.at(-1)?.push(node);
    }
    return parts;
  });
  const heightOf = (column: Node[]) => column.reduce((sum, node) => sum + node.height + gapY, 0);
  const tallest = Math.max(0, ...split.map(heightOf));
  split.forEach((column, i) => {
    place(column);
    for (const node of column) {
      node.x = i * (nodeWidth + gapX);
      node.y += (tallest - heightOf(column)) / 2;
    }
  });
  // The others, in rows as wide as the rest.
  const lonely = nodes.filter((one) => !around.has(one));
  const across = Math.ceil(Math.sqrt((shape * lonely.reduce((sum, node) => sum + node.height + gapY, 0)) / nodeWidth));
  const width = Math.max(split.length * (nodeWidth + gapX), Math.max(4, across) * (nodeWidth + 30));
  let x = 0;
  let y = tallest > 0 ? tallest + gapY : 0;
  let row = 0;
  for (const node of lonely) {
    if (x > 0 && x + nodeWidth > width) {
      x = 0;
      y += row + gapY;
      row = 0;
    }
    node.x = x;
    node.y = y;
    x += nodeWidth + 30;
    row = Math.max(row, node.height);
  }
  return {
    nodes,
    edges,
    width: Math.max(nodeWidth, ...nodes.map((node) => node.x + node.width)),
    height: Math.max(1, ...nodes.map((node) => node.y + node.height)),
  };
};

const lineY = (node: Node, line: number) => node.y + (line < 0 ? headHeight / 2 : headHeight + line * lineHeight + lineHeight / 2);

/** The curve of a key, from its column to the one it points to. */
export const pathOf = ({ from, to, fromLine, toLine }: Edge): string => {
  const y1 = lineY(from, fromLine);
  const y2 = lineY(to, toLine);
  if (from === to) return `M ${from.x + from.width} ${y1} c 40 0, 40 ${y2 - y1}, 0 ${y2 - y1}`;
  const isLeft = to.x + to.width <= from.x;
  const x1 = isLeft ? from.x : from.x + from.width;
  const x2 = isLeft ? to.x + to.width : to.x >= from.x + from.width ? to.x : to.x + to.width;
  const bend = Math.max(30, Math.abs(x1 - x2) / 2);
  return `M ${x1} ${y1} C ${x1 + (isLeft ? -bend : bend)} ${y1}, ${x2 + (x2 === to.x ? -bend : bend)} ${y2}, ${x2} ${y2}`;
};

/** The tables that are joined with some, directly or through others in between. */
export const within = (tables: Table[], start: Table[], steps: number): Table[] => {
  const found = new Set(start.map(keyOf));
  for (let step = 0; step < steps; step++) {
    const edge = new Set(found);
    for (const table of tables)
      for (const key of table.foreign_keys) {
        if (edge.has(keyOf(table))) found.add(keyOf(key.to));
        if (edge.has(keyOf(key.to))) found.add(keyOf(table));
      }
  }
  return tables.filter((table) => found.has(keyOf(table)));
};
