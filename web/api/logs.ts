import { type Listed, list, maxPageSize, pageSize, part } from "./management.ts";
import { call } from "./request.ts";

/** One entry of the audit log. What a payload holds depends on what happened; these are what most have. */
export type Log = {
  id: string;
  key: string;
  createdAt: number;
  payload: {
    result?: Result;
    userId?: string;
    applicationId?: string;
    sessionId?: string;
    ip?: string;
    userAgent?: string;
    error?: unknown;
    actor?: { type?: string; id?: string; name?: string; role?: string };
    target?: { type?: string; id?: string };
    before?: unknown;
    after?: unknown;
    [other: string]: unknown;
  };
};
export type Result = "Success" | "Error";
/** What of the log is looked at; times are milliseconds. `event` is how a key begins; `text` stands anywhere in an entry. */
export type LogFilter = { event?: string; text?: string; userId?: string; applicationId?: string; result?: Result; from?: number; to?: number };

/** How many entries `text` is looked for in: the newest that the rest of the filter leaves. */
export const searchedEntries = 20_000;

export const listLogs = ({ event, text, userId, applicationId, result, from, to }: LogFilter, page = 1, size = pageSize): Promise<Listed<Log>> =>
  list("logs", {
    logKey: event && `${event}%`,
    text: text?.trim(),
    userId,
    applicationId,
    result,
    start_time: from,
    end_time: to,
    page,
    page_size: size,
  });
export const loadLog = (id: string): Promise<Log> => call(`/api/logs/${part(id)}`);

/** Reads the newest entries there are until now, at most so many; `tell` hears how far it is. */
export const loadLogs = async (filter: LogFilter, most: number, tell: (read: number, of: number) => void): Promise<Log[]> => {
  const until = { ...filter, to: filter.to ?? Date.now() }; // what is added meanwhile would move the pages
  const all: Log[] = [];
  for (let page = 1; all.length < most; page++) {
    const { items, total } = await listLogs(until, page, maxPageSize);
    all.push(...items);
    tell(all.length, Math.min(most, total));
    if (items.length === 0 || all.length >= total) break;
  }
  return all.slice(0, most);
};
