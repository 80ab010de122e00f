import { Select, type SelectProps } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { listUsers, nameOf } from "../../../api/users.ts";
import { t } from "./text.ts";

type Props = { label: string; value: string | null; onChange: (id: string | null) => void; known?: { id: string; name: string } } & Pick<
  SelectProps,
  "size" | "maw" | "comboboxProps"
>;

/** Picks a user by any word they are known by. `known` is the one picked, where that is known already. Needs `users:read`. */
export const UserSelect = ({ value, onChange, known, ...rest }: Props) => {
  const [words, setWords] = useState("");
  const [search] = useDebouncedValue(words, 250);
  const found = useQuery({
    queryKey: ["users", "pick", search],
    queryFn: async () => (await listUsers({ search })).items.map((user) => ({ value: user.id, label: nameOf(user) })),
    placeholderData: keepPreviousData,
  });
  const [last, setLast] = useState<{ value: string; label: string }>();
  const picked = last?.value === value ? last : known && { value: known.id, label: known.name };
  const options = found.data ?? [];
  const data = picked && !options.some((option) => option.value === picked.value) ? [picked, ...options] : options;
  return (
    <Select
      placeholder={t("pickUser")}
      searchable
      clearable
      data={data}
      filter={({ options }) => options}
      value={value}
      onSearchChange={(next) => setWords(next === picked?.label ? "" : next)}
      onChange={(id) => {
        setLast(data.find((option) => option.value === id));
        onChange(id);
      }}
      nothingFoundMessage={t("noUser")}
      {...rest}
    />
  );
};
