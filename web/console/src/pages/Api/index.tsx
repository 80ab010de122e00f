import "./api.css";
import { lazy, Suspense, useMemo, useState } from "react";
import { Page } from "../../parts/Page.tsx";
import { Waiting } from "../../shell/Waiting.tsx";
import { t } from "./text.ts";
import { type Caller, headersOf, ViewAs } from "./ViewAs.tsx";

// The editor is megabytes: only who opens it waits for it.
const Explorer = lazy(() => import("./Explorer.tsx"));

/** GraphiQL as any caller: the schema and the data are exactly theirs. */
const Api = () => {
  const [caller, setCaller] = useState<Caller>({ role: "admin", variables: [] });
  const headers = useMemo(() => headersOf(caller), [caller]);
  return (
    <Page title={t("title")} actions={<ViewAs caller={caller} onChange={setCaller} />} isWide>
      <Suspense fallback={<Waiting />}>
        {/* A caller has its own schema: another caller is another editor. */}
        <Explorer key={JSON.stringify(headers)} headers={headers} />
      </Suspense>
    </Page>
  );
};

export default Api;
