import type { Table } from "../../../../api/metadata.ts";
import { operations } from "../../../../api/permissions.ts";
import { extentOf, nameOf, permissionOf } from "./rights.ts";
import { t } from "./text.ts";

/** What a role may do with a table at a glance: four marks, read, insert, change, delete, each empty, half or full. */
export const Marks = ({ table, role, columns }: { table: Table; role: string; columns: number | undefined }) => {
  const extents = operations.map((operation) => [operation, extentOf(permissionOf(table, role, operation), columns)] as const);
  const words = Object.fromEntries(extents.map(([operation, extent]) => [operation, t(extent)]));
  return (
    <span className="marks" role="img" aria-label={t("cell", { role, table: nameOf(table.table), summary: t("summary", words) })}>
      {extents.map(([operation, extent]) => (
        <i key={operation} className={extent} title={`${t(operation)}: ${t(extent)}`} />
      ))}
    </span>
  );
};
