import { Badge, Button, Modal, TextInput } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import type { Table } from "../../../../../api/catalog.ts";
import type { Relationship, Table as TrackedTable } from "../../../../../api/metadata.ts";
import { Card } from "../../../parts/Card.tsx";
import { Confirm } from "../../../parts/confirm.tsx";
import { Problem } from "../../../parts/Problem.tsx";
import { useMay } from "../../../session.tsx";
import { targetOf } from "../relationships.ts";
import { t } from "./text.ts";
import { useCommand } from "./useCommand.ts";

/** The relationships there are, renamed and removed. */
export const Existing = ({ source, table, tracked, actions }: { source: string; table: Table; tracked: TrackedTable; actions: ReactNode }) => {
  const mayTrack = useMay("metadata");
  const [renaming, setRenaming] = useState<string>();
  const [next, setNext] = useState("");
  const [dropping, setDropping] = useState<string>();
  const rename = useCommand(t("added"));
  const drop = useCommand(t("removed"));
  const self = { source, table: { schema: table.schema, name: table.name } };
  const all: { one: Relationship; isArray: boolean }[] = [
    ...(tracked.object_relationships ?? []).map((one) => ({ one, isArray: false })),
    ...(tracked.array_relationships ?? []).map((one) => ({ one, isArray: true })),
  ];
  return (
    <Card title={t("title")} actions={actions}>
      {all.length === 0 && <p className="muted">{t("none")}</p>}
      <ul className="part-list">
        {all.map(({ one, isArray }) => {
          const target = targetOf(one, isArray, table);
          return (
            <li key={one.name}>
              <strong>{one.name}</strong>
              <Badge variant="default" tt="none">
                {t(isArray ? "array" : "object")}
              </Badge>
              {target && (
                <Link to="/data/$source/$schema/$table/relationships" params={{ source, schema: target.table.schema, table: target.table.name }}>
                  {target.table.name}
                </Link>
              )}
              <code>{target && ("through" in target ? target.through : target.mapping.map(([a, b]) => `${a} → ${b}`).join(", "))}</code>
              {mayTrack && (
                <span className="actions">
                  <Button
                    size="compact-xs"
                    variant="subtle"
                    aria-label={t("renameOf", { name: one.name })}
                    onClick={() => {
                      setNext(one.name);
                      setRenaming(one.name);
                    }}
                  >
                    {t("rename")}
                  </Button>
                  <Button
                    size="compact-xs"
                    variant="subtle"
                    color="red"
                    aria-label={t("dropOf", { name: one.name })}
                    onClick={() => setDropping(one.name)}
                  >
                    {t("drop")}
                  </Button>
                </span>
              )}
            </li>
          );
        })}
      </ul>
      <Modal
        opened={renaming !== undefined}
        onClose={() => setRenaming(undefined)}
        title={t("renameTitle", { name: renaming ?? "" })}
        centered
        closeButtonProps={{ "aria-label": t("cancel") }}
      >
        <form
          className="stack"
          style={{ marginTop: 0 }}
          onSubmit={(event) => {
            event.preventDefault();
            void rename.mutateAsync({ type: "pg_rename_relationship", args: { ...self, name: renaming, new_name: next } }).then(
              () => setRenaming(undefined),
              () => {},
            );
          }}
        >
          <TextInput
            label={t("name")}
            description={t("renameText")}
            value={next}
            onChange={(event) => setNext(event.currentTarget.value)}
            data-autofocus
            required
          />
          {rename.error && <Problem error={rename.error} />}
          <div className="actions end">
            <Button type="submit" loading={rename.isPending}>
              {t("rename")}
            </Button>
          </div>
        </form>
      </Modal>
      <Confirm
        isOpen={dropping !== undefined}
        title={t("dropTitle", { name: dropping ?? "" })}
        action={t("drop")}
        onConfirm={() => drop.mutateAsync({ type: "pg_drop_relationship", args: { ...self, relationship: dropping, cascade: true } })}
        onClose={() => setDropping(undefined)}
      >
        <p>{t("dropText")}</p>
      </Confirm>
    </Card>
  );
};
