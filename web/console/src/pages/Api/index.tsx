import { Alert, Button, Menu } from "@mantine/core";
import { IconChevronDown, IconEye } from "@tabler/icons-react";
import { lazy, Suspense, useCallback, useMemo, useState } from "react";
import { Page } from "../../parts/Page.tsx";
import { Problem } from "../../parts/Problem.tsx";
import { useAddress } from "../../parts/useAddress.ts";
import { useCaller } from "../../parts/useCaller.ts";
import { useMay } from "../../session.tsx";
import { Waiting } from "../../shell/Waiting.tsx";
import { AllowOperation } from "./AllowOperation.tsx";
import "./api.css";
import { CreateEndpoint } from "./CreateEndpoint.tsx";
import { addressOf, administrator, type Caller, type CallerAddress, callerOf, headersOf, namedCaller } from "./caller.ts";
import { Explain } from "./Explain.tsx";
import { t } from "./text.ts";
import { ViewAs } from "./ViewAs.tsx";
import { t as said } from "./viewAsText.ts";

// The editor is megabytes: only who opens it waits for it.
const Explorer = lazy(() => import("./Explorer.tsx"));

/** The caller that the address names. Where that is a user, there is none until it is known who they are to the data API. */
const useAddressed = () => {
  const [address, setAddress] = useAddress<CallerAddress>();
  const { as, role, variables } = address;
  const user = useCaller(as);
  const found = useMemo((): { caller?: Caller; error?: unknown } => {
    if (as === undefined) return { caller: namedCaller({ role, variables }) };
    if (user.error) return { error: user.error };
    if (!user.data) return {};
    try {
      return { caller: callerOf(user.data, role) };
    } catch (error) {
      return { error };
    }
  }, [as, role, variables, user.data, user.error]);
  return { ...found, setCaller: (caller: Caller) => setAddress(addressOf(caller)), retry: () => void user.refetch() };
};

/** GraphiQL as any caller: the schema and the data are exactly theirs. */
const Api = () => {
  const mayWrite = useMay("metadata");
  const { caller, error, setCaller, retry } = useAddressed();
  const headers = useMemo(() => caller && headersOf(caller), [caller]);
  const [edited, setEdited] = useState({ query: "", variables: "" });
  const onEdit = useCallback((what: { query?: string; variables?: string }) => setEdited((was) => ({ ...was, ...what })), []);
  const [opened, setOpened] = useState<"explain" | "rest" | "allow">();
  const hasOperation = /\{/.test(edited.query);
  return (
    <Page
      title={t("title")}
      actions={
        <>
          <ViewAs caller={caller ?? administrator} onChange={setCaller} />
          <Menu position="bottom-end" withArrow>
            <Menu.Target>
              <Button variant="default" rightSection={<IconChevronDown size={16} aria-hidden="true" />} disabled={!hasOperation || !caller}>
                {t("more")}
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item onClick={() => setOpened("explain")}>{t("explain")}</Menu.Item>
              {mayWrite && <Menu.Item onClick={() => setOpened("rest")}>{t("toRest")}</Menu.Item>}
              {mayWrite && <Menu.Item onClick={() => setOpened("allow")}>{t("toAllowList")}</Menu.Item>}
            </Menu.Dropdown>
          </Menu>
        </>
      }
      isWide
    >
      <div className="viewed">
        {error !== undefined && <Problem title={said("cannot")} error={error} onRetry={retry} />}
        {caller && (caller.user || caller.role !== "admin") && <Seen caller={caller} onEnd={() => setCaller(administrator)} />}
        {headers ? (
          <Suspense fallback={<Waiting />}>
            {/* A caller has its own schema: another caller is another editor. */}
            <Explorer key={JSON.stringify(headers)} headers={headers} onEdit={onEdit} />
          </Suspense>
        ) : (
          error === undefined && <Waiting />
        )}
      </div>
      {opened === "explain" && caller && (
        <Explain {...edited} user={{ "x-hasura-role": caller.role, ...headers }} onClose={() => setOpened(undefined)} />
      )}
      {opened === "allow" && <AllowOperation query={edited.query} onClose={() => setOpened(undefined)} />}
      {opened === "rest" && <CreateEndpoint query={edited.query} onClose={() => setOpened(undefined)} />}
    </Page>
  );
};

/** Whose schema and data are shown, where they are not the admin's. */
const Seen = ({ caller: { user, role }, onEnd }: { caller: Caller; onEnd: () => void }) => (
  <Alert role="status" color="pine" variant="light" icon={<IconEye size={16} aria-hidden="true" />} className="seen">
    <span>{user ? said("youSee", { name: user.name, role }) : said("youSeeRole", { role })}</span>
    <Button size="compact-sm" variant="subtle" onClick={onEnd}>
      {said("asAdmin")}
    </Button>
  </Alert>
);

export default Api;
