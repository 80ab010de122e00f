import { Button, Switch, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import type { Table } from "../../../../../api/catalog.ts";
import { command, type TableConfiguration, type Table as TrackedTable } from "../../../../../api/metadata.ts";
import { Card } from "../../../parts/Card.tsx";
import { Empty } from "../../../parts/Empty.tsx";
import { Leaving } from "../../../parts/Leaving.tsx";
import { done } from "../../../parts/notify.ts";
import { Problem } from "../../../parts/Problem.tsx";
import { isSame } from "../../../parts/same.ts";
import { useMay } from "../../../session.tsx";
import { shortType } from "../cells.ts";
import { useRefresh, useTracked } from "../source.ts";
import { TableFrame } from "../TableFrame.tsx";
import { useTracking } from "../tracking.ts";
import { canBeEnum, configurationOf, type Draft, draftOf, isWrongName, rootFields } from "./configuration.ts";
import { t } from "./text.ts";

type Props = { source: string; table: Table; tracked: TrackedTable };
const nameOf = (table: Table) => (table.schema === "public" ? table.name : `${table.schema}_${table.name}`);

const Names = ({ source, table, tracked }: Props) => {
  const start = useMemo(() => draftOf(tracked.configuration, table.columns), [tracked, table]);
  const [draft, setDraft] = useState<Draft>(start);
  const mayChange = useMay("metadata");
  const refresh = useRefresh();
  const set = (configuration: TableConfiguration) =>
    command("pg_set_table_customization", { source, table: { schema: table.schema, name: table.name }, configuration });
  const save = useMutation({
    mutationFn: (wanted: Draft) => set(configurationOf(tracked.configuration, wanted)),
    onSuccess: async () => {
      const was = tracked.configuration ?? {};
      await refresh();
      done(t("saved", { name: table.name }), async () => {
        await set(was);
        await refresh();
      });
    },
  });
  const [base, setBase] = useState(start);
  if (!isSame(start, base)) {
    setBase(start);
    if (isSame(draft, base) || isSame(draft, save.variables)) setDraft(start); // nothing is typed that is not stored
  }
  const called = draft.name.trim() || nameOf(table);
  const wrong = (name: string) => (isWrongName(name) ? t("wrong") : undefined);
  const hasWrong = [draft.name, ...Object.values(draft.roots), ...Object.values(draft.columns).map((one) => one.name)].some(isWrongName);
  const isChanged = !isSame(draft, start);
  const shared = { size: "sm", autoComplete: "off", disabled: !mayChange } as const;
  return (
    <form
      className="sections"
      onSubmit={(event) => {
        event.preventDefault();
        if (isChanged && !hasWrong) save.mutate(draft);
      }}
    >
      <Card title={t("names")}>
        <p className="muted">{t("namesLead")}</p>
        <div className="pairs">
          <TextInput
            {...shared}
            label={t("name")}
            placeholder={nameOf(table)}
            value={draft.name}
            error={wrong(draft.name)}
            onChange={(event) => setDraft({ ...draft, name: event.currentTarget.value })}
          />
          <TextInput
            {...shared}
            label={t("comment")}
            placeholder={table.comment ?? undefined}
            value={draft.comment}
            onChange={(event) => setDraft({ ...draft, comment: event.currentTarget.value })}
          />
        </div>
      </Card>
      <Card title={t("roots")}>
        <div className="pairs">
          {rootFields.map(([key, usual]) => (
            <TextInput
              {...shared}
              key={key}
              label={key}
              placeholder={usual.replace("{name}", called)}
              value={draft.roots[key] ?? ""}
              error={wrong(draft.roots[key] ?? "")}
              onChange={(event) => setDraft({ ...draft, roots: { ...draft.roots, [key]: event.currentTarget.value } })}
            />
          ))}
        </div>
      </Card>
      <Card title={t("columns")}>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keyboard */}
        <section className="listing" tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">{t("column")}</th>
                <th scope="col">{t("name")}</th>
                <th scope="col">{t("comment")}</th>
              </tr>
            </thead>
            <tbody>
              {table.columns.map((column) => {
                const own = draft.columns[column.name] ?? { name: "", comment: "" };
                const change = (next: Partial<typeof own>) =>
                  setDraft({ ...draft, columns: { ...draft.columns, [column.name]: { ...own, ...next } } });
                return (
                  <tr key={column.name}>
                    <td>
                      {column.name} <small className="muted">{shortType(column.type)}</small>
                    </td>
                    <td>
                      <TextInput
                        {...shared}
                        size="xs"
                        aria-label={t("columnName", { name: column.name })}
                        placeholder={column.name}
                        value={own.name}
                        error={wrong(own.name)}
                        onChange={(event) => change({ name: event.currentTarget.value })}
                      />
                    </td>
                    <td>
                      <TextInput
                        {...shared}
                        size="xs"
                        aria-label={t("columnComment", { name: column.name })}
                        placeholder={column.comment ?? undefined}
                        value={own.comment}
                        onChange={(event) => change({ comment: event.currentTarget.value })}
                      />
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </section>
      </Card>
      {save.error && <Problem error={save.error} />}
      <Leaving isDirty={isChanged && !save.isPending} />
      {isChanged && (
        <div className="rows-foot changed">
          <span className="grow" />
          <Button size="xs" variant="default" onClick={() => setDraft(start)}>
            {t("discard")}
          </Button>
          <Button size="xs" type="submit" loading={save.isPending} disabled={hasWrong}>
            {t("save")}
          </Button>
        </div>
      )}
    </form>
  );
};

const Uses = ({ source, table, tracked }: Props) => {
  const mayChange = useMay("metadata");
  const refresh = useRefresh();
  const self = { source, table: { schema: table.schema, name: table.name } };
  const change = useMutation({
    mutationFn: ({ type, args }: { type: string; args: object; message: string }) => command(type, { ...self, ...args }),
    onSuccess: async (_, { message }) => {
      await refresh();
      done(message);
    },
  });
  const isEnum = tracked.is_enum ?? false;
  const isFederated = Boolean(tracked.apollo_federation_config);
  const hasKey = table.keys.some((key) => key.primary);
  if (!isEnum && !canBeEnum(table) && !isFederated && !hasKey) return null;
  return (
    <Card title={t("uses")}>
      <div className="stack" style={{ marginTop: 0 }}>
        {(isEnum || canBeEnum(table)) && (
          <Switch
            label={t("enum")}
            description={t("enumHint")}
            checked={isEnum}
            disabled={!mayChange || change.isPending}
            onChange={() =>
              change.mutate({
                type: "pg_set_table_is_enum",
                args: { is_enum: !isEnum },
                message: t(isEnum ? "enumOff" : "enumOn", { name: table.name }),
              })
            }
          />
        )}
        {(isFederated || hasKey) && (
          <Switch
            label={t("federation")}
            description={t("federationHint")}
            checked={isFederated}
            disabled={!mayChange || change.isPending}
            onChange={() =>
              change.mutate({
                type: "pg_set_apollo_federation_config",
                args: { apollo_federation_config: isFederated ? null : { enable: "v1" } },
                message: t(isFederated ? "federationOff" : "federationOn", { name: table.name }),
              })
            }
          />
        )}
        {change.error && <Problem error={change.error} />}
      </div>
    </Card>
  );
};

const Parts = ({ source, table }: { source: string; table: Table }) => {
  const tracked = useTracked(source, table);
  const mayTrack = useMay("metadata");
  const { track } = useTracking(source);
  if (!table.tracked)
    return (
      <Empty title={t("untracked")} text={t("untrackedText")}>
        {mayTrack && <Button onClick={() => track.mutate([table])}>{t("track")}</Button>}
      </Empty>
    );
  if (!tracked) return null;
  return (
    <div className="sections">
      <Uses source={source} table={table} tracked={tracked} />
      <Names source={source} table={table} tracked={tracked} />
    </div>
  );
};

/** What a table is in the API: its names there, and what it is used as. */
const InApi = () => {
  const { source = "", schema = "", table = "" } = useParams({ strict: false }) as { source?: string; schema?: string; table?: string };
  return (
    <TableFrame source={source} name={{ schema, name: table }}>
      {(one) => <Parts key={`${source}.${schema}.${table}`} source={source} table={one} />}
    </TableFrame>
  );
};

export default InApi;
