import { Button, Modal, Progress } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { inWindow, list as listOf, type Role } from "../../../../../api/management.ts";
import { giveRoles, takeRole } from "../../../../../api/roles.ts";
import { deleteUser, nameOf, setSuspended, type User } from "../../../../../api/users.ts";
import { Confirm } from "../../../parts/confirm.tsx";
import { done } from "../../../parts/notify.ts";
import { wordsFor } from "../../../parts/Problem.tsx";
import { t as common } from "../../../parts/text.ts";
import { AssignDialog } from "../parts/AssignDialog.tsx";
import { t as parts } from "../parts/text.ts";
import { inTurn } from "./importing.ts";
import { t } from "./text.ts";

const atOnce = 4;

type Run = { title: string; of: number; did: User[]; failed: { user: User; problem: string }[]; isOver: boolean };

/** What can be done with several users: one request for each, and what came of them. What can be undone can be undone for those it was done to. */
export const Bulk = ({ picked, onClear }: { picked: User[]; onClear: () => void }) => {
  const client = useQueryClient();
  const [asking, setAsking] = useState<"suspend" | "delete" | "roles">();
  const [run, setRun] = useState<Run>();
  const count = picked.length;
  const refresh = () => Promise.all([client.invalidateQueries({ queryKey: ["users"] }), client.invalidateQueries({ queryKey: ["roles"] })]);

  /** Does it for each; stays open and tells where something was refused. */
  const forEach = async (title: string, users: User[], work: (user: User) => Promise<unknown>): Promise<User[]> => {
    let state: Run = { title, of: users.length, did: [], failed: [], isOver: false };
    const tell = (next: Partial<Run>) => {
      state = { ...state, ...next };
      setRun(state);
    };
    tell({});
    await inTurn(
      users,
      atOnce,
      async (user) => {
        try {
          await work(user);
          tell({ did: [...state.did, user] });
        } catch (problem) {
          tell({ failed: [...state.failed, { user, problem: wordsFor(problem) }] });
        }
      },
      new AbortController().signal,
    );
    await refresh();
    if (state.failed.length > 0) tell({ isOver: true });
    else setRun(undefined);
    return state.did;
  };
  /** The same as what takes something back: it has failed where it failed for one. */
  const back = async (title: string, users: User[], work: (user: User) => Promise<unknown>) => {
    const { length } = await forEach(title, users, work);
    if (length < users.length) throw new Error(t("bulkCount", { did: length, failed: users.length - length, total: users.length }));
  };
  /** Says what was done, if anything was. */
  const tellDone = (message: string, users: User[], undo?: () => Promise<unknown>) => users.length > 0 && done(message, undo);
  const suspend = async (isSuspended: boolean) => {
    setAsking(undefined);
    const others = picked.filter((user) => user.isSuspended !== isSuspended);
    const did = await forEach(t(isSuspended ? "suspend" : "reactivate"), others, (user) => setSuspended(user.id, isSuspended));
    onClear();
    tellDone(t(isSuspended ? "suspendedMany" : "reactivatedMany", { count: did.length }), did, () =>
      back(t(isSuspended ? "reactivate" : "suspend"), did, (user) => setSuspended(user.id, !isSuspended)),
    );
  };
  const remove = async () => {
    setAsking(undefined);
    const did = await forEach(t("deleteMany"), picked, (user) => deleteUser(user.id));
    onClear();
    tellDone(t("deletedMany", { count: did.length }), did);
  };
  const give = async (roleIds: string[]) => {
    setAsking(undefined);
    const added = new Map<string, string[]>();
    const did = await forEach(parts("assignRoles"), picked, async (user) => {
      const { addedRoleIds } = await giveRoles("users", user.id, roleIds);
      if (addedRoleIds.length > 0) added.set(user.id, addedRoleIds);
    });
    const gained = did.filter((user) => added.has(user.id));
    onClear();
    tellDone(t("gaveMany", { count: gained.length }), gained, () =>
      back(t("undoRoles"), gained, async (user) => {
        for (const roleId of added.get(user.id) ?? []) await takeRole("users", user.id, roleId);
      }),
    );
  };
  return (
    <>
      {count > 0 && (
        <section className="savebar bulk" aria-label={t("picked", { count })}>
          <span role="status">{t("picked", { count })}</span>
          <Button variant="default" size="sm" onClick={() => setAsking("roles")}>
            {parts("assignRoles")}
          </Button>
          {picked.some((user) => !user.isSuspended) && (
            <Button variant="default" size="sm" onClick={() => setAsking("suspend")}>
              {t("suspend")}
            </Button>
          )}
          {picked.some((user) => user.isSuspended) && (
            <Button variant="default" size="sm" onClick={() => void suspend(false)}>
              {t("reactivate")}
            </Button>
          )}
          <Button color="red" size="sm" onClick={() => setAsking("delete")}>
            {t("deleteMany")}
          </Button>
          <Button variant="subtle" size="sm" onClick={onClear}>
            {t("pickNone")}
          </Button>
        </section>
      )}
      {asking === "roles" && (
        <AssignDialog<Role>
          title={parts("assignRoles")}
          find={parts("findRole")}
          queryKey={["roles", "for users"]}
          load={(search) => listOf("roles", { ...inWindow({ search }), type: "User" })}
          show={(role) => (
            <>
              {role.name}
              <span className="second">{role.description}</span>
            </>
          )}
          nameOf={(role) => role.name}
          nothing={parts("noRole")}
          onClose={() => setAsking(undefined)}
          onSubmit={give}
        />
      )}
      <Confirm
        isOpen={asking === "suspend"}
        title={t("suspendManyTitle", { count })}
        action={t("suspend")}
        onConfirm={() => suspend(true)}
        onClose={() => setAsking(undefined)}
      >
        {t("suspendText")}
      </Confirm>
      <Confirm
        isOpen={asking === "delete"}
        title={t("deleteManyTitle", { count })}
        action={t("deleteMany")}
        word={t("deleteWord", { count })}
        onConfirm={remove}
        onClose={() => setAsking(undefined)}
      >
        {t("deleteManyText", { names: picked.slice(0, 5).map(nameOf).join(", ") })}
      </Confirm>
      {run && (
        <Modal
          opened
          title={run.title}
          withCloseButton={run.isOver}
          closeOnClickOutside={false}
          closeOnEscape={run.isOver}
          onClose={() => setRun(undefined)}
          closeButtonProps={{ "aria-label": common("close") }}
        >
          <Progress
            value={(100 * (run.did.length + run.failed.length)) / run.of}
            aria-label={run.title}
            color={run.failed.length > 0 ? "red" : "pine"}
          />
          <p className="muted" role="status" style={{ marginTop: "0.75rem" }}>
            {t("bulkCount", { did: run.did.length, failed: run.failed.length, total: run.of })}
          </p>
          {run.failed.length > 0 && (
            <ul className="failures">
              {run.failed.slice(0, 50).map(({ user, problem }) => (
                <li key={user.id}>
                  <strong>{nameOf(user)}</strong>: {problem}
                </li>
              ))}
            </ul>
          )}
        </Modal>
      )}
    </>
  );
};
