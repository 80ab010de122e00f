import { Alert, Button, Checkbox, Modal, NativeSelect, NumberInput, PasswordInput, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { command, type Source, testSource } from "../../../../../api/metadata.ts";
import { done } from "../../../parts/notify.ts";
import { Problem } from "../../../parts/Problem.tsx";
import { number } from "../../../text.ts";
import { useRefresh } from "../source.ts";
import { configurationOf, type Draft, draftOf, type Setting, usual } from "./draft.ts";
import { t } from "./text.ts";

const Body = ({ source, onClose }: { source: Source | undefined; onClose: () => void }) => {
  const [draft, setDraft] = useState(() => draftOf(source?.name ?? "", source?.configuration));
  const refresh = useRefresh();
  const set = (change: Partial<Draft>) => {
    setDraft({ ...draft, ...change });
    test.reset();
  };
  const configuration = configurationOf(source?.configuration, draft);
  const test = useMutation({ mutationFn: () => testSource(configuration) });
  const save = useMutation({
    mutationFn: () => command(source ? "pg_update_source" : "pg_add_source", { name: draft.name.trim(), configuration }),
    onSuccess: async () => {
      await refresh();
      done(t(source ? "saved" : "added", { name: draft.name.trim() }));
      onClose();
    },
  });
  const isThere = draft.by === "kept" || (draft.by === "env" ? draft.env : draft.url).trim() !== "";
  const found = test.data;
  return (
    <form
      className="stack"
      style={{ marginTop: 0 }}
      onSubmit={(event) => {
        event.preventDefault();
        if (isThere && !save.isPending) save.mutate();
      }}
    >
      {!source && (
        <TextInput
          label={t("name")}
          description={t("nameHint")}
          value={draft.name}
          onChange={(event) => set({ name: event.currentTarget.value })}
          required
          autoComplete="off"
          data-autofocus
        />
      )}
      <NativeSelect
        label={t("by")}
        data={[
          { value: "env", label: t("byEnv") },
          { value: "url", label: t("byUrl") },
          ...(source && draftOf("", source.configuration).by === "kept" ? [{ value: "kept", label: t("byKept") }] : []),
        ]}
        value={draft.by}
        onChange={(event) => set({ by: event.currentTarget.value as Draft["by"] })}
      />
      {draft.by === "env" && (
        <TextInput
          label={t("env")}
          description={t("envHint")}
          placeholder="PG_DATABASE_URL"
          value={draft.env}
          onChange={(event) => set({ env: event.currentTarget.value })}
          required
          autoComplete="off"
        />
      )}
      {draft.by === "url" && (
        <PasswordInput
          label={t("url")}
          description={t("urlHint")}
          value={draft.url}
          onChange={(event) => set({ url: event.currentTarget.value })}
          required
          autoComplete="off"
        />
      )}
      <details>
        <summary>{t("pool")}</summary>
        <div className="pairs" style={{ marginTop: "0.75rem" }}>
          {(Object.keys(usual) as Setting[]).map((key) => (
            <NumberInput
              key={key}
              label={t(key)}
              placeholder={usual[key]}
              min={0}
              allowDecimal={key === "pool_timeout" || key === "connection_lifetime"}
              hideControls
              value={draft.pool[key]}
              onChange={(value) => set({ pool: { ...draft.pool, [key]: String(value) } })}
            />
          ))}
          <NativeSelect
            label={t("isolation")}
            data={["read-committed", "repeatable-read", "serializable"]}
            value={draft.isolation}
            onChange={(event) => set({ isolation: event.currentTarget.value })}
          />
          <Checkbox label={t("prepares")} checked={draft.prepares} onChange={(event) => set({ prepares: event.currentTarget.checked })} />
        </div>
      </details>
      <div role="status">
        {found && !found.problem && (
          <Alert color="pine">
            {t("works", {
              version: found.version,
              database: found.database,
              user: found.user,
              tables: found.tables,
              ms: number(Math.round(found.took_ms)),
            })}
            {!found.encrypted && ` ${t("unencrypted")}`}
            {found.replica && ` ${t("replica")}`}
          </Alert>
        )}
        {found?.problem && (
          <Alert color="red">
            <p>{t(`problem_${found.problem}`)}</p>
            {found.message && <pre className="driver">{found.message}</pre>}
          </Alert>
        )}
      </div>
      {test.error && <Problem error={test.error} />}
      {save.error && <Problem error={save.error} />}
      <div className="actions end">
        <Button variant="default" loading={test.isPending} disabled={!isThere} onClick={() => test.mutate()}>
          {t("test")}
        </Button>
        <Button type="submit" loading={save.isPending} disabled={!isThere || draft.name.trim() === ""}>
          {t(source ? "save" : "add")}
        </Button>
      </div>
    </form>
  );
};

type Props = { isOpen: boolean; source: Source | undefined; onClose: () => void };

/** A database to be connected, or the connection of one that is. It can be tried first. */
export const SourceForm = ({ isOpen, source, onClose }: Props) => (
  <Modal
    opened={isOpen}
    onClose={onClose}
    title={source ? t("editTitle", { name: source.name }) : t("connectTitle")}
    size="lg"
    centered
    closeOnClickOutside={false}
    closeButtonProps={{ "aria-label": t("cancel") }}
  >
    {isOpen && <Body key={source?.name} source={source} onClose={onClose} />}
  </Modal>
);
