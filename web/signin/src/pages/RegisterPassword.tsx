import { useEffect, useRef, useState } from "preact/hooks";
import { registerWithPassword } from "../../../api/experience.ts";
import { PasswordField } from "../components/Field.tsx";
import { FormProblem, SubmitButton } from "../components/SubmitButton.tsx";
import { phrases } from "../phrases.ts";
import { passwordProblem, passwordRules } from "../policy.ts";
import { draft } from "../registration.ts";
import { go } from "../router.ts";
import type { Settings } from "../settings.ts";
import { useSubmit } from "../useSubmit.ts";

/** Second step of registration: the password. */
export const RegisterPassword = ({ settings, username }: { settings: Settings; username: string }) => {
  const [password, setPassword] = useState("");
  const input = useRef<HTMLInputElement>(null);
  const { isBusy, problem, setProblem, submit } = useSubmit(() => registerWithPassword({ type: "username", value: username }, password));

  useEffect(() => input.current?.focus(), []);
  useEffect(() => {
    if (problem?.field === "identifier") {
      // The server does not like the name: say so where the name is.
      draft.usernameProblem = problem;
      go("register", { username }, "replace");
    } else if (problem?.field === "password") input.current?.focus();
  }, [problem, username]);

  const onSubmit = (event: Event) => {
    event.preventDefault();
    const wrong = passwordProblem(password, settings.passwordPolicy);
    if (wrong) setProblem({ field: "password", text: wrong });
    else void submit();
  };

  return (
    <>
      <h1>{phrases.register.password_title}</h1>
      <p class="lead">
        {phrases.register.password_lead} <strong class="who">{username}</strong>{" "}
        <a
          href={`/register${location.search}`}
          onClick={(event) => {
            event.preventDefault();
            history.back();
          }}
        >
          {phrases.register.change}
        </a>
      </p>
      <form onSubmit={onSubmit} noValidate aria-busy={isBusy}>
        <FormProblem text={problem?.field === "form" ? problem.text : undefined} />
        {/* For password managers: which name the new password belongs to. */}
        <input class="unseen" type="text" name="username" autocomplete="username" value={username} readOnly tabIndex={-1} aria-hidden="true" />
        <PasswordField
          name="password"
          label={phrases.field.password}
          value={password}
          onInput={setPassword}
          error={problem?.field === "password" ? problem.text : undefined}
          autoComplete="new-password"
          inputRef={input}
          isReadOnly={isBusy}
          describedBy="policy"
        />
        <div class="policy" id="policy">
          <p>{phrases.policy.title}</p>
          <ul>
            {passwordRules(password, settings.passwordPolicy).map((rule) => (
              <li key={rule.text} class={rule.isMet ? "met" : ""}>
                <svg viewBox="0 0 16 16" aria-hidden="true">
                  <circle cx="8" cy="8" r="6.75" />
                  <path d="M5 8.3l2.1 2.1L11.2 6" />
                </svg>
                {rule.text}
                <span class="unseen">: {rule.isMet ? phrases.policy.met : phrases.policy.unmet}</span>
              </li>
            ))}
          </ul>
          <p class="hint">{phrases.policy.avoid}</p>
        </div>
        <SubmitButton label={phrases.register.create} busyLabel={phrases.register.busy} isBusy={isBusy} />
      </form>
    </>
  );
};
