import { Button, TextInput, UnstyledButton } from "@mantine/core";
import { getRouteApi, Link } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { operations, type TableOperation } from "../../../../api/permissions.ts";
import { Empty } from "../../parts/Empty.tsx";
import { LinkButton } from "../../parts/LinkButton.tsx";
import { Page } from "../../parts/Page.tsx";
import { Problem } from "../../parts/Problem.tsx";
import { NotFound } from "../../shell/NotFound.tsx";
import { Waiting } from "../../shell/Waiting.tsx";
import { Editor } from "./Editor.tsx";
import "./permissions.css";
import { allRoles, extentOf, nameOf, permissionOf, tableOf } from "./rights.ts";
import { operationName, t } from "./text.ts";
import { useWorld } from "./useWorld.ts";

const route = getRouteApi("/permissions/$source/$schema/$table");

/** Who may do what with one table, and below it the permission that is picked. */
const TablePermissions = () => {
  const { source: sourceName, schema, table: tableName } = route.useParams();
  const { role, operation } = route.useSearch();
  const navigate = route.useNavigate();
  const { metadata, source, tables, directory, error, isWaiting } = useWorld(sourceName);
  const [added, setAdded] = useState<string[]>([]);
  const [typed, setTyped] = useState("");
  const table = tableOf(source, schema, tableName);
  const described = tables?.find((one) => one.schema === schema && one.name === tableName);

  if (error && !(metadata && described))
    return (
      <Page title={t("title")}>
        <Problem error={error} />
      </Page>
    );
  if (isWaiting) return <Waiting />;
  if (!metadata || !source || !table || !described || source.name !== sourceName) return <NotFound />;

  const roles = [...new Set([...allRoles(metadata.metadata, directory), ...added, ...(role ? [role] : [])])];
  const pick = (of: string, to: TableOperation) => void navigate({ search: { role: of, operation: to } });
  const addRole = (event: FormEvent) => {
    event.preventDefault();
    const name = typed.trim();
    if (!name) return;
    setAdded([...added, name]);
    setTyped("");
    pick(name, "select");
  };
  return (
    <Page
      title={nameOf(table.table)}
      lead={t("lead")}
      actions={
        <LinkButton to="/permissions" search={{ source: source.name }} variant="default">
          {t("back")}
        </LinkButton>
      }
    >
      <section className="card matrix" aria-label={t("title")}>
        <table className="rights">
          <thead>
            <tr>
              <th scope="col">{t("role")}</th>
              {operations.map((one) => (
                <th key={one} scope="col">
                  {operationName[one]}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {roles.map((name) => (
              <tr key={name} className={name === role ? "here" : undefined}>
                <th scope="row">
                  <Link to="/permissions/role/$role" params={{ role: name }}>
                    {name}
                  </Link>
                </th>
                {operations.map((one) => {
                  const extent = extentOf(permissionOf(table, name, one), described.columns.length);
                  const isPicked = name === role && one === operation;
                  return (
                    <td key={one}>
                      <UnstyledButton
                        className={`right ${extent}`}
                        aria-pressed={isPicked}
                        aria-label={`${t(extent === "none" ? "mayNot" : "may", { role: name, operation: operationName[one], table: tableName })}: ${t(extent)}`}
                        onClick={() => pick(name, one)}
                      >
                        <i aria-hidden="true" />
                        {t(extent)}
                      </UnstyledButton>
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
        <form className="actions add-role" onSubmit={addRole}>
          <TextInput
            size="xs"
            aria-label={t("newRole")}
            placeholder={t("newRoleHint")}
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
          />
          <Button size="xs" variant="default" type="submit" disabled={!typed.trim()}>
            {t("addRole")}
          </Button>
        </form>
      </section>
      {role && operation ? (
        <Editor
          key={`${role} ${operation}`}
          source={source}
          table={table}
          described={described}
          tables={tables ?? []}
          role={role}
          operation={operation}
        />
      ) : (
        <Empty text={t("pick")} />
      )}
    </Page>
  );
};

export default TablePermissions;
