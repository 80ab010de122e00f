import { Badge, Button, Modal, TextInput } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { command, loadInconsistencies, type Source } from "../../../../../api/metadata.ts";
import { Confirm } from "../../../parts/confirm.tsx";
import { Empty } from "../../../parts/Empty.tsx";
import { done } from "../../../parts/notify.ts";
import { Page } from "../../../parts/Page.tsx";
import { Problem } from "../../../parts/Problem.tsx";
import { useMay } from "../../../session.tsx";
import { Waiting } from "../../../shell/Waiting.tsx";
import type { SourcesSearch } from "../address.ts";
import { useMetadata, useRefresh } from "../source.ts";
import { whereOf } from "./draft.ts";
import { SourceForm } from "./Form.tsx";
import { t } from "./text.ts";

const isServed = (source: Source) => ["postgres", "pg", "citus"].includes(source.kind);

const Rename = ({ source, onClose }: { source: Source; onClose: () => void }) => {
  const [name, setName] = useState(source.name);
  const refresh = useRefresh();
  const rename = useMutation({
    mutationFn: () => command("rename_source", { name: source.name, new_name: name.trim() }),
    onSuccess: async () => {
      await refresh();
      done(t("renamed", { old: source.name, name: name.trim() }));
      onClose();
    },
  });
  return (
    <form
      className="stack"
      style={{ marginTop: 0 }}
      onSubmit={(event) => {
        event.preventDefault();
        rename.mutate();
      }}
    >
      <TextInput
        label={t("name")}
        description={t("renameText")}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        required
        data-autofocus
      />
      {rename.error && <Problem error={rename.error} />}
      <div className="actions end">
        <Button type="submit" loading={rename.isPending} disabled={name.trim() === "" || name.trim() === source.name}>
          {t("rename")}
        </Button>
      </div>
    </form>
  );
};

type Act = { edit: (source: Source) => void; rename: (source: Source) => void; remove: (source: Source) => void };

const One = ({ source, reason, act }: { source: Source; reason: string | undefined; act: Act }) => {
  const mayChange = useMay("sources");
  const mayReload = useMay("metadata");
  const refresh = useRefresh();
  const again = useMutation({
    mutationFn: () => command("reload_metadata", { reload_sources: [source.name] }),
    onSuccess: async () => {
      await refresh();
      done(t("reconnected", { name: source.name }));
    },
  });
  return (
    <li className="card source">
      <div>
        <strong>
          {isServed(source) ? (
            <Link to="/data/$source" params={{ source: source.name }}>
              {source.name}
            </Link>
          ) : (
            source.name
          )}
        </strong>
        {!isServed(source) ? (
          <Badge variant="default">{t("foreign", { kind: source.kind })}</Badge>
        ) : reason === undefined ? (
          <Badge variant="light">{t("isConnected")}</Badge>
        ) : (
          <Badge color="red">{t("broken")}</Badge>
        )}
        <code className="muted">{whereOf(source.configuration)}</code>
        <span className="muted">{t("tables", { count: source.tables?.length ?? 0 })}</span>
      </div>
      {reason !== undefined && <pre className="driver">{reason}</pre>}
      {again.error && <Problem error={again.error} />}
      <div className="actions">
        {mayReload && isServed(source) && (
          <Button
            size="compact-sm"
            variant={reason === undefined ? "subtle" : "light"}
            color={reason === undefined ? "gray" : undefined}
            loading={again.isPending}
            aria-label={t("againOf", { name: source.name })}
            onClick={() => again.mutate()}
          >
            {t("again")}
          </Button>
        )}
        {mayChange && (
          <>
            {isServed(source) && (
              <Button size="compact-sm" variant="subtle" aria-label={t("editOf", { name: source.name })} onClick={() => act.edit(source)}>
                {t("edit")}
              </Button>
            )}
            <Button size="compact-sm" variant="subtle" aria-label={t("renameOf", { name: source.name })} onClick={() => act.rename(source)}>
              {t("rename")}
            </Button>
            <Button
              size="compact-sm"
              variant="subtle"
              color="red"
              aria-label={t("removeOf", { name: source.name })}
              onClick={() => act.remove(source)}
            >
              {t("remove")}
            </Button>
          </>
        )}
      </div>
    </li>
  );
};

/** The databases behind the API: connected, changed, renamed, removed. */
const Sources = () => {
  const mayChange = useMay("sources");
  const { data, error, refetch } = useMetadata();
  const wrong = useQuery({ queryKey: ["inconsistencies"], queryFn: loadInconsistencies });
  const { connect } = useSearch({ strict: false }) as SourcesSearch;
  const navigate = useNavigate();
  const [editing, setEditing] = useState<Source>();
  const [renaming, setRenaming] = useState<Source>();
  const [removing, setRemoving] = useState<Source>();
  const refresh = useRefresh();
  const sources = data?.metadata.sources ?? [];
  const reasonOf = (source: Source) => {
    const found = wrong.data?.find((one) => one.type === "source" && one.name === `source ${source.name}`);
    return found && (typeof found.message === "string" ? found.message : found.reason);
  };
  const setConnect = (isOn: boolean) => void navigate({ to: "/data/sources", search: { connect: isOn || undefined }, replace: !isOn });
  const connectButton = mayChange && (
    <Button size="xs" leftSection={<IconPlus size={15} aria-hidden="true" />} onClick={() => setConnect(true)}>
      {t("connect")}
    </Button>
  );
  return (
    <Page title={t("title")} lead={t("lead")} actions={sources.length > 0 && connectButton}>
      {error && <Problem error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Waiting />}
      {data && sources.length === 0 && (
        <Empty title={t("empty")} text={t("emptyText")}>
          {connectButton}
        </Empty>
      )}
      <ul className="migrations">
        {sources.map((source) => (
          <One key={source.name} source={source} reason={reasonOf(source)} act={{ edit: setEditing, rename: setRenaming, remove: setRemoving }} />
        ))}
      </ul>
      <SourceForm
        isOpen={(mayChange && connect === true) || editing !== undefined}
        source={editing}
        onClose={() => {
          setEditing(undefined);
          if (connect) setConnect(false);
        }}
      />
      <Modal
        opened={renaming !== undefined}
        onClose={() => setRenaming(undefined)}
        title={t("renameOf", { name: renaming?.name ?? "" })}
        centered
        closeButtonProps={{ "aria-label": t("cancel") }}
      >
        {renaming && <Rename source={renaming} onClose={() => setRenaming(undefined)} />}
      </Modal>
      <Confirm
        isOpen={removing !== undefined}
        title={t("removeTitle", { name: removing?.name ?? "" })}
        action={t("remove")}
        word={removing?.name}
        onConfirm={async () => {
          const name = removing?.name ?? "";
          await command("pg_drop_source", { name, cascade: true });
          await refresh();
          done(t("removed", { name }));
        }}
        onClose={() => setRemoving(undefined)}
      >
        <p>{t("removeText")}</p>
      </Confirm>
    </Page>
  );
};

export default Sources;
