import { Button, Select, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import { Empty } from "../../parts/Empty.tsx";
import { LinkButton } from "../../parts/LinkButton.tsx";
import { Page } from "../../parts/Page.tsx";
import { Problem } from "../../parts/Problem.tsx";
import { useMay } from "../../session.tsx";
import { Waiting } from "../../shell/Waiting.tsx";
import { Inherited } from "./Inherited.tsx";
import { Marks } from "./Marks.tsx";
import "./permissions.css";
import { SpreadPermission } from "./RoleDialogs.tsx";
import { allRoles, nameOf } from "./rights.ts";
import { t } from "./text.ts";
import { useWorld } from "./useWorld.ts";

const route = getRouteApi("/permissions");

/** Every table and every role of a source, in one matrix. */
const Permissions = () => {
  const { source: named, find = "" } = route.useSearch();
  const navigate = route.useNavigate();
  const { metadata, source, tables, directory, error, isWaiting } = useWorld(named);
  const mayWrite = useMay("metadata");
  const [isSpreading, setSpreading] = useState(false);
  const sources = metadata?.metadata.sources ?? [];
  const shown = (source?.tables ?? []).filter(({ table }) => nameOf(table).toLowerCase().includes(find.toLowerCase()));
  const roles = allRoles(metadata?.metadata ?? {}, directory);
  return (
    <Page
      title={t("title")}
      lead={t("lead")}
      actions={
        <>
          {mayWrite && source?.tables?.length && (
            <Button variant="default" onClick={() => setSpreading(true)}>
              {t("spreadOpen")}
            </Button>
          )}
          {sources.length > 1 && (
            <Select
              aria-label={t("source")}
              data={sources.map(({ name }) => name)}
              value={source?.name ?? null}
              allowDeselect={false}
              onChange={(name) => name && void navigate({ search: { source: name } })}
            />
          )}
          <TextInput
            aria-label={t("find")}
            placeholder={t("find")}
            leftSection={<IconSearch size={16} aria-hidden="true" />}
            value={find}
            onChange={(event) => {
              const text = event.currentTarget.value;
              void navigate({ search: (was) => ({ ...was, find: text || undefined }), replace: true });
            }}
          />
        </>
      }
    >
      {error ? (
        <Problem error={error} />
      ) : isWaiting && sources.length === 0 ? (
        <Waiting />
      ) : !source?.tables?.length ? (
        <Empty title={t("noTables")} text={t("noTablesHint")} />
      ) : (
        <>
          <section className="card matrix" aria-label={t("title")}>
            <table>
              <thead>
                <tr>
                  <th scope="col">{t("table")}</th>
                  {roles.map((role) => (
                    <th key={role} scope="col">
                      <Link to="/permissions/role/$role" params={{ role }}>
                        {role}
                      </Link>
                    </th>
                  ))}
                  <th scope="col">
                    <span className="muted">{t("newRole")}</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {shown.map((table) => {
                  const { schema, name } = table.table;
                  const columns = tables?.find((one) => one.schema === schema && one.name === name)?.columns.length;
                  const params = { source: source.name, schema, table: name };
                  return (
                    <tr key={nameOf(table.table)}>
                      <th scope="row">
                        <Link to="/permissions/$source/$schema/$table" params={params}>
                          {nameOf(table.table)}
                        </Link>
                      </th>
                      {roles.map((role) => (
                        <td key={role}>
                          <Link to="/permissions/$source/$schema/$table" params={params} search={{ role }}>
                            <Marks table={table} role={role} columns={columns} />
                          </Link>
                        </td>
                      ))}
                      <td>
                        <LinkButton
                          to="/permissions/$source/$schema/$table"
                          params={params}
                          size="compact-xs"
                          variant="subtle"
                          aria-label={`${t("newRole")}, ${nameOf(table.table)}`}
                        >
                          +
                        </LinkButton>
                      </td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
          </section>
          <p className="muted legend">
            {t("legend")}
            {(["none", "some", "all"] as const).map((extent) => (
              <span key={extent}>
                <span className="marks" aria-hidden="true">
                  <i className={extent} />
                </span>
                {t(extent)}
              </span>
            ))}
          </p>
          <Inherited metadata={metadata?.metadata ?? {}} roles={roles} />
          {isSpreading && <SpreadPermission source={source} tables={tables ?? []} roles={roles} onClose={() => setSpreading(false)} />}
        </>
      )}
    </Page>
  );
};

export default Permissions;
