import { Button, Checkbox, Modal, Tabs, TextInput } from "@mantine/core";
import { useEffect, useState } from "react";
import { ApiError } from "../../../../api/error.ts";
import { execute, migrate, type SQLFailure } from "../../../../api/sql.ts";
import { done } from "../../parts/notify.ts";
import { Problem } from "../../parts/Problem.tsx";
import { texts } from "../../text.ts";
import { Code } from "./Code.tsx";
import type { SchemaChange } from "./ddl.ts";
import { useRefresh } from "./source.ts";

const t = texts("data.review", {
  title: "Run this SQL?",
  up: "SQL that runs",
  down: "SQL that takes it back",
  keep: "Keep it as a migration",
  keepHint: "It is listed under Migrations, to be downloaded into your project.",
  name: "Migration's name",
  run: "Run",
  cancel: "Cancel",
  cascade: "Also drop what depends on it in the API",
  cascadeHint: "Relationships, permissions and other metadata that name it.",
  ran: "Done.",
  kept: "Done, and kept as a migration.",
});

/** Postgres' own words for SQL that failed, where the answer has them. */
export const sqlProblem = (error: unknown): unknown => {
  const failure = error instanceof ApiError ? (error.data as SQLFailure | undefined)?.error : undefined;
  if (!failure?.message) return error;
  return new Error([failure.message, failure.description, failure.hint].filter(Boolean).join("\n"));
};

type Props = {
  source: string;
  /** What is asked about; undefined while nothing is. */
  change: SchemaChange | undefined;
  title?: string;
  onDone: () => void | Promise<void>;
  onClose: () => void;
};

/** Shows the SQL of a change, lets it be edited, and runs it, as a migration unless that is not wanted. */
export const Review = ({ source, change, title, onDone, onClose }: Props) => {
  const [up, setUp] = useState("");
  const [down, setDown] = useState("");
  const [name, setName] = useState("");
  const [isKept, setKept] = useState(true);
  const [cascades, setCascades] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const refresh = useRefresh();
  useEffect(() => {
    if (!change) return;
    setUp(change.up);
    setDown(change.down);
    setName(change.name);
    setCascades(false);
    setError(undefined);
  }, [change]);
  const run = async () => {
    setBusy(true);
    setError(undefined);
    try {
      if (isKept) await migrate({ source, name, up, down, cascade: cascades });
      else await execute(up, { source, cascade: cascades });
      done(isKept ? t("kept") : t("ran"));
      await onDone();
      await refresh();
      onClose();
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  };
  const isDependency = error instanceof ApiError && error.code === "dependency-error";
  return (
    <Modal
      opened={change !== undefined}
      onClose={onClose}
      title={title ?? t("title")}
      size="xl"
      centered
      closeButtonProps={{ "aria-label": t("cancel") }}
    >
      <form
        className="stack"
        style={{ marginTop: 0 }}
        onSubmit={(event) => {
          event.preventDefault();
          if (!isBusy) void run();
        }}
      >
        <Tabs defaultValue="up" keepMounted={false}>
          <Tabs.List>
            <Tabs.Tab value="up">{t("up")}</Tabs.Tab>
            {isKept && <Tabs.Tab value="down">{t("down")}</Tabs.Tab>}
          </Tabs.List>
          <Tabs.Panel value="up">
            <Code label={t("up")} value={up} onChange={setUp} onRun={() => void run()} />
          </Tabs.Panel>
          <Tabs.Panel value="down">
            <Code label={t("down")} value={down} onChange={setDown} />
          </Tabs.Panel>
        </Tabs>
        <Checkbox label={t("keep")} description={t("keepHint")} checked={isKept} onChange={(event) => setKept(event.currentTarget.checked)} />
        {isKept && <TextInput label={t("name")} value={name} onChange={(event) => setName(event.currentTarget.value)} required />}
        {error !== undefined && <Problem error={sqlProblem(error)} />}
        {isDependency && (
          <Checkbox
            label={t("cascade")}
            description={t("cascadeHint")}
            checked={cascades}
            onChange={(event) => setCascades(event.currentTarget.checked)}
          />
        )}
        <div className="actions end">
          <Button variant="default" onClick={onClose}>
            {t("cancel")}
          </Button>
          <Button type="submit" loading={isBusy} data-autofocus>
            {t("run")}
          </Button>
        </div>
      </form>
    </Modal>
  );
};
