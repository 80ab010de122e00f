import { Button, Modal } from "@mantine/core";
import { useState } from "react";
import { type Conflict, changeRows, type Rows, type Table, type Value } from "../../../../../api/catalog.ts";
import { ApiError } from "../../../../../api/error.ts";
import { Problem } from "../../../parts/Problem.tsx";
import { isDefault, keyOf } from "../cells.ts";
import { changesOf, type StagedRows } from "./changes.ts";
import { tellChanged } from "./tellChanged.ts";
import { t } from "./text.ts";

type Head = Pick<Rows, "columns" | "identity">;
type Props = {
  source: string;
  table: Table;
  head: Head;
  staged: StagedRows;
  isOpen: boolean;
  /** Replaces what is staged: after a conflict was decided, and with nothing when all is saved. */
  onStaged: (next: StagedRows) => void;
  onSaved: () => Promise<unknown>;
  onClose: () => void;
};

const Shown = ({ value }: { value: Value | undefined }) =>
  value === null || value === undefined ? (
    <em className="none">{t("null")}</em>
  ) : isDefault(value) ? (
    <em className="none">{t("default")}</em>
  ) : value === "" ? (
    <em className="none">{t("emptyText1")}</em>
  ) : (
    <code>{value.length > 200 ? `${value.slice(0, 200)}…` : value}</code>
  );

/** Shows exactly what will change, saves all of it or nothing, and asks where somebody else changed a row meanwhile. */
export const Save = ({ source, table, head, staged, isOpen, onStaged, onSaved, onClose }: Props) => {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const conflict = error instanceof ApiError && error.code === "conflict" ? (error.data as Conflict | undefined) : undefined;
  const entries = [...staged];
  const close = () => {
    // What is being saved stays before one's eyes: it could be changed beneath.
    if (isBusy) return;
    setError(undefined);
    onClose();
  };
  const save = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const words = entries.every(([, one]) => one.isDeleted) ? "deleted" : "saved";
      tellChanged(source, table, t(words, { count: staged.size }), await changeRows(source, table, changesOf(staged, head)), onSaved);
      onStaged(new Map());
      await onSaved();
      onClose();
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  };
  const decide = (keepsMine: boolean) => {
    const entry = conflict && entries[conflict.change];
    setError(undefined);
    if (!entry) return;
    const next = new Map(staged);
    if (keepsMine && conflict.now) next.set(entry[0], { ...entry[1], row: conflict.now });
    else next.delete(entry[0]);
    onStaged(next);
    if (next.size === 0) {
      void onSaved();
      close();
    }
  };
  return (
    <Modal opened={isOpen} onClose={close} title={t("reviewTitle")} size="xl" centered closeButtonProps={{ "aria-label": t("cancel") }}>
      <ul className="review">
        {entries.map(([id, { row, set, isDeleted }], index) => (
          <li key={id} className={conflict?.change === index ? "conflict" : undefined}>
            <strong>
              {t(isDeleted ? "deletes" : "updates")} {Object.values(keyOf(head, row)).join(", ") || row.place}
            </strong>
            {!isDeleted && (
              <dl>
                {Object.entries(set ?? {}).map(([column, value]) => (
                  <div key={column}>
                    <dt>{column}</dt>
                    <dd>
                      <span className="unseen">{t("was")} </span>
                      <del>
                        <Shown value={row.values[head.columns.indexOf(column)]} />
                      </del>
                      <span aria-hidden="true"> → </span>
                      <span className="unseen"> {t("becomes")} </span>
                      <Shown value={value} />
                    </dd>
                  </div>
                ))}
              </dl>
            )}
            {conflict?.change === index && (
              <div role="alert" className="warning">
                <strong>{conflict.now ? t("conflict") : t("conflictGone")}</strong>
                {conflict.now && (
                  <>
                    <p>{t("conflictText")}</p>
                    <dl>
                      {table.columns
                        .map((column, i) => ({ name: column.name, now: conflict.now?.values[i] }))
                        .filter(({ name, now }) => now !== row.values[head.columns.indexOf(name)])
                        .map(({ name, now }) => (
                          <div key={name}>
                            <dt>{name}</dt>
                            <dd>
                              <Shown value={now} />
                            </dd>
                          </div>
                        ))}
                    </dl>
                  </>
                )}
                <div className="actions">
                  <Button size="xs" variant="default" onClick={() => decide(false)}>
                    {t("theirs")}
                  </Button>
                  {conflict.now && (
                    <Button size="xs" color="red" onClick={() => decide(true)}>
                      {t("mine")}
                    </Button>
                  )}
                </div>
              </div>
            )}
          </li>
        ))}
      </ul>
      {error !== undefined && !conflict && <Problem error={error} />}
      <div className="actions end" style={{ marginTop: "1rem" }}>
        <Button variant="default" disabled={isBusy} onClick={close}>
          {t("cancel")}
        </Button>
        <Button loading={isBusy} disabled={conflict !== undefined || staged.size === 0} onClick={() => void save()} data-autofocus>
          {t("save", { count: staged.size })}
        </Button>
      </div>
    </Modal>
  );
};
