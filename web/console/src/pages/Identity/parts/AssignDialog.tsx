import { Checkbox } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import type { Listed } from "../../../../../api/management.ts";
import { FormDialog } from "../../../parts/FormDialog.tsx";
import { SearchBox } from "../../../parts/Listing.tsx";
import { Problem } from "../../../parts/Problem.tsx";
import { useForm } from "../../../parts/useForm.ts";
import { Waiting } from "../../../shell/Waiting.tsx";
import { t } from "./text.ts";

type Props<T> = {
  /** Of the dialog and of its button. */
  title: string;
  /** The label of the search. */
  find: string;
  /** What there is to pick from, by the words typed. */
  load: (words: string) => Promise<Listed<T>>;
  queryKey: readonly unknown[];
  show: (item: T) => ReactNode;
  nameOf: (item: T) => string;
  /** What is said where nothing is left. */
  nothing: string;
  onSubmit: (ids: string[]) => Promise<unknown>;
  onClose: () => void;
};

/** Picks some of a long list the server searches. What is picked stays picked while other words are typed. */
export const AssignDialog = <T extends { id: string }>({ title, find, load, queryKey, show, nameOf, nothing, onSubmit, onClose }: Props<T>) => {
  const [words, setWords] = useState("");
  const query = useQuery({ queryKey: [...queryKey, words], queryFn: () => load(words), placeholderData: keepPreviousData });
  const form = useForm({ initial: { ids: [] as string[] }, onSubmit: ({ ids }) => onSubmit(ids) });
  const { ids } = form.values;
  const [seen, setSeen] = useState<Record<string, T>>({});
  const items = query.data?.items ?? [];
  const toggle = (item: T, isOn: boolean) => {
    setSeen({ ...seen, [item.id]: item });
    form.set("ids", isOn ? [...ids, item.id] : ids.filter((id) => id !== item.id));
  };
  const elsewhere = ids.filter((id) => !items.some((item) => item.id === id)).flatMap((id) => (seen[id] ? [seen[id]] : []));
  const rest = (query.data?.total ?? 0) - items.length;
  return (
    <FormDialog isOpen title={title} action={title} form={form} isOff={ids.length === 0} onClose={onClose}>
      <SearchBox label={find} value={words} onChange={setWords} />
      {query.error != null && <Problem error={query.error} onRetry={() => void query.refetch()} />}
      {!query.data && !query.error && <Waiting />}
      {query.data && (
        <div className="choices">
          {[...elsewhere, ...items].map((item) => (
            <Checkbox
              key={item.id}
              label={show(item)}
              aria-label={nameOf(item)}
              checked={ids.includes(item.id)}
              onChange={(event) => toggle(item, event.currentTarget.checked)}
            />
          ))}
          {items.length === 0 && <p className="muted">{words ? t("noMatch") : nothing}</p>}
          {rest > 0 && <p className="muted">{t("more", { count: rest })}</p>}
        </div>
      )}
      <span className="muted" role="status">
        {ids.length > 0 && t("picked", { count: ids.length })}
      </span>
    </FormDialog>
  );
};
