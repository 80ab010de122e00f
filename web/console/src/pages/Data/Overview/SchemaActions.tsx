import { ActionIcon, Button, Menu, Modal, TextInput } from "@mantine/core";
import { IconDots } from "@tabler/icons-react";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { createSchema, dropSchema, type SchemaChange } from "../ddl.ts";
import { Review } from "../Review.tsx";
import { t } from "../text.ts";

/** Making and dropping of schemas. */
export const SchemaActions = ({ source, schema, isEmpty }: { source: string; schema: string; isEmpty: boolean }) => {
  const [change, setChange] = useState<SchemaChange & { to: string }>();
  const [name, setName] = useState<string>();
  const navigate = useNavigate();
  return (
    <>
      <Menu position="bottom-end" withArrow>
        <Menu.Target>
          <ActionIcon variant="default" size="input-xs" aria-label={t("schema")}>
            <IconDots size={16} aria-hidden="true" />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item component={Link} to="/data/create-view" search={{ source, schema } as never}>
            {t("createView")}
          </Menu.Item>
          <Menu.Item onClick={() => setName("")}>{t("createSchema")}</Menu.Item>
          {isEmpty && schema !== "public" && (
            <Menu.Item color="red" onClick={() => setChange({ ...dropSchema(schema), to: "public" })}>
              {t("dropSchema")}
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      <Modal opened={name !== undefined} onClose={() => setName(undefined)} title={t("createSchema")} centered>
        <form
          className="stack"
          style={{ marginTop: 0 }}
          onSubmit={(event) => {
            event.preventDefault();
            if (!name) return;
            setChange({ ...createSchema(name), to: name });
            setName(undefined);
          }}
        >
          <TextInput label={t("name")} value={name ?? ""} onChange={(event) => setName(event.currentTarget.value)} data-autofocus required />
          <div className="actions end">
            <Button type="submit">{t("createSchema")}</Button>
          </div>
        </form>
      </Modal>
      <Review
        source={source}
        change={change}
        onClose={() => setChange(undefined)}
        onDone={() => change && navigate({ to: "/data/$source/$schema", params: { source, schema: change.to } })}
      />
    </>
  );
};
