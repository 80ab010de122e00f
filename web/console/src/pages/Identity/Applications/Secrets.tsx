import { ActionIcon, Badge, Select, TextInput } from "@mantine/core";
import { IconEye, IconEyeOff } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { createSecret, deleteSecret, loadSecrets, type Secret } from "../../../../../api/applications.ts";
import type { Application } from "../../../../../api/management.ts";
import { Copy } from "../../../parts/Copy.tsx";
import { Empty } from "../../../parts/Empty.tsx";
import { FormDialog } from "../../../parts/FormDialog.tsx";
import { Listing } from "../../../parts/Listing.tsx";
import { done } from "../../../parts/notify.ts";
import { useAddress } from "../../../parts/useAddress.ts";
import { useForm } from "../../../parts/useForm.ts";
import { useMay } from "../../../session.tsx";
import { Ask } from "../parts/Ask.tsx";
import { doing, Plus, RowAction, useWhole, When } from "../parts/list.tsx";
import { t as shared } from "../text.ts";
import { t } from "./text.ts";

const day = 86_400_000;

const Create = ({ onSubmit, onClose }: { onSubmit: (name: string, expiresAt: number | null) => Promise<unknown>; onClose: () => void }) => {
  const form = useForm({
    initial: { name: "", days: "" },
    check: ({ name }) => (name.trim() ? {} : { name: shared("required") }),
    where: { "application.secret_name_exists": "name", "entity.unique": "name" },
    onSubmit: ({ name, days }) => onSubmit(name.trim(), days ? Date.now() + Number(days) * day : null),
  });
  return (
    <FormDialog isOpen title={t("createSecret")} action={t("createSecret")} form={form} onClose={onClose}>
      <TextInput label={t("secretName")} placeholder={t("secretNamePlaceholder")} required data-autofocus maxLength={256} {...form.text("name")} />
      <Select
        label={t("expiry")}
        allowDeselect={false}
        value={form.values.days}
        onChange={(value) => form.set("days", value ?? "")}
        data={[
          { value: "", label: t("never") },
          ...["7", "30", "180", "365"].map((days) => ({ value: days, label: t("expiryDays", { count: Number(days) }) })),
        ]}
      />
    </FormDialog>
  );
};

const Value = ({ secret }: { secret: Secret }) => {
  const [isShown, setShown] = useState(false);
  return (
    <span className="copied">
      <code>{isShown ? secret.value : "•".repeat(16)}</code>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="sm"
        aria-label={t(isShown ? "hideSecret" : "showSecret", { name: secret.name })}
        onClick={() => setShown(!isShown)}
      >
        {isShown ? <IconEyeOff size={15} aria-hidden="true" /> : <IconEye size={15} aria-hidden="true" />}
      </ActionIcon>
      <Copy name={secret.name} value={secret.value} />
    </span>
  );
};

/** What an application proves itself with. */
export const Secrets = ({ app }: { app: Application }) =>
  useMay("secrets") ? <List app={app} /> : <p className="panel muted">{t("secretsKept")}</p>;

const List = ({ app }: { app: Application }) => {
  const client = useQueryClient();
  const [{ create }, set] = useAddress<{ create?: string }>();
  const [deleting, setDeleting] = useState<Secret>();
  const queryKey = ["applications", "one", app.id, "secrets"];
  const { items, list } = useWhole(queryKey, () => loadSecrets(app.id));
  const refresh = () => client.invalidateQueries({ queryKey });
  const add = <Plus name={t("createSecret")} onClick={() => set({ create: "secret" })} />;
  return (
    <div className="panel">
      <Listing
        label={t("secrets")}
        {...list}
        keyOf={(secret) => secret.name}
        tools={
          items &&
          items.length > 0 && (
            <>
              <p className="muted grow">{t("secretsLead")}</p>
              {add}
            </>
          )
        }
        empty={
          <Empty title={t("secretsEmptyTitle")} text={t("secretsEmpty")}>
            {add}
          </Empty>
        }
        columns={[
          { name: t("secretName"), cell: (secret: Secret) => secret.name },
          { name: t("secretValue"), cell: (secret: Secret) => <Value secret={secret} /> },
          { name: t("createdAt"), isMinor: true, cell: (secret: Secret) => <When at={secret.createdAt} /> },
          {
            name: t("expires"),
            isMinor: true,
            cell: (secret: Secret) =>
              secret.expiresAt !== null && secret.expiresAt < Date.now() ? (
                <Badge color="red" variant="light">
                  {t("expired")}
                </Badge>
              ) : (
                <When at={secret.expiresAt} never={t("never")} />
              ),
          },
          ...doing<Secret>(true, (secret) => (
            <RowAction icon="delete" name={t("deleteSecretOf", { name: secret.name })} onClick={() => setDeleting(secret)} />
          )),
        ]}
      />
      {create === "secret" && (
        <Create
          onClose={() => set({ create: undefined }, "replace")}
          onSubmit={async (name, expiresAt) => {
            await createSecret(app.id, { name, expiresAt });
            set({ create: undefined }, "replace");
            await refresh();
            done(t("secretCreated", { name }));
          }}
        />
      )}
      <Ask
        about={deleting}
        title={({ name }) => t("deleteSecretTitle", { name })}
        action={t("deleteSecret")}
        text={() => t("deleteSecretText")}
        said={({ name }) => t("secretDeleted", { name })}
        onConfirm={async ({ name }) => {
          await deleteSecret(app.id, name);
          await refresh();
        }}
        onClose={() => setDeleting(undefined)}
      />
    </div>
  );
};
