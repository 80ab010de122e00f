import { Combobox, Loader, TextInput, useCombobox } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type Filter, selectRows } from "../../../../../api/catalog.ts";
import { mistakeIn } from "../cells.ts";
import type { Lookup } from "./lookup.ts";
import { t } from "./text.ts";

const shown = 30;

type Props = {
  source: string;
  lookup: Lookup;
  value: string;
  onChange: (value: string) => void;
  id: string;
  disabled?: boolean;
  placeholder?: string;
  error?: string;
  "aria-describedby"?: string;
  "data-autofocus"?: boolean;
};

/** A key of another table: typed, or found there by what people call its rows. */
export const LookupField = ({ source, lookup: { to, key, label }, value, onChange, ...field }: Props) => {
  const box = useCombobox();
  const [wanted] = useDebouncedValue(value.trim(), 200);
  const isOpen = box.dropdownOpened;
  const read = (where: Filter[]) =>
    selectRows(source, to, {
      where,
      order_by: label ? [{ column: label.name }] : [],
      columns: label ? [key.name, label.name] : [key.name],
      limit: shown,
    });
  const { data, isFetching, error } = useQuery({
    queryKey: ["rows", source, to.schema, to.name, "lookup", key.name, wanted],
    enabled: isOpen,
    placeholderData: keepPreviousData,
    queryFn: async () => {
      if (wanted === "") return (await read([])).rows;
      const searches: Filter[] = [{ column: (label ?? key).name, op: "contains", value: wanted }];
      if (label && !mistakeIn(key, wanted)) searches.unshift({ column: key.name, op: "=", value: wanted });
      // A word may be no key at all: Postgres says so, and the rows called so are shown all the same.
      const found = await Promise.allSettled(searches.map((filter) => read([filter])));
      if (found.every((one) => one.status === "rejected")) throw (found[0] as PromiseRejectedResult).reason;
      const seen = new Set<string>();
      return found
        .flatMap((one) => (one.status === "fulfilled" ? one.value.rows : []))
        .filter(({ values }) => typeof values[0] === "string" && !seen.has(values[0]) && seen.add(values[0]));
    },
  });
  return (
    <Combobox
      store={box}
      withinPortal={false}
      onOptionSubmit={(next) => {
        onChange(next);
        box.closeDropdown();
      }}
    >
      <Combobox.Target>
        <TextInput
          {...field}
          error={isOpen ? undefined : field.error}
          value={value}
          autoComplete="off"
          styles={{ input: { fontFamily: "var(--mono)", fontSize: "0.8125rem" } }}
          rightSection={isOpen && isFetching ? <Loader size={14} /> : <Combobox.Chevron />}
          rightSectionPointerEvents="none"
          onFocus={() => box.openDropdown()}
          onClick={() => box.openDropdown()}
          onBlur={() => box.closeDropdown()}
          onChange={(event) => {
            onChange(event.currentTarget.value);
            box.openDropdown();
            box.resetSelectedOption();
          }}
        />
      </Combobox.Target>
      <Combobox.Dropdown hidden={!data && !error}>
        <Combobox.Options mah={240} style={{ overflowY: "auto" }} aria-label={t("lookup", { name: to.name })}>
          {data?.map(({ values: [of, name] }) =>
            typeof of === "string" ? (
              <Combobox.Option key={of} value={of} className="lookup">
                {name !== undefined && <span>{name ?? <em className="none">{t("null")}</em>}</span>}
                <code>{of}</code>
              </Combobox.Option>
            ) : null,
          )}
          {data?.length === 0 && <Combobox.Empty>{t("lookupNothing", { name: to.name })}</Combobox.Empty>}
          {data?.length === shown && <Combobox.Footer>{t("lookupMore", { count: shown })}</Combobox.Footer>}
          {error && <Combobox.Empty>{t("lookupFailed", { name: to.name })}</Combobox.Empty>}
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  );
};
