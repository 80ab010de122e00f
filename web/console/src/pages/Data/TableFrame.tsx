import { Badge, Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Name, Table } from "../../../../api/catalog.ts";
import { Empty } from "../../parts/Empty.tsx";
import { Page } from "../../parts/Page.tsx";
import { Problem } from "../../parts/Problem.tsx";
import { useMay } from "../../session.tsx";
import { Waiting } from "../../shell/Waiting.tsx";
import { useTable } from "./source.ts";
import { t } from "./text.ts";
import { useTracking } from "./tracking.ts";

type Props = {
  source: string;
  name: Name;
  isWide?: boolean;
  actions?: (table: Table) => ReactNode;
  children: (table: Table) => ReactNode;
};

/** What the pages of one table share: its name, whether it is tracked, and the ways to the others. */
export const TableFrame = ({ source, name, isWide, actions, children }: Props) => {
  const { data: table, error, refetch } = useTable(source, name);
  const mayTrack = useMay("metadata");
  const { track } = useTracking(source);
  const params = { source, schema: name.schema, table: name.name };
  const full = name.schema === "public" ? name.name : `${name.schema}.${name.name}`;
  const body =
    table === null ? (
      <Empty title={t("gone", { name: full })} text={t("goneText")} />
    ) : error && !table ? (
      <Problem error={error} onRetry={() => void refetch()} />
    ) : table ? (
      children(table)
    ) : (
      <Waiting />
    );
  return (
    <Page
      title={full}
      isWide={isWide}
      lead={table?.comment ?? undefined}
      actions={
        table && (
          <>
            {table.kind !== "table" && (
              <Badge variant="default" tt="none">
                {t(`kind_${table.kind}`)}
              </Badge>
            )}
            {!table.tracked && mayTrack && (
              <Button variant="light" size="xs" loading={track.isPending} onClick={() => track.mutate([table])}>
                {t("track")}
              </Button>
            )}
            {actions?.(table)}
          </>
        )
      }
    >
      <div className="table-page">
        <nav className="tabs" aria-label={t("tabs", { name: full })}>
          <Link to="/data/$source/$schema/$table" params={params} activeOptions={{ exact: true, includeSearch: false }}>
            {t("rows")}
          </Link>
          <Link to="/data/$source/$schema/$table/structure" params={params}>
            {t("structure")}
          </Link>
          <Link to="/data/$source/$schema/$table/relationships" params={params}>
            {t("relationships")}
          </Link>
          <Link to="/data/$source/$schema/$table/api" params={params}>
            {t("inApi")}
          </Link>
          <Link to="/data/picture" search={{ source, around: `${name.schema}.${name.name}` }} className="aside">
            {t("picture")}
          </Link>
        </nav>
        {body}
      </div>
    </Page>
  );
};
