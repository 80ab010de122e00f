import { ActionIcon, Button, Checkbox, MultiSelect, NativeSelect, Textarea, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { command } from "../../../../../api/metadata.ts";
import { Card } from "../../../parts/Card.tsx";
import { Page } from "../../../parts/Page.tsx";
import { useMay } from "../../../session.tsx";
import { texts } from "../../../text.ts";
import type { SourceSearch } from "../address.ts";
import { ColumnFields, newColumn } from "../ColumnFields.tsx";
import { type ColumnDraft, createTable, type ForeignKeyDraft, type SchemaChange } from "../ddl.ts";
import { ForeignKeyFields, newForeignKey } from "../ForeignKeyFields.tsx";
import { Review } from "../Review.tsx";
import { useDatabase, useSources } from "../source.ts";

const t = texts("data.create", {
  title: "Create a table",
  table: "Table",
  name: "Name",
  schema: "Schema",
  comment: "Comment",
  columns: "Columns",
  addColumn: "Add column",
  usual: "Usual columns:",
  remove: "Remove column {name}",
  primaryKey: "Primary key",
  foreignKeys: "Foreign keys",
  addForeignKey: "Add foreign key",
  removeForeignKey: "Remove this foreign key",
  checks: "Check",
  checksHint: "SQL that is true for every row, as price > 0",
  track: "Track it, so that it is in the API at once",
  review: "Review SQL",
  needsName: "Give the table and each column a name.",
  twice: "Two columns are called {name}.",
});

type Draft = ColumnDraft & { id: number };

const usual: Record<string, ColumnDraft> = {
  "id bigint": newColumn({ name: "id", type: "bigint", nullable: false, identity: "by_default" }),
  "id uuid": newColumn({ name: "id", type: "uuid", nullable: false, default: "gen_random_uuid()" }),
  created_at: newColumn({ name: "created_at", type: "timestamptz", nullable: false, default: "now()" }),
  updated_at: newColumn({ name: "updated_at", type: "timestamptz", nullable: false, default: "now()" }),
};

let counter = 0;
const numbered = (column: ColumnDraft): Draft => ({ ...column, id: ++counter });

/** A new table, shown as SQL before it is made. */
const Create = () => {
  const search = useSearch({ strict: false }) as SourceSearch;
  const { data: sources } = useSources();
  const source = search.source ?? sources?.[0]?.name ?? "default";
  const { data: database } = useDatabase(source);
  const mayTrack = useMay("metadata");
  const navigate = useNavigate();
  const [schema, setSchema] = useState(search.schema ?? "public");
  const [name, setName] = useState("");
  const [comment, setComment] = useState("");
  const [columns, setColumns] = useState<Draft[]>(() => [numbered(usual["id bigint"] as ColumnDraft), numbered(newColumn())]);
  const [primaryKey, setPrimaryKey] = useState(["id"]);
  const [foreignKeys, setForeignKeys] = useState<(ForeignKeyDraft & { id: number })[]>([]);
  const [check, setCheck] = useState("");
  const [isTracked, setTracked] = useState(true);
  const [change, setChange] = useState<SchemaChange>();
  const [problem, setProblem] = useState<string>();
  const named = columns.filter((column) => column.name.trim());
  const set = (id: number, to: ColumnDraft) => {
    const was = columns.find((column) => column.id === id);
    setColumns(columns.map((column) => (column.id === id ? { ...to, id } : column)));
    if (was && was.name !== to.name) setPrimaryKey(primaryKey.map((one) => (one === was.name ? to.name : one)));
  };
  const review = () => {
    const names = named.map((column) => column.name.trim());
    const twice = names.find((one, i) => names.indexOf(one) !== i);
    if (!name.trim() || named.length === 0) return setProblem(t("needsName"));
    if (twice) return setProblem(t("twice", { name: twice }));
    setProblem(undefined);
    const key = primaryKey.filter((one) => names.includes(one));
    setChange(
      createTable({
        schema,
        name: name.trim(),
        comment,
        columns: named.map((column) => ({ ...column, name: column.name.trim(), nullable: column.nullable && !key.includes(column.name) })),
        primaryKey: key,
        foreignKeys: foreignKeys.filter((one) => one.columns.length > 0 && one.to.name),
        checks: [check],
      }),
    );
  };
  return (
    <Page title={t("title")}>
      <form
        className="sections"
        onSubmit={(event) => {
          event.preventDefault();
          review();
        }}
      >
        <Card title={t("table")}>
          <div className="fields">
            <TextInput label={t("name")} value={name} onChange={(event) => setName(event.currentTarget.value)} required autoComplete="off" />
            <NativeSelect
              label={t("schema")}
              data={database?.schemas ?? [schema]}
              value={schema}
              onChange={(event) => setSchema(event.currentTarget.value)}
            />
            <TextInput label={t("comment")} value={comment} onChange={(event) => setComment(event.currentTarget.value)} />
          </div>
        </Card>
        <Card
          title={t("columns")}
          actions={
            <>
              <span className="hint">{t("usual")}</span>
              {Object.entries(usual)
                .filter(([, column]) => !columns.some((one) => one.name === column.name))
                .map(([label, column]) => (
                  <Button
                    key={label}
                    size="compact-xs"
                    variant="light"
                    onClick={() => setColumns([...columns.filter((one) => one.name), numbered(column)])}
                  >
                    {label}
                  </Button>
                ))}
            </>
          }
        >
          <div className="column-rows">
            {columns.map((column) => (
              <fieldset key={column.id} className="column-row" aria-label={column.name || t("columns")}>
                <ColumnFields column={column} enums={database?.enums ?? []} onChange={(to) => set(column.id, to)} isCompact isNew />
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  size="lg"
                  aria-label={t("remove", { name: column.name })}
                  onClick={() => setColumns(columns.filter((one) => one.id !== column.id))}
                >
                  <IconTrash size={17} aria-hidden="true" />
                </ActionIcon>
              </fieldset>
            ))}
          </div>
          <div className="actions" style={{ marginTop: "1rem" }}>
            <Button
              variant="default"
              size="xs"
              leftSection={<IconPlus size={14} aria-hidden="true" />}
              onClick={() => setColumns([...columns, numbered(newColumn())])}
            >
              {t("addColumn")}
            </Button>
          </div>
          <MultiSelect
            mt="md"
            label={t("primaryKey")}
            data={[...new Set(named.map((column) => column.name))]}
            value={primaryKey.filter((one) => named.some((column) => column.name === one))}
            onChange={setPrimaryKey}
          />
          <Textarea
            mt="md"
            label={t("checks")}
            description={t("checksHint")}
            value={check}
            onChange={(event) => setCheck(event.currentTarget.value)}
            autosize
          />
        </Card>
        <Card
          title={t("foreignKeys")}
          actions={
            <Button
              variant="default"
              size="xs"
              leftSection={<IconPlus size={14} aria-hidden="true" />}
              onClick={() => setForeignKeys([...foreignKeys, { ...newForeignKey(), id: ++counter }])}
            >
              {t("addForeignKey")}
            </Button>
          }
        >
          {foreignKeys.map((key) => (
            <fieldset key={key.id} className="fields" style={{ marginBottom: "1rem" }} aria-label={t("foreignKeys")}>
              <ForeignKeyFields
                columns={named.map((column) => column.name)}
                tables={database?.tables ?? []}
                value={key}
                onChange={(to) => setForeignKeys(foreignKeys.map((one) => (one.id === key.id ? { ...to, id: key.id } : one)))}
              />
              <div className="actions">
                <Button variant="subtle" color="gray" size="xs" onClick={() => setForeignKeys(foreignKeys.filter((one) => one.id !== key.id))}>
                  {t("removeForeignKey")}
                </Button>
              </div>
            </fieldset>
          ))}
        </Card>
        {mayTrack && <Checkbox label={t("track")} checked={isTracked} onChange={(event) => setTracked(event.currentTarget.checked)} />}
        {problem && (
          <p role="alert" className="warning">
            {problem}
          </p>
        )}
        <div className="actions end">
          <Button type="submit">{t("review")}</Button>
        </div>
      </form>
      <Review
        source={source}
        change={change}
        onClose={() => setChange(undefined)}
        onDone={async () => {
          if (mayTrack && isTracked) await command("pg_track_table", { source, table: { schema, name: name.trim() } });
          await navigate({ to: "/data/$source/$schema/$table", params: { source, schema, table: name.trim() } });
        }}
      />
    </Page>
  );
};

export default Create;
