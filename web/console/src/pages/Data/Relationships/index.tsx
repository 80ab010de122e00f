import { Badge, Button, Modal, NativeSelect, TextInput } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import type { Database, Name, Table } from "../../../../../api/catalog.ts";
import { type Command, command, type Relationship, type Table as TrackedTable } from "../../../../../api/metadata.ts";
import { Card } from "../../../parts/Card.tsx";
import { Confirm } from "../../../parts/confirm.tsx";
import { Empty } from "../../../parts/Empty.tsx";
import { done } from "../../../parts/notify.ts";
import { Problem } from "../../../parts/Problem.tsx";
import { useMay } from "../../../session.tsx";
import { texts } from "../../../text.ts";
import { commandFor, nameFor, namesOf, type Suggestion, targetOf } from "../relationships.ts";
import { useDatabase, useRefresh, useTracked } from "../source.ts";
import { TableFrame } from "../TableFrame.tsx";
import { useAddSuggestions, useSuggestions, useTracking } from "../tracking.ts";

const t = texts("data.relationships", {
  title: "Relationships",
  lead: "Fields of the API that lead from a row to others.",
  untracked: "Relationships belong to the API",
  untrackedText: "Track this table, then what its foreign keys allow is suggested here.",
  track: "Track this table",
  object: "one",
  array: "many",
  none: "None yet.",
  suggested: "Suggested by foreign keys",
  addAll: "Add all",
  add: "Add",
  addOf: "Add {name}",
  name: "Name",
  manual: "By columns",
  manualTitle: "Relationship by columns",
  type: "It leads to",
  typeObject: "one row",
  typeArray: "many rows",
  to: "Table",
  from: "Column here",
  toColumn: "Column there",
  rename: "Rename",
  renameOf: "Rename {name}",
  renameTitle: "Rename {name}",
  renameText: "What names it in permissions follows; operations that use it have to be changed.",
  drop: "Remove",
  dropOf: "Remove {name}",
  dropTitle: "Remove {name}?",
  dropText: "Operations that use it fail from then on, and permissions that name it are removed too.",
  computed: "Computed fields",
  computedLead: "Functions whose argument is a row of this table.",
  noFunctions: "No function takes a row of this table. Make one in SQL: create function name(row {table}) returns …",
  added: "Added.",
  removed: "Removed.",
  cancel: "Cancel",
});

const useCommand = (message: string) => {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: ({ type, args }: Command) => command(type, args),
    onSuccess: async () => {
      await refresh();
      done(message);
    },
  });
};

const Suggested = ({ source, database, table, tracked }: { source: string; database: Database; table: Table; tracked: TrackedTable }) => {
  const { data: suggestions } = useSuggestions(source, true, table);
  const addAll = useAddSuggestions(source, database);
  const add = useCommand(t("added"));
  const [names, setNames] = useState<Record<string, string>>({});
  if (!suggestions || suggestions.length === 0) return null;
  const taken = namesOf(table, tracked);
  const keyOf = (one: Suggestion) =>
    `${one.type} ${one.from.columns} ${one.to.table.schema}.${one.to.table.name} ${one.to.columns} ${one.from.constraint_name ?? ""}`;
  return (
    <Card
      title={t("suggested")}
      actions={
        <Button size="xs" variant="light" loading={addAll.isPending} onClick={() => addAll.mutate(suggestions)}>
          {t("addAll")}
        </Button>
      }
    >
      <ul className="part-list">
        {suggestions.map((one) => {
          const key = keyOf(one);
          const name = names[key] ?? nameFor(one, taken);
          return (
            <li key={key}>
              <TextInput
                size="xs"
                aria-label={t("name")}
                value={name}
                onChange={(event) => setNames({ ...names, [key]: event.currentTarget.value })}
              />
              <Badge variant="default" tt="none">
                {t(one.type)}
              </Badge>
              <code>
                {one.from.columns.join(", ")} → {one.to.table.name} ({one.to.columns.join(", ")})
              </code>
              <Button size="compact-xs" variant="light" aria-label={t("addOf", { name })} onClick={() => add.mutate(commandFor(source, one, name))}>
                {t("add")}
              </Button>
            </li>
          );
        })}
      </ul>
      {add.error && <Problem error={add.error} />}
    </Card>
  );
};

const Manual = ({
  source,
  database,
  table,
  isOpen,
  onClose,
}: {
  source: string;
  database: Database;
  table: Table;
  isOpen: boolean;
  onClose: () => void;
}) => {
  const [name, setName] = useState("");
  const [type, setType] = useState<"object" | "array">("object");
  const [to, setTo] = useState("");
  const [from, setFrom] = useState(table.columns[0]?.name ?? "");
  const [toColumn, setToColumn] = useState("");
  const add = useCommand(t("added"));
  const targets = database.tables.filter((one) => one.tracked);
  const target = targets.find((one) => `${one.schema}.${one.name}` === to) ?? targets[0];
  const column = target?.columns.some((one) => one.name === toColumn) ? toColumn : (target?.columns[0]?.name ?? "");
  return (
    <Modal opened={isOpen} onClose={onClose} title={t("manualTitle")} centered closeButtonProps={{ "aria-label": t("cancel") }}>
      <form
        className="stack"
        style={{ marginTop: 0 }}
        onSubmit={async (event) => {
          event.preventDefault();
          if (!target) return;
          const remote: Name = { schema: target.schema, name: target.name };
          const using = { manual_configuration: { remote_table: remote, column_mapping: { [from]: column } } };
          await add
            .mutateAsync({ type: `pg_create_${type}_relationship`, args: { source, table: { schema: table.schema, name: table.name }, name, using } })
            .then(onClose, () => {});
        }}
      >
        <TextInput label={t("name")} value={name} onChange={(event) => setName(event.currentTarget.value)} required data-autofocus />
        <NativeSelect
          label={t("type")}
          data={[
            { value: "object", label: t("typeObject") },
            { value: "array", label: t("typeArray") },
          ]}
          value={type}
          onChange={(event) => setType(event.currentTarget.value as "object" | "array")}
        />
        <NativeSelect
          label={t("from")}
          data={table.columns.map((one) => one.name)}
          value={from}
          onChange={(event) => setFrom(event.currentTarget.value)}
        />
        <NativeSelect
          label={t("to")}
          data={targets.map((one) => `${one.schema}.${one.name}`)}
          value={target ? `${target.schema}.${target.name}` : ""}
          onChange={(event) => setTo(event.currentTarget.value)}
        />
        <NativeSelect
          label={t("toColumn")}
          data={target?.columns.map((one) => one.name) ?? []}
          value={column}
          onChange={(event) => setToColumn(event.currentTarget.value)}
        />
        {add.error && <Problem error={add.error} />}
        <div className="actions end">
          <Button type="submit" loading={add.isPending}>
            {t("add")}
          </Button>
        </div>
      </form>
    </Modal>
  );
};

const Existing = ({ source, table, tracked, actions }: { source: string; table: Table; tracked: TrackedTable; actions: ReactNode }) => {
  const mayTrack = useMay("metadata");
  const [renaming, setRenaming] = useState<string>();
  const [next, setNext] = useState("");
  const [dropping, setDropping] = useState<string>();
  const rename = useCommand(t("added"));
  const drop = useCommand(t("removed"));
  const self = { source, table: { schema: table.schema, name: table.name } };
  const all: { one: Relationship; isArray: boolean }[] = [
    ...(tracked.object_relationships ?? []).map((one) => ({ one, isArray: false })),
    ...(tracked.array_relationships ?? []).map((one) => ({ one, isArray: true })),
  ];
  return (
    <Card title={t("title")} actions={actions}>
      {all.length === 0 && <p className="muted">{t("none")}</p>}
      <ul className="part-list">
        {all.map(({ one, isArray }) => {
          const target = targetOf(one, isArray, table);
          return (
            <li key={one.name}>
              <strong>{one.name}</strong>
              <Badge variant="default" tt="none">
                {t(isArray ? "array" : "object")}
              </Badge>
              {target && (
                <Link to="/data/$source/$schema/$table/relationships" params={{ source, schema: target.table.schema, table: target.table.name }}>
                  {target.table.name}
                </Link>
              )}
              <code>{target && ("through" in target ? target.through : target.mapping.map(([a, b]) => `${a} → ${b}`).join(", "))}</code>
              {mayTrack && (
                <span className="actions">
                  <Button
                    size="compact-xs"
                    variant="subtle"
                    aria-label={t("renameOf", { name: one.name })}
                    onClick={() => {
                      setNext(one.name);
                      setRenaming(one.name);
                    }}
                  >
                    {t("rename")}
                  </Button>
                  <Button
                    size="compact-xs"
                    variant="subtle"
                    color="red"
                    aria-label={t("dropOf", { name: one.name })}
                    onClick={() => setDropping(one.name)}
                  >
                    {t("drop")}
                  </Button>
                </span>
              )}
            </li>
          );
        })}
      </ul>
      <Modal
        opened={renaming !== undefined}
        onClose={() => setRenaming(undefined)}
        title={t("renameTitle", { name: renaming ?? "" })}
        centered
        closeButtonProps={{ "aria-label": t("cancel") }}
      >
        <form
          className="stack"
          style={{ marginTop: 0 }}
          onSubmit={(event) => {
            event.preventDefault();
            void rename.mutateAsync({ type: "pg_rename_relationship", args: { ...self, name: renaming, new_name: next } }).then(
              () => setRenaming(undefined),
              () => {},
            );
          }}
        >
          <TextInput
            label={t("name")}
            description={t("renameText")}
            value={next}
            onChange={(event) => setNext(event.currentTarget.value)}
            data-autofocus
            required
          />
          {rename.error && <Problem error={rename.error} />}
          <div className="actions end">
            <Button type="submit" loading={rename.isPending}>
              {t("rename")}
            </Button>
          </div>
        </form>
      </Modal>
      <Confirm
        isOpen={dropping !== undefined}
        title={t("dropTitle", { name: dropping ?? "" })}
        action={t("drop")}
        onConfirm={() => drop.mutateAsync({ type: "pg_drop_relationship", args: { ...self, relationship: dropping, cascade: true } })}
        onClose={() => setDropping(undefined)}
      >
        <p>{t("dropText")}</p>
      </Confirm>
    </Card>
  );
};

const Computed = ({ source, database, table, tracked }: { source: string; database: Database; table: Table; tracked: TrackedTable }) => {
  const mayTrack = useMay("metadata");
  const add = useCommand(t("added"));
  const drop = useCommand(t("removed"));
  const [dropping, setDropping] = useState<string>();
  const self = { source, table: { schema: table.schema, name: table.name } };
  const fields = tracked.computed_fields ?? [];
  const used = new Set(fields.map((field) => JSON.stringify((field.definition as { function?: unknown }).function)));
  const candidates = database.functions.filter(
    (one) =>
      one.kind === "function" && one.volatility !== "volatile" && one.first_table?.schema === table.schema && one.first_table.name === table.name,
  );
  const open = candidates.filter(
    (one) => !used.has(JSON.stringify({ name: one.name, schema: one.schema })) && !used.has(JSON.stringify({ schema: one.schema, name: one.name })),
  );
  return (
    <Card title={t("computed")}>
      {fields.length === 0 && open.length === 0 && <p className="muted">{t("noFunctions", { table: table.name })}</p>}
      <ul className="part-list">
        {fields.map((field) => {
          const named = (field.definition as { function?: Name | string }).function;
          return (
            <li key={field.name}>
              <strong>{field.name}</strong>
              <code>{typeof named === "string" ? named : `${named?.schema}.${named?.name}`}</code>
              {mayTrack && (
                <Button
                  size="compact-xs"
                  variant="subtle"
                  color="red"
                  aria-label={t("dropOf", { name: field.name })}
                  onClick={() => setDropping(field.name)}
                >
                  {t("drop")}
                </Button>
              )}
            </li>
          );
        })}
        {open.map((one) => (
          <li key={`${one.schema}.${one.name}${one.arguments}`}>
            <span>{one.name}</span>
            <code>
              ({one.arguments}) → {one.returns}
            </code>
            {mayTrack && (
              <Button
                size="compact-xs"
                variant="light"
                aria-label={t("addOf", { name: one.name })}
                onClick={() =>
                  add.mutate({
                    type: "pg_add_computed_field",
                    args: { ...self, name: one.name, definition: { function: { schema: one.schema, name: one.name } } },
                  })
                }
              >
                {t("add")}
              </Button>
            )}
          </li>
        ))}
      </ul>
      {add.error && <Problem error={add.error} />}
      <Confirm
        isOpen={dropping !== undefined}
        title={t("dropTitle", { name: dropping ?? "" })}
        action={t("drop")}
        onConfirm={() => drop.mutateAsync({ type: "pg_drop_computed_field", args: { ...self, name: dropping, cascade: true } })}
        onClose={() => setDropping(undefined)}
      >
        <p>{t("dropText")}</p>
      </Confirm>
    </Card>
  );
};

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
      <Computed source={source} database={database} table={table} tracked={tracked} />
      <Manual source={source} database={database} table={table} isOpen={isManual} onClose={() => setManual(false)} />
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
