import { Button, Modal, PasswordInput, SegmentedControl } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { nameOf, setPassword, type User } from "../../../../../api/users.ts";
import { FormDialog } from "../../../parts/FormDialog.tsx";
import { done } from "../../../parts/notify.ts";
import { t as common } from "../../../parts/text.ts";
import { useForm } from "../../../parts/useForm.ts";
import { t as shared } from "../text.ts";
import { Handover } from "./Add.tsx";
import { generatePassword } from "./password.ts";
import { t } from "./text.ts";

/** Sets a new password: one made up, shown once, or one that is typed. */
export const Password = ({ user, onClose }: { user: User; onClose: () => void }) => {
  const client = useQueryClient();
  const [made, setMade] = useState<string>();
  const form = useForm({
    initial: { way: "generate", password: "" },
    check: ({ way, password }) => (way === "own" && !password ? { password: shared("required") } : {}),
    where: { "password.": "password" },
    onSubmit: async ({ way, password }) => {
      const next = way === "own" ? password : generatePassword();
      await setPassword(user.id, next);
      await client.invalidateQueries({ queryKey: ["users"] });
      done(t("resetDone", { name: nameOf(user) }));
      if (way === "own") onClose();
      else setMade(next);
    },
  });
  if (made)
    return (
      <Modal opened onClose={onClose} title={t("newPassword")} closeOnClickOutside={false} closeButtonProps={{ "aria-label": common("close") }}>
        <div className="stack" style={{ marginTop: 0 }}>
          <p className="muted">{t("passwordShown")}</p>
          <Handover values={[[t("newPassword"), made]]} />
          <div className="actions end">
            <Button onClick={onClose} data-autofocus>
              {common("close")}
            </Button>
          </div>
        </div>
      </Modal>
    );
  return (
    <FormDialog isOpen title={t("resetPassword")} lead={t("resetText")} action={t("resetPassword")} form={form} onClose={onClose}>
      <SegmentedControl
        fullWidth
        aria-label={t("newPassword")}
        value={form.values.way}
        onChange={(value) => form.set("way", value)}
        data={[
          { value: "generate", label: t("passwordGenerate") },
          { value: "own", label: t("passwordOwn") },
        ]}
      />
      {form.values.way === "own" && (
        <PasswordInput
          label={t("newPassword")}
          required
          autoComplete="new-password"
          visibilityToggleButtonProps={{ "aria-label": t("show") }}
          {...form.text("password")}
        />
      )}
    </FormDialog>
  );
};
