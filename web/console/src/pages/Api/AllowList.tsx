import { Alert, Button, Switch } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { exportMetadata } from "../../../../api/metadata.ts";
import { disallow, loadEngineConfig, setListed, storedOperations } from "../../../../api/operations.ts";
import { Card } from "../../parts/Card.tsx";
import { Code } from "../../parts/Code.tsx";
import { Confirm } from "../../parts/confirm.tsx";
import { Empty } from "../../parts/Empty.tsx";
import { done, failed } from "../../parts/notify.ts";
import { Page } from "../../parts/Page.tsx";
import { Problem } from "../../parts/Problem.tsx";
import { useAddress } from "../../parts/useAddress.ts";
import { useMay } from "../../session.tsx";
import { Waiting } from "../../shell/Waiting.tsx";
import { AllowOperation } from "./AllowOperation.tsx";
import "./api.css";
import { t } from "./text.ts";

/** The operations that may be sent where an allow list is asked for, by collection. */
const AllowList = () => {
  const client = useQueryClient();
  const { data, error, refetch } = useQuery({ queryKey: ["metadata"], queryFn: exportMetadata });
  const config = useQuery({ queryKey: ["engine config"], queryFn: loadEngineConfig }).data;
  const [{ create }, setAddress] = useAddress<{ create: string }>();
  const mayWrite = useMay("metadata");
  const metadata = data?.metadata;
  const stored = metadata ? storedOperations(metadata) : [];
  const collections = metadata?.query_collections?.map(({ name }) => name) ?? [];
  const refresh = () => client.invalidateQueries({ queryKey: ["metadata"] });
  const list = async (collection: string, isListed: boolean) => {
    try {
      await setListed(collection, isListed);
      await refresh();
      done(t(isListed ? "listed" : "unlisted", { name: collection }));
    } catch (problem) {
      failed(problem);
    }
  };
  return (
    <Page
      title={t("allowList")}
      lead={t("allowListLead")}
      actions={
        mayWrite && (
          <Button leftSection={<IconPlus size={16} aria-hidden="true" />} onClick={() => setAddress({ create: "1" })}>
            {t("allowAdd")}
          </Button>
        )
      }
    >
      {config && <Alert color={config.is_allow_list_enabled ? "pine" : "gray"}>{t(config.is_allow_list_enabled ? "allowOn" : "allowOff")}</Alert>}
      {error ? (
        <Problem error={error} onRetry={() => void refetch()} />
      ) : !metadata ? (
        <Waiting />
      ) : collections.length === 0 ? (
        <Empty title={t("allowNone")} text={t("allowNoneHint")} />
      ) : (
        collections.map((collection) => {
          const entry = metadata.allowlist?.find((one) => one.collection === collection);
          return (
            <Card
              key={collection}
              title={collection}
              actions={
                <Switch
                  label={t("onList")}
                  checked={entry !== undefined}
                  disabled={!mayWrite}
                  onChange={(event) => void list(collection, event.currentTarget.checked)}
                />
              }
            >
              {stored
                .filter((one) => one.collection === collection)
                .map((one) => (
                  <Stored key={one.name} collection={collection} name={one.name} query={one.query} />
                ))}
            </Card>
          );
        })
      )}
      {create && <AllowOperation onClose={() => setAddress({ create: undefined })} />}
    </Page>
  );
};

const Stored = ({ collection, name, query }: { collection: string; name: string; query: string }) => {
  const client = useQueryClient();
  const mayWrite = useMay("metadata");
  const [isAsking, setAsking] = useState(false);
  const remove = async () => {
    await disallow(collection, name);
    await client.invalidateQueries({ queryKey: ["metadata"] });
    done(t("removed", { name }));
  };
  return (
    <div className="stored">
      <div className="actions">
        <strong>{name}</strong>
        {mayWrite && (
          <Button size="compact-xs" variant="subtle" color="red" onClick={() => setAsking(true)}>
            {t("restDrop")}
          </Button>
        )}
      </div>
      <Code name={name} text={query} />
      <Confirm isOpen={isAsking} title={t("removeTitle", { name })} action={t("restDrop")} onConfirm={remove} onClose={() => setAsking(false)}>
        {t("removeText")}
      </Confirm>
    </div>
  );
};

export default AllowList;
