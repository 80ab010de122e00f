import { ActionIcon, Autocomplete, NativeSelect, TextInput } from "@mantine/core";
import { IconFocusCentered, IconMinus, IconPlus, IconSearch } from "@tabler/icons-react";
import { Link, useNavigate, useRouter, useSearch } from "@tanstack/react-router";
import { type KeyboardEvent, type PointerEvent, useEffect, useMemo, useRef, useState } from "react";
import { Empty } from "../../../parts/Empty.tsx";
import { Page } from "../../../parts/Page.tsx";
import { Problem } from "../../../parts/Problem.tsx";
import { Waiting } from "../../../shell/Waiting.tsx";
import { texts } from "../../../text.ts";
import type { PictureSearch } from "../address.ts";
import { SourceSelect } from "../SourceSelect.tsx";
import { useDatabase } from "../source.ts";
import { useSource } from "../useSource.ts";
import { arrange, type Detail, headHeight, type Layout, lineHeight, type Node, pathOf, within } from "./layout.ts";

const t = texts("data.picture", {
  title: "Schema picture",
  find: "Show tables named",
  schema: "Schema",
  all: "All schemas",
  around: "Around a table",
  steps: "How far around",
  stepsOf: { one: "and what it is joined with", other: "and {count} joins around" },
  detail: "What is drawn of a table",
  detail_names: "Names only",
  detail_keys: "Names and keys",
  detail_all: "All columns",
  shown: "{count} of {all} tables",
  zoomIn: "Larger",
  zoomOut: "Smaller",
  fit: "Show all of it",
  picture: "Tables and the keys between them. Arrows move the picture, plus and minus change its size.",
  list: "As a list",
  pointsTo: "{from} points to {to} ({columns})",
  lonely: "{name} points to no other table shown",
  nothing: "No table has this name.",
  empty: "No tables yet",
  emptyText: "The tables of this database and their keys are drawn here.",
  more: { one: "{count} more column", other: "{count} more columns" },
});

type Look = { x: number; y: number; scale: number };

const clip = (text: string, most: number) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

const Drawn = ({ layout, source }: { layout: Layout; source: string }) => {
  const box = useRef<HTMLDivElement>(null);
  const [look, setLook] = useState<Look>();
  const [near, setNear] = useState<string>();
  const router = useRouter();
  const navigate = useNavigate();
  const drag = useRef<{ x: number; y: number; look: Look; moved: boolean }>(undefined);
  const fit = () => {
    const { clientWidth = 800, clientHeight = 500 } = box.current ?? {};
    const scale = Math.min(1, (clientWidth - 48) / layout.width, (clientHeight - 48) / layout.height);
    setLook({ scale, x: (clientWidth - layout.width * scale) / 2, y: (clientHeight - layout.height * scale) / 2 });
  };
  useEffect(fit, [layout]);
  const zoom = (factor: number, at?: { x: number; y: number }) =>
    setLook((was) => {
      if (!was) return was;
      const { clientWidth = 800, clientHeight = 500 } = box.current ?? {};
      const point = at ?? { x: clientWidth / 2, y: clientHeight / 2 };
      const scale = Math.max(0.05, Math.min(2.5, was.scale * factor));
      return { scale, x: point.x - ((point.x - was.x) * scale) / was.scale, y: point.y - ((point.y - was.y) * scale) / was.scale };
    });
  const pan = (x: number, y: number) => setLook((was) => was && { ...was, x: was.x + x, y: was.y + y });
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      const place = element.getBoundingClientRect();
      if (event.ctrlKey || event.metaKey || event.deltaMode === 1 || Math.abs(event.deltaY) >= 50)
        zoom(event.deltaY < 0 ? 1.15 : 1 / 1.15, { x: event.clientX - place.left, y: event.clientY - place.top });
      else pan(-event.deltaX, -event.deltaY);
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => element.removeEventListener("wheel", onWheel);
  });
  const onKeyDown = (event: KeyboardEvent) => {
    const steps: Record<string, () => void> = {
      ArrowLeft: () => pan(60, 0),
      ArrowRight: () => pan(-60, 0),
      ArrowUp: () => pan(0, 60),
      ArrowDown: () => pan(0, -60),
      "+": () => zoom(1.2),
      "=": () => zoom(1.2),
      "-": () => zoom(1 / 1.2),
      "0": fit,
    };
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    step();
  };
  const onPointerDown = (event: PointerEvent) => {
    if (look && event.button === 0) drag.current = { x: event.clientX, y: event.clientY, look, moved: false };
  };
  const onPointerMove = (event: PointerEvent) => {
    const from = drag.current;
    if (!from) return;
    const [x, y] = [event.clientX - from.x, event.clientY - from.y];
    if (Math.abs(x) + Math.abs(y) > 4) from.moved = true;
    if (from.moved) setLook({ ...from.look, x: from.look.x + x, y: from.look.y + y });
  };
  const addressOf = ({ table }: Node) => ({
    to: "/data/$source/$schema/$table" as const,
    params: { source, schema: table.schema, table: table.name },
  });
  const isNear = (node: Node) =>
    near === node.key || layout.edges.some((edge) => (edge.from.key === near && edge.to === node) || (edge.to.key === near && edge.from === node));
  // A table that the keyboard reaches is brought into sight.
  const reveal = (node: Node) => {
    setNear(node.key);
    setLook((was) => {
      const { clientWidth = 0, clientHeight = 0 } = box.current ?? {};
      if (!was) return was;
      const [left, top] = [was.x + node.x * was.scale, was.y + node.y * was.scale];
      const isSeen =
        left >= 0 && top >= 0 && left + node.width * was.scale <= clientWidth && top + Math.min(node.height, 60) * was.scale <= clientHeight;
      return isSeen ? was : { ...was, x: clientWidth / 2 - (node.x + node.width / 2) * was.scale, y: clientHeight / 3 - node.y * was.scale };
    });
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys and pointer move the picture; its tables are links
    <div
      ref={box}
      className="picture"
      onKeyDown={onKeyDown}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={() => setTimeout(() => (drag.current = undefined))}
      onPointerLeave={() => (drag.current = undefined)}
    >
      {/* biome-ignore lint/a11y/useSemanticElements: a drawing of links is no fieldset */}
      <svg role="group" aria-label={t("picture")}>
        {look && (
          <g transform={`translate(${look.x} ${look.y}) scale(${look.scale})`}>
            {layout.edges.map((edge) => (
              <path
                key={`${edge.from.key} ${edge.name}`}
                d={pathOf(edge)}
                className={near === edge.from.key || near === edge.to.key ? "edge near" : "edge"}
              />
            ))}
            {layout.nodes.map((node) => {
              const to = addressOf(node);
              return (
                <a
                  key={node.key}
                  href={router.buildLocation(to).href.replace(/^(?!\/console)/, "/console")}
                  draggable={false}
                  onFocus={() => reveal(node)}
                  onBlur={() => setNear(undefined)}
                  onPointerEnter={() => setNear(node.key)}
                  onPointerOut={() => setNear(undefined)}
                  onClick={(event) => {
                    if (event.ctrlKey || event.metaKey) return;
                    event.preventDefault();
                    if (!drag.current?.moved) void navigate(to);
                  }}
                >
                  <g
                    transform={`translate(${node.x} ${node.y})`}
                    className={["node", node.table.tracked ? "" : "untracked", near && isNear(node) ? "near" : ""].join(" ")}
                  >
                    <rect className="frame-line" width={node.width} height={node.height} rx="8" />
                    <rect className="title" x="1" y="1" width={node.width - 2} height={headHeight - 2} rx="7" style={{ stroke: "none" }} />
                    <text className="name" x="10" y="20">
                      {clip(node.table.schema === "public" ? node.table.name : node.key, 28)}
                    </text>
                    {node.lines.map((line, i) => (
                      <g key={line.name} transform={`translate(0 ${headHeight + i * lineHeight})`}>
                        <text x="10" y="15" style={{ fontWeight: line.isKey ? 600 : 400 }}>
                          {clip(line.name, 17)}
                        </text>
                        <text x={node.width - 10} y="15" textAnchor="end" className="type">
                          {clip(line.type.replace("timestamp with time zone", "timestamptz").replace("character varying", "varchar"), 13)}
                        </text>
                      </g>
                    ))}
                    {node.more > 0 && (
                      <text x="10" y={headHeight + node.lines.length * lineHeight + 15} className="type">
                        {t("more", { count: node.more })}
                      </text>
                    )}
                  </g>
                </a>
              );
            })}
          </g>
        )}
      </svg>
      <div className="zoom">
        <ActionIcon variant="default" aria-label={t("zoomOut")} onClick={() => zoom(1 / 1.25)}>
          <IconMinus size={16} aria-hidden="true" />
        </ActionIcon>
        <ActionIcon variant="default" aria-label={t("zoomIn")} onClick={() => zoom(1.25)}>
          <IconPlus size={16} aria-hidden="true" />
        </ActionIcon>
        <ActionIcon variant="default" aria-label={t("fit")} onClick={fit}>
          <IconFocusCentered size={16} aria-hidden="true" />
        </ActionIcon>
      </div>
    </div>
  );
};

const many = 60;

/** A picture of the schema: tables, keys, and what they join. What of it is shown is in the address. */
const Picture = () => {
  const { source, names, setSource } = useSource();
  const search = useSearch({ strict: false }) as PictureSearch;
  const navigate = useNavigate();
  const { data, error, refetch } = useDatabase(source);
  const [wanted, setWanted] = useState("");
  const set = (change: Partial<PictureSearch>) => void navigate({ to: "/data/picture", search: { ...search, ...change } });
  const all = useMemo(() => (data?.tables ?? []).filter((table) => !table.parent), [data]);
  const keys = useMemo(() => all.map((table) => `${table.schema}.${table.name}`), [all]);
  const steps = search.steps ?? 1;
  const shown = useMemo(() => {
    const text = wanted.trim().toLowerCase();
    const centre = search.around ? all.filter((table) => `${table.schema}.${table.name}` === search.around) : undefined;
    if (centre) return within(all, centre, steps);
    const inSchema = all.filter((table) => !search.schema || table.schema === search.schema);
    const hit = inSchema.filter((table) => `${table.schema}.${table.name}`.toLowerCase().includes(text));
    return text && hit.length > 0 ? within(inSchema, hit, search.steps ?? 1) : hit;
  }, [all, search.schema, search.around, search.steps, steps, wanted]);
  const detail = search.detail ?? (shown.length > many ? "names" : "keys");
  const layout = useMemo(() => arrange(shown, detail), [shown, detail]);
  const [centre, setCentre] = useState(search.around ?? "");
  useEffect(() => setCentre(search.around ?? ""), [search.around]);
  return (
    <Page
      title={t("title")}
      isWide
      actions={
        <>
          <SourceSelect names={names} source={source} onChange={setSource} />
          <NativeSelect
            size="xs"
            aria-label={t("schema")}
            data={[{ value: "", label: t("all") }, ...(data?.schemas ?? [])]}
            value={search.schema ?? ""}
            disabled={search.around !== undefined}
            onChange={(event) => set({ schema: event.currentTarget.value || undefined })}
          />
        </>
      }
    >
      <div className="table-page">
        <div className="rows-bar">
          <TextInput
            size="xs"
            aria-label={t("find")}
            placeholder={t("find")}
            leftSection={<IconSearch size={14} aria-hidden="true" />}
            value={wanted}
            disabled={search.around !== undefined}
            onChange={(event) => setWanted(event.currentTarget.value)}
          />
          <Autocomplete
            size="xs"
            aria-label={t("around")}
            placeholder={t("around")}
            leftSection={<IconFocusCentered size={14} aria-hidden="true" />}
            data={keys}
            limit={50}
            value={centre}
            onChange={(value) => {
              setCentre(value);
              if (value === "" || keys.includes(value)) set({ around: value || undefined });
            }}
            clearable
          />
          <NativeSelect
            size="xs"
            aria-label={t("steps")}
            data={[0, 1, 2, 3].map((one) => ({ value: String(one), label: t("stepsOf", { count: one }) }))}
            value={String(steps)}
            disabled={search.around === undefined && wanted.trim() === ""}
            onChange={(event) => set({ steps: Number(event.currentTarget.value) })}
          />
          <NativeSelect
            size="xs"
            aria-label={t("detail")}
            data={(["names", "keys", "all"] as const).map((one) => ({ value: one, label: t(`detail_${one}`) }))}
            value={detail}
            onChange={(event) => set({ detail: event.currentTarget.value as Detail })}
          />
          <span className="grow" />
          {data && <span className="muted">{t("shown", { count: shown.length, all: all.length })}</span>}
        </div>
        {error && <Problem error={error} onRetry={() => void refetch()} />}
        {!data && !error && <Waiting />}
        {data?.tables.length === 0 && <Empty title={t("empty")} text={t("emptyText")} />}
        {data && data.tables.length > 0 && layout.nodes.length === 0 && <p className="muted">{t("nothing")}</p>}
        {source && layout.nodes.length > 0 && (
          <>
            <Drawn layout={layout} source={source} />
            <details className="picture-list">
              <summary>{t("list")}</summary>
              <ul>
                {layout.nodes.map(({ table, key }) => (
                  <li key={key}>
                    <Link to="/data/$source/$schema/$table" params={{ source, schema: table.schema, table: table.name }}>
                      {key}
                    </Link>
                    {table.foreign_keys.length === 0
                      ? null
                      : `: ${table.foreign_keys.map((one) => t("pointsTo", { from: one.columns.join(", "), to: one.to.name, columns: one.to_columns.join(", ") })).join("; ")}`}
                  </li>
                ))}
              </ul>
            </details>
          </>
        )}
      </div>
    </Page>
  );
};

export default Picture;
