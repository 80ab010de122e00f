import { type Listed, list, pageSize, part } from "./management.ts";
import { call } from "./request.ts";

/** One entry of the audit log. What a payload holds depends on what happened; these are what most have. */
export type Log = {
  id: string;
  key: string;
  createdAt: number;
  payload: {
    result?: "Success" | "Error";
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
/** What of the log is looked at; times are milliseconds. */
export type LogFilter = { key?: string; userId?: string; applicationId?: string; from?: number; to?: number; page?: number };

/** A key is looked for anywhere: "User" finds Management.User.Created and ExchangeTokenBy… of users alike. */
export const listLogs = ({ key, userId, applicationId, from, to, page = 1 }: LogFilter): Promise<Listed<Log>> =>
  list("logs", {
    logKey: key?.trim() ? `%${key.trim()}%` : undefined,
    userId,
    applicationId,
    start_time: from,
    end_time: to,
    page,
    page_size: pageSize,
  });
export const loadLog = (id: string): Promise<Log> => call(`/api/logs/${part(id)}`);
