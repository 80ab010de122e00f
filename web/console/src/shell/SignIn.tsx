import { Alert, Button, Divider, PasswordInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { ApiError } from "../../../api/error.ts";
import { type SignedOut, signInAddress, signInBySecret } from "../../../api/session.ts";
import { wordsFor } from "../parts/Problem.tsx";
import { sessionKey } from "../session.tsx";
import { Door } from "./Door.tsx";
import { t } from "./text.ts";

const returned = { not_member: "problemNotMember", expired: "problemExpired", denied: "problemDenied", failed: "problemFailed" } as const;

/** What the way back from the provider says went wrong: /console?problem=CODE. */
const problemInAddress = () => {
  const code = new URLSearchParams(location.search).get("problem");
  return code && code in returned ? t(returned[code as keyof typeof returned]) : undefined;
};

/** The ways into the console that this Gatehouse has. Members come back to the page they asked for. */
export const SignIn = ({ session }: { session: SignedOut }) => {
  const problem = problemInAddress();
  const byMember = session.ways.includes("member");
  const to = location.pathname + (problem ? "" : location.search);
  return (
    <Door title={t("signInTitle")}>
      {problem && (
        <Alert color="red" role="alert" mt="md">
          {problem}
        </Alert>
      )}
      {session.needsSetUp && (
        <div className="stack">
          <p className="lead">{t("noAdministrator")}</p>
          <Button component={Link} to="/setup" fullWidth>
            {t("createAdministrator")}
          </Button>
        </div>
      )}
      {byMember && !session.needsSetUp && (
        <div className="stack">
          <p className="lead">{t("signInLead")}</p>
          <Button component="a" href={signInAddress(to)} fullWidth>
            {t("signIn")}
          </Button>
        </div>
      )}
      {byMember && session.ways.includes("secret") && <Divider label={t("or")} my="lg" />}
      {session.ways.includes("secret") && <BySecret isFirst={!byMember} />}
    </Door>
  );
};

const BySecret = ({ isFirst }: { isFirst: boolean }) => {
  const client = useQueryClient();
  const [secret, setSecret] = useState("");
  const [problem, setProblem] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const onSubmit = async (event: FormEvent) => {
    event.preventDefault();
    if (isBusy || !secret) return;
    setBusy(true);
    setProblem(undefined);
    try {
      await signInBySecret(secret);
      setSecret("");
      await client.invalidateQueries({ queryKey: sessionKey });
    } catch (error) {
      setProblem(error instanceof ApiError && error.status === 401 ? t("wrongSecret") : wordsFor(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form className="stack" onSubmit={onSubmit}>
      <PasswordInput
        label={t("secret")}
        description={t("secretHint")}
        name="admin-secret"
        autoComplete="off"
        required
        withAsterisk={false}
        autoFocus={isFirst}
        value={secret}
        onChange={(event) => setSecret(event.currentTarget.value)}
        error={problem}
        visibilityToggleButtonProps={{ "aria-label": t("showSecret") }}
      />
      <Button type="submit" variant={isFirst ? "filled" : "default"} loading={isBusy} fullWidth>
        {t("openBySecret")}
      </Button>
    </form>
  );
};
