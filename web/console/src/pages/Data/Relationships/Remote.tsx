import { Badge, Button } from "@mantine/core";
import { useState } from "react";
import type { Table } from "../../../../../api/catalog.ts";
import type { RemoteRelationship } from "../../../../../api/metadata.ts";
import { Card } from "../../../parts/Card.tsx";
import { Confirm } from "../../../parts/confirm.tsx";
import { useMay } from "../../../session.tsx";
import { t } from "./text.ts";
import { useCommand } from "./useCommand.ts";

/** Relationships that lead to another database or to a remote schema. */
export const Remote = ({ source, table, all }: { source: string; table: Table; all: RemoteRelationship[] }) => {
  const mayTrack = useMay("metadata");
  const [dropping, setDropping] = useState<string>();
  const drop = useCommand(t("removed"));
  if (all.length === 0) return null;
  return (
    <Card title={t("elsewhere")}>
      <ul className="part-list">
        {all.map(({ name, definition: { to_source: to, to_remote_schema: remote } }) => (
          <li key={name}>
            <strong>{name}</strong>
            {to && (
              <Badge variant="default" tt="none">
                {t(to.relationship_type)}
              </Badge>
            )}
            <code>
              {to &&
                `${typeof to.table === "string" ? to.table : to.table.name} ${t("inSource", { name: to.source })}: ${Object.entries(to.field_mapping)
                  .map(([a, b]) => `${a} → ${b}`)
                  .join(", ")}`}
              {remote && `${t("remote", { name: remote.remote_schema })}: ${remote.lhs_fields.join(", ")}`}
            </code>
            {mayTrack && (
              <Button size="compact-xs" variant="subtle" color="red" aria-label={t("dropOf", { name })} onClick={() => setDropping(name)}>
                {t("drop")}
              </Button>
            )}
          </li>
        ))}
      </ul>
      <Confirm
        isOpen={dropping !== undefined}
        title={t("dropTitle", { name: dropping ?? "" })}
        action={t("drop")}
        onConfirm={() =>
          drop.mutateAsync({
            type: "pg_delete_remote_relationship",
            args: { source, table: { schema: table.schema, name: table.name }, name: dropping },
          })
        }
        onClose={() => setDropping(undefined)}
      >
        <p>{t("dropText")}</p>
      </Confirm>
    </Card>
  );
};
