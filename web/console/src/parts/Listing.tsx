import { Button, CloseButton, Pagination, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { type ReactNode, useEffect, useState } from "react";
import { type Listed, pageSize } from "../../../api/management.ts";
import { number } from "../text.ts";
import { Empty } from "./Empty.tsx";
import { Problem } from "./Problem.tsx";
import { type Column, Table } from "./Table.tsx";
import { t } from "./text.ts";

/** A search field that tells what is typed once its typist pauses. */
export const SearchBox = ({ label, value, onChange }: { label: string; value: string; onChange: (value: string) => void }) => {
  const [typed, setTyped] = useState(value);
  const [told, setTold] = useState(value);
  const tell = useDebouncedCallback((next: string) => {
    setTold(next);
    onChange(next);
  }, 250);
  useEffect(() => {
    if (value !== told) {
      setTold(value);
      setTyped(value); // changed from elsewhere: the browser's Back, or "show all"
    }
  }, [value, told]);
  const type = (next: string) => {
    setTyped(next);
    tell(next);
  };
  return (
    <TextInput
      className="find"
      type="search"
      aria-label={label}
      placeholder={label}
      leftSection={<IconSearch size={16} aria-hidden="true" />}
      rightSection={typed && <CloseButton size="sm" aria-label={t("clear")} onClick={() => type("")} />}
      value={typed}
      onChange={(event) => type(event.currentTarget.value)}
    />
  );
};

/** Which part of a list is shown, and the way to the others; nothing where there is one part only. */
export const Pager = ({ page, total, onPage }: { page: number; total: number; onPage: (page: number) => void }) => {
  const last = Math.max(1, Math.ceil(total / pageSize));
  if (last === 1 && page === 1) return null;
  return (
    <div className="pager">
      <span>{t("range", { from: Math.min(total, (page - 1) * pageSize + 1), to: Math.min(total, page * pageSize), total })}</span>
      <Pagination
        total={last}
        value={Math.min(page, last)}
        onChange={onPage}
        size="sm"
        aria-label={t("pagesOf")}
        getControlProps={(control) => ({ "aria-label": control === "next" ? t("next") : t("previous") })}
        getItemProps={(item) => ({ "aria-label": t("pageNumber", { page: number(item) }) })}
      />
    </div>
  );
};

type Props<T> = {
  label: string;
  columns: Column<T>[];
  keyOf: (row: T) => string;
  query: { data?: Listed<T>; error: unknown; refetch: () => unknown };
  /** The words searched for and what to do with others; without it there is nothing to search by. */
  search?: { label: string; value: string; onChange: (words: string) => void };
  page: number;
  onPage: (page: number) => void;
  /** Beside the search: filters, actions. */
  tools?: ReactNode;
  /** Whether something besides the search narrows the list. */
  isNarrowed?: boolean;
  /** What stands where there is nothing at all. */
  empty: ReactNode;
};

/** A list the server pages and searches. */
export const Listing = <T,>({ label, columns, keyOf, query, search, page, onPage, tools, isNarrowed, empty }: Props<T>) => {
  const { data, error, refetch } = query;
  const isSearched = Boolean(search?.value) || isNarrowed;
  const isEmpty = data?.total === 0 || data?.items.length === 0;
  const isSearchable = isSearched || !isEmpty || Boolean(tools); // beside other tools it keeps its place
  return (
    <>
      {(tools || (search && isSearchable)) && (
        <div className="tools">
          {search && isSearchable && <SearchBox {...search} />}
          {tools}
        </div>
      )}
      {error != null && <Problem error={error} onRetry={() => void refetch()} />}
      {isEmpty && !isSearched && page === 1 && empty}
      {isEmpty && (isSearched || page > 1) && (
        <Empty text={page > 1 ? t("pastEnd") : t("noMatch")}>
          {page > 1 ? (
            <Button variant="default" onClick={() => onPage(1)}>
              {t("firstPage")}
            </Button>
          ) : (
            search?.value && (
              <Button variant="default" onClick={() => search.onChange("")}>
                {t("showAll")}
              </Button>
            )
          )}
        </Empty>
      )}
      {!isEmpty && (data || error == null) && <Table label={label} columns={columns} rows={data?.items} keyOf={keyOf} />}
      {data && !isEmpty && <Pager page={page} total={data.total} onPage={onPage} />}
      <span className="unseen" role="status">
        {data && isSearched ? t("found", { count: data.total }) : ""}
      </span>
    </>
  );
};
