import { useQuery } from "@tanstack/react-query";
import { type ConnectedNode, type LiveGroup, loadHealth, loadNodes, loadStatus, type Pool, type Status } from "../../../../api/status.ts";
import { Page } from "../../parts/Page.tsx";
import { Problem } from "../../parts/Problem.tsx";
import { type Column, Table } from "../../parts/Table.tsx";
import { Waiting } from "../../shell/Waiting.tsx";
import { ago, number } from "../../text.ts";
import "./operations.css";
import { t } from "./text.ts";

const pools: Column<Pool>[] = [
  { name: t("source"), cell: (pool) => pool.source },
  { name: t("role"), isMinor: true, cell: (pool) => pool.role },
  { name: t("host"), isMinor: true, cell: (pool) => <code>{pool.host}</code> },
  { name: t("inUse"), isEnd: true, cell: (pool) => number(pool.inUse) },
  { name: t("open"), isEnd: true, cell: (pool) => number(pool.open) },
  { name: t("most"), isEnd: true, cell: (pool) => number(pool.max) },
];

const milliseconds = (seconds: number) => Math.round(seconds * 10_000) / 10;

const groups: Column<LiveGroup>[] = [
  {
    name: t("operation"),
    width: "30%",
    cell: (group) => (
      <details className="statement">
        <summary>
          {group.operation_name || <span className="muted">{t("unnamed")}</span>} <span className="muted">{group.role}</span>
        </summary>
        <pre>{group.multiplexed_query}</pre>
      </details>
    ),
  },
  { name: t("subscribers"), isEnd: true, cell: (group) => number(group.subscribers) },
  {
    name: t("how"),
    cell: (group) => (group.followed ? t("followed") : t("polled", { seconds: group.refetch_delay, why: group.polls_because ?? "" })),
  },
  { name: t("asked"), isMinor: true, isEnd: true, cell: (group) => t("looks", { count: group.looks, ms: milliseconds(group.seconds) }) },
  { name: t("lastLook"), isMinor: true, isEnd: true, cell: (group) => (group.last_look ? ago(group.last_look.at) : "") },
];

const nodes: Column<ConnectedNode>[] = [
  {
    name: t("process"),
    cell: (node) => (
      <>
        <code>{node.host}</code> <span className="muted">{node.isThis ? t("thisProcess") : ""}</span>
      </>
    ),
  },
  { name: t("pid"), isMinor: true, isEnd: true, cell: (node) => node.pid },
  { name: t("connections"), isEnd: true, cell: (node) => number(node.connections) },
  { name: t("connectedSince"), isMinor: true, isEnd: true, cell: (node) => ago(node.since) },
];

/** What runs in this process now: connections, sockets, and the live queries with what they cost. */
const Live = () => {
  const { data, error, refetch } = useQuery({ queryKey: ["status"], queryFn: loadStatus, refetchInterval: 3_000 });
  const fellows = useQuery({ queryKey: ["nodes"], queryFn: loadNodes, refetchInterval: 10_000, retry: false });
  const health = useQuery({ queryKey: ["health"], queryFn: loadHealth, refetchInterval: 10_000 }).data;
  return (
    <Page
      title={t("live")}
      lead={t("liveLead")}
      actions={
        data && (
          <>
            {health && <span className={health.isUp ? "muted" : "failing"}>{health.isUp ? t("healthy") : t("unhealthy", { why: health.text })}</span>}
            <span className="muted">{t("sockets", { count: data.sockets })}</span>
          </>
        )
      }
    >
      {error && <Problem error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Waiting />}
      {data && fellows.data && (
        <section aria-label={t("nodes")}>
          <h2 className="group-name">{t("nodes")}</h2>
          <p className="muted group-lead">{t("nodesLead")}</p>
          <Table label={t("nodes")} columns={nodes} rows={fellows.data} keyOf={(node) => `${node.host} ${node.pid} ${node.since}`} />
        </section>
      )}
      {data && !fellows.isPending && <Running status={data} />}
    </Page>
  );
};

const Running = ({ status }: { status: Status }) => {
  const live = [...status.subscriptions.live_queries_map, ...status.subscriptions.stream_queries_map];
  return (
    <>
      <section aria-label={t("subscriptions")}>
        <h2 className="group-name">{t("subscriptions")}</h2>
        {live.length === 0 ? (
          <p className="muted">{t("noSubscriptions")}</p>
        ) : (
          <Table label={t("subscriptions")} columns={groups} rows={live} keyOf={(group) => `${group.source} ${group.role} ${group.operation_hash}`} />
        )}
      </section>
      <section aria-label={t("pools")}>
        <h2 className="group-name">{t("pools")}</h2>
        <Table label={t("pools")} columns={pools} rows={status.pools} keyOf={(pool) => `${pool.source} ${pool.role} ${pool.host}`} />
      </section>
    </>
  );
};

export default Live;
