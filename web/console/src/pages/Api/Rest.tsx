import { Badge, Button, Select, Textarea, TextInput } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useMemo, useState } from "react";
import { exportMetadata, type RestEndpoint } from "../../../../api/metadata.ts";
import { callEndpoint, dropEndpoint, type RestAnswer, storedOperations, urlParameters } from "../../../../api/operations.ts";
import { Card } from "../../parts/Card.tsx";
import { Code } from "../../parts/Code.tsx";
import { Copy } from "../../parts/Copy.tsx";
import { Confirm } from "../../parts/confirm.tsx";
import { Empty } from "../../parts/Empty.tsx";
import { done } from "../../parts/notify.ts";
import { Page } from "../../parts/Page.tsx";
import { Problem } from "../../parts/Problem.tsx";
import { useAddress } from "../../parts/useAddress.ts";
import { useMay, useSession } from "../../session.tsx";
import { Waiting } from "../../shell/Waiting.tsx";
import "./api.css";
import { CreateEndpoint } from "./CreateEndpoint.tsx";
import { administrator, headersOf } from "./caller.ts";
import { t } from "./text.ts";
import { ViewAs } from "./ViewAs.tsx";

/** The REST endpoints, each to be tried where it is listed. */
const Rest = () => {
  const { data, error, refetch } = useQuery({ queryKey: ["metadata"], queryFn: exportMetadata });
  const [{ open, create }, setAddress] = useAddress<{ open: string; create: string }>();
  const mayWrite = useMay("metadata");
  const endpoints = data?.metadata.rest_endpoints ?? [];
  return (
    <Page
      title={t("rest")}
      lead={t("restLead")}
      actions={
        mayWrite &&
        endpoints.length > 0 && (
          <Button leftSection={<IconPlus size={16} aria-hidden="true" />} onClick={() => setAddress({ create: "1" })}>
            {t("restCreate")}
          </Button>
        )
      }
    >
      {error ? (
        <Problem error={error} onRetry={() => void refetch()} />
      ) : !data ? (
        <Waiting />
      ) : endpoints.length === 0 ? (
        <Empty title={t("restNone")} text={t("restNoneHint")}>
          {mayWrite && <Button onClick={() => setAddress({ create: "1" })}>{t("restCreate")}</Button>}
        </Empty>
      ) : (
        endpoints.map((endpoint) => (
          <Endpoint
            key={endpoint.name}
            endpoint={endpoint}
            query={
              storedOperations(data.metadata).find(
                ({ collection, name }) => collection === endpoint.definition.query.collection_name && name === endpoint.definition.query.query_name,
              )?.query
            }
            isOpen={open === endpoint.name}
            onOpen={(isOpen) => setAddress({ open: isOpen ? endpoint.name : undefined })}
          />
        ))
      )}
      {create && <CreateEndpoint query="" onClose={() => setAddress({ create: undefined })} />}
    </Page>
  );
};

type EndpointProps = { endpoint: RestEndpoint; query: string | undefined; isOpen: boolean; onOpen: (isOpen: boolean) => void };

const Endpoint = ({ endpoint, query, isOpen, onOpen }: EndpointProps) => {
  const { endpoints } = useSession();
  const client = useQueryClient();
  const mayWrite = useMay("metadata");
  const [isAsking, setAsking] = useState(false);
  const drop = async () => {
    await dropEndpoint(endpoint.name);
    await client.invalidateQueries({ queryKey: ["metadata"] });
    done(t("restDropped", { name: endpoint.name }));
  };
  const address = `${endpoints.rest}/${endpoint.url}`;
  return (
    <Card
      title={endpoint.name}
      actions={
        <>
          {endpoint.methods.map((method) => (
            <Badge key={method} variant="light" color="pine" radius="sm">
              {method}
            </Badge>
          ))}
          <Button size="xs" variant="default" aria-expanded={isOpen} onClick={() => onOpen(!isOpen)}>
            {t(isOpen ? "restClose" : "restTry")}
          </Button>
          {mayWrite && (
            <Button size="xs" variant="subtle" color="red" onClick={() => setAsking(true)}>
              {t("restDrop")}
            </Button>
          )}
        </>
      }
    >
      <p className="address-line">
        <code>{address}</code>
        <Copy name={endpoint.name} value={address} />
      </p>
      {endpoint.comment && <p className="muted">{endpoint.comment}</p>}
      {isOpen && <Trial endpoint={endpoint} query={query} />}
      <Confirm isOpen={isAsking} title={t("restDropTitle")} action={t("restDrop")} onConfirm={drop} onClose={() => setAsking(false)}>
        {t("restDropText", { url: address })}
      </Confirm>
    </Card>
  );
};

const Trial = ({ endpoint, query }: { endpoint: RestEndpoint; query: string | undefined }) => {
  const parameters = useMemo(() => urlParameters(endpoint), [endpoint]);
  const [method, setMethod] = useState(endpoint.methods[0] ?? "GET");
  const [values, setValues] = useState<Record<string, string>>({});
  const [body, setBody] = useState("");
  const [caller, setCaller] = useState(administrator);
  const [answer, setAnswer] = useState<RestAnswer>();
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const run = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      setAnswer(await callEndpoint(endpoint, method, values, body, headersOf(caller)));
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form className="stack" onSubmit={run}>
      {query && <Code name={t("restQuery")} text={query} />}
      <div className="actions">
        <Select
          size="sm"
          w="8rem"
          aria-label={t("restMethods")}
          data={endpoint.methods}
          value={method}
          onChange={(picked) => picked && setMethod(picked)}
          allowDeselect={false}
        />
        <ViewAs caller={caller} onChange={setCaller} />
      </div>
      {parameters.map((name) => (
        <TextInput
          key={name}
          label={name}
          required
          maw="24rem"
          value={values[name] ?? ""}
          onChange={(event) => setValues({ ...values, [name]: event.currentTarget.value })}
        />
      ))}
      {method !== "GET" && (
        <Textarea
          label={t("restBody")}
          description={t("restBodyHint")}
          className="monospaced"
          autosize
          minRows={3}
          spellCheck={false}
          value={body}
          onChange={(event) => setBody(event.currentTarget.value)}
        />
      )}
      <div className="actions">
        <Button type="submit" loading={isBusy}>
          {t("restSend")}
        </Button>
        {answer && (
          <span role="status" className={answer.status < 400 ? "muted" : "bad"}>
            {t("restAnswer", { status: String(answer.status), ms: Math.round(answer.took) })}
          </span>
        )}
      </div>
      {error !== undefined && <Problem error={error} />}
      {answer && <Code name={t("restAnswered")} text={pretty(answer.body)} />}
    </form>
  );
};

const pretty = (text: string): string => {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
};

export default Rest;
