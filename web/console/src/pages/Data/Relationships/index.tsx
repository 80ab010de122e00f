import { Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import type { Table } from "../../../../../api/catalog.ts";
import { Empty } from "../../../parts/Empty.tsx";
import { useMay } from "../../../session.tsx";
import { useDatabase, useTracked } from "../source.ts";
import { TableFrame } from "../TableFrame.tsx";
import { useTracking } from "../tracking.ts";
import { Computed } from "./Computed.tsx";
import { Existing } from "./Existing.tsx";
import { Manual } from "./Manual.tsx";
import { Remote } from "./Remote.tsx";
import { Suggested } from "./Suggested.tsx";
import { t } from "./text.ts";

const Parts = ({ source, table }: { source: string; table: Table }) => {
  const { data: database } = useDatabase(source);
  const tracked = useTracked(source, table);
  const mayTrack = useMay("metadata");
  const { track } = useTracking(source);
  const [isManual, setManual] = useState(false);
  if (!table.tracked)
    return (
      <Empty title={t("untracked")} text={t("untrackedText")}>
        {mayTrack && <Button onClick={() => track.mutate([table])}>{t("track")}</Button>}
      </Empty>
    );
  if (!database || !tracked) return null;
  return (
    <div className="sections">
      {mayTrack && <Suggested source={source} database={database} table={table} tracked={tracked} />}
      <Existing
        source={source}
        table={table}
        tracked={tracked}
        actions={
          mayTrack && (
            <Button size="xs" variant="default" leftSection={<IconPlus size={14} aria-hidden="true" />} onClick={() => setManual(true)}>
              {t("manual")}
            </Button>
          )
        }
      />
      <Remote source={source} table={table} all={tracked.remote_relationships ?? []} />
      <Computed source={source} database={database} table={table} tracked={tracked} />
      <Manual key={String(isManual)} source={source} database={database} table={table} isOpen={isManual} onClose={() => setManual(false)} />
    </div>
  );
};

/** Where the API leads from a row of a table. */
const Relationships = () => {
  const { source = "", schema = "", table = "" } = useParams({ strict: false }) as { source?: string; schema?: string; table?: string };
  return (
    <TableFrame source={source} name={{ schema, name: table }}>
      {(one) => <Parts key={`${source}.${schema}.${table}`} source={source} table={one} />}
    </TableFrame>
  );
};

export default Relationships;
