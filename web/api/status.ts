import { call } from "./request.ts";

/** Health as /healthz tells it: up and "OK", up with a warning ("WARN: inconsistent objects in schema"), or not up. */
export type Health = { isUp: boolean; text: string };

const healthAt = async (path: string): Promise<Health> => {
  try {
    const response = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(30_000) });
    return { isUp: response.ok, text: (await response.text()).trim().slice(0, 120) };
  } catch {
    return { isUp: false, text: "no answer" };
  }
};
export const loadHealth = (): Promise<Health> => healthAt("/healthz");
/** Of the identity half: up and "OK", or not up and why. */
export const loadIdentityHealth = (): Promise<Health> => healthAt("/console/api/health");

/** What happened in steps from a time on; null where one may not know it, or nobody counts. */
export type Activity = {
  from: number; // Unix seconds
  step: number; // seconds
  requests: number[] | null;
  errors: number[] | null;
  signIns: number[] | null;
  failedSignIns: number[] | null;
};

export const loadActivity = (hours: 1 | 24): Promise<Activity> => call(`/console/api/activity?hours=${hours}`);

export type Setting = {
  group: string;
  flag: string;
  variables: string[];
  meaning: string;
  value: string;
  secret: boolean;
  default: string;
  from: "flag" | "environment" | "default";
};

export const loadSettings = (): Promise<Setting[]> => call("/console/api/settings");

export type Pool = { source: string; role: "primary" | "replica"; host: string; inUse: number; open: number; max: number };
export type LiveGroup = {
  source: string;
  role: string;
  operation_name: string;
  operation_hash: string;
  multiplexed_query: string;
  subscribers: number;
  results: number;
  followed: boolean;
  polls_because?: string;
  refetch_delay: number;
  looks: number;
  seconds: number;
  last_look: { at: string; seconds: number; failed: boolean } | null;
};
export type Status = {
  resourceVersion: number;
  sockets: number;
  pools: Pool[];
  subscriptions: { live_queries_map: LiveGroup[]; stream_queries_map: LiveGroup[] };
};

/** A process that serves the same metadata database. */
export type ConnectedNode = { host: string; pid: string; since: string; connections: number; isThis: boolean };
export const loadNodes = (): Promise<ConnectedNode[]> => call("/console/api/nodes");

export const loadStatus = (): Promise<Status> => call("/console/api/live");
