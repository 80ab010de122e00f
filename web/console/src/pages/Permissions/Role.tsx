import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import { bulk } from "../../../../api/metadata.ts";
import { granting, type Placed, permissionsOf, stripping } from "../../../../api/permissions.ts";
import { Confirm } from "../../parts/confirm.tsx";
import { Empty } from "../../parts/Empty.tsx";
import { done } from "../../parts/notify.ts";
import { Page } from "../../parts/Page.tsx";
import { Problem } from "../../parts/Problem.tsx";
import { type Column, Table } from "../../parts/Table.tsx";
import { useMay } from "../../session.tsx";
import { Waiting } from "../../shell/Waiting.tsx";
import { inShort } from "./fit.ts";
import "./permissions.css";
import { CloneRole } from "./RoleDialogs.tsx";
import { type Definition, isEmpty, nameOf } from "./rights.ts";
import { operationName, t } from "./text.ts";
import { useWorld } from "./useWorld.ts";

const route = getRouteApi("/permissions/role/$role");

/** What besides rows and columns there is to say of a permission. */
const particulars = ({ limit, allow_aggregations, backend_only, set, validate_input }: Definition): string =>
  [
    limit !== undefined && t("atMostRows", { count: limit }),
    allow_aggregations && t("withAggregations"),
    set && t("withPresets", { names: Object.keys(set).join(", ") }),
    backend_only && t("onlyBackend"),
    validate_input !== undefined && t("validated"),
  ]
    .filter(Boolean)
    .join("; ");

const columns: Column<Placed>[] = [
  {
    name: t("table"),
    cell: ({ source, table, role, operation }) => (
      <Link
        className="whole"
        to="/permissions/$source/$schema/$table"
        params={{ source, schema: table.schema, table: table.name }}
        search={{ role, operation }}
      >
        {nameOf(table)}
      </Link>
    ),
  },
  { name: t("what"), cell: ({ operation }) => operationName[operation] },
  {
    name: t("rows"),
    cell: ({ permission }) => {
      const { filter, check } = permission.permission as Definition;
      const shown = isEmpty(filter) ? check : filter;
      return isEmpty(shown) ? <span className="muted">{t("allRows")}</span> : <code>{inShort(shown)}</code>;
    },
  },
  {
    name: t("columns"),
    isMinor: true,
    cell: ({ permission, operation }) => {
      const listed = (permission.permission as Definition).columns;
      if (operation === "delete") return "";
      return Array.isArray(listed) ? listed.join(", ") || <span className="muted">{t("none")}</span> : <span className="muted">{t("all")}</span>;
    },
  },
  { name: t("particulars"), isMinor: true, cell: ({ permission }) => particulars(permission.permission as Definition) },
];

/** What a role may, over all tables of all sources; cloning it, and taking everything away. */
const Role = () => {
  const { role } = route.useParams();
  const navigate = route.useNavigate();
  const client = useQueryClient();
  const mayWrite = useMay("metadata");
  const { metadata, error } = useWorld(undefined);
  const [open, setOpen] = useState<"clone" | "strip">();
  const placed = metadata && permissionsOf(metadata.metadata, role);
  const inherited = metadata?.metadata.inherited_roles?.find((one) => one.role_name === role);
  const strip = async () => {
    if (!metadata) return;
    const before = granting(metadata.metadata, role, role);
    await bulk(stripping(metadata.metadata, role));
    await client.invalidateQueries({ queryKey: ["metadata"] });
    done(t("stripped", { role }), async () => {
      await bulk(before);
      await client.invalidateQueries({ queryKey: ["metadata"] });
    });
  };
  return (
    <Page
      title={t("roleTitle", { role })}
      back={{ to: "/permissions", name: t("title") }}
      lead={inherited ? t("roleInherits", { roles: inherited.role_set.join(", ") }) : t("roleLead")}
      actions={
        mayWrite &&
        placed &&
        placed.length > 0 && (
          <>
            <Button variant="default" onClick={() => setOpen("clone")}>
              {t("clone")}
            </Button>
            <Button variant="subtle" color="red" onClick={() => setOpen("strip")}>
              {t("strip")}
            </Button>
          </>
        )
      }
    >
      {error ? (
        <Problem error={error} />
      ) : !placed ? (
        <Waiting />
      ) : placed.length === 0 ? (
        <Empty title={t("roleNothing")} text={t("roleNothingHint")} />
      ) : (
        <Table
          label={t("roleTitle", { role })}
          columns={columns}
          rows={placed}
          keyOf={({ source, table, operation }) => `${source} ${nameOf(table)} ${operation}`}
        />
      )}
      {open === "clone" && metadata && (
        <CloneRole
          metadata={metadata.metadata}
          from={role}
          onDone={(to) => void navigate({ to: "/permissions/role/$role", params: { role: to } })}
          onClose={() => setOpen(undefined)}
        />
      )}
      <Confirm isOpen={open === "strip"} title={t("stripTitle", { role })} action={t("strip")} onConfirm={strip} onClose={() => setOpen(undefined)}>
        {t("stripText", { count: placed?.length ?? 0 })}
      </Confirm>
    </Page>
  );
};

export default Role;
