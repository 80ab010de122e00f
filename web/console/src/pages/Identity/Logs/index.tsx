import { Badge, Button, TextInput } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Fragment } from "react";
import { type Log, listLogs } from "../../../../../api/logs.ts";
import { Empty } from "../../../parts/Empty.tsx";
import { Listing } from "../../../parts/Listing.tsx";
import { Page } from "../../../parts/Page.tsx";
import type { Column } from "../../../parts/Table.tsx";
import { useAddress, useWindow } from "../../../parts/useAddress.ts";
import { ago, moment } from "../../../text.ts";
import { aboutWhat, byWhom } from "./names.ts";
import { t } from "./text.ts";
import "../identity.css";

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
  {
    name: t("at"),
    isEnd: true,
    cell: (log) => (
      <time dateTime={new Date(log.createdAt).toISOString()} title={moment(log.createdAt)}>
        {ago(log.createdAt)}
      </time>
    ),
  },
];

type Address = { user?: string; application?: string; from?: string; to?: string; page?: number };

/** A local date and time of an input as milliseconds; the end of the minute for an end. */
const millis = (value: string | undefined, isEnd = false): number | undefined => {
  const at = value ? new Date(value).getTime() : Number.NaN;
  return Number.isNaN(at) ? undefined : at + (isEnd ? 59_999 : 0);
};

/** The audit log, newest first. */
const Logs = () => {
  const { search, page, setSearch, setPage } = useWindow();
  const [{ user, application, from, to }, set] = useAddress<Address>();
  const query = useQuery({
    queryKey: ["logs", search, user, application, from, to, page],
    queryFn: () => listLogs({ key: search, userId: user, applicationId: application, from: millis(from), to: millis(to, true), page }),
    placeholderData: keepPreviousData,
  });
  const isNarrowed = Boolean(user || application || from || to);
  const field = (name: keyof Omit<Address, "page">, value: string | undefined) => ({
    value: value ?? "",
    onChange: (event: { currentTarget: { value: string } }) =>
      set({ [name]: event.currentTarget.value.trim() || undefined, page: undefined }, "replace"),
  });
  return (
    <Page title={t("title")} lead={t("lead")}>
      <Listing
        label={t("title")}
        columns={columns}
        keyOf={(log) => log.id}
        query={query}
        search={{ label: t("find"), value: search ?? "", onChange: setSearch }}
        page={page}
        onPage={setPage}
        isNarrowed={isNarrowed}
        tools={
          <>
            <TextInput aria-label={t("userId")} placeholder={t("userId")} w={150} {...field("user", user)} />
            <TextInput aria-label={t("applicationId")} placeholder={t("applicationId")} w={150} {...field("application", application)} />
            <TextInput
              type="datetime-local"
              aria-label={t("from")}
              leftSection={<small aria-hidden="true">{t("from")}</small>}
              leftSectionWidth={48}
              {...field("from", from)}
            />
            <TextInput
              type="datetime-local"
              aria-label={t("to")}
              leftSection={<small aria-hidden="true">{t("to")}</small>}
              leftSectionWidth={48}
              {...field("to", to)}
            />
            {isNarrowed && (
              <Button
                variant="subtle"
                onClick={() => set({ user: undefined, application: undefined, from: undefined, to: undefined, page: undefined })}
              >
                {t("clear")}
              </Button>
            )}
          </>
        }
        empty={<Empty title={t("emptyTitle")} text={t("empty")} />}
      />
    </Page>
  );
};

export default Logs;
