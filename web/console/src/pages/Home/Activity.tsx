import { SegmentedControl } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useMemo, useState } from "react";
import { loadActivity } from "../../../../api/status.ts";
import { Card } from "../../parts/Card.tsx";
import type { Line } from "../../parts/Chart.tsx";
import { Problem } from "../../parts/Problem.tsx";
import { t } from "./text.ts";

const Chart = lazy(() => import("../../parts/Chart.tsx"));

/** Requests and errors, sign-ins and those that failed, over the last hour or day. */
export const Activity = () => {
  const [hours, setHours] = useState<1 | 24>(1);
  const { data, error, refetch } = useQuery({
    queryKey: ["activity", hours],
    queryFn: () => loadActivity(hours),
    refetchInterval: 30_000,
    placeholderData: (before) => before,
  });
  const charts = useMemo(() => {
    const line = (name: string, values: number[] | null | undefined, colour: Line["colour"]) => (values ? [{ name, values, colour }] : []);
    return [
      { label: t("requests"), lines: [...line(t("requests"), data?.requests, "brand"), ...line(t("errors"), data?.errors, "danger")] },
      { label: t("signIns"), lines: [...line(t("signIns"), data?.signIns, "brand"), ...line(t("failedSignIns"), data?.failedSignIns, "danger")] },
    ].filter(({ lines }) => lines.length > 0);
  }, [data]);
  return (
    <Card
      title={t("activity")}
      actions={
        <SegmentedControl
          size="xs"
          aria-label={t("span")}
          value={String(hours)}
          onChange={(value) => setHours(value === "24" ? 24 : 1)}
          data={[
            { value: "1", label: t("hour") },
            { value: "24", label: t("day") },
          ]}
        />
      }
    >
      {error && <Problem error={error} onRetry={() => void refetch()} />}
      <div className="charts">
        {charts.map(({ label, lines }) => (
          <figure key={label}>
            <figcaption>{label}</figcaption>
            <Suspense fallback={<div className="chart" />}>
              {data && <Chart label={label} from={data.from} step={data.step} lines={lines} />}
            </Suspense>
          </figure>
        ))}
        {!data && !error && <div className="chart" />}
      </div>
    </Card>
  );
};
