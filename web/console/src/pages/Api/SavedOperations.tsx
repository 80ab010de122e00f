import { useGraphiQL } from "@graphiql/react";
import { ActionIcon, Button, TextInput } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { type FormEvent, useMemo, useState } from "react";
import { Undo } from "../../parts/Undo.tsx";
import { useSession } from "../../session.tsx";
import { nameIn } from "./CreateEndpoint.tsx";
import { found, type Saved, savedOperations } from "./saved.ts";
import { t } from "./text.ts";

/** The operations kept by name: what is in the editors goes in, and comes back by a click. */
export const SavedOperations = () => {
  const { endpoints } = useSession();
  const store = useMemo(() => savedOperations(endpoints.graphql), [endpoints.graphql]);
  const [list, setList] = useState(store.read);
  const [words, setWords] = useState("");
  const queryEditor = useGraphiQL((state) => state.queryEditor);
  const variableEditor = useGraphiQL((state) => state.variableEditor);
  const [name, setName] = useState("");
  const [open, setOpen] = useState<string>();
  const [removed, setRemoved] = useState<Saved>();
  const isTaken = list.some((one) => one.name === name.trim());

  const save = (event: FormEvent) => {
    event.preventDefault();
    const query = queryEditor?.getValue() ?? "";
    const title = name.trim() || nameIn(query);
    if (!title) return;
    setList(store.put({ name: title, query, variables: variableEditor?.getValue() ?? "" }));
    setOpen(title);
    setName(title);
  };
  const load = (one: Saved) => {
    queryEditor?.setValue(one.query);
    variableEditor?.setValue(one.variables);
    setOpen(one.name);
    setName(one.name);
  };
  const remove = (one: Saved) => {
    setList(store.remove(one.name));
    setRemoved(one);
  };
  return (
    <section className="saved" aria-label={t("saved")}>
      <h2>{t("saved")}</h2>
      <p className="muted">{t("savedHint")}</p>
      <form className="actions" onSubmit={save}>
        <TextInput
          size="xs"
          aria-label={t("savedName")}
          placeholder={nameIn(queryEditor?.getValue() ?? "") || t("savedName")}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Button size="xs" type="submit" variant="default">
          {t(isTaken ? "savedUpdate" : "savedSave")}
        </Button>
      </form>
      {list.length > 5 && (
        <TextInput
          size="xs"
          type="search"
          aria-label={t("savedFind")}
          placeholder={t("savedFind")}
          value={words}
          onChange={(event) => setWords(event.currentTarget.value)}
        />
      )}
      <ul>
        {found(list, words).map((one) => (
          <li key={one.name}>
            <button type="button" aria-current={one.name === open ? "true" : undefined} onClick={() => load(one)} title={one.query}>
              {one.name}
            </button>
            <ActionIcon variant="subtle" color="gray" size="sm" aria-label={t("savedRemove", { name: one.name })} onClick={() => remove(one)}>
              <IconTrash size={15} aria-hidden="true" />
            </ActionIcon>
          </li>
        ))}
      </ul>
      <p role="status" className="muted">
        {removed && (
          <Undo
            message={t("removed", { name: removed.name })}
            onUndo={() => {
              setList(store.put(removed));
              setRemoved(undefined);
            }}
          />
        )}
      </p>
    </section>
  );
};
