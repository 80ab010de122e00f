import { Select } from "@mantine/core";
import type { Table as Described } from "../../../../api/catalog.ts";
import type { Source, Table } from "../../../../api/metadata.ts";
import { type Placed, permissionsOf, type TableOperation } from "../../../../api/permissions.ts";
import { fitted } from "./fit.ts";
import { type Definition, nameOf } from "./rights.ts";
import { operationName, t } from "./text.ts";

type Props = {
  source: Source;
  table: Table;
  described: Described;
  role: string;
  operation: TableOperation;
  onCopy: (definition: Definition) => void;
};

/** Takes over what another role may here, or this role or another elsewhere; nothing is saved by it. */
export const CopyFrom = ({ source, table, described, role, operation, onCopy }: Props) => {
  const isHere = ({ table: other }: Placed) => other.schema === table.table.schema && other.name === table.table.name;
  const others = permissionsOf({ sources: [source] }).filter((one) => one.operation === operation && !(isHere(one) && one.role === role));
  if (others.length === 0) return null;
  // Those of this table first, then those of this role.
  const rank = (one: Placed) => (isHere(one) ? 0 : one.role === role ? 1 : 2);
  const sorted = [...others].sort((a, b) => rank(a) - rank(b) || nameOf(a.table).localeCompare(nameOf(b.table)));
  return (
    <Select
      size="xs"
      maw="22rem"
      searchable
      aria-label={t("copyFrom")}
      placeholder={t("copyFrom")}
      data={sorted.map((one, index) => ({
        value: String(index),
        label: t("may", { role: one.role, operation: operationName[operation], table: nameOf(one.table) }),
      }))}
      value={null}
      onChange={(picked) => {
        const one = sorted[Number(picked)];
        if (picked !== null && one)
          onCopy(isHere(one) ? (one.permission.permission as Definition) : fitted(one.permission.permission as Definition, described));
      }}
    />
  );
};
