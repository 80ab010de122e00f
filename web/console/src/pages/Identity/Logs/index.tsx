import { Page } from "../../../parts/Page.tsx";
import { Entries } from "./Entries.tsx";
import { t } from "./text.ts";
import "../identity.css";

/** The audit log. */
const Logs = () => (
  <Page title={t("title")} lead={t("lead")}>
    <Entries />
  </Page>
);

export default Logs;
