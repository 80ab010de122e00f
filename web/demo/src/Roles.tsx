import { useState } from "preact/hooks";

type Props = {
  roles: string[];
  held: string[];
  chosen: string | undefined;
  onPick: (role: string) => void;
  onChange: (role: string, action: "add" | "remove") => Promise<void>;
};

/** The demo's roles: which one the query runs under, and which ones the user holds. */
export const Roles = ({ roles, held, chosen, onPick, onChange }: Props) => {
  const [changing, setChanging] = useState<string>();
  const change = async (role: string, action: "add" | "remove") => {
    if (changing) return;
    setChanging(role);
    await onChange(role, action);
    setChanging(undefined);
  };
  return (
    <section class="card">
      <h2>Ask as</h2>
      <fieldset class="roles">
        <legend class="unseen">Role of the request</legend>
        {roles.map((role) => {
          const isHeld = held.includes(role);
          return (
            <div class={`role ${chosen === role ? "chosen" : ""}`} key={role}>
              <label>
                <input type="radio" name="role" value={role} checked={chosen === role} onChange={() => onPick(role)} />
                <code>{role}</code>
                <span class={isHeld ? "held" : "unheld"}>{isHeld ? "held" : "not held"}</span>
              </label>
              <button type="button" class="quiet" aria-disabled={changing !== undefined} onClick={() => change(role, isHeld ? "remove" : "add")}>
                {isHeld ? "Drop" : "Ask for it"}
                <span class="unseen"> {role}</span>
              </button>
            </div>
          );
        })}
      </fieldset>
      <p class="hint">
        Sent as <code>X-Hasura-Role</code>. Drop the role you are asking as, and watch the next request.
      </p>
    </section>
  );
};
