import { Badge, Button, Modal, NativeSelect, TextInput } from "@mantine/core";
import { useState } from "react";
import type { Database, DatabaseFunction, Table } from "../../../../../api/catalog.ts";
import type { Command, Table as TrackedTable } from "../../../../../api/metadata.ts";
import { Card } from "../../../parts/Card.tsx";
import { Confirm } from "../../../parts/confirm.tsx";
import { Problem } from "../../../parts/Problem.tsx";
import { useMay } from "../../../session.tsx";
import { argumentsOf, definitionOf, functionOf } from "./computed.ts";
import { t } from "./text.ts";
import { useCommand } from "./useCommand.ts";

type Field = NonNullable<TrackedTable["computed_fields"]>[number];
type FormProps = { f: DatabaseFunction; field: Field | undefined; isBusy: boolean; error: unknown; onSave: (field: Field) => void };

const Form = ({ f, field, isBusy, error, onSave }: FormProps) => {
  const was = definitionOf(field);
  const [name, setName] = useState(field?.name ?? f.name);
  const [comment, setComment] = useState(field?.comment ?? "");
  const [row, setRow] = useState(was.table_argument ?? "");
  const [session, setSession] = useState(was.session_argument ?? "");
  const names = argumentsOf(f.arguments);
  return (
    <form
      className="stack"
      style={{ marginTop: 0 }}
      onSubmit={(event) => {
        event.preventDefault();
        const definition = {
          function: { schema: f.schema, name: f.name },
          ...(row && { table_argument: row }),
          ...(session && { session_argument: session }),
        };
        onSave({ name: name.trim(), definition, ...(comment.trim() && { comment: comment.trim() }) });
      }}
    >
      <TextInput label={t("fieldName")} value={name} onChange={(event) => setName(event.currentTarget.value)} required data-autofocus />
      <TextInput label={t("comment")} value={comment} onChange={(event) => setComment(event.currentTarget.value)} />
      {names.length > 1 && (
        <>
          <NativeSelect
            label={t("rowArgument")}
            data={[{ value: "", label: t("firstArgument") }, ...names]}
            value={row}
            onChange={(event) => setRow(event.currentTarget.value)}
          />
          <NativeSelect
            label={t("sessionArgument")}
            data={[{ value: "", label: t("noArgument") }, ...names.filter((one) => one !== (row || names[0]))]}
            value={session}
            onChange={(event) => setSession(event.currentTarget.value)}
          />
        </>
      )}
      {error !== null && error !== undefined && <Problem error={error} />}
      <div className="actions end">
        <Button type="submit" loading={isBusy}>
          {t(field ? "save" : "add")}
        </Button>
      </div>
    </form>
  );
};

type Props = { source: string; database: Database; table: Table; tracked: TrackedTable };

/** Fields that functions compute of a row. */
export const Computed = ({ source, database, table, tracked }: Props) => {
  const mayTrack = useMay("metadata");
  const [open, setOpen] = useState<{ f: DatabaseFunction; field?: Field }>();
  const [dropping, setDropping] = useState<string>();
  const save = useCommand(t("added"));
  const drop = useCommand(t("removed"));
  const self = { source, table: { schema: table.schema, name: table.name } };
  const fields = tracked.computed_fields ?? [];
  const candidates = database.functions.filter(
    (one) =>
      one.kind === "function" && one.volatility !== "volatile" && one.first_table?.schema === table.schema && one.first_table.name === table.name,
  );
  const isOf = (f: DatabaseFunction) => (field: Field) => {
    const named = functionOf(field);
    return named.schema === f.schema && named.name === f.name;
  };
  const free = candidates.filter((f) => !fields.some(isOf(f)));
  const start = (f: DatabaseFunction, field?: Field) => {
    save.reset();
    setOpen({ f, field });
  };
  const keep = (field: Field) => {
    const add: Command = { type: "pg_add_computed_field", args: { ...self, ...field } };
    const was = open?.field;
    const command: Command = was ? { type: "bulk_atomic", args: [{ type: "pg_drop_computed_field", args: { ...self, name: was.name } }, add] } : add;
    void save.mutateAsync(command).then(
      () => setOpen(undefined),
      () => {},
    );
  };
  return (
    <Card title={t("computed")}>
      {fields.length === 0 && free.length === 0 && <p className="muted">{t("noFunctions", { table: table.name })}</p>}
      <ul className="part-list">
        {fields.map((field) => {
          const f = candidates.find((one) => isOf(one)(field));
          const named = functionOf(field);
          return (
            <li key={field.name}>
              <strong>{field.name}</strong>
              <code>
                {named.schema}.{named.name}
              </code>
              {field.comment && <small>{field.comment}</small>}
              {mayTrack && (
                <span className="actions">
                  {f && (
                    <Button size="compact-xs" variant="subtle" aria-label={t("editOf", { name: field.name })} onClick={() => start(f, field)}>
                      {t("edit")}
                    </Button>
                  )}
                  <Button
                    size="compact-xs"
                    variant="subtle"
                    color="red"
                    aria-label={t("dropOf", { name: field.name })}
                    onClick={() => setDropping(field.name)}
                  >
                    {t("drop")}
                  </Button>
                </span>
              )}
            </li>
          );
        })}
        {free.map((f) => (
          <li key={`${f.schema}.${f.name}${f.arguments}`}>
            <span>{f.name}</span>
            <code>
              ({f.arguments}) → {f.returns}
            </code>
            <Badge variant="default" tt="none">
              {f.volatility}
            </Badge>
            {mayTrack && (
              <Button size="compact-xs" variant="light" aria-label={t("addOf", { name: f.name })} onClick={() => start(f)}>
                {t("add")}
              </Button>
            )}
          </li>
        ))}
      </ul>
      <Modal
        opened={open !== undefined}
        onClose={() => setOpen(undefined)}
        title={t("ofFunction", { name: open?.f.name ?? "" })}
        centered
        closeButtonProps={{ "aria-label": t("cancel") }}
      >
        {open && (
          <Form
            key={`${open.f.schema}.${open.f.name} ${open.field?.name}`}
            f={open.f}
            field={open.field}
            isBusy={save.isPending}
            error={save.error}
            onSave={keep}
          />
        )}
      </Modal>
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
