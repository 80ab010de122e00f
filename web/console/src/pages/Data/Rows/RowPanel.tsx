import { Button, Drawer } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type KeyboardEvent, useMemo, useState } from "react";
import { changeRows, type Database, type Filter, type Row, type Rows, selectRows, type Table, type Value } from "../../../../../api/catalog.ts";
import { Problem } from "../../../parts/Problem.tsx";
import { Waiting } from "../../../shell/Waiting.tsx";
import { idOf, isDefault, isWritable, mistakeIn, referencesTo } from "../cells.ts";
import type { StagedRows } from "./changes.ts";
import { tellChanged } from "./tellChanged.ts";
import { t } from "./text.ts";
import { useLookups } from "./useLookups.ts";
import { ValueInput } from "./ValueInput.tsx";

/** Ctrl Enter does what the form's button does, also from a field that Enter breaks lines in. */
const submitByKeys = (event: KeyboardEvent<HTMLFormElement>) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  event.currentTarget.requestSubmit();
};

type Head = Pick<Rows, "columns" | "identity">;

const whereOf = (columns: string[], values: (string | null | undefined)[]): Filter[] | undefined =>
  values.every((value) => typeof value === "string") ? columns.map((column, i) => ({ column, op: "=", value: values[i] as string })) : undefined;

/** Where a row leads: what it points to, and what points to it. */
const Ways = ({
  source,
  database,
  table,
  value,
}: {
  source: string;
  database: Database;
  table: Table;
  value: (column: string) => string | null | undefined;
}) => {
  const out = table.foreign_keys.map((key) => ({
    key: key.name,
    to: key.to,
    label: `${key.to.name} (${key.columns.join(", ")})`,
    where: whereOf(key.to_columns, key.columns.map(value)),
  }));
  const back = referencesTo(database.tables, table).map(({ table: other, key }) => ({
    key: `${other.schema}.${other.name}.${key.name}`,
    to: { schema: other.schema, name: other.name },
    label: `${other.name} (${key.columns.join(", ")})`,
    where: whereOf(key.columns, key.to_columns.map(value)),
  }));
  const lists = [
    { name: t("references"), ways: out },
    { name: t("referencedBy"), ways: back },
  ];
  return lists.map(({ name, ways }) => {
    const open = ways.filter((way) => way.where);
    if (open.length === 0) return null;
    return (
      <section key={name} className="ways">
        <h3>{name}</h3>
        <ul>
          {open.map((way) => (
            <li key={way.key}>
              <Link to="/data/$source/$schema/$table" params={{ source, schema: way.to.schema, table: way.to.name }} search={{ where: way.where }}>
                {way.label}
              </Link>
            </li>
          ))}
        </ul>
      </section>
    );
  });
};

type OpenProps = {
  source: string;
  database: Database | undefined;
  table: Table;
  head: Head;
  /** The row as the grid has it; undefined when it is known by its key alone. */
  row: Row | undefined;
  rowKey: Record<string, string> | undefined;
  staged: StagedRows;
  canEdit: boolean;
  onStage: (row: Row, set: Record<string, Value>) => void;
  onDelete: (row: Row) => void;
  onClose: () => void;
};

const Body = ({ source, database, table, head, row, staged, canEdit, onStage, onDelete, onClose }: OpenProps & { row: Row }) => {
  const [set, setSet] = useState<Record<string, Value>>(staged.get(idOf(head, row))?.set ?? {});
  const lookups = useLookups(source, table, database, true);
  const was = (column: string) => row.values[head.columns.indexOf(column)];
  const columns = table.columns;
  const isCut = (column: string) => row.cut?.includes(head.columns.indexOf(column)) ?? false;
  const hasMistake = columns.some((column) => typeof set[column.name] === "string" && mistakeIn(column, set[column.name] as string));
  return (
    <form
      className="row-form"
      onKeyDown={submitByKeys}
      onSubmit={(event) => {
        event.preventDefault();
        if (hasMistake) return;
        // With what is as it was again: that is how it is taken back.
        if (Object.keys(set).length > 0) onStage(row, set);
        onClose();
      }}
    >
      {columns.map((column, index) => (
        <div key={column.name}>
          <ValueInput
            column={column}
            enums={database?.enums ?? []}
            lookup={lookups[column.name]}
            value={column.name in set ? set[column.name] : was(column.name)}
            disabled={!canEdit || !isWritable(column) || isCut(column.name)}
            autoFocus={index === 0}
            onChange={(value) => setSet({ ...set, [column.name]: value })}
          />
          {isCut(column.name) && <small className="muted">{t("cut")}</small>}
          {column.generated && <small className="muted">{t("generatedAs", { value: column.generated })}</small>}
        </div>
      ))}
      {database && <Ways source={source} database={database} table={table} value={was} />}
      <div className="actions end foot">
        {canEdit && (
          <Button
            variant="subtle"
            color="red"
            onClick={() => {
              onDelete(row);
              onClose();
            }}
          >
            {t("deleteRow")}
          </Button>
        )}
        <Button variant="default" onClick={onClose}>
          {t("cancel")}
        </Button>
        {canEdit && (
          <Button type="submit" disabled={hasMistake}>
            {t("stage")}
          </Button>
        )}
      </div>
    </form>
  );
};

/** One row in full. It is read again by its key, so that long values are whole and its address can be opened by anybody. */
export const RowPanel = (props: OpenProps & { isOpen: boolean }) => {
  const { source, table, head, row, rowKey, isOpen, onClose } = props;
  const key = rowKey && Object.keys(rowKey).length > 0 ? rowKey : undefined;
  const whole = useQuery({
    queryKey: ["row", source, table.schema, table.name, key],
    enabled: isOpen && key !== undefined,
    gcTime: 0,
    queryFn: () =>
      selectRows(source, table, { where: Object.entries(key ?? {}).map(([column, value]) => ({ column, op: "=", value })), limit: 1, whole: true }),
  });
  const found = key ? whole.data?.rows[0] : row;
  const title = t("rowTitle", { key: Object.values(rowKey ?? {}).join(", ") || table.name });
  return (
    <Drawer opened={isOpen} onClose={onClose} position="right" size="lg" title={title} closeButtonProps={{ "aria-label": t("cancel") }}>
      {whole.error && <Problem error={whole.error} onRetry={() => void whole.refetch()} />}
      {key && whole.isPending && <Waiting />}
      {key && whole.data && !found && <p className="muted">{t("rowGone")}</p>}
      {found && <Body key={found.version} {...props} head={key && whole.data ? whole.data : head} row={found} />}
    </Drawer>
  );
};

type InsertProps = {
  source: string;
  database: Database | undefined;
  table: Table;
  isOpen: boolean;
  onInserted: () => Promise<unknown>;
  onClose: () => void;
};

const first = (table: Table): Record<string, Value> =>
  Object.fromEntries(
    table.columns
      .filter(isWritable)
      .map((column) => [column.name, column.default !== null || column.identity ? ({ default: true } as const) : column.nullable ? null : ""]),
  );

/** A form for a new row. */
export const InsertPanel = ({ source, database, table, isOpen, onInserted, onClose }: InsertProps) => {
  const start = useMemo(() => first(table), [table]);
  const [values, setValues] = useState(start);
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const [round, setRound] = useState(0);
  const lookups = useLookups(source, table, database, isOpen);
  const insert = async (isLast: boolean) => {
    setBusy(true);
    setError(undefined);
    try {
      const set = Object.fromEntries(Object.entries(values).filter(([, value]) => !isDefault(value)));
      tellChanged(source, table, t("inserted"), await changeRows(source, table, [{ op: "insert", set }]), onInserted);
      await onInserted();
      setValues(start);
      setRound(round + 1);
      if (isLast) onClose();
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Drawer
      opened={isOpen}
      onClose={onClose}
      position="right"
      size="lg"
      title={t("insertTitle", { name: table.name })}
      closeButtonProps={{ "aria-label": t("cancel") }}
    >
      <form
        key={round}
        className="row-form"
        onKeyDown={submitByKeys}
        onSubmit={(event) => {
          event.preventDefault();
          if (!isBusy) void insert(true);
        }}
      >
        {table.columns.map((column, index) => (
          <ValueInput
            key={column.name}
            column={column}
            enums={database?.enums ?? []}
            lookup={lookups[column.name]}
            value={isWritable(column) ? values[column.name] : { default: true }}
            isNew
            autoFocus={index === table.columns.findIndex((one) => isWritable(one) && one.default === null && !one.identity)}
            disabled={!isWritable(column)}
            onChange={(value) => setValues({ ...values, [column.name]: value })}
          />
        ))}
        {error !== undefined && <Problem error={error} />}
        <div className="actions end foot">
          <Button variant="default" disabled={isBusy} onClick={() => void insert(false)}>
            {t("insertAnother")}
          </Button>
          <Button type="submit" loading={isBusy}>
            {t("insertAction")}
          </Button>
        </div>
      </form>
    </Drawer>
  );
};
