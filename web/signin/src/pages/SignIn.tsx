import { useEffect, useRef, useState } from "preact/hooks";
import { type Identifier, signInWithPassword } from "../../../api/experience.ts";
import { Field, PasswordField } from "../components/Field.tsx";
import { FormProblem, SubmitButton } from "../components/SubmitButton.tsx";
import { needsTick, TermsNote, TermsTick } from "../components/Terms.tsx";
import { fill, phrases } from "../phrases.ts";
import { go } from "../router.ts";
import { canRegister, passwordIdentifiers, type Settings } from "../settings.ts";
import { useSubmit } from "../useSubmit.ts";

/** What the user typed, as the kind it looks like among those that are enabled. */
export const toIdentifier = (value: string, enabled: Identifier["type"][]): Identifier => {
  if (enabled.includes("email") && value.includes("@")) return { type: "email", value };
  if (enabled.includes("phone") && /^\+?[\d\s()-]{5,}$/.test(value)) return { type: "phone", value: value.replace(/\D/g, "") };
  return { type: enabled.includes("username") ? "username" : (enabled[0] ?? "username"), value };
};

const identifierLabel = (enabled: Identifier["type"][]): string => {
  const names = enabled.map((kind) => phrases.field[kind]);
  return names.reduce((first, second) => fill(phrases.field.or, { first, second: second.toLowerCase() }));
};

export const SignIn = ({ settings }: { settings: Settings }) => {
  const enabled = passwordIdentifiers(settings);
  const label = identifierLabel(enabled);
  const [identifier, setIdentifier] = useState(new URLSearchParams(location.search).get("login_hint") ?? "");
  const [password, setPassword] = useState("");
  const [isTicked, setTicked] = useState(false);
  const identifierInput = useRef<HTMLInputElement>(null);
  const passwordInput = useRef<HTMLInputElement>(null);
  const { isBusy, problem, setProblem, submit } = useSubmit(() => signInWithPassword(toIdentifier(identifier.trim(), enabled), password));

  useEffect(() => (identifier ? passwordInput : identifierInput).current?.focus(), []);
  useEffect(() => {
    if (problem?.field === "identifier") identifierInput.current?.focus();
    if (problem?.field === "password") passwordInput.current?.select();
  }, [problem]);

  const onSubmit = (event: Event) => {
    event.preventDefault();
    if (!identifier.trim()) setProblem({ field: "identifier", text: fill(phrases.error.identifier_required, { identifier: label.toLowerCase() }) });
    else if (!password) setProblem({ field: "password", text: phrases.error.password_required });
    else if (needsTick(settings, "sign-in") && !isTicked) setProblem({ field: "terms", text: phrases.error.terms_required });
    else void submit();
  };
  const errorOf = (field: string) => (problem?.field === field ? problem.text : undefined);

  return (
    <>
      <h1>{phrases.sign_in.title}</h1>
      <p class="lead">{settings.displayName ? fill(phrases.sign_in.lead_app, { app: settings.displayName }) : phrases.sign_in.lead}</p>
      <form onSubmit={onSubmit} noValidate aria-busy={isBusy}>
        <FormProblem text={errorOf("form")} />
        <Field
          name="identifier"
          label={label}
          value={identifier}
          onInput={setIdentifier}
          error={errorOf("identifier")}
          autoComplete="username"
          inputRef={identifierInput}
          inputMode={enabled.length === 1 && enabled[0] !== "username" ? (enabled[0] === "email" ? "email" : "tel") : "text"}
          isReadOnly={isBusy}
        />
        <PasswordField
          name="password"
          label={phrases.field.password}
          value={password}
          onInput={setPassword}
          error={errorOf("password")}
          autoComplete="current-password"
          inputRef={passwordInput}
          isReadOnly={isBusy}
        />
        {needsTick(settings, "sign-in") && <TermsTick settings={settings} isTicked={isTicked} onTick={setTicked} error={errorOf("terms")} />}
        <SubmitButton label={phrases.sign_in.action} busyLabel={phrases.sign_in.busy} isBusy={isBusy} />
      </form>
      {canRegister(settings) && (
        <p class="switch">
          {phrases.sign_in.no_account}{" "}
          <a
            href={`/register${location.search}`}
            onClick={(event) => {
              event.preventDefault();
              go("register");
            }}
          >
            {phrases.sign_in.register}
          </a>
        </p>
      )}
      <TermsNote settings={settings} screen="sign-in" />
    </>
  );
};
