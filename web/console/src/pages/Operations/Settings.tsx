import { Switch } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { loadSettings, type Setting } from "../../../../api/status.ts";
import { SearchBox } from "../../parts/Listing.tsx";
import { Page } from "../../parts/Page.tsx";
import { Problem } from "../../parts/Problem.tsx";
import { type Column, Table } from "../../parts/Table.tsx";
import { useAddress } from "../../parts/useAddress.ts";
import "./operations.css";
import { t } from "./text.ts";

const columns: Column<Setting>[] = [
  {
    name: t("setting"),
    width: "42%",
    cell: (setting) => (
      <>
        <code>{setting.variables[0] ?? setting.flag}</code>
        <span className="meaning">{setting.meaning}</span>
      </>
    ),
  },
  { name: t("value"), cell: (setting) => <Value {...setting} /> },
  { name: t("from"), width: "8rem", cell: (setting) => <span className={setting.from === "default" ? "muted" : undefined}>{t(setting.from)}</span> },
];

const Value = ({ value, secret }: Setting) =>
  secret ? (
    <span className="muted">{t(value ? "isSet" : "notSet")}</span>
  ) : value === "" ? (
    <span className="muted">{t("notSet")}</span>
  ) : (
    <code>{value}</code>
  );

/** Every setting of this process: its value and where that is from. */
const Settings = () => {
  const { data, error, refetch } = useQuery({ queryKey: ["settings"], queryFn: loadSettings });
  const [{ q = "", set }, setAddress] = useAddress<{ q: string; set: string }>();
  const words = q.toLowerCase();
  const shown = data?.filter(
    (one) => (!set || one.from !== "default") && [one.flag, ...one.variables, one.meaning].some((text) => text.toLowerCase().includes(words)),
  );
  const groups = [...new Set(shown?.map((one) => one.group))];
  return (
    <Page title={t("settings")} lead={t("settingsLead")}>
      <div className="tools">
        <SearchBox label={t("find")} value={q} onChange={(text) => setAddress({ q: text || undefined }, "replace")} />
        <Switch
          label={t("onlySet")}
          checked={set === "1"}
          onChange={(event) => setAddress({ set: event.currentTarget.checked ? "1" : undefined }, "replace")}
        />
      </div>
      {error ? (
        <Problem error={error} onRetry={() => void refetch()} />
      ) : shown?.length === 0 ? (
        <p className="muted">{t("noSetting")}</p>
      ) : shown ? (
        groups.map((group) => (
          <section key={group} aria-label={group}>
            <h2 className="group-name">{group}</h2>
            <Table label={group} columns={columns} rows={shown.filter((one) => one.group === group)} keyOf={(one) => one.flag} />
          </section>
        ))
      ) : (
        <Table label={t("settings")} columns={columns} rows={undefined} keyOf={(one) => one.flag} />
      )}
    </Page>
  );
};

export default Settings;
