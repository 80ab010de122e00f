import { Badge, Button, Menu, Select, TextInput } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { Fragment, useState } from "react";
import { type Log, type LogFilter, listLogs, loadLogs, type Result, searchedEntries } from "../../../../../api/logs.ts";
import { download } from "../../../parts/download.ts";
import { Empty } from "../../../parts/Empty.tsx";
import { Listing } from "../../../parts/Listing.tsx";
import { done, failed } from "../../../parts/notify.ts";
import { PickApplication, PickUser } from "../../../parts/Pick.tsx";
import type { Column } from "../../../parts/Table.tsx";
import { useAddress } from "../../../parts/useAddress.ts";
import { useList, When } from "../parts/list.tsx";
import { csvOf } from "./csv.ts";
import { aboutWhat, byWhom, eventGroups } from "./names.ts";
import { t } from "./text.ts";

const columns: Column<Log>[] = [
  {
    name: t("event"),
    width: "38%",
    cell: (log) => (
      <span className="badges">
        <Link to="/identity/logs/$id" params={{ id: log.id }} className="whole">
          {log.key.split(".").map((word, index) => (
            <Fragment key={word}>
              {index > 0 && (
                <>
                  .<wbr />
                </>
              )}
              {word}
            </Fragment>
          ))}
        </Link>
        {log.payload.result === "Error" && (
          <Badge color="red" variant="light">
            {t("error")}
          </Badge>
        )}
      </span>
    ),
  },
  { name: t("by"), isMinor: true, cell: (log) => <span className="muted">{byWhom(log)}</span> },
  { name: t("about"), isMinor: true, cell: (log) => <code>{aboutWhat(log)}</code> },
  { name: t("at"), isEnd: true, cell: (log) => <When at={log.createdAt} /> },
];

const spans = { hour: 3_600_000, day: 86_400_000, week: 604_800_000, month: 2_592_000_000 } as const;
const isSpan = (time: string | undefined): time is keyof typeof spans => time !== undefined && time in spans;

/** What of the log is shown, as it stands in the address: `time` is one of the spans, or "between" for from and to. */
export type LogAddress = {
  q?: string;
  event?: string;
  result?: Result;
  user?: string;
  application?: string;
  time?: string;
  from?: string;
  to?: string;
};

/** A local date and time of an input as milliseconds; the end of the minute for an end. */
const millis = (value: string | undefined, isEnd = false): number | undefined => {
  const at = value ? new Date(value).getTime() : Number.NaN;
  return Number.isNaN(at) ? undefined : at + (isEnd ? 59_999 : 0);
};

/** `of` is whose log it is, where it is not everybody's. */
const filterOf = ({ q, event, result, user, application, time, from, to }: LogAddress, of: LogFilter): LogFilter => ({
  text: q,
  event,
  result,
  userId: user,
  applicationId: application,
  ...(isSpan(time) ? { from: Date.now() - spans[time] } : { from: millis(from), to: millis(to, true) }),
  ...of,
});

const mostExported = 10_000;

const Export = ({ filter }: { filter: () => LogFilter }) => {
  const [progress, setProgress] = useState<{ read: number; of: number }>();
  const save = async (format: "csv" | "json") => {
    setProgress({ read: 0, of: 0 });
    try {
      const logs = await loadLogs(filter(), mostExported, (read, of) => setProgress({ read, of }));
      const content = format === "csv" ? csvOf(logs) : JSON.stringify(logs, null, 2);
      download(`audit-log.${format}`, new Blob([content], { type: format === "csv" ? "text/csv" : "application/json" }));
      done(t(logs.length === mostExported ? "exportedMost" : "exported", { count: logs.length }));
    } catch (error) {
      failed(error);
    } finally {
      setProgress(undefined);
    }
  };
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button variant="default" leftSection={<IconDownload size={16} aria-hidden="true" />} loading={progress !== undefined}>
            {t("export")}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => void save("csv")}>{t("exportCsv")}</Menu.Item>
          <Menu.Item onClick={() => void save("json")}>{t("exportJson")}</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {progress && progress.of > 0 && (
        <span className="muted" role="status">
          {t("exporting", progress)}
        </span>
      )}
    </>
  );
};

/** Entries of the audit log, newest first, narrowed by what stands in the address. */
export const Entries = ({ of = {} }: { of?: LogFilter }) => {
  const [address, set] = useAddress<LogAddress & { page?: number }>();
  const { q, event, result, user, application, time, from, to } = address;
  const filter = () => filterOf(address, of);
  const { list, find } = useList(["logs", event, result, user, application, time, from, to, of], ({ page }) => listLogs(filter(), page));
  const isNarrowed = Boolean(event || result || user || application || time || from || to);
  const narrow = (changes: LogAddress) => set({ ...changes, page: undefined }, "replace");
  const choice = (name: "event" | "result" | "time") => ({
    "aria-label": t(name),
    placeholder: t(name),
    className: "filter",
    clearable: true,
    value: address[name] ?? null,
    onChange: (value: string | null) => narrow({ [name]: value ?? undefined, ...(name === "time" && { from: undefined, to: undefined }) }),
  });
  const moment = (name: "from" | "to") => (
    <TextInput
      type="datetime-local"
      aria-label={t(name)}
      leftSection={<small aria-hidden="true">{t(name)}</small>}
      leftSectionWidth={48}
      value={address[name] ?? ""}
      onChange={(change) => narrow({ [name]: change.currentTarget.value || undefined })}
    />
  );
  const isKnown = !event || eventGroups.some(({ items }) => items.some(({ value }) => value === event));
  const isBetween = time === "between" || (!time && Boolean(from || to));
  return (
    <>
      <Listing
        label={t("title")}
        columns={columns}
        keyOf={(log) => log.id}
        {...list}
        search={find(t("find"))}
        isNarrowed={isNarrowed}
        tools={
          <>
            <Select {...choice("event")} searchable data={isKnown ? eventGroups : [{ group: t("event"), items: [event] }, ...eventGroups]} />
            <Select
              {...choice("result")}
              data={[
                { value: "Success", label: t("success") },
                { value: "Error", label: t("error") },
              ]}
            />
            <Select
              {...choice("time")}
              value={isBetween ? "between" : (time ?? null)}
              data={[...Object.keys(spans), "between"].map((value) => ({ value, label: t(value as keyof typeof spans | "between") }))}
            />
            {isBetween && moment("from")}
            {isBetween && moment("to")}
            {!of.userId && (
              <PickUser
                className="filter"
                aria-label={t("user")}
                placeholder={t("user")}
                clearable
                value={user ?? null}
                onChange={(id) => narrow({ user: id ?? undefined })}
              />
            )}
            {!of.applicationId && (
              <PickApplication
                className="filter"
                aria-label={t("application")}
                placeholder={t("application")}
                clearable
                value={application ?? null}
                onChange={(id) => narrow({ application: id ?? undefined })}
              />
            )}
            {isNarrowed && (
              <Button
                variant="subtle"
                onClick={() =>
                  narrow({
                    event: undefined,
                    result: undefined,
                    user: undefined,
                    application: undefined,
                    time: undefined,
                    from: undefined,
                    to: undefined,
                  })
                }
              >
                {t("clear")}
              </Button>
            )}
            <Export filter={filter} />
          </>
        }
        empty={<Empty title={t("emptyTitle")} text={t("empty")} />}
      />
      {q && <p className="muted">{t("searched", { count: searchedEntries })}</p>}
    </>
  );
};
