import { Badge, Button, Select } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { deleteKey, type Key, type KeyType, loadKeys, type Rotation, rotateKeys } from "../../../../../api/keys.ts";
import { Card } from "../../../parts/Card.tsx";
import { FormDialog } from "../../../parts/FormDialog.tsx";
import { done } from "../../../parts/notify.ts";
import { Page } from "../../../parts/Page.tsx";
import { Problem } from "../../../parts/Problem.tsx";
import { Table } from "../../../parts/Table.tsx";
import { useForm } from "../../../parts/useForm.ts";
import { useMay, useSession } from "../../../session.tsx";
import { ago, moment } from "../../../text.ts";
import { Ask } from "../parts/Ask.tsx";
import { doing, RowAction, When } from "../parts/list.tsx";
import { t } from "./text.ts";
import "../identity.css";

const hour = 3600;

const Rotate = ({ type, onSubmit, onClose }: { type: KeyType; onSubmit: (rotation: Rotation) => Promise<unknown>; onClose: () => void }) => {
  const isSigning = type === "private-keys";
  const form = useForm({
    initial: { algorithm: "EC", grace: String(hour) },
    onSubmit: ({ algorithm, grace }) =>
      onSubmit(isSigning ? { signingKeyAlgorithm: algorithm as "EC" | "RSA", ...(grace !== "0" && { rotationGracePeriod: Number(grace) }) } : {}),
  });
  return (
    <FormDialog
      isOpen
      title={t("rotateTitle", { keys: t(type).toLowerCase() })}
      lead={t(isSigning ? "rotateText" : "rotateCookies")}
      action={t("rotateAction")}
      form={form}
      onClose={onClose}
    >
      {isSigning && (
        <>
          <Select
            label={t("when")}
            description={t("whenHint")}
            allowDeselect={false}
            value={form.values.grace}
            onChange={(value) => form.set("grace", value ?? "0")}
            data={[
              { value: "0", label: t("now") },
              { value: String(hour), label: t("hour") },
              { value: String(24 * hour), label: t("day") },
              { value: String(7 * 24 * hour), label: t("week") },
            ]}
          />
          <Select
            label={t("algorithm")}
            description={t("algorithmHint")}
            allowDeselect={false}
            value={form.values.algorithm}
            onChange={(value) => form.set("algorithm", value ?? "EC")}
            data={[
              { value: "EC", label: "EC (P-384, ES384)" },
              { value: "RSA", label: "RSA (4096, RS256)" },
            ]}
          />
        </>
      )}
    </FormDialog>
  );
};

const Status = ({ item, isFirst }: { item: Key; isFirst: boolean }) => {
  if (!item.status)
    return (
      <Badge variant={isFirst ? "light" : "default"} color={isFirst ? "pine" : "gray"}>
        {t(isFirst ? "signs" : "verifies")}
      </Badge>
    );
  return (
    <span className="badges">
      <Badge variant={item.status === "Current" ? "light" : "default"} color={item.status === "Current" ? "pine" : "gray"}>
        {t(item.status)}
      </Badge>
      {item.effectiveAt && (
        <span className="muted" title={moment(item.effectiveAt * 1000)}>
          {t("effective", { when: ago(item.effectiveAt * 1000) })}
        </span>
      )}
    </span>
  );
};

const Keys = ({ type }: { type: KeyType }) => {
  const client = useQueryClient();
  const { endpoints } = useSession();
  const may = useMay("secrets");
  const [isRotating, setRotating] = useState(false);
  const [deleting, setDeleting] = useState<Key>();
  const query = useQuery({ queryKey: ["keys", type], queryFn: () => loadKeys(type) });
  const refresh = () => client.invalidateQueries({ queryKey: ["keys"] });
  const first = query.data?.[0];
  const isDeletable = (item: Key) => (item.status ? item.status === "Previous" : (query.data?.length ?? 0) > 1);
  return (
    <Card
      title={t(type)}
      actions={
        may && (
          <Button
            variant="default"
            size="sm"
            aria-label={t("rotateOf", { keys: t(type).toLowerCase() })}
            leftSection={<IconRefresh size={16} aria-hidden="true" />}
            onClick={() => setRotating(true)}
          >
            {t("rotate")}
          </Button>
        )
      }
    >
      <p className="muted lead-in">{t(`${type}Hint`, { jwks: endpoints.jwks })}</p>
      {query.error && <Problem error={query.error} onRetry={() => void query.refetch()} />}
      {!query.error && (
        <Table
          label={t(type)}
          rows={query.data}
          keyOf={(item) => item.id}
          columns={[
            { name: t("id"), isMinor: true, cell: (item) => <code>{item.id}</code> },
            { name: t("status"), cell: (item) => <Status item={item} isFirst={item === first} /> },
            ...(type === "private-keys" ? [{ name: t("algorithm"), cell: (item: Key) => item.signingKeyAlgorithm }] : []),
            { name: t("created"), cell: (item) => <When at={item.createdAt * 1000} /> },
            ...doing<Key>(
              may,
              (item) => isDeletable(item) && <RowAction icon="delete" name={t("deleteOf", { id: item.id })} onClick={() => setDeleting(item)} />,
              "4rem",
            ),
          ]}
        />
      )}
      {isRotating && (
        <Rotate
          type={type}
          onClose={() => setRotating(false)}
          onSubmit={async (rotation) => {
            await rotateKeys(type, rotation);
            setRotating(false);
            await refresh();
            done(t("rotated"));
          }}
        />
      )}
      <Ask
        about={deleting}
        title={() => t("deleteTitle")}
        action={t("deleteAction")}
        text={() => t(type === "private-keys" ? "deleteText" : "deleteCookie")}
        said={() => t("deleted")}
        onConfirm={async ({ id }) => {
          await deleteKey(type, id);
          await refresh();
        }}
        onClose={() => setDeleting(undefined)}
      />
    </Card>
  );
};

/** What tokens and cookies are signed with. */
const KeysPage = () => (
  <Page title={t("title")} lead={t("lead")}>
    <Keys type="private-keys" />
    <Keys type="cookie-keys" />
  </Page>
);

export default KeysPage;
