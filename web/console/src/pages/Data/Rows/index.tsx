import { ActionIcon, Button, Checkbox, Menu, Popover, Tooltip } from "@mantine/core";
import { IconArrowBackUp, IconColumns3, IconDownload, IconPlus, IconRefresh } from "@tabler/icons-react";
import { keepPreviousData, useInfiniteQuery, useMutation } from "@tanstack/react-query";
import { useBlocker, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo, useState } from "react";
import { exportRows, type ForeignKey, type Name, type Row, type Rows as RowsAnswer, selectRows, type Table } from "../../../../../api/catalog.ts";
import { Confirm } from "../../../parts/confirm.tsx";
import { Empty } from "../../../parts/Empty.tsx";
import { failed } from "../../../parts/notify.ts";
import { Problem } from "../../../parts/Problem.tsx";
import { Waiting } from "../../../shell/Waiting.tsx";
import type { RowsSearch } from "../address.ts";
import { idOf, isEditable, keyOf } from "../cells.ts";
import { download } from "../download.ts";
import { useDatabase, useRefresh } from "../source.ts";
import { TableFrame } from "../TableFrame.tsx";
import { stageDeletion, stageValue, useStaged } from "./changes.ts";
import { Filters } from "./Filters.tsx";
import { Grid } from "./Grid.tsx";
import { InsertPanel, RowPanel } from "./RowPanel.tsx";
import { Save } from "./Save.tsx";
import { t } from "./text.ts";

const pageSize = 200;
const none: never[] = [];

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

const Sheet = ({ source, table }: { source: string; table: Table }) => {
  const search = useSearch({ strict: false }) as RowsSearch;
  const navigate = useNavigate();
  const refresh = useRefresh();
  const { data: database } = useDatabase(source);
  const where = search.where ?? none;
  const order = search.order ?? none;
  const params = { source, schema: table.schema, table: table.name };
  const move = (change: Partial<RowsSearch>, replace = false) =>
    void navigate({ to: "/data/$source/$schema/$table", params, search: { ...search, ...change }, replace });
  const query = useInfiniteQuery({
    queryKey: ["rows", source, table.schema, table.name, where, order],
    initialPageParam: 0,
    queryFn: ({ pageParam, signal }) => {
      void signal;
      return selectRows(source, table, { where, order_by: order, limit: pageSize, offset: pageParam, count: pageParam === 0 });
    },
    getNextPageParam: (last: RowsAnswer, all) => (last.rows.length === pageSize ? all.length * pageSize : undefined),
    placeholderData: keepPreviousData,
  });
  const head = query.data?.pages[0];
  const rows = useMemo(() => {
    if (!query.data) return none;
    // A row that moved between two readings is shown once.
    const seen = new Set<string>();
    return query.data.pages.flatMap((page) =>
      page.rows.filter((row) => {
        const id = idOf(page, row);
        return page.identity.length === 0 && row.place === undefined ? true : !seen.has(id) && seen.add(id);
      }),
    );
  }, [query.data]);
  const { staged, push, undo, clear, canUndo } = useStaged();
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [isSaving, setSaving] = useState(false);
  const [opened, setOpened] = useState<Row>();
  const columns = useMemo(() => table.columns.filter((column) => !hidden.has(column.name)), [table, hidden]);
  const canEdit = isEditable(table);
  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) => staged.size > 0 && current.pathname !== next.pathname,
    enableBeforeUnload: () => staged.size > 0,
    withResolver: true,
  });
  const more = useCallback(() => {
    if (query.hasNextPage && !query.isFetchingNextPage) void query.fetchNextPage();
  }, [query.hasNextPage, query.isFetchingNextPage, query.fetchNextPage]);
  const sort = (column: string, adds: boolean) => {
    const was = order.find((one) => one.column === column);
    const rest = adds ? order.filter((one) => one.column !== column) : none;
    const next = !was ? [...rest, { column }] : !was.desc ? [...rest, { column, desc: true }] : rest;
    move({ order: next.length > 0 ? next : undefined });
  };
  const open = (row: Row) => {
    if (!head) return;
    setOpened(row);
    if (head.identity.length > 0) move({ row: keyOf(head, row) });
  };
  const close = () => {
    setOpened(undefined);
    if (search.row || search.insert) move({ row: undefined, insert: undefined }, true);
  };
  const follow = (row: Row, key: ForeignKey) => {
    if (!head) return;
    const values = key.columns.map((column) => row.values[head.columns.indexOf(column)]);
    void navigate({
      to: "/data/$source/$schema/$table",
      params: { source, schema: key.to.schema, table: key.to.name },
      search: { where: key.to_columns.map((column, i) => ({ column, op: "=", value: values[i] ?? "" })) },
    });
  };
  const marked = rows.filter((row) => head && selected.has(idOf(head, row)));
  const known = head ?? { columns: none, identity: none };
  return (
    <>
      <div className="rows-bar">
        <Filters
          table={table}
          enums={database?.enums ?? none}
          where={where}
          onChange={(next) => move({ where: next.length > 0 ? next : undefined })}
        />
        <span className="grow" />
        <Popover position="bottom-end" shadow="md" withArrow>
          <Popover.Target>
            <Button size="xs" variant="default" leftSection={<IconColumns3 size={14} aria-hidden="true" />}>
              {t("columns")}
            </Button>
          </Popover.Target>
          <Popover.Dropdown className="columns-list">
            {table.columns.map((column) => (
              <Checkbox
                key={column.name}
                size="xs"
                label={column.name}
                checked={!hidden.has(column.name)}
                onChange={() => {
                  const next = new Set(hidden);
                  if (!next.delete(column.name) && next.size < table.columns.length - 1) next.add(column.name);
                  setHidden(next);
                }}
              />
            ))}
          </Popover.Dropdown>
        </Popover>
        <Export source={source} table={table} search={search} />
        <Tooltip label={t("refresh")} withArrow>
          <ActionIcon
            variant="default"
            size="input-xs"
            aria-label={t("refresh")}
            loading={query.isRefetching && !query.isFetchingNextPage}
            onClick={() => void query.refetch()}
          >
            <IconRefresh size={15} aria-hidden="true" />
          </ActionIcon>
        </Tooltip>
      </div>
      {query.error && <Problem error={query.error} onRetry={() => void query.refetch()} />}
      {!head && !query.error && <Waiting />}
      {head && rows.length === 0 && !query.isFetching && (
        <Empty title={where.length > 0 ? t("nothing") : t("empty")} text={where.length > 0 ? t("nothingText") : t("emptyText")}>
          {where.length > 0 ? (
            <Button variant="default" onClick={() => move({ where: undefined })}>
              {t("clearFilters")}
            </Button>
          ) : (
            canEdit && <Button onClick={() => move({ insert: true })}>{t("insert")}</Button>
          )}
        </Empty>
      )}
      {head && rows.length > 0 && (
        <Grid
          table={table}
          name={table.name}
          columns={columns}
          head={known}
          rows={rows}
          enums={database?.enums ?? none}
          order={order}
          staged={staged}
          selected={selected}
          canEdit={canEdit}
          hasMore={query.hasNextPage}
          onMore={more}
          onSort={sort}
          onSelect={setSelected}
          onSet={(row, column, value) => push((all) => stageValue(all, known, row, column, value))}
          onOpen={open}
          onFollow={follow}
          onReview={() => staged.size > 0 && setSaving(true)}
          onUndo={undo}
        />
      )}
      <div className={staged.size > 0 ? "rows-foot changed" : "rows-foot"} role="status">
        {staged.size > 0 ? (
          <>
            <strong>{t("changes", { count: staged.size })}</strong>
            <span className="grow" />
            <Button
              size="xs"
              variant="subtle"
              color="gray"
              disabled={!canUndo}
              leftSection={<IconArrowBackUp size={14} aria-hidden="true" />}
              onClick={undo}
            >
              {t("undo")}
            </Button>
            <Button size="xs" variant="default" onClick={clear}>
              {t("discard")}
            </Button>
            <Button size="xs" onClick={() => setSaving(true)}>
              {t("review")}
            </Button>
          </>
        ) : (
          <>
            {head && rows.length > 0 && (
              <span className="muted">
                {head.count !== null && t(head.count_capped ? "countCapped" : "count", { count: head.count })}
                {query.hasNextPage && ` · ${t("loaded", { shown: rows.length })}`}
                {!canEdit && ` · ${t("readOnly")}`}
              </span>
            )}
            {selected.size > 0 && (
              <>
                <span className="grow" />
                <span>{t("selected", { count: marked.length })}</span>
                {canEdit && (
                  <Button
                    size="xs"
                    variant="light"
                    color="red"
                    onClick={() => {
                      push((all) => stageDeletion(all, known, marked, true));
                      setSelected(new Set());
                      setSaving(true);
                    }}
                  >
                    {t("delete", { count: marked.length })}
                  </Button>
                )}
              </>
            )}
          </>
        )}
      </div>
      <Save
        source={source}
        table={table}
        head={known}
        staged={staged}
        isOpen={isSaving}
        onStaged={(next) => (next.size === 0 ? clear() : push(() => next))}
        onSaved={refresh}
        onClose={() => setSaving(false)}
      />
      <RowPanel
        source={source}
        database={database}
        table={table}
        head={known}
        row={opened}
        rowKey={search.row}
        staged={opened && head ? staged.get(idOf(head, opened)) : undefined}
        canEdit={canEdit}
        isOpen={search.row !== undefined || opened !== undefined}
        onStage={(row, set) => push((all) => Object.entries(set).reduce((next, [column, value]) => stageValue(next, known, row, column, value), all))}
        onDelete={(row) => {
          push((all) => stageDeletion(all, known, [row], true));
          setSaving(true);
        }}
        onClose={close}
      />
      {canEdit && (
        <InsertPanel source={source} database={database} table={table} isOpen={search.insert === true} onInserted={refresh} onClose={close} />
      )}
      <Confirm
        isOpen={blocker.status === "blocked"}
        title={t("leaveTitle")}
        action={t("leave")}
        onConfirm={async () => {
          clear();
          blocker.proceed?.();
        }}
        onClose={() => blocker.reset?.()}
      >
        <p>{t("leaveText", { count: staged.size })}</p>
      </Confirm>
    </>
  );
};

/** The rows of a table: looked through, edited, exported. */
const Rows = () => {
  const { source = "", schema = "", table = "" } = useParams({ strict: false }) as { source?: string; schema?: string; table?: string };
  const navigate = useNavigate();
  const name: Name = { schema, name: table };
  return (
    <TableFrame
      source={source}
      name={name}
      isWide
      actions={(one) =>
        isEditable(one) && (
          <Button
            size="xs"
            leftSection={<IconPlus size={14} aria-hidden="true" />}
            onClick={() =>
              void navigate({
                to: "/data/$source/$schema/$table",
                params: { source, schema, table },
                search: (was: RowsSearch) => ({ ...was, insert: true }),
              })
            }
          >
            {t("insert")}
          </Button>
        )
      }
    >
      {(one) => <Sheet key={`${source}.${schema}.${table}`} source={source} table={one} />}
    </TableFrame>
  );
};

export default Rows;
