import { useNavigate, useSearch } from "@tanstack/react-router";
import type { SourceSearch } from "./address.ts";
import { useSources } from "./source.ts";

/** The source a page is about: the one in its address, else the first. */
export const useSource = () => {
  const { source: wanted } = useSearch({ strict: false }) as SourceSearch;
  const navigate = useNavigate();
  const sources = useSources();
  const names = (sources.data ?? []).map((one) => one.name);
  return {
    source: wanted ?? names[0],
    names,
    error: sources.error,
    setSource: (source: string) => void navigate({ to: ".", search: ((was: object) => ({ ...was, source })) as never }),
  };
};
