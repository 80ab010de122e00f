import type { Log } from "../../../../../api/logs.ts";

const columns = ["id", "time", "event", "result", "user", "application", "session", "address", "browser", "by", "about", "payload"];

/** What a spreadsheet would take for a formula is text: entries hold what anybody typed. */
const cell = (value: string) => {
  const plain = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
};

/** Entries as CSV (RFC 4180), the payload whole in the last column. */
export const csvOf = (logs: Log[]): string =>
  [
    columns,
    ...logs.map(({ id, key, createdAt, payload }) => [
      id,
      new Date(createdAt).toISOString(),
      key,
      payload.result ?? "",
      payload.userId ?? "",
      payload.applicationId ?? "",
      payload.sessionId ?? "",
      payload.ip ?? "",
      payload.userAgent ?? "",
      [payload.actor?.type, payload.actor?.id ?? payload.actor?.name].filter(Boolean).join(" "),
      [payload.target?.type, payload.target?.id].filter(Boolean).join(" "),
      JSON.stringify(payload),
    ]),
  ]
    .map((row) => row.map(cell).join(","))
    .join("\r\n");
