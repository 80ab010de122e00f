// Cells on the clipboard are lines with tabs between values, as spreadsheets write and read them. Null is nothing, the empty text a pair of quotes.

const cell = (value: string | null): string =>
  value === null ? "" : value === "" || /["\t\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;

export const toClipboard = (rows: (string | null)[][]): string => rows.map((row) => row.map(cell).join("\t")).join("\n");

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
