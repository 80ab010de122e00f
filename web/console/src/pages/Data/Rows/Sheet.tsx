import { Button } from "@mantine/core";
import { IconArrowBackUp, IconUpload } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useBlocker, useLocation, useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";
import { type Filter, type ForeignKey, type Row, selectRows, type Table } from "../../../../../api/catalog.ts";
import { Confirm } from "../../../parts/confirm.tsx";
import { Empty } from "../../../parts/Empty.tsx";
import { LinkButton } from "../../../parts/LinkButton.tsx";
import { Problem } from "../../../parts/Problem.tsx";
import { Waiting } from "../../../shell/Waiting.tsx";
import type { RowsSearch, Spot } from "../address.ts";
import { idOf, isEditable, keyOf } from "../cells.ts";
import { useDatabase, useRefresh } from "../source.ts";
import { stageDeletion, stageValues, useStaged } from "./changes.ts";
import { Grid } from "./Grid.tsx";
import { exactly, Pager } from "./Pager.tsx";
import { aheadOf, nextSpot, previousSpot, readAt, sizes } from "./paging.ts";
import { InsertPanel, RowPanel } from "./RowPanel.tsx";
import { Save } from "./Save.tsx";
import { Toolbar } from "./Toolbar.tsx";
import { t } from "./text.ts";

const usualSize = 200;
const none: never[] = [];
const firstPage = { from: undefined, after: undefined, before: undefined, end: undefined };

type NothingProps = { where: Filter[]; isFirst: boolean; canEdit: boolean; onChange: (change: Partial<RowsSearch>) => void };

/** What stands where there are no rows, with the way to some. */
const Nothing = ({ where, isFirst, canEdit, onChange }: NothingProps) =>
  !isFirst ? (
    <Empty title={t("pastEnd")} text={t("pastEndText")}>
      <Button variant="default" onClick={() => onChange(firstPage)}>
        {t("firstPage")}
      </Button>
    </Empty>
  ) : where.length > 0 ? (
    <Empty title={t("nothing")} text={t("nothingText")}>
      <Button variant="default" onClick={() => onChange({ where: undefined })}>
        {t("clearFilters")}
      </Button>
    </Empty>
  ) : (
    <Empty title={t("empty")} text={canEdit ? t("emptyText") : undefined}>
      {canEdit && <Button onClick={() => onChange({ insert: true })}>{t("insert")}</Button>}
    </Empty>
  );

/** The rows of a table, a page of them at a time, with what is changed of them and not saved yet. */
export const Sheet = ({ source, table }: { source: string; table: Table }) => {
  const search = useSearch({ strict: false }) as RowsSearch;
  const navigate = useNavigate();
  const refresh = useRefresh();
  const { data: database } = useDatabase(source);
  const where = search.where ?? none;
  const order = search.order ?? none;
  const params = { source, schema: table.schema, table: table.name };
  const move = (change: Partial<RowsSearch>, replace = false) =>
    void navigate({ to: "/data/$source/$schema/$table", params, search: { ...search, ...change }, replace });
  const size = search.size && sizes.includes(search.size) ? search.size : usualSize;
  const { from, after, before, end } = search;
  const spot: Spot = { from, after, before, end };
  const query = useQuery({
    queryKey: ["rows", source, table.schema, table.name, where, order, spot, size],
    queryFn: () => selectRows(source, table, { where, order_by: order, ...readAt(spot, size) }),
    placeholderData: keepPreviousData,
  });
  // Counted apart: what takes long to count is shown before that.
  const counted = useQuery({
    queryKey: ["rows", source, table.schema, table.name, where, "count"],
    queryFn: () => selectRows(source, table, { where, columns: table.columns.slice(0, 1).map((column) => column.name), limit: 1, count: true }),
  });
  const head = query.data;
  const rows = head?.rows ?? none;
  // Rows of the page before, while those of this one are read: where the next begins is not known yet.
  const isOld = query.isPlaceholderData;
  const total = exactly(counted.data);
  const ahead = aheadOf(spot, rows.length, total) ?? 0;
  const turn = (to: Spot | undefined) => to && move({ ...firstPage, ...to });
  const { staged, push, undo, clear, canUndo } = useStaged();
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [isSaving, setSaving] = useState(false);
  // A row that has no key has no address either. It is shown until one goes elsewhere.
  const [opened, setOpened] = useState<Row>();
  const address = useLocation({ select: (location) => location.href });
  // biome-ignore lint/correctness/useExhaustiveDependencies: it goes with the address it was opened at
  useEffect(() => setOpened(undefined), [address]);
  const columns = useMemo(() => table.columns.filter((column) => !hidden.has(column.name)), [table, hidden]);
  const canEdit = isEditable(table);
  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) => staged.size > 0 && current.pathname !== next.pathname,
    enableBeforeUnload: () => staged.size > 0,
    withResolver: true,
  });
  const sort = (column: string, adds: boolean) => {
    const was = order.find((one) => one.column === column);
    const rest = adds ? order.filter((one) => one.column !== column) : none;
    const next = !was ? [...rest, { column }] : !was.desc ? [...rest, { column, desc: true }] : rest;
    move({ order: next.length > 0 ? next : undefined, ...firstPage });
  };
  const open = (row: Row) => {
    if (!head) return;
    const key = keyOf(head, row);
    if (Object.keys(key).length > 0) move({ row: key });
    else setOpened(row);
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
  const remove = (which: Row[]) => {
    push((all) => stageDeletion(all, known, which, true));
    setSelected(new Set());
    setSaving(true);
  };
  const known = head ?? { columns: none, identity: none };
  return (
    <>
      <Toolbar
        source={source}
        table={table}
        search={search}
        enums={database?.enums ?? none}
        where={where}
        hidden={hidden}
        isReading={query.isFetching && !isOld}
        more={
          canEdit && (
            <LinkButton
              to="/data/$source/$schema/$table/import"
              params={params}
              size="xs"
              variant="default"
              leftSection={<IconUpload size={14} aria-hidden="true" />}
            >
              {t("import")}
            </LinkButton>
          )
        }
        onWhere={(next) => move({ where: next.length > 0 ? next : undefined, ...firstPage })}
        onHide={setHidden}
        onRefresh={() => void Promise.all([query.refetch(), counted.refetch()])}
      />
      {query.error && <Problem error={query.error} onRetry={() => void query.refetch()} />}
      {!head && !query.error && <Waiting />}
      {head && rows.length === 0 && !query.isFetching && (
        <Nothing where={where} isFirst={!from && !after && !before && !end} canEdit={canEdit} onChange={move} />
      )}
      {head && rows.length > 0 && (
        <Grid
          table={table}
          columns={columns}
          head={known}
          rows={rows}
          ahead={ahead}
          total={total}
          enums={database?.enums ?? none}
          order={order}
          staged={staged}
          selected={selected}
          canEdit={canEdit}
          onSort={sort}
          onSelect={setSelected}
          onSet={(changes) => push((all) => stageValues(all, known, changes))}
          onDelete={remove}
          onOpen={open}
          onFollow={follow}
          onReview={() => staged.size > 0 && setSaving(true)}
          onUndo={undo}
          onTurn={(to) => !isOld && turn((to === "next" ? nextSpot : previousSpot)(spot, head, size, total))}
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
            {head && (rows.length > 0 || ahead > 0) && (
              <Pager
                spot={spot}
                size={size}
                answer={head}
                total={counted.data}
                isOld={isOld}
                onSpot={turn}
                onSize={(next) => move({ ...firstPage, size: next === usualSize ? undefined : next })}
              />
            )}
            {!canEdit && <span className="muted">{t("readOnly")}</span>}
            {marked.length > 0 && (
              <>
                <span>{t("selected", { count: marked.length })}</span>
                {canEdit && (
                  <Button size="xs" variant="light" color="red" onClick={() => remove(marked)}>
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
        staged={staged}
        canEdit={canEdit}
        isOpen={search.row !== undefined || opened !== undefined}
        onStage={(row, set) =>
          push((all) =>
            stageValues(
              all,
              known,
              Object.entries(set).map(([column, value]) => ({ row, column, value })),
            ),
          )
        }
        onDelete={(row) => remove([row])}
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
