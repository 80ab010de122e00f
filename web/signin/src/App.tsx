import { useEffect } from "preact/hooks";
import { Shell } from "./components/Shell.tsx";
import { Notice } from "./pages/Notice.tsx";
import { RegisterPassword } from "./pages/RegisterPassword.tsx";
import { RegisterUsername } from "./pages/RegisterUsername.tsx";
import { SignIn } from "./pages/SignIn.tsx";
import { phrases } from "./phrases.ts";
import { go, useStep } from "./router.ts";
import { canRegister, canSignIn, type Settings } from "./settings.ts";

export const App = ({ settings }: { settings: Settings }) => {
  const { step, state } = useStep();

  // A screen the operator closed leads to the one that is open.
  const isClosed = (step === "sign-in" && !canSignIn(settings)) || (step.startsWith("register") && !canRegister(settings));
  useEffect(() => {
    if (isClosed) go(step === "sign-in" ? "register" : "sign-in", {}, "replace");
  }, [isClosed, step]);

  const page = {
    "sign-in": { title: phrases.sign_in.title, content: <SignIn settings={settings} /> },
    register: { title: phrases.register.title, content: <RegisterUsername settings={settings} username={state.username} /> },
    "register/password": {
      title: phrases.register.password_title,
      content: <RegisterPassword settings={settings} username={state.username ?? ""} />,
    },
    consent: { title: phrases.consent.title, content: <Notice settings={settings} phrases={phrases.consent} /> },
    "unknown-session": { title: phrases.unknown_session.title, content: <Notice settings={settings} phrases={phrases.unknown_session} /> },
  }[step];
  useEffect(() => {
    document.title = page.title;
  }, [page.title]);

  return (
    <Shell key={step} settings={settings}>
      {!isClosed && page.content}
    </Shell>
  );
};
