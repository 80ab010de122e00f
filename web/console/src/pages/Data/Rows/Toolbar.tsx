import { ActionIcon, Button, Checkbox, Menu, Popover, TextInput, Tooltip } from "@mantine/core";
import { IconColumns3, IconDownload, IconRefresh } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { type Enum, exportRows, type Filter, type Table } from "../../../../../api/catalog.ts";
import { download } from "../../../parts/download.ts";
import { failed } from "../../../parts/notify.ts";
import type { RowsSearch } from "../address.ts";
import { Filters } from "./Filters.tsx";
import { t } from "./text.ts";

const Export = ({ source, table, search }: { source: string; table: Table; search: RowsSearch }) => {
  const save = useMutation({
    mutationFn: async (format: "csv" | "json") =>
      download(`${table.name}.${format}`, await exportRows(source, table, { where: search.where, order_by: search.order }, format)),
    onError: failed,
  });
  return (
    <Menu position="bottom-end" withArrow>
      <Menu.Target>
        <Button size="xs" variant="default" loading={save.isPending} leftSection={<IconDownload size={14} aria-hidden="true" />}>
          {t("export")}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t("exportHint")}</Menu.Label>
        <Menu.Item onClick={() => save.mutate("csv")}>{t("exportCSV")}</Menu.Item>
        <Menu.Item onClick={() => save.mutate("json")}>{t("exportJSON")}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
};

/** Which columns are shown. */
const Columns = ({ table, hidden, onHide }: { table: Table; hidden: ReadonlySet<string>; onHide: (hidden: ReadonlySet<string>) => void }) => {
  const [wanted, setWanted] = useState("");
  const found = table.columns.filter((column) => column.name.toLowerCase().includes(wanted.trim().toLowerCase()));
  return (
    <Popover position="bottom-end" shadow="md" withArrow>
      <Popover.Target>
        <Button size="xs" variant={hidden.size > 0 ? "light" : "default"} leftSection={<IconColumns3 size={14} aria-hidden="true" />}>
          {hidden.size > 0 ? t("columnsOf", { shown: table.columns.length - hidden.size, all: table.columns.length }) : t("columns")}
        </Button>
      </Popover.Target>
      <Popover.Dropdown className="columns-list">
        {table.columns.length > 12 && (
          <TextInput
            size="xs"
            aria-label={t("findColumn")}
            placeholder={t("findColumn")}
            value={wanted}
            onChange={(event) => setWanted(event.currentTarget.value)}
          />
        )}
        <div className="actions">
          <Button size="compact-xs" variant="subtle" disabled={hidden.size === 0} onClick={() => onHide(new Set())}>
            {t("showAll")}
          </Button>
          <Button
            size="compact-xs"
            variant="subtle"
            disabled={found.length === 0 || found.length === table.columns.length}
            onClick={() => onHide(new Set(table.columns.map((column) => column.name).filter((name) => !found.some((one) => one.name === name))))}
          >
            {t("onlyThese")}
          </Button>
        </div>
        {found.map((column) => (
          <Checkbox
            key={column.name}
            size="xs"
            label={column.name}
            checked={!hidden.has(column.name)}
            onChange={() => {
              const next = new Set(hidden);
              if (!next.delete(column.name) && next.size < table.columns.length - 1) next.add(column.name);
              onHide(next);
            }}
          />
        ))}
      </Popover.Dropdown>
    </Popover>
  );
};

type Props = {
  source: string;
  table: Table;
  search: RowsSearch;
  enums: Enum[];
  where: Filter[];
  hidden: ReadonlySet<string>;
  isReading: boolean;
  more?: ReactNode;
  onWhere: (where: Filter[]) => void;
  onHide: (hidden: ReadonlySet<string>) => void;
  onRefresh: () => void;
};

/** What is done with the rows as a whole: narrowed, shown in part, taken away, read again. */
export const Toolbar = ({ source, table, search, enums, where, hidden, isReading, more, onWhere, onHide, onRefresh }: Props) => (
  <div className="rows-bar">
    <Filters table={table} enums={enums} where={where} onChange={onWhere} />
    <span className="grow" />
    <Columns table={table} hidden={hidden} onHide={onHide} />
    {more}
    <Export source={source} table={table} search={search} />
    <Tooltip label={t("refresh")} withArrow>
      <ActionIcon variant="default" size="input-xs" aria-label={t("refresh")} loading={isReading} onClick={onRefresh}>
        <IconRefresh size={15} aria-hidden="true" />
      </ActionIcon>
    </Tooltip>
  </div>
);
