import { Button, FileButton, Progress } from "@mantine/core";
import { IconUpload } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type DragEvent, useEffect, useRef, useState } from "react";
import { createUser, type NewUser } from "../../../../../api/users.ts";
import { Card } from "../../../parts/Card.tsx";
import { Code } from "../../../parts/Code.tsx";
import { Page } from "../../../parts/Page.tsx";
import { Problem, wordsFor } from "../../../parts/Problem.tsx";
import { Table } from "../../../parts/Table.tsx";
import { useMay } from "../../../session.tsx";
import { inTurn, type Row, readUsers } from "./importing.ts";
import { t } from "./text.ts";
import "../identity.css";

const example = `username,email,name,password_hash,password_algorithm
ada,ada@example.com,Ada Lovelace,$argon2id$v=19$m=…,Argon2id
grace,grace@example.com,Grace Hopper,$2b$12$…,Bcrypt`;

const atOnce = 4; // a plain password is hashed when it arrives: more at once would only queue there
const shownRows = 200;

const passwordWords = (user: NewUser) =>
  user.password ? t("passwordPlain") : user.passwordDigest ? (user.passwordAlgorithm ?? "") : t("passwordNone");

type Run = { done: number; created: number; failed: Row[]; isOver: boolean };

/** Imports users from a file: shows what it says first, then creates them one by one, and what came of each. */
const Import = () => {
  const client = useQueryClient();
  const mayWrite = useMay("users");
  const [file, setFile] = useState<{ name: string; rows: Row[] }>();
  const [error, setError] = useState<unknown>();
  const [run, setRun] = useState<Run>();
  const stop = useRef(new AbortController());
  useEffect(() => () => stop.current.abort(), []);

  const take = async (given: File | null) => {
    setError(undefined);
    setRun(undefined);
    if (!given) return;
    try {
      setFile({ name: given.name, rows: readUsers(await given.text()) });
    } catch (problem) {
      setFile(undefined);
      setError(problem);
    }
  };
  const create = async (rows: Row[]) => {
    stop.current = new AbortController();
    let state: Run = { done: 0, created: 0, failed: [], isOver: false };
    setRun(state);
    const tell = (next: Partial<Run>) => {
      state = { ...state, ...next };
      setRun(state);
    };
    await inTurn(
      rows,
      atOnce,
      async (row) => {
        try {
          await createUser(row.user);
          tell({ done: state.done + 1, created: state.created + 1 });
        } catch (problem) {
          tell({ done: state.done + 1, failed: [...state.failed, { ...row, problem: wordsFor(problem) }] });
        }
      },
      stop.current.signal,
    );
    tell({ isOver: true });
    await client.invalidateQueries({ queryKey: ["users"] });
  };
  const good = file?.rows.filter((row) => !row.problem) ?? [];
  const bad = file?.rows.filter((row) => row.problem) ?? [];
  const total = run ? Math.max(run.done, good.length) : good.length;
  const drop = (event: DragEvent) => {
    event.preventDefault();
    void take(event.dataTransfer.files[0] ?? null);
  };
  const columns = [
    { name: t("line"), width: "4rem", cell: (row: Row) => row.line },
    { name: t("user"), cell: (row: Row) => row.name },
  ];
  return (
    <Page title={t("importTitle")} back={{ to: "/identity/users", name: t("title") }} lead={t("importLead")}>
      {error !== undefined && <Problem error={error} />}
      {mayWrite && !run && (
        // biome-ignore lint/a11y/noStaticElementInteractions: dropping a file is a shortcut of the button inside
        <div className="empty" onDragOver={(event) => event.preventDefault()} onDrop={drop}>
          <p>{file ? t("fileTaken", { name: file.name, count: file.rows.length }) : t("dropHere")}</p>
          <div className="actions">
            <FileButton accept=".csv,.tsv,.json,.jsonl,text/csv,application/json" onChange={(given) => void take(given)}>
              {(props) => (
                <Button {...props} variant={file ? "default" : "filled"} leftSection={<IconUpload size={16} aria-hidden="true" />}>
                  {t(file ? "otherFile" : "pickFile")}
                </Button>
              )}
            </FileButton>
            {good.length > 0 && <Button onClick={() => void create(good)}>{t("importNow", { count: good.length })}</Button>}
          </div>
        </div>
      )}
      {run && (
        <Card title={run.isOver ? t("importDone") : t("importing")}>
          <Progress value={(100 * run.done) / Math.max(1, total)} aria-label={t("importing")} color={run.failed.length > 0 ? "red" : "pine"} />
          <p className="muted" role="status" style={{ marginTop: "0.75rem" }}>
            {t("importCount", { created: run.created, failed: run.failed.length, total })}
          </p>
          <div className="actions" style={{ marginTop: "0.75rem" }}>
            {!run.isOver && (
              <Button variant="default" onClick={() => stop.current.abort()}>
                {t("stop")}
              </Button>
            )}
            {run.isOver && (
              <>
                <Button component={Link} to="/identity/users">
                  {t("toUsers")}
                </Button>
                {run.failed.length > 0 && (
                  <Button variant="default" onClick={() => void create(run.failed)}>
                    {t("tryAgain")}
                  </Button>
                )}
                <Button
                  variant="default"
                  onClick={() => {
                    setRun(undefined);
                    setFile(undefined);
                  }}
                >
                  {t("otherFile")}
                </Button>
              </>
            )}
          </div>
        </Card>
      )}
      {run && run.failed.length > 0 && (
        <Card title={t("failedRows", { count: run.failed.length })}>
          <Table
            label={t("failedRows", { count: run.failed.length })}
            rows={run.failed.slice(0, shownRows)}
            keyOf={(row) => String(row.line)}
            columns={[...columns, { name: t("problem"), cell: (row) => row.problem }]}
          />
        </Card>
      )}
      {bad.length > 0 && !run && (
        <Card title={t("badRows", { count: bad.length })}>
          <p className="muted lead-in">{t("badRowsText")}</p>
          <Table
            label={t("badRows", { count: bad.length })}
            rows={bad.slice(0, shownRows)}
            keyOf={(row) => String(row.line)}
            columns={[...columns, { name: t("problem"), cell: (row) => row.problem }]}
          />
        </Card>
      )}
      {good.length > 0 && !run && (
        <Card title={t("goodRows", { count: good.length })}>
          <Table
            label={t("goodRows", { count: good.length })}
            rows={good.slice(0, shownRows)}
            keyOf={(row) => String(row.line)}
            columns={[
              ...columns,
              { name: t("email"), isMinor: true, cell: (row) => row.user.primaryEmail },
              { name: t("name"), isMinor: true, cell: (row) => row.user.name },
              { name: t("password"), cell: (row) => passwordWords(row.user) },
            ]}
          />
          {good.length > shownRows && <p className="muted">{t("moreRows", { count: good.length - shownRows })}</p>}
        </Card>
      )}
      {!file && !run && (
        <Card title={t("formats")}>
          <p className="muted">{t("formatsText")}</p>
          <Code name={t("formats")} text={example} />
        </Card>
      )}
    </Page>
  );
};

export default Import;
