import { Select, type SelectProps, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { listApplications, loadApplication } from "../../../api/applications.ts";
import type { ApplicationType, Listed } from "../../../api/management.ts";
import { listUsers, loadUser, nameOf } from "../../../api/users.ts";
import { useMay } from "../session.tsx";
import { t } from "./text.ts";

type Props = Omit<SelectProps, "data" | "value" | "onChange"> & {
  value: string | null;
  onChange: (id: string | null, name: string) => void;
};
type Kind<T> = {
  kind: "users" | "applications";
  search: (words: string) => Promise<Listed<T>>;
  one: (id: string) => Promise<T>;
  called: (item: T) => string;
  /** Those that cannot be picked. */
  isOut?: (id: string) => boolean;
};

/** Picks one of many by name; the server searches. One that is given by its ID alone is named, too. */
const Pick = <T extends { id: string }>({ kind, search, one, called, isOut, value, onChange, ...rest }: Props & Kind<T>) => {
  const [words, setWords] = useState("");
  const [looked] = useDebouncedValue(words, 250);
  const query = useQuery({ queryKey: [kind, "pick", looked], queryFn: () => search(looked), placeholderData: keepPreviousData });
  const found = (query.data?.items ?? []).filter(({ id }) => !isOut?.(id));
  const [seen, setSeen] = useState<T>();
  const known = [...found, ...(seen ? [seen] : [])].find(({ id }) => id === value);
  const asked = useQuery({ queryKey: [kind, "one", value], queryFn: () => one(value ?? ""), enabled: value !== null && !known });
  const picked = known ?? asked.data;
  const label = picked ? called(picked) : (value ?? "");
  const options = found.map((item) => ({ value: item.id, label: called(item) }));
  const isListed = value === null || options.some((option) => option.value === value);
  return (
    <Select
      placeholder={t("pick")}
      searchable
      data={isListed ? options : [{ value, label }, ...options]}
      filter={({ options: all }) => all}
      value={value}
      onSearchChange={(next) => setWords(next === label ? "" : next)}
      onChange={(id, option) => {
        setSeen(found.find((item) => item.id === id));
        onChange(id, option?.label ?? "");
      }}
      nothingFoundMessage={t("noMatch")}
      {...rest}
    />
  );
};

/** The ID itself, for those who may not look whose it is. */
const Id = ({ value, onChange, label, "aria-label": aria, placeholder, className }: Props) => (
  <TextInput
    label={label}
    aria-label={aria}
    placeholder={placeholder}
    className={className}
    value={value ?? ""}
    onChange={(event) => onChange(event.currentTarget.value.trim() || null, "")}
  />
);

export const PickUser = ({ isOut, ...props }: Props & { isOut?: (id: string) => boolean }) =>
  useMay("users:read") ? (
    <Pick kind="users" search={(search) => listUsers({ search })} one={loadUser} called={nameOf} isOut={isOut} {...props} />
  ) : (
    <Id {...props} />
  );

export const PickApplication = ({ types, ...props }: Props & { types?: ApplicationType }) =>
  useMay("access:read") ? (
    <Pick kind="applications" search={(search) => listApplications({ search, types })} one={loadApplication} called={(app) => app.name} {...props} />
  ) : (
    <Id {...props} />
  );
