import { ActionIcon, Badge, Button, Select, TextInput } from "@mantine/core";
import { IconEye, IconEyeOff, IconPlus, IconTrash } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { createSecret, deleteSecret, loadSecrets, type Secret } from "../../../../../api/applications.ts";
import type { Application } from "../../../../../api/management.ts";
import { Copy } from "../../../parts/Copy.tsx";
import { Confirm } from "../../../parts/confirm.tsx";
import { Empty } from "../../../parts/Empty.tsx";
import { FormDialog } from "../../../parts/FormDialog.tsx";
import { Listing } from "../../../parts/Listing.tsx";
import { done } from "../../../parts/notify.ts";
import { useAddress } from "../../../parts/useAddress.ts";
import { useForm } from "../../../parts/useForm.ts";
import { useMay } from "../../../session.tsx";
import { ago, moment } from "../../../text.ts";
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
      <TextInput label={t("secretName")} placeholder="production" required data-autofocus maxLength={256} {...form.text("name")} />
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
export const Secrets = ({ app }: { app: Application }) => {
  const client = useQueryClient();
  const may = useMay("secrets");
  const [{ create }, set] = useAddress<{ create?: string }>();
  const [deleting, setDeleting] = useState<Secret>();
  const query = useQuery({ queryKey: ["applications", "one", app.id, "secrets"], queryFn: () => loadSecrets(app.id), enabled: may });
  if (!may) return <p className="panel muted">{t("secretsKept")}</p>;
  const refresh = () => client.invalidateQueries({ queryKey: ["applications", "one", app.id, "secrets"] });
  const add = (
    <Button leftSection={<IconPlus size={16} aria-hidden="true" />} onClick={() => set({ create: "secret" })}>
      {t("createSecret")}
    </Button>
  );
  const items = query.data;
  return (
    <div className="panel">
      <Listing
        label={t("secrets")}
        query={{ data: items && { items, total: items.length }, error: query.error, refetch: query.refetch }}
        keyOf={(secret) => secret.name}
        page={1}
        onPage={() => {}}
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
          { name: t("createdAt"), isMinor: true, cell: (secret: Secret) => <time title={moment(secret.createdAt)}>{ago(secret.createdAt)}</time> },
          {
            name: t("expires"),
            isMinor: true,
            cell: (secret: Secret) =>
              secret.expiresAt === null ? (
                t("never")
              ) : secret.expiresAt < Date.now() ? (
                <Badge color="red" variant="light">
                  {t("expired")}
                </Badge>
              ) : (
                <time title={moment(secret.expiresAt)}>{ago(secret.expiresAt)}</time>
              ),
          },
          {
            name: shared("actions"),
            isUnnamed: true,
            isEnd: true,
            cell: (secret: Secret) => (
              <ActionIcon variant="subtle" color="gray" aria-label={t("deleteSecretOf", { name: secret.name })} onClick={() => setDeleting(secret)}>
                <IconTrash size={16} aria-hidden="true" />
              </ActionIcon>
            ),
          },
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
      <Confirm
        isOpen={deleting !== undefined}
        title={t("deleteSecretTitle", { name: deleting?.name ?? "" })}
        action={t("deleteSecret")}
        onConfirm={async () => {
          if (!deleting) return;
          await deleteSecret(app.id, deleting.name);
          await refresh();
          done(t("secretDeleted", { name: deleting.name }));
        }}
        onClose={() => setDeleting(undefined)}
      >
        {t("deleteSecretText")}
      </Confirm>
    </div>
  );
};
