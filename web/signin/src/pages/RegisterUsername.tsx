import { useEffect, useRef, useState } from "preact/hooks";
import { Field } from "../components/Field.tsx";
import { SubmitButton } from "../components/SubmitButton.tsx";
import { needsTick, TermsNote, TermsTick } from "../components/Terms.tsx";
import type { Problem } from "../errors.ts";
import { phrases } from "../phrases.ts";
import { usernameProblem } from "../policy.ts";
import { draft } from "../registration.ts";
import { go } from "../router.ts";
import { canSignIn, type Settings } from "../settings.ts";

/** First step of registration: the name. The server judges it together with the password, and may send the user back here with a word about it. */
export const RegisterUsername = ({ settings, username: kept }: { settings: Settings; username?: string | undefined }) => {
  const hint = new URLSearchParams(location.search).get("login_hint");
  const [username, setUsername] = useState(kept ?? hint ?? "");
  const [isTicked, setTicked] = useState(draft.isAgreed);
  const [problem, setProblem] = useState<Problem | undefined>(draft.usernameProblem);
  const input = useRef<HTMLInputElement>(null);

  useEffect(() => {
    draft.usernameProblem = undefined;
    input.current?.focus();
    input.current?.select();
  }, []);

  const onSubmit = (event: Event) => {
    event.preventDefault();
    const name = username.trim();
    const wrong = usernameProblem(name, settings.usernamePolicy);
    if (wrong) {
      setProblem({ field: "identifier", text: wrong });
      input.current?.focus();
    } else if (needsTick(settings, "register") && !isTicked) setProblem({ field: "terms", text: phrases.error.terms_required });
    else {
      draft.isAgreed = isTicked;
      go("register", { username: name }, "replace"); // Back from the next step finds the name again
      go("register/password", { username: name });
    }
  };
  const errorOf = (field: string) => (problem?.field === field ? problem.text : undefined);

  return (
    <>
      <h1>{phrases.register.title}</h1>
      <p class="lead">{phrases.register.lead}</p>
      <form onSubmit={onSubmit} noValidate>
        <Field
          name="username"
          label={phrases.field.username}
          value={username}
          onInput={setUsername}
          error={errorOf("identifier")}
          autoComplete="username"
          inputRef={input}
        />
        {needsTick(settings, "register") && <TermsTick settings={settings} isTicked={isTicked} onTick={setTicked} error={errorOf("terms")} />}
        <SubmitButton label={phrases.register.action} />
      </form>
      {canSignIn(settings) && (
        <p class="switch">
          {phrases.register.have_account}{" "}
          <a
            href={`/sign-in${location.search}`}
            onClick={(event) => {
              event.preventDefault();
              go("sign-in", { username: "" });
            }}
          >
            {phrases.register.sign_in}
          </a>
        </p>
      )}
      <TermsNote settings={settings} screen="register" />
    </>
  );
};
