import { Badge, Button, TextInput } from "@mantine/core";
import { IconPlus, IconSearch } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { type DatabaseFunction, describe } from "../../../../../api/catalog.ts";
import { command } from "../../../../../api/metadata.ts";
import { Confirm } from "../../../parts/confirm.tsx";
import { Empty } from "../../../parts/Empty.tsx";
import { done } from "../../../parts/notify.ts";
import { Page } from "../../../parts/Page.tsx";
import { Problem } from "../../../parts/Problem.tsx";
import { useMay } from "../../../session.tsx";
import { Waiting } from "../../../shell/Waiting.tsx";
import { texts } from "../../../text.ts";
import type { SourceSearch } from "../address.ts";
import { Code } from "../Code.tsx";
import { dropFunction, type SchemaChange } from "../ddl.ts";
import { Review } from "../Review.tsx";
import { SourceSelect } from "../SourceSelect.tsx";
import { useDatabase, useRefresh } from "../source.ts";
import { useSource } from "../useSource.ts";

const t = texts("data.functions", {
  title: "Functions",
  lead: "A function that gives rows of a tracked table can be a field of the API.",
  find: "Find a function",
  empty: "No functions yet",
  emptyText: "Functions of this database are listed here, with the SQL that makes them.",
  create: "Create function",
  nothing: "No function has this name.",
  trackQuery: "Track as a query",
  trackMutation: "Track as a mutation",
  untrack: "Untrack",
  untrackTitle: "Untrack {name}?",
  untrackText: "It leaves the API, with its permissions. The function stays.",
  tracked: "in the API",
  trigger: "for triggers",
  done: "{name} is in the API now.",
  gone: "{name} is not in the API any more.",
  edit: "Review SQL",
  drop: "Drop",
  definition: "Definition of {name}",
  of: "{action}: {name}",
  added: "{name} is a field of {table}'s rows: add it under that table's relationships.",
});

const template = `create or replace function public.search_things(search text)
returns setof public.things
language sql stable
as $$
  select * from public.things where name ilike '%' || search || '%'
$$;`;

const One = ({ source, f, onReview }: { source: string; f: DatabaseFunction; onReview: (change: SchemaChange) => void }) => {
  const mayTrack = useMay("metadata");
  const mayShape = useMay("sql");
  const refresh = useRefresh();
  const [isOpen, setOpen] = useState(false);
  const [isLeaving, setLeaving] = useState(false);
  const [text, setText] = useState<string>();
  const self = { source, function: { schema: f.schema, name: f.name } };
  const track = useMutation({
    mutationFn: (exposed_as?: "mutation") => command("pg_track_function", { ...self, ...(exposed_as && { configuration: { exposed_as } }) }),
    onSuccess: async () => {
      await refresh();
      done(t("done", { name: f.name }));
    },
  });
  // Definitions of a whole database are read only where one is looked at.
  const whole = useQuery({ queryKey: ["database", source, f.schema], queryFn: () => describe(source, f.schema), enabled: isOpen });
  const definition = whole.data?.functions.find((one) => one.name === f.name && one.arguments === f.arguments)?.definition;
  const canTrack = f.kind === "function" && f.returns_table !== null && !f.trigger;
  return (
    <li className="card">
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>
          <strong>{f.schema === "public" ? f.name : `${f.schema}.${f.name}`}</strong>
          <code className="muted">
            ({f.arguments}){f.returns && ` → ${f.returns}`}
          </code>
          {f.tracked && <Badge variant="light">{t("tracked")}</Badge>}
          {f.trigger && <Badge variant="default">{t("trigger")}</Badge>}
          <span className="muted">
            {f.language}, {f.volatility}
          </span>
        </summary>
        {f.first_table && !f.tracked && <p className="hint">{t("added", { name: f.name, table: f.first_table.name })}</p>}
        {definition && <Code label={t("definition", { name: f.name })} value={text ?? definition} onChange={mayShape ? setText : undefined} />}
        {track.error && <Problem error={track.error} />}
        <div className="actions" style={{ marginTop: "0.75rem" }}>
          {mayTrack && canTrack && !f.tracked && (
            <>
              {f.volatility !== "volatile" && (
                <Button
                  size="xs"
                  variant="light"
                  loading={track.isPending}
                  aria-label={t("of", { action: t("trackQuery"), name: f.name })}
                  onClick={() => track.mutate(undefined)}
                >
                  {t("trackQuery")}
                </Button>
              )}
              <Button
                size="xs"
                variant={f.volatility === "volatile" ? "light" : "default"}
                loading={track.isPending}
                aria-label={t("of", { action: t("trackMutation"), name: f.name })}
                onClick={() => track.mutate("mutation")}
              >
                {t("trackMutation")}
              </Button>
            </>
          )}
          {mayTrack && f.tracked && (
            <Button size="xs" variant="default" onClick={() => setLeaving(true)} aria-label={t("of", { action: t("untrack"), name: f.name })}>
              {t("untrack")}
            </Button>
          )}
          {mayShape && definition && (
            <>
              <Button
                size="xs"
                disabled={text === undefined || text === definition}
                aria-label={t("of", { action: t("edit"), name: f.name })}
                onClick={() => onReview({ name: `change_function_${f.name}`, up: text ?? definition, down: `${definition.trim()};` })}
              >
                {t("edit")}
              </Button>
              <Button
                size="xs"
                variant="subtle"
                color="red"
                aria-label={t("of", { action: t("drop"), name: f.name })}
                onClick={() => onReview(dropFunction({ ...f, definition }))}
              >
                {t("drop")}
              </Button>
            </>
          )}
        </div>
      </details>
      <Confirm
        isOpen={isLeaving}
        title={t("untrackTitle", { name: f.name })}
        action={t("untrack")}
        onConfirm={async () => {
          await command("pg_untrack_function", self);
          await refresh();
          done(t("gone", { name: f.name }));
        }}
        onClose={() => setLeaving(false)}
      >
        <p>{t("untrackText")}</p>
      </Confirm>
    </li>
  );
};

/** The database's functions, and which of them are in the API. */
const Functions = () => {
  const { source, names, setSource } = useSource();
  const search = useSearch({ strict: false }) as SourceSearch;
  const mayShape = useMay("sql");
  const { data, error, refetch } = useDatabase(source);
  const [wanted, setWanted] = useState("");
  const [change, setChange] = useState<SchemaChange>();
  const all = (data?.functions ?? []).filter((f) => !search.schema || f.schema === search.schema);
  const shown = all.filter((f) => f.name.toLowerCase().includes(wanted.trim().toLowerCase()));
  const create = mayShape && (
    <Button
      size="xs"
      leftSection={<IconPlus size={15} aria-hidden="true" />}
      onClick={() => setChange({ name: "create_function", up: template, down: "drop function public.search_things(text);" })}
    >
      {t("create")}
    </Button>
  );
  return (
    <Page
      title={t("title")}
      lead={t("lead")}
      actions={
        <>
          <SourceSelect names={names} source={source} onChange={setSource} />
          {create}
        </>
      }
    >
      {error && <Problem error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Waiting />}
      {data && all.length === 0 && (
        <Empty title={t("empty")} text={t("emptyText")}>
          {create}
        </Empty>
      )}
      {all.length > 0 && source && (
        <>
          <TextInput
            aria-label={t("find")}
            placeholder={t("find")}
            leftSection={<IconSearch size={15} aria-hidden="true" />}
            value={wanted}
            onChange={(event) => setWanted(event.currentTarget.value)}
          />
          {shown.length === 0 && <p className="muted">{t("nothing")}</p>}
          <ul className="migrations">
            {shown.map((f) => (
              <One key={`${f.schema}.${f.name}(${f.arguments})`} source={source} f={f} onReview={setChange} />
            ))}
          </ul>
        </>
      )}
      {source && <Review source={source} change={change} onDone={() => {}} onClose={() => setChange(undefined)} />}
    </Page>
  );
};

export default Functions;
