import { ActionIcon, Button } from "@mantine/core";
import { IconPencil, IconPlus, IconTrash, IconX } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { Listed, Window } from "../../../../../api/management.ts";
import type { Column } from "../../../parts/Table.tsx";
import { useWindow } from "../../../parts/useAddress.ts";
import { ago, moment } from "../../../text.ts";
import { t } from "../text.ts";

/** A list the server pages and searches, by the words and the page in the address: what Listing asks for, and its search. */
export const useList = <T,>(queryKey: readonly unknown[], load: (window: Window) => Promise<Listed<T>>) => {
  const { search, page, setSearch, setPage } = useWindow();
  const query = useQuery({ queryKey: [...queryKey, search, page], queryFn: () => load({ search, page }), placeholderData: keepPreviousData });
  return { list: { query, page, onPage: setPage }, find: (label: string) => ({ label, value: search ?? "", onChange: setSearch }) };
};

/** A list that arrives whole, as Listing asks for it. */
export const useWhole = <T,>(queryKey: readonly unknown[], load: () => Promise<T[]>) => {
  const { data: items, error, refetch } = useQuery({ queryKey, queryFn: load });
  return { items, list: { query: { data: items && { items, total: items.length }, error, refetch }, page: 1, onPage: () => {} } };
};

/** Begins something new: "Create role". */
export const Plus = ({ name, onClick }: { name: string; onClick: () => void }) => (
  <Button leftSection={<IconPlus size={16} aria-hidden="true" />} onClick={onClick}>
    {name}
  </Button>
);

const icons = { delete: IconTrash, edit: IconPencil, take: IconX };

/** What can be done with one row; `name` says with which. */
export const RowAction = ({ icon, name, onClick }: { icon: keyof typeof icons; name: string; onClick: () => void }) => {
  const Icon = icons[icon];
  return (
    <ActionIcon variant="subtle" color="gray" aria-label={name} onClick={onClick}>
      <Icon size={16} aria-hidden="true" />
    </ActionIcon>
  );
};

/** The last column of a table: what can be done with a row; none where nothing may be done. */
export const doing = <T,>(may: boolean, cell: (row: T) => ReactNode, width?: string): Column<T>[] =>
  may ? [{ name: t("actions"), isUnnamed: true, isEnd: true, width, cell }] : [];

/** How long ago something was, or will be; in full under the pointer. */
export const When = ({ at, never = t("never") }: { at: number | null; never?: string }) =>
  at === null ? (
    never
  ) : (
    <time dateTime={new Date(at).toISOString()} title={moment(at)}>
      {ago(at)}
    </time>
  );
