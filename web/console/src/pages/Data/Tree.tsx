import { NativeSelect, TextInput } from "@mantine/core";
import { IconChevronRight, IconDatabase, IconEye, IconPlus, IconSearch, IconTable } from "@tabler/icons-react";
import { Link, useNavigate } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState } from "react";
import type { Table } from "../../../../api/catalog.ts";
import { LinkButton } from "../../parts/LinkButton.tsx";
import { Problem } from "../../parts/Problem.tsx";
import { useMay } from "../../session.tsx";
import { useDatabase } from "./source.ts";
import { t } from "./text.ts";

type Here = { source?: string; schema?: string; table?: string };
type Line = { schema: string; table?: Table; count?: number };

/** The schemas whose tables are folded away, kept for this visit. */
const closedKey = (source: string | undefined) => `gatehouse-tree-${source}`;
const closedIn = (source: string | undefined): ReadonlySet<string> => {
  try {
    return new Set(JSON.parse(sessionStorage.getItem(closedKey(source)) ?? "[]") as string[]);
  } catch {
    return new Set();
  }
};

const words = (text: string) => text.toLowerCase().split(/\s+/).filter(Boolean);

/** How far the tree was scrolled: it stays so from page to page. */
let offset = 0;

/** The tables by schema. Thousands of them scroll as well as ten. */
export const Tree = ({ id, source, sources, here }: { id: string; source: string | undefined; sources: string[]; here: Here }) => {
  const { data, error, refetch } = useDatabase(source);
  const [wanted, setWanted] = useState("");
  const mayShape = useMay("sql");
  const navigate = useNavigate();
  const [closed, setClosed] = useState<ReadonlySet<string>>(() => closedIn(source));
  const toggle = (schema: string) => {
    const next = new Set(closed);
    if (!next.delete(schema)) next.add(schema);
    setClosed(next);
    sessionStorage.setItem(closedKey(source), JSON.stringify([...next]));
  };
  const lines = useMemo((): Line[] => {
    const parts = words(wanted);
    const shown = (data?.tables ?? []).filter(
      (table) => !table.parent && parts.every((part) => `${table.schema}.${table.name}`.toLowerCase().includes(part)),
    );
    return (data?.schemas ?? []).flatMap((schema) => {
      const within = shown.filter((table) => table.schema === schema);
      const isClosed = parts.length === 0 && closed.has(schema);
      return within.length > 0 || parts.length === 0
        ? [{ schema, count: within.length }, ...(isClosed ? [] : within).map((table) => ({ schema, table }))]
        : [];
    });
  }, [data, wanted, closed]);
  const scroll = useRef<HTMLElement>(null);
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => 32,
    overscan: 12,
    initialOffset: offset,
  });
  if (!source) return null;
  return (
    <>
      <div className="tree-head">
        {sources.length > 1 && (
          <NativeSelect
            aria-label={t("source")}
            leftSection={<IconDatabase size={15} aria-hidden="true" />}
            data={sources}
            value={source}
            onChange={(event) => void navigate({ to: "/data/$source", params: { source: event.currentTarget.value } })}
          />
        )}
        <TextInput
          aria-label={t("find")}
          placeholder={t("find")}
          leftSection={<IconSearch size={15} aria-hidden="true" />}
          value={wanted}
          onChange={(event) => setWanted(event.currentTarget.value)}
          onKeyDown={(event) => {
            const first = lines.find((line) => line.table)?.table;
            if (event.key === "Enter" && first)
              void navigate({ to: "/data/$source/$schema/$table", params: { source, schema: first.schema, table: first.name } });
          }}
        />
      </div>
      {error && <Problem error={error} onRetry={() => void refetch()} />}
      <nav
        ref={scroll}
        id={id}
        className="tree"
        aria-label={t("tables")}
        onScroll={(event) => {
          offset = event.currentTarget.scrollTop;
        }}
      >
        {data && lines.length === 0 && <p className="muted">{t("nothingFound")}</p>}
        <div style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const { schema, table, count } = lines[item.index] as Line;
            const style = { transform: `translateY(${item.start}px)`, height: item.size };
            if (!table)
              return (
                <div key={item.key} className="tree-schema" style={style}>
                  <button
                    type="button"
                    aria-expanded={!closed.has(schema)}
                    aria-label={t("tablesOf", { name: schema })}
                    disabled={wanted.trim() !== ""}
                    onClick={() => toggle(schema)}
                  >
                    <IconChevronRight size={14} aria-hidden="true" />
                  </button>
                  <Link
                    to="/data/$source/$schema"
                    params={{ source, schema }}
                    activeOptions={{ exact: true }}
                    aria-current={here.schema === schema && !here.table ? "page" : undefined}
                  >
                    <span>{schema}</span>
                    <small>{count}</small>
                  </Link>
                </div>
              );
            const Icon = table.kind.endsWith("view") ? IconEye : IconTable;
            return (
              <Link
                key={item.key}
                className={table.tracked ? "tree-table" : "tree-table untracked"}
                style={style}
                to="/data/$source/$schema/$table"
                params={{ source, schema, table: table.name }}
                search={{}}
                title={table.tracked ? table.name : `${table.name}: ${t("untracked")}`}
                aria-current={here.schema === schema && here.table === table.name ? "page" : undefined}
              >
                <Icon size={15} aria-hidden="true" />
                <span>{table.name}</span>
                {!table.tracked && <span className="unseen">({t("untracked")})</span>}
              </Link>
            );
          })}
        </div>
      </nav>
      {mayShape && (
        <div className="tree-foot">
          <LinkButton
            to="/data/create"
            search={{ source, schema: here.schema }}
            variant="default"
            size="xs"
            fullWidth
            leftSection={<IconPlus size={15} aria-hidden="true" />}
          >
            {t("createTable")}
          </LinkButton>
        </div>
      )}
    </>
  );
};
