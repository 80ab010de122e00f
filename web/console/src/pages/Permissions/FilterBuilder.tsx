import { ActionIcon, Autocomplete, Button, Menu, SegmentedControl, Select, TagsInput, Textarea, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { type ReactNode, useEffect, useState } from "react";
import type { QualifiedTable } from "../../../../api/metadata.ts";
import { isObject, type Node, parse, print, type Test } from "./filter.ts";
import { operandOf, operatorsFor, shown, typedValue } from "./operators.ts";
import { nameOf } from "./rights.ts";
import { type Ground, qualified } from "./shapes.ts";
import { t } from "./text.ts";

type Props = {
  label: string;
  filter: unknown;
  ground: Ground;
  /** The tables that `_exists` can look into. */
  tables: QualifiedTable[];
  onChange: (filter: unknown) => void;
};

/** A row filter, by conditions or as JSON; either shows what the other made of it. */
export const FilterBuilder = ({ label, filter, ground, tables, onChange }: Props) => {
  const [mode, setMode] = useState<"builder" | "json">("builder");
  return (
    <div className="filter">
      <SegmentedControl
        size="xs"
        aria-label={label}
        value={mode}
        onChange={(value) => setMode(value as typeof mode)}
        data={[
          { value: "builder", label: t("builder") },
          { value: "json", label: t("json") },
        ]}
      />
      {mode === "json" ? (
        <AsJSON label={label} value={filter} onChange={onChange} />
      ) : (
        <Part node={parse(filter, ground)} ground={ground} tables={tables} onChange={(node) => onChange(node ? print(node) : {})} isRoot />
      )}
    </div>
  );
};

const compact = (text: string): string | undefined => {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return undefined;
  }
};

/** A text of JSON that is taken over whenever it is JSON; what is not yet stays in the box, with why. */
const AsJSON = ({ label, value, onChange }: { label: string; value: unknown; onChange: (value: unknown) => void }) => {
  const [text, setText] = useState(() => JSON.stringify(value, null, 2));
  const [problem, setProblem] = useState<string>();
  const stored = JSON.stringify(value);
  // Changed by something else than typing here: that is what stands in the box then.
  useEffect(() => {
    setText((now) => (compact(now) === stored ? now : JSON.stringify(JSON.parse(stored), null, 2)));
    setProblem(undefined);
  }, [stored]);
  const onType = (typed: string) => {
    setText(typed);
    try {
      const read: unknown = JSON.parse(typed);
      setProblem(isObject(read) ? undefined : t("notObject"));
      if (isObject(read)) onChange(read);
    } catch (error) {
      setProblem(t("notJson", { why: error instanceof Error ? error.message : String(error) }));
    }
  };
  return (
    <Textarea
      aria-label={`${label}, ${t("json")}`}
      className="code"
      autosize
      minRows={4}
      spellCheck={false}
      value={text}
      onChange={(event) => onType(event.currentTarget.value)}
      error={problem}
    />
  );
};

type PartProps = {
  node: Node;
  ground: Ground | undefined;
  tables: QualifiedTable[];
  /** undefined removes it. */
  onChange: (node: Node | undefined) => void;
  isRoot?: boolean;
};

const empty: Node = { kind: "group", word: "", items: [] };

const Part = (props: PartProps) => {
  const { node, ground, tables, onChange, isRoot } = props;
  switch (node.kind) {
    case "group":
      return <Group {...props} node={node} />;
    case "compare":
      // One condition alone stands in a group of itself, where others can be added.
      return isRoot ? (
        <Group {...props} node={{ kind: "group", word: "", items: [node] }} />
      ) : (
        <Compare node={node} ground={ground} onChange={onChange} />
      );
    case "raw":
      return <Raw node={node} onChange={onChange} />;
  }
  if (isRoot) return <Group {...props} node={{ kind: "group", word: "", items: [node] }} />;
  if (node.kind === "not")
    return (
      <Box head={t("not")} onRemove={() => onChange(undefined)}>
        <Part node={node.item} ground={ground} tables={tables} onChange={(item) => onChange({ ...node, item: item ?? empty })} isRoot />
      </Box>
    );
  if (node.kind === "relation")
    return (
      <Box head={t("relation", { name: node.name })} onRemove={() => onChange(undefined)}>
        <Part
          node={node.where}
          ground={ground?.below(node.name)}
          tables={tables}
          onChange={(where) => onChange({ ...node, where: where ?? empty })}
          isRoot
        />
      </Box>
    );
  const target = qualified(node.table);
  return (
    <Box
      head={
        <>
          {t("exists")}
          <Select
            size="xs"
            aria-label={t("table")}
            searchable
            allowDeselect={false}
            data={tables.map((table) => ({ value: JSON.stringify([table.schema, table.name]), label: nameOf(table) }))}
            value={target ? JSON.stringify([target.schema, target.name]) : null}
            onChange={(picked) => {
              if (!picked) return;
              const [schema, name] = JSON.parse(picked) as [string, string];
              onChange({ ...node, table: { schema, name }, where: empty });
            }}
          />
        </>
      }
      onRemove={() => onChange(undefined)}
    >
      <Part
        node={node.where}
        ground={ground?.table(node.table)}
        tables={tables}
        onChange={(where) => onChange({ ...node, where: where ?? empty })}
        isRoot
      />
    </Box>
  );
};

const Box = ({ head, onRemove, children }: { head: ReactNode; onRemove?: () => void; children: ReactNode }) => (
  <div className="box">
    <div className="head">
      {head}
      {onRemove && <Remove onRemove={onRemove} />}
    </div>
    {children}
  </div>
);

const Remove = ({ onRemove }: { onRemove: () => void }) => (
  <ActionIcon variant="subtle" color="gray" onClick={onRemove} aria-label={t("remove")}>
    <IconTrash size={16} aria-hidden="true" />
  </ActionIcon>
);

const isAny = (word: string) => word === "_or" || word === "$or";

const Group = ({ node, ground, tables, onChange, isRoot }: PartProps & { node: Extract<Node, { kind: "group" }> }) => {
  const setItem = (index: number, item: Node | undefined) =>
    onChange({ ...node, items: item ? node.items.map((one, i) => (i === index ? item : one)) : node.items.filter((_, i) => i !== index) });
  const add = (item: Node) => onChange({ ...node, items: [...node.items, item] });
  const [column] = ground?.columns ?? [];
  const table = tables[0];
  return (
    <div className={isRoot ? "group root" : "group"}>
      {(node.items.length > 1 || node.word !== "") && (
        <div className="head">
          <SegmentedControl
            size="xs"
            aria-label={t("group")}
            value={isAny(node.word) ? "any" : "every"}
            onChange={(value) => onChange({ ...node, word: value === "any" ? "_or" : node.word === "" ? "" : "_and" })}
            data={[
              { value: "every", label: t("every") },
              { value: "any", label: t("any") },
            ]}
          />
          {!isRoot && <Remove onRemove={() => onChange(undefined)} />}
        </div>
      )}
      {node.items.length === 0 && <p className="muted">{t("noConditions")}</p>}
      {node.items.map((item, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: conditions have no name but their place
        <Part key={index} node={item} ground={ground} tables={tables} onChange={(changed) => setItem(index, changed)} />
      ))}
      {ground && (
        <Menu position="bottom-start" withArrow>
          <Menu.Target>
            <Button size="xs" variant="default" leftSection={<IconPlus size={14} aria-hidden="true" />}>
              {t("add")}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {column && (
              <Menu.Item
                onClick={() => add({ kind: "compare", column: column.name, tests: [{ op: "_eq", value: "X-Hasura-User-Id" }], isShort: false })}
              >
                {t("condition")}
              </Menu.Item>
            )}
            {ground.relationships.map((name) => (
              <Menu.Item key={name} onClick={() => add({ kind: "relation", name, where: empty })}>
                {t("relation", { name })}
              </Menu.Item>
            ))}
            <Menu.Divider />
            <Menu.Item onClick={() => add({ kind: "group", word: "_or", items: [] })}>{t("any")}</Menu.Item>
            <Menu.Item onClick={() => add({ kind: "group", word: "_and", items: [] })}>{t("every")}</Menu.Item>
            <Menu.Item onClick={() => add({ kind: "not", word: "_not", item: empty })}>{t("negation")}</Menu.Item>
            {table && <Menu.Item onClick={() => add({ kind: "exists", word: "_exists", table, where: empty })}>{t("existence")}</Menu.Item>}
          </Menu.Dropdown>
        </Menu>
      )}
    </div>
  );
};

const Compare = ({
  node,
  ground,
  onChange,
}: {
  node: Extract<Node, { kind: "compare" }>;
  ground: Ground | undefined;
  onChange: (node: Node | undefined) => void;
}) => {
  const type = ground?.columns.find(({ name }) => name === node.column)?.type ?? "text";
  const setTest = (index: number, test: Test) => onChange({ ...node, isShort: false, tests: node.tests.map((one, i) => (i === index ? test : one)) });
  const removeTest = (index: number) => onChange(node.tests.length > 1 ? { ...node, tests: node.tests.filter((_, i) => i !== index) } : undefined);
  return (
    <>
      {node.tests.map((test, index) => (
        <div key={`${node.column} ${test.op}`} className="test">
          <Select
            size="xs"
            aria-label={t("column")}
            searchable
            allowDeselect={false}
            data={ground?.columns.map(({ name }) => name) ?? [node.column]}
            value={node.column}
            onChange={(column) => column && onChange({ ...node, column })}
          />
          <Select
            size="xs"
            aria-label={t("operator")}
            searchable
            allowDeselect={false}
            data={operatorsFor(type, test.op)}
            value={test.op}
            onChange={(op) => op && setTest(index, { op, value: fitting(op, test) })}
          />
          <Operand
            test={test}
            type={type}
            columns={ground?.columns.map(({ name }) => name) ?? []}
            onChange={(value) => setTest(index, { ...test, value })}
          />
          <Remove onRemove={() => removeTest(index)} />
        </div>
      ))}
    </>
  );
};

/** The operand to begin with under another operator: the same, where it takes the same kind. */
const fitting = (op: string, was: Test): unknown => {
  const kind = operandOf(op);
  if (kind === operandOf(was.op)) return was.value;
  if (kind === "flag") return true;
  if (kind === "list") return typeof was.value === "string" ? [was.value] : [];
  return kind === "column" ? "" : "X-Hasura-User-Id";
};

const variables = ["X-Hasura-User-Id", "X-Hasura-Role"];

const Operand = ({ test, type, columns, onChange }: { test: Test; type: string; columns: string[]; onChange: (value: unknown) => void }) => {
  const { op, value } = test;
  switch (operandOf(op)) {
    case "flag":
      if (typeof value === "boolean")
        return (
          <Select
            size="xs"
            aria-label={t("value")}
            allowDeselect={false}
            data={["true", "false"]}
            value={String(value)}
            onChange={(picked) => onChange(picked === "true")}
          />
        );
      break;
    case "list":
      if (Array.isArray(value))
        return (
          <TagsInput
            size="xs"
            aria-label={t("value")}
            data={variables}
            value={value.map(shown)}
            onChange={(typed) => onChange(typed.map((one) => typedValue(one, type)))}
          />
        );
      break;
    case "column":
      if (typeof value === "string")
        return (
          <Select
            size="xs"
            aria-label={t("column")}
            searchable
            allowDeselect={false}
            data={columns}
            value={value || null}
            onChange={(picked) => picked && onChange(picked)}
          />
        );
      return <TextInput size="xs" aria-label={t("value")} value={shown(value)} readOnly />;
  }
  return <Value type={type} value={value} onChange={onChange} />;
};

/** A value as it is typed: 1 becomes the number where the column is one, but not while "1." is on its way to "1.5". */
const Value = ({ type, value, onChange }: { type: string; value: unknown; onChange: (value: unknown) => void }) => {
  const [typed, setTyped] = useState(() => shown(value));
  useEffect(() => {
    setTyped((now) => (JSON.stringify(typedValue(now, type)) === JSON.stringify(value) ? now : shown(value)));
  }, [value, type]);
  return (
    <Autocomplete
      size="xs"
      aria-label={t("value")}
      placeholder={t("valueHint")}
      data={/^bool/.test(type) ? ["true", "false", ...variables] : variables}
      value={typed}
      onChange={(text) => {
        setTyped(text);
        onChange(typedValue(text, type));
      }}
    />
  );
};

const Raw = ({ node, onChange }: { node: Extract<Node, { kind: "raw" }>; onChange: (node: Node | undefined) => void }) => {
  const [text, setText] = useState(() => JSON.stringify(node.value));
  const [problem, setProblem] = useState<string>();
  return (
    <Box head={t("keptAsJson", { key: node.key })} onRemove={() => onChange(undefined)}>
      <Textarea
        className="code"
        size="xs"
        autosize
        aria-label={t("keptAsJson", { key: node.key })}
        value={text}
        error={problem}
        onChange={(event) => {
          setText(event.currentTarget.value);
          try {
            onChange({ ...node, value: JSON.parse(event.currentTarget.value) });
            setProblem(undefined);
          } catch (error) {
            setProblem(t("notJson", { why: String(error) }));
          }
        }}
      />
    </Box>
  );
};
