// Cells on the clipboard are lines with tabs between values, as spreadsheets write and read them. Null is nothing, the empty text a pair of quotes.

const cell = (value: string | null): string =>
  value === null ? "" : value === "" || /["\t\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;

export const toClipboard = (rows: (string | null)[][]): string => rows.map((row) => row.map(cell).join("\t")).join("\n");

let copied: { text: string; cells: (string | null)[][] } | undefined;
const unixLines = (text: string) => text.replaceAll("\r\n", "\n");

/** The text that is copied of cells. One alone is copied as it is, for other programs; what it was is kept for when that text is pasted here. */
export const copyCells = (cells: (string | null)[][]): string => {
  const only = cells.length === 1 && cells[0]?.length === 1 ? cells[0][0] : undefined;
  const text = only || toClipboard(cells);
  copied = { text, cells };
  return text;
};

/** The cells that a pasted text is of: those last copied here, where it is theirs. */
export const pasteCells = (text: string): (string | null)[][] =>
  copied && unixLines(copied.text) === unixLines(text) ? copied.cells : fromClipboard(text);

/** What was copied from here or from a spreadsheet: lines of values; null for what is empty without quotes. */
export const fromClipboard = (text: string): (string | null)[][] => {
  const rows: (string | null)[][] = [];
  let row: (string | null)[] = [];
  let at = 0;
  while (at <= text.length) {
    let value: string | null;
    const quoted = text[at] === '"' && /^"(?:[^"]|"")*"(?=\t|\r?\n|$)/.exec(text.slice(at));
    if (quoted) {
      value = quoted[0].slice(1, -1).replaceAll('""', '"');
      at += quoted[0].length;
    } else {
      const end = text.slice(at).search(/[\t\n]/);
      const raw = end < 0 ? text.slice(at) : text.slice(at, at + end);
      at += raw.length;
      value = raw.replace(/\r$/, "") || null;
    }
    row.push(value);
    if (text[at] === "\r") at++;
    const stop = text[at++];
    if (stop === "\t") continue;
    rows.push(row);
    row = [];
    if (at >= text.length) break; // a line feed at the end begins no line
  }
  return rows;
};
