import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { ApiError } from "../../../../api/error.ts";
import { setUp } from "../../../../api/session.ts";
import { Problem } from "../../parts/Problem.tsx";
import { sessionKey } from "../../session.tsx";
import { Door } from "../../shell/Door.tsx";
import { t } from "./text.ts";

/** The link's token, and an address bar without it: it must not be left in the history or sent along as a referrer. */
const takeToken = (): string => {
  const fromHash = location.hash.slice(1).replace(/^token=/, "");
  const token = decodeURIComponent(fromHash) || new URLSearchParams(location.search).get("token") || "";
  if (token) history.replaceState({ ...history.state, token }, "", "/console/setup");
  return token || (history.state?.token ?? "");
};

const fieldOf = (error: unknown): "username" | "password" | "form" => {
  if (!(error instanceof ApiError)) return "form";
  if (error.code.startsWith("password.")) return "password";
  return error.code.includes("username") ? "username" : "form";
};

/** Creates the first administrator, by the one-time link Gatehouse printed or with the admin secret. */
const SetUp = () => {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [token] = useState(takeToken);
  const [secret, setSecret] = useState("");
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const [isDone, setDone] = useState(false);

  const onSubmit = async (event: FormEvent) => {
    event.preventDefault();
    if (isBusy) return;
    setBusy(true);
    setError(undefined);
    try {
      await setUp(token ? { token } : { secret }, username.trim(), password);
      history.replaceState(null, "", "/console/setup"); // the token is spent
      setDone(true);
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  };
  const open = async () => {
    await client.invalidateQueries({ queryKey: sessionKey });
    await navigate({ to: "/" });
  };

  if (isDone)
    return (
      <Door title={t("doneTitle")}>
        <div className="stack">
          <p className="lead">{t("doneLead", { name: username.trim() })}</p>
          <Button onClick={() => void open()} autoFocus>
            {t("open")}
          </Button>
        </div>
      </Door>
    );
  const field = error === undefined ? undefined : fieldOf(error);
  return (
    <Door title={t("title")}>
      <form className="stack" onSubmit={onSubmit}>
        <p className="lead">{t("lead")}</p>
        {field === "form" && <Problem error={error} />}
        {!token && (
          <PasswordInput
            label={t("secret")}
            description={t("secretHint")}
            name="admin-secret"
            autoComplete="off"
            required
            withAsterisk={false}
            autoFocus
            value={secret}
            onChange={(event) => setSecret(event.currentTarget.value)}
            visibilityToggleButtonProps={{ "aria-label": t("show") }}
          />
        )}
        <TextInput
          label={t("username")}
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          required
          withAsterisk={false}
          pattern="[A-Za-z_]\w*"
          title={t("usernameRule")}
          autoFocus={token !== ""}
          value={username}
          onChange={(event) => setUsername(event.currentTarget.value)}
          error={field === "username" && error instanceof Error ? error.message : undefined}
        />
        <PasswordInput
          label={t("password")}
          description={t("passwordHint")}
          name="password"
          autoComplete="new-password"
          required
          withAsterisk={false}
          minLength={8}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          error={field === "password" ? t("weak") : undefined}
          visibilityToggleButtonProps={{ "aria-label": t("show") }}
        />
        <Button type="submit" loading={isBusy} fullWidth>
          {t("create")}
        </Button>
      </form>
    </Door>
  );
};

export default SetUp;
