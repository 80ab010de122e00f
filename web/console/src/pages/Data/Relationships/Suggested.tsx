import { Badge, Button, TextInput } from "@mantine/core";
import { useState } from "react";
import type { Database, Table } from "../../../../../api/catalog.ts";
import type { Table as TrackedTable } from "../../../../../api/metadata.ts";
import { Card } from "../../../parts/Card.tsx";
import { Problem } from "../../../parts/Problem.tsx";
import { commandFor, nameFor, namesOf, type Suggestion } from "../relationships.ts";
import { useAddSuggestions, useSuggestions } from "../tracking.ts";
import { t } from "./text.ts";
import { useCommand } from "./useCommand.ts";

/** What the foreign keys allow and is not there yet. */
export const Suggested = ({ source, database, table, tracked }: { source: string; database: Database; table: Table; tracked: TrackedTable }) => {
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
