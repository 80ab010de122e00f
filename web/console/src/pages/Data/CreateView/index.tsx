import { Button, Checkbox, NativeSelect, TextInput } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { command } from "../../../../../api/metadata.ts";
import { Card } from "../../../parts/Card.tsx";
import { Page } from "../../../parts/Page.tsx";
import { useMay } from "../../../session.tsx";
import { texts } from "../../../text.ts";
import type { SourceSearch } from "../address.ts";
import { Code } from "../Code.tsx";
import { createView, type SchemaChange } from "../ddl.ts";
import { Review } from "../Review.tsx";
import { useDatabase, useNames, useSources } from "../source.ts";

const t = texts("data.createView", {
  title: "Create a view",
  view: "View",
  name: "Name",
  schema: "Schema",
  materialized: "Materialized: its rows are kept, and read anew when it is refreshed",
  query: "Query",
  queryHint: "A select; its columns become the view's.",
  track: "Track it, so that it is in the API at once",
  review: "Review SQL",
  needed: "Give the view a name and a query.",
});

/** A new view, shown as SQL before it is made. */
const CreateView = () => {
  const search = useSearch({ strict: false }) as SourceSearch;
  const { data: sources } = useSources();
  const source = search.source ?? sources?.[0]?.name ?? "default";
  const { data: database } = useDatabase(source);
  const names = useNames(database);
  const mayTrack = useMay("metadata");
  const navigate = useNavigate();
  const [schema, setSchema] = useState(search.schema ?? "public");
  const [name, setName] = useState("");
  const [isMaterialized, setMaterialized] = useState(false);
  const [query, setQuery] = useState("");
  const [isTracked, setTracked] = useState(true);
  const [change, setChange] = useState<SchemaChange>();
  const [isWanting, setWanting] = useState(false);
  const view = { schema, name: name.trim() };
  const review = () => {
    const isReady = view.name !== "" && query.trim() !== "";
    setWanting(!isReady);
    if (isReady) setChange(createView(view, query, isMaterialized));
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
        <Card title={t("view")}>
          <div className="fields">
            <TextInput label={t("name")} value={name} onChange={(event) => setName(event.currentTarget.value)} required autoComplete="off" />
            <NativeSelect
              label={t("schema")}
              data={database?.schemas ?? [schema]}
              value={schema}
              onChange={(event) => setSchema(event.currentTarget.value)}
            />
          </div>
          <Checkbox mt="md" label={t("materialized")} checked={isMaterialized} onChange={(event) => setMaterialized(event.currentTarget.checked)} />
        </Card>
        <Card title={t("query")}>
          <p className="hint">{t("queryHint")}</p>
          <Code label={t("query")} value={query} onChange={setQuery} onRun={review} names={names} />
        </Card>
        {mayTrack && <Checkbox label={t("track")} checked={isTracked} onChange={(event) => setTracked(event.currentTarget.checked)} />}
        {isWanting && (
          <p role="alert" className="warning">
            {t("needed")}
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
          if (mayTrack && isTracked) await command("pg_track_table", { source, table: view });
          await navigate({ to: "/data/$source/$schema/$table", params: { source, schema, table: view.name } });
        }}
      />
    </Page>
  );
};

export default CreateView;
