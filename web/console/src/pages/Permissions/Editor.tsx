import { ActionIcon, Autocomplete, Button, Checkbox, NumberInput, SegmentedControl, Select } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Table as Described } from "../../../../api/catalog.ts";
import { bulk, type Source, type Table } from "../../../../api/metadata.ts";
import { replacing, type TableOperation } from "../../../../api/permissions.ts";
import { Card } from "../../parts/Card.tsx";
import { Confirm } from "../../parts/confirm.tsx";
import { Leaving } from "../../parts/Leaving.tsx";
import { done } from "../../parts/notify.ts";
import { Problem } from "../../parts/Problem.tsx";
import { isSame } from "../../parts/same.ts";
import { useMay } from "../../session.tsx";
import { CopyFrom } from "./CopyFrom.tsx";
import { FilterBuilder } from "./FilterBuilder.tsx";
import { isObject } from "./filter.ts";
import { Impact } from "./Impact.tsx";
import { shown, typedValue } from "./operators.ts";
import { blank, type Definition, nameOf, permissionOf } from "./rights.ts";
import { type Ground, groundOf } from "./shapes.ts";
import { operationName, t } from "./text.ts";
import { ValidateInput } from "./ValidateInput.tsx";

/** Another role or operation is another permission, on the same page. */
const isAnother = (here: { pathname: string; search: unknown }, there: typeof here) =>
  here.pathname !== there.pathname || !isSame(here.search, there.search);

type Props = { source: Source; table: Table; described: Described; tables: Described[]; role: string; operation: TableOperation };

/** One permission: what it allows, what a change of it would do, and saving it. */
export const Editor = ({ source, table, described, tables, role, operation }: Props) => {
  const client = useQueryClient();
  const mayWrite = useMay("metadata");
  const saved = permissionOf(table, role, operation);
  const was = saved?.permission as Definition | undefined;
  const [is, setIs] = useState<Definition | undefined>(was);
  const [base, setBase] = useState(was);
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const [isAsking, setAsking] = useState(false);
  const [copies, setCopies] = useState(0);
  const take = (definition: Definition | undefined) => {
    setIs(definition);
    setCopies((count) => count + 1); // what parts keep for themselves begins anew
  };
  const ground = groundOf(source, tables, table.table);
  const names = { role, operation: operationName[operation], table: nameOf(table.table) };
  const isChanged = !isSame(was, is);
  if (!isSame(was, base)) {
    setBase(was);
    if (isSame(is, base)) take(was); // whoever has changed nothing follows what is stored
  }
  const at = { source: source.name, table: table.table, role, operation };

  const write = async (next: Definition | undefined) => {
    setBusy(true);
    setError(undefined);
    try {
      await bulk(replacing(at, was, next, saved?.comment));
      done(t(next ? "saved" : "dropped", names));
      await client.invalidateQueries({ queryKey: ["metadata"] });
    } finally {
      setBusy(false);
    }
  };
  const save = () => void write(is).catch(setError);

  if (!ground) return null;
  if (!is)
    return (
      <Card title={t("mayNot", names)}>
        {mayWrite && (
          <div className="actions">
            <Button onClick={() => setIs(was ?? blank(operation))}>{t("allow")}</Button>
            <CopyFrom source={source} table={table} described={described} role={role} operation={operation} onCopy={take} />
          </div>
        )}
        {saved && isChanged && (
          <Impact source={source} table={table} columns={described.columns.map(({ name }) => name)} at={at} was={was} is={undefined} />
        )}
      </Card>
    );
  return (
    <div className="editor">
      <Card title={t("may", names)} actions={isChanged ? <span className="unsaved">{t("unsaved")}</span> : undefined}>
        <form
          className="form"
          onSubmit={(event) => {
            event.preventDefault();
            save();
          }}
        >
          {mayWrite && <CopyFrom source={source} table={table} described={described} role={role} operation={operation} onCopy={take} />}
          <fieldset disabled={!mayWrite}>
            <Parts
              key={copies}
              definition={is}
              operation={operation}
              source={source}
              table={table}
              described={described}
              ground={ground}
              role={role}
              onChange={setIs}
            />
          </fieldset>
          {error !== undefined && <Problem error={error} />}
          {mayWrite && (
            <div className="actions">
              <Button type="submit" loading={isBusy} disabled={!isChanged}>
                {t("save")}
              </Button>
              {isChanged && (
                <Button variant="default" onClick={() => take(was)}>
                  {t("discard")}
                </Button>
              )}
              {saved && (
                <Button variant="subtle" color="red" onClick={() => setAsking(true)}>
                  {t("drop")}
                </Button>
              )}
            </div>
          )}
        </form>
      </Card>
      <Impact source={source} table={table} columns={described.columns.map(({ name }) => name)} at={at} was={was} is={is} />
      <Leaving isDirty={isChanged && !isBusy} isAway={isAnother} />
      <Confirm
        isOpen={isAsking}
        title={t("dropTitle")}
        action={t("drop")}
        onClose={() => setAsking(false)}
        onConfirm={() => write(undefined).then(() => take(undefined))}
      >
        {t("dropText", names)}
      </Confirm>
    </div>
  );
};

type PartsProps = {
  definition: Definition;
  operation: TableOperation;
  source: Source;
  table: Table;
  described: Described;
  ground: Ground;
  role: string;
  onChange: (definition: Definition) => void;
};

/** The parts of a permission that its operation has. */
const Parts = ({ definition, operation, source, table, described, ground, role, onChange }: PartsProps) => {
  const set = (change: Partial<Definition>) => onChange({ ...definition, ...change });
  const others = (source.tables ?? []).map((one) => one.table);
  const selectFilter = (permissionOf(table, role, "select")?.permission as Definition | undefined)?.filter;
  const rows = { ground, others, selectFilter: operation === "select" ? undefined : selectFilter };
  return (
    <>
      {operation === "insert" ? (
        <Rows label={t("rowsInsert")} filter={definition.check ?? {}} onChange={(check) => set({ check })} {...rows} />
      ) : (
        <Rows label={t("rows")} filter={definition.filter ?? {}} onChange={(filter) => set({ filter })} {...rows} />
      )}
      {operation === "update" && (
        <Rows
          label={t("rowsAfter")}
          hint={t("rowsAfterHint")}
          filter={definition.check ?? {}}
          onChange={(check) => set({ check: isEmptyObject(check) ? null : check })}
          {...rows}
        />
      )}
      {operation !== "delete" && <Columns definition={definition} described={described} onChange={set} />}
      {operation === "select" && (table.computed_fields ?? []).length > 0 && (
        <Checkbox.Group label={t("computed")} value={definition.computed_fields ?? []} onChange={(computed_fields) => set({ computed_fields })}>
          <div className="checks">
            {(table.computed_fields ?? []).map(({ name }) => (
              <Checkbox key={name} value={name} label={name} />
            ))}
          </div>
        </Checkbox.Group>
      )}
      {operation === "select" && (
        <>
          <NumberInput
            label={t("limit")}
            description={t("limitHint")}
            min={0}
            allowDecimal={false}
            maw="16rem"
            value={definition.limit ?? ""}
            onChange={(value) => set({ limit: typeof value === "number" ? value : undefined })}
          />
          <Checkbox
            label={t("aggregations")}
            checked={definition.allow_aggregations ?? false}
            onChange={(event) => set({ allow_aggregations: event.currentTarget.checked || undefined })}
          />
          <RootFields definition={definition} onChange={set} />
        </>
      )}
      {(operation === "insert" || operation === "update") && <Presets definition={definition} described={described} onChange={set} />}
      {operation !== "select" && <ValidateInput definition={definition} onChange={set} />}
      {operation !== "select" && (
        <Checkbox
          label={t("backendOnly")}
          checked={definition.backend_only ?? false}
          onChange={(event) => set({ backend_only: event.currentTarget.checked || undefined })}
        />
      )}
    </>
  );
};

const isEmptyObject = (value: unknown) => isObject(value) && Object.keys(value).length === 0;

type RowsProps = {
  label: string;
  hint?: string;
  filter: unknown;
  ground: Ground;
  others: { schema: string; name: string }[];
  selectFilter: unknown;
  onChange: (filter: unknown) => void;
};

/** Which rows: all, as for reading, or those that fulfil conditions. */
const Rows = ({ label, hint, filter, ground, others, selectFilter, onChange }: RowsProps) => {
  const [isOpen, setOpen] = useState(!isEmptyObject(filter));
  const owner =
    ground.columns.find(({ name }) => /^(user_?id|owner_?id|author_?id|account_?id|owner|author)$/i.test(name)) ??
    ground.columns.find(({ name }) => name === "id");
  const hasSelect = selectFilter !== undefined && !isEmptyObject(selectFilter);
  return (
    <section className="rows" aria-label={label}>
      <h3>{label}</h3>
      {hint && <p className="muted">{hint}</p>}
      <div className="actions">
        <SegmentedControl
          size="xs"
          aria-label={label}
          value={isOpen ? "some" : "all"}
          onChange={(value) => {
            setOpen(value === "some");
            if (value === "all") onChange({});
          }}
          data={[
            { value: "all", label: t("allRows") },
            { value: "some", label: t("someRows") },
          ]}
        />
        {isOpen && owner && (
          <Button size="xs" variant="subtle" onClick={() => onChange({ [owner.name]: { _eq: "X-Hasura-User-Id" } })}>
            {t("ownRows")}
          </Button>
        )}
        {isOpen && hasSelect && (
          <Button size="xs" variant="subtle" onClick={() => onChange(selectFilter)}>
            {t("asRead")}
          </Button>
        )}
      </div>
      {isOpen && <FilterBuilder label={label} filter={filter} ground={ground} tables={others} onChange={onChange} />}
    </section>
  );
};

const Columns = ({
  definition,
  described,
  onChange,
}: {
  definition: Definition;
  described: Described;
  onChange: (change: Partial<Definition>) => void;
}) => {
  const names = described.columns.map(({ name }) => name);
  const isEvery = definition.columns === "*" || definition.columns === undefined;
  const picked = isEvery ? names : (definition.columns as string[]);
  return (
    <section className="rows" aria-label={t("columns")}>
      <h3>
        {t("columns")} <span className="muted">{t("columnsHint", { count: picked.length, of: names.length })}</span>
      </h3>
      <div className="actions">
        <Checkbox label={t("everyColumn")} checked={isEvery} onChange={(event) => onChange({ columns: event.currentTarget.checked ? "*" : names })} />
        <Button size="compact-xs" variant="subtle" onClick={() => onChange({ columns: names })}>
          {t("selectAll")}
        </Button>
        <Button size="compact-xs" variant="subtle" onClick={() => onChange({ columns: [] })}>
          {t("selectNone")}
        </Button>
      </div>
      <div className="checks">
        {described.columns.map(({ name, type }) => (
          <Checkbox
            key={name}
            label={
              <>
                {name} <span className="muted">{type}</span>
              </>
            }
            checked={picked.includes(name)}
            disabled={isEvery}
            onChange={(event) =>
              onChange({
                columns: event.currentTarget.checked
                  ? names.filter((one) => one === name || picked.includes(one))
                  : picked.filter((one) => one !== name),
              })
            }
          />
        ))}
      </div>
    </section>
  );
};

const Presets = ({
  definition,
  described,
  onChange,
}: {
  definition: Definition;
  described: Described;
  onChange: (change: Partial<Definition>) => void;
}) => {
  const presets = Object.entries(definition.set ?? {});
  const free = described.columns.filter(({ name }) => !(name in (definition.set ?? {})));
  const typeOf = (column: string) => described.columns.find(({ name }) => name === column)?.type ?? "text";
  const put = (entries: [string, unknown][]) => onChange({ set: entries.length > 0 ? Object.fromEntries(entries) : undefined });
  return (
    <section className="rows" aria-label={t("presets")}>
      <h3>{t("presets")}</h3>
      <p className="muted">{t("presetsHint")}</p>
      {presets.map(([name, value], index) => (
        <div key={name} className="test preset">
          <Select
            size="xs"
            aria-label={t("column")}
            allowDeselect={false}
            searchable
            data={[name, ...free.map((column) => column.name)]}
            value={name}
            onChange={(to) => to && put(presets.map((entry, i) => (i === index ? [to, value] : entry)))}
          />
          <Autocomplete
            size="xs"
            aria-label={t("value")}
            placeholder={t("valueHint")}
            data={["X-Hasura-User-Id", "X-Hasura-Role"]}
            defaultValue={shown(value)}
            onChange={(typed) => put(presets.map((entry, i) => (i === index ? [name, typedValue(typed, typeOf(name))] : entry)))}
          />
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={t("removePreset", { name })}
            onClick={() => put(presets.filter((_, i) => i !== index))}
          >
            <IconTrash size={16} aria-hidden="true" />
          </ActionIcon>
        </div>
      ))}
      {free[0] && (
        <Button
          size="xs"
          variant="default"
          leftSection={<IconPlus size={14} aria-hidden="true" />}
          onClick={() => free[0] && put([...presets, [free[0].name, "X-Hasura-User-Id"]])}
        >
          {t("addPreset")}
        </Button>
      )}
    </section>
  );
};

const rootFields = {
  query_root_fields: ["select", "select_by_pk", "select_aggregate"],
  subscription_root_fields: ["select", "select_by_pk", "select_aggregate", "select_stream"],
} as const;

const RootFields = ({ definition, onChange }: { definition: Definition; onChange: (change: Partial<Definition>) => void }) => (
  <section className="rows" aria-label={t("rootFields")}>
    <h3>{t("rootFields")}</h3>
    <p className="muted">{t("rootFieldsHint")}</p>
    {(["query_root_fields", "subscription_root_fields"] as const).map((kind) => {
      const all: readonly string[] = rootFields[kind];
      const picked = definition[kind] ?? all;
      return (
        <Checkbox.Group
          key={kind}
          label={t(kind === "query_root_fields" ? "queryFields" : "subscriptionFields")}
          value={[...picked]}
          onChange={(fields) => onChange({ [kind]: fields.length === all.length ? undefined : all.filter((one) => fields.includes(one)) })}
        >
          <div className="checks">
            {all.map((field) => (
              <Checkbox key={field} value={field} label={field} />
            ))}
          </div>
        </Checkbox.Group>
      );
    })}
  </section>
);
