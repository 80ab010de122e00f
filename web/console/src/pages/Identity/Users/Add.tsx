import { Button, Modal, PasswordInput, SegmentedControl, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useId, useState } from "react";
import { createUser, nameOf, type User } from "../../../../../api/users.ts";
import { Copy } from "../../../parts/Copy.tsx";
import { FormDialog } from "../../../parts/FormDialog.tsx";
import { t as common } from "../../../parts/text.ts";
import { useForm } from "../../../parts/useForm.ts";
import { t as shared } from "../text.ts";
import { generatePassword } from "./password.ts";
import { whereOfUsers, wrongOf } from "./rules.ts";
import { t } from "./text.ts";

type Way = "generate" | "own" | "none";

/** What has to be handed over to somebody; a password is shown here and nowhere else. */
export const Handover = ({ values }: { values: [name: string, value: string][] }) => (
  <dl className="facts-list">
    {values.map(([name, value]) => (
      <div key={name}>
        <dt>{name}</dt>
        <dd className="copied">
          <code>{value}</code>
          <Copy name={name} value={value} />
        </dd>
      </div>
    ))}
  </dl>
);

const Form = ({ onAdded, onClose }: { onAdded: (user: User, password?: string) => void; onClose: () => void }) => {
  const client = useQueryClient();
  const label = useId();
  const form = useForm({
    initial: { username: "", primaryEmail: "", primaryPhone: "", name: "", way: "generate" as Way, password: "" },
    check: (values) => ({
      ...(!values.username && !values.primaryEmail && !values.primaryPhone && { username: t("oneIdentifier") }),
      ...wrongOf(values),
      ...(values.way === "own" && !values.password && { password: shared("required") }),
    }),
    where: whereOfUsers,
    onSubmit: async ({ way, password: own, ...values }) => {
      const password = way === "generate" ? generatePassword() : way === "own" ? own : undefined;
      const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value.trim() !== ""));
      const user = await createUser({ ...given, password });
      await client.invalidateQueries({ queryKey: ["users"] });
      onAdded(user, way === "generate" ? password : undefined);
    },
  });
  const { way } = form.values;
  return (
    <FormDialog isOpen title={t("add")} action={t("add")} form={form} onClose={onClose}>
      <TextInput
        label={t("username")}
        description={t("usernameHint")}
        data-autofocus
        maxLength={128}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        {...form.text("username")}
      />
      <TextInput label={t("email")} type="email" maxLength={128} autoComplete="off" {...form.text("primaryEmail")} />
      <TextInput label={t("phone")} description={t("phoneHint")} inputMode="tel" maxLength={128} autoComplete="off" {...form.text("primaryPhone")} />
      <TextInput label={t("name")} maxLength={128} autoComplete="off" {...form.text("name")} />
      <div>
        <p className="label" id={label}>
          {t("password")}
        </p>
        <SegmentedControl
          fullWidth
          aria-labelledby={label}
          value={way}
          onChange={(value) => form.set("way", value as Way)}
          data={[
            { value: "generate", label: t("passwordGenerate") },
            { value: "own", label: t("passwordOwn") },
            { value: "none", label: t("passwordNone") },
          ]}
        />
      </div>
      {way === "own" && (
        <PasswordInput
          label={t("password")}
          required
          autoComplete="new-password"
          visibilityToggleButtonProps={{ "aria-label": t("show") }}
          {...form.text("password")}
        />
      )}
      {way === "none" && <p className="muted">{t("passwordNoneHint")}</p>}
    </FormDialog>
  );
};

/** Adds a user, and shows once what has to be handed over. */
export const Add = ({ onClose }: { onClose: () => void }) => {
  const [added, setAdded] = useState<{ user: User; password?: string }>();
  if (!added) return <Form onAdded={(user, password) => setAdded({ user, password })} onClose={onClose} />;
  const { user, password } = added;
  const values: [string, string | null | undefined][] = [
    [t("username"), user.username],
    [t("email"), user.primaryEmail],
    [t("phone"), user.primaryPhone],
    [t("password"), password],
  ];
  return (
    <Modal opened onClose={onClose} title={t("addedTitle")} closeOnClickOutside={false} closeButtonProps={{ "aria-label": common("close") }}>
      <div className="stack" style={{ marginTop: 0 }}>
        <p className="muted">{t(password ? "addedText" : "addedTextPlain")}</p>
        <Handover values={values.flatMap(([name, value]) => (value ? [[name, value] as [string, string]] : []))} />
        <div className="actions end">
          <Button variant="default" onClick={() => setAdded(undefined)}>
            {t("addAnother")}
          </Button>
          <Button component={Link} to="/identity/users/$id" params={{ id: user.id } as never} data-autofocus title={nameOf(user)}>
            {t("details")}
          </Button>
        </div>
      </div>
    </Modal>
  );
};
