import { Badge, Button, Menu, TextInput } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useNavigate, useParams } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import type { Column, Key, Table } from "../../../../../api/catalog.ts";
import { Card } from "../../../parts/Card.tsx";
import { Confirm } from "../../../parts/confirm.tsx";
import { useMay } from "../../../session.tsx";
import { Code } from "../Code.tsx";
import { commentTable, createView, dropColumn, dropConstraint, dropIndex, dropTable, dropTrigger, renameTable, type SchemaChange } from "../ddl.ts";
import { list, qualified } from "../quote.ts";
import { Review } from "../Review.tsx";
import { bytes } from "../size.ts";
import { useDatabase } from "../source.ts";
import { TableFrame } from "../TableFrame.tsx";
import { t as shared } from "../text.ts";
import { useTracking } from "../tracking.ts";
import { type Form, FormDialog } from "./Forms.tsx";
import { t } from "./text.ts";

type Act = { mayShape: boolean; review: (change: SchemaChange) => void; open: (form: Form) => void };

const Line = ({ name, about, actions, children }: { name: string; about?: string; actions?: ReactNode; children?: ReactNode }) => (
  <li>
    <strong>{name}</strong>
    {children}
    {about && <code>{about}</code>}
    {actions && <span className="actions">{actions}</span>}
  </li>
);

const Drop = ({ name, onClick }: { name: string; onClick: () => void }) => (
  <Button size="compact-xs" variant="subtle" color="red" onClick={onClick} aria-label={t("dropOf", { name })}>
    {t("drop")}
  </Button>
);

const Columns = ({ table, act }: { table: Table; act: Act }) => {
  const isTable = table.kind === "table" || table.kind === "partitioned_table" || table.kind === "foreign_table";
  const primary = table.keys.find((key) => key.primary)?.columns ?? [];
  const about = (column: Column) =>
    [
      column.type,
      !column.nullable && t("notNull"),
      column.default !== null && t("default", { value: column.default }),
      column.identity && t("identity"),
      column.generated !== null && t("generated", { value: column.generated }),
    ]
      .filter(Boolean)
      .join(" · ");
  return (
    <Card
      title={t("columns")}
      actions={
        act.mayShape &&
        isTable && (
          <Button size="xs" variant="default" leftSection={<IconPlus size={14} aria-hidden="true" />} onClick={() => act.open({ kind: "column" })}>
            {t("addColumn")}
          </Button>
        )
      }
    >
      <ul className="part-list">
        {table.columns.map((column) => (
          <Line
            key={column.name}
            name={column.name}
            about={about(column)}
            actions={
              act.mayShape &&
              isTable && (
                <>
                  {column.generated === null && (
                    <Button
                      size="compact-xs"
                      variant="subtle"
                      onClick={() => act.open({ kind: "column", column })}
                      aria-label={t("editOf", { name: column.name })}
                    >
                      {t("edit")}
                    </Button>
                  )}
                  <Drop name={column.name} onClick={() => act.review(dropColumn(table, column))} />
                </>
              )
            }
          >
            {primary.includes(column.name) && <Badge variant="light">{t("primary")}</Badge>}
            {column.comment && <small>{column.comment}</small>}
          </Line>
        ))}
      </ul>
    </Card>
  );
};

const keySQL = (key: Key) => `${key.primary ? "primary key" : "unique"} (${list(key.columns)})`;

const Keys = ({ table, act }: { table: Table; act: Act }) => (
  <Card
    title={t("keys")}
    actions={
      act.mayShape && (
        <Menu position="bottom-end" withArrow>
          <Menu.Target>
            <Button size="xs" variant="default" leftSection={<IconPlus size={14} aria-hidden="true" />}>
              {t("add")}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {!table.keys.some((key) => key.primary) && <Menu.Item onClick={() => act.open({ kind: "primary" })}>{t("addPrimary")}</Menu.Item>}
            <Menu.Item onClick={() => act.open({ kind: "unique" })}>{t("addUnique")}</Menu.Item>
            <Menu.Item onClick={() => act.open({ kind: "check" })}>{t("addCheck")}</Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )
    }
  >
    {table.keys.length + (table.parts?.checks.length ?? 0) === 0 && <p className="muted">{t("nothing")}</p>}
    <ul className="part-list">
      {table.keys.map((key) => (
        <Line
          key={key.name}
          name={key.name}
          about={keySQL(key)}
          actions={act.mayShape && <Drop name={key.name} onClick={() => act.review(dropConstraint(table, key.name, keySQL(key)))} />}
        />
      ))}
      {table.parts?.checks.map((check) => (
        <Line
          key={check.name}
          name={check.name}
          about={check.definition}
          actions={act.mayShape && <Drop name={check.name} onClick={() => act.review(dropConstraint(table, check.name, check.definition))} />}
        />
      ))}
    </ul>
  </Card>
);

const ForeignKeys = ({ table, act }: { table: Table; act: Act }) => (
  <Card
    title={t("foreignKeys")}
    actions={
      act.mayShape && (
        <Button size="xs" variant="default" leftSection={<IconPlus size={14} aria-hidden="true" />} onClick={() => act.open({ kind: "foreign" })}>
          {t("add")}
        </Button>
      )
    }
  >
    {table.foreign_keys.length === 0 && <p className="muted">{t("nothing")}</p>}
    <ul className="part-list">
      {table.foreign_keys.map((key) => {
        const sql = [
          `foreign key (${list(key.columns)}) references ${qualified(key.to)} (${list(key.to_columns)})`,
          key.on_update !== "no action" && `on update ${key.on_update}`,
          key.on_delete !== "no action" && `on delete ${key.on_delete}`,
        ]
          .filter(Boolean)
          .join(" ");
        return (
          <Line
            key={key.name}
            name={key.name}
            about={sql}
            actions={act.mayShape && <Drop name={key.name} onClick={() => act.review(dropConstraint(table, key.name, sql))} />}
          />
        );
      })}
    </ul>
  </Card>
);

const Indexes = ({ table, act }: { table: Table; act: Act }) => (
  <Card
    title={t("indexes")}
    actions={
      act.mayShape && (
        <Button size="xs" variant="default" leftSection={<IconPlus size={14} aria-hidden="true" />} onClick={() => act.open({ kind: "index" })}>
          {t("add")}
        </Button>
      )
    }
  >
    {(table.parts?.indexes.length ?? 0) === 0 && <p className="muted">{t("nothing")}</p>}
    <ul className="part-list">
      {table.parts?.indexes.map((index) => (
        <Line
          key={index.name}
          name={index.name}
          about={index.definition.replace(/^CREATE (UNIQUE )?INDEX .* USING /, (_, unique: string | undefined) => (unique ? "unique " : ""))}
          actions={act.mayShape && !index.constraint && <Drop name={index.name} onClick={() => act.review(dropIndex(table, index))} />}
        >
          {!index.valid && <Badge color="red">{t("invalid")}</Badge>}
          <small>{bytes(index.bytes)}</small>
        </Line>
      ))}
    </ul>
  </Card>
);

const Triggers = ({ table, act }: { table: Table; act: Act }) =>
  table.parts && table.parts.triggers.length > 0 ? (
    <Card title={t("triggers")}>
      <ul className="part-list">
        {table.parts.triggers.map((trigger) => (
          <Line
            key={trigger.name}
            name={trigger.name}
            about={trigger.definition}
            actions={act.mayShape && <Drop name={trigger.name} onClick={() => act.review(dropTrigger(table, trigger))} />}
          />
        ))}
      </ul>
    </Card>
  ) : null;

const View = ({ table, act }: { table: Table; act: Act }) => {
  const definition = table.parts?.definition ?? "";
  const [query, setQuery] = useState(definition);
  return (
    <Card
      title={t("definition")}
      actions={
        act.mayShape && (
          <Button
            size="xs"
            disabled={query === definition}
            onClick={() => act.review(createView(table, query, table.kind === "materialized_view", definition))}
          >
            {t("changeView")}
          </Button>
        )
      }
    >
      <Code label={t("definition")} value={query} onChange={act.mayShape ? setQuery : undefined} />
    </Card>
  );
};

const Whole = ({ source, table, act, onRenamed }: { source: string; table: Table; act: Act; onRenamed: (name: string) => void }) => {
  const [name, setName] = useState(table.name);
  const [comment, setComment] = useState(table.comment ?? "");
  const [isLeaving, setLeaving] = useState(false);
  const mayTrack = useMay("metadata");
  const { untrack } = useTracking(source);
  const kind = shared(`kind_${table.kind}`);
  return (
    <Card title={t("danger")} actions={table.parts && <span className="muted">{t("size", { size: bytes(table.parts.total_bytes) || "0 B" })}</span>}>
      {act.mayShape && (
        <>
          <form
            className="actions"
            style={{ alignItems: "end" }}
            onSubmit={(event) => {
              event.preventDefault();
              onRenamed(name.trim());
              act.review(renameTable(table, name.trim()));
            }}
          >
            <TextInput label={t("name")} value={name} onChange={(event) => setName(event.currentTarget.value)} />
            <Button type="submit" variant="default" disabled={!name.trim() || name.trim() === table.name}>
              {t("rename")}
            </Button>
          </form>
          <form
            className="actions"
            style={{ alignItems: "end", marginTop: "0.75rem" }}
            onSubmit={(event) => {
              event.preventDefault();
              act.review(commentTable(table, comment));
            }}
          >
            <TextInput
              label={t("comment")}
              value={comment}
              onChange={(event) => setComment(event.currentTarget.value)}
              style={{ flex: "1 1 14rem" }}
            />
            <Button type="submit" variant="default" disabled={comment === (table.comment ?? "")}>
              {t("review")}
            </Button>
          </form>
        </>
      )}
      <div className="actions" style={{ marginTop: "1.25rem" }}>
        {table.tracked && mayTrack && (
          <Button variant="default" onClick={() => setLeaving(true)}>
            {t("untrack")}
          </Button>
        )}
        {act.mayShape && (
          <Button variant="light" color="red" onClick={() => act.review(dropTable(table))}>
            {t("dropTable", { kind })}
          </Button>
        )}
      </div>
      <Confirm
        isOpen={isLeaving}
        title={shared("untrackTitle", { name: table.name })}
        action={t("untrack")}
        onConfirm={() => untrack.mutateAsync(table)}
        onClose={() => setLeaving(false)}
      >
        <p>{shared("untrackText")}</p>
      </Confirm>
    </Card>
  );
};

const Parts = ({ source, table }: { source: string; table: Table }) => {
  const { data: database } = useDatabase(source);
  const mayShape = useMay("sql");
  const navigate = useNavigate();
  const [form, setForm] = useState<Form>();
  const [change, setChange] = useState<SchemaChange>();
  const [renamed, setRenamed] = useState<string>();
  const act: Act = {
    mayShape,
    open: setForm,
    review: (next) => {
      setForm(undefined);
      setChange(next);
    },
  };
  const isView = table.kind === "view" || table.kind === "materialized_view";
  const after = async () => {
    if (change?.name.startsWith("rename") && renamed)
      await navigate({ to: "/data/$source/$schema/$table/structure", params: { source, schema: table.schema, table: renamed }, replace: true });
    else if (change && change.up === dropTable(table).up)
      await navigate({ to: "/data/$source/$schema", params: { source, schema: table.schema }, replace: true });
  };
  return (
    <div className="sections">
      {isView && <View key={table.parts?.definition} table={table} act={act} />}
      <Columns table={table} act={act} />
      {!isView && (
        <>
          <Keys table={table} act={act} />
          <ForeignKeys table={table} act={act} />
        </>
      )}
      {table.kind !== "view" && <Indexes table={table} act={act} />}
      <Triggers table={table} act={act} />
      <Whole key={`${table.name}${table.comment}`} source={source} table={table} act={act} onRenamed={setRenamed} />
      <FormDialog
        form={form}
        table={table}
        tables={database?.tables ?? []}
        enums={database?.enums ?? []}
        onReview={act.review}
        onClose={() => setForm(undefined)}
      />
      <Review source={source} change={change} onDone={after} onClose={() => setChange(undefined)} />
    </div>
  );
};

/** What a table is made of, each part with the SQL that would change it. */
const Structure = () => {
  const { source = "", schema = "", table = "" } = useParams({ strict: false }) as { source?: string; schema?: string; table?: string };
  return (
    <TableFrame source={source} name={{ schema, name: table }}>
      {(one) => <Parts source={source} table={one} />}
    </TableFrame>
  );
};

export default Structure;
