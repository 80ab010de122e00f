import { Button, Menu } from "@mantine/core";
import { IconChevronDown } from "@tabler/icons-react";
import { lazy, Suspense, useCallback, useMemo, useState } from "react";
import { Page } from "../../parts/Page.tsx";
import { useMay } from "../../session.tsx";
import { Waiting } from "../../shell/Waiting.tsx";
import "./api.css";
import { CreateEndpoint } from "./CreateEndpoint.tsx";
import { Explain } from "./Explain.tsx";
import { t } from "./text.ts";
import { type Caller, headersOf, ViewAs } from "./ViewAs.tsx";

// The editor is megabytes: only who opens it waits for it.
const Explorer = lazy(() => import("./Explorer.tsx"));

/** GraphiQL as any caller: the schema and the data are exactly theirs. */
const Api = () => {
  const mayWrite = useMay("metadata");
  const [caller, setCaller] = useState<Caller>({ role: "admin", variables: [] });
  const headers = useMemo(() => headersOf(caller), [caller]);
  const [edited, setEdited] = useState({ query: "", variables: "" });
  const onEdit = useCallback((what: { query?: string; variables?: string }) => setEdited((was) => ({ ...was, ...what })), []);
  const [opened, setOpened] = useState<"explain" | "rest">();
  const hasOperation = /\{/.test(edited.query);
  return (
    <Page
      title={t("title")}
      actions={
        <>
          <ViewAs caller={caller} onChange={setCaller} />
          <Menu position="bottom-end" withArrow>
            <Menu.Target>
              <Button variant="default" rightSection={<IconChevronDown size={16} aria-hidden="true" />} disabled={!hasOperation}>
                {t("more")}
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item onClick={() => setOpened("explain")}>{t("explain")}</Menu.Item>
              {mayWrite && <Menu.Item onClick={() => setOpened("rest")}>{t("toRest")}</Menu.Item>}
            </Menu.Dropdown>
          </Menu>
        </>
      }
      isWide
    >
      <Suspense fallback={<Waiting />}>
        {/* A caller has its own schema: another caller is another editor. */}
        <Explorer key={JSON.stringify(headers)} headers={headers} onEdit={onEdit} />
      </Suspense>
      {opened === "explain" && <Explain {...edited} user={{ "x-hasura-role": caller.role, ...headers }} onClose={() => setOpened(undefined)} />}
      {opened === "rest" && <CreateEndpoint query={edited.query} onClose={() => setOpened(undefined)} />}
    </Page>
  );
};

export default Api;
