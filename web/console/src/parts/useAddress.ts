import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";

/** The page's state in its address, and how to change some of it. Typing replaces the entry of the history; opening makes a new one. */
export const useAddress = <S extends object>() => {
  const search = (useSearch as (options: { strict: false }) => unknown)({ strict: false }) as Partial<S>; // of whichever route is open
  const navigate = useNavigate();
  const set = useCallback(
    (changes: Partial<S>, how: "push" | "replace" = "push") =>
      void navigate({ to: ".", search: ((old: object) => ({ ...old, ...changes })) as never, replace: how === "replace", resetScroll: false }),
    [navigate],
  );
  return [search, set] as const;
};

/** The address of a list: words searched for, and which page of what they find. */
export type WindowAddress = { q?: string; page?: number };

export const useWindow = () => {
  const [{ q, page = 1 }, set] = useAddress<WindowAddress>();
  return {
    search: q,
    page,
    setSearch: (words: string) => set({ q: words.trim() || undefined, page: undefined }, "replace"),
    setPage: (next: number) => set({ page: next > 1 ? next : undefined }),
  };
};

const text = (value: unknown) => (value === undefined || value === "" ? undefined : String(value));

/**
 * Reads the address of a page: words, page and what else is named, as text; what is not named is dropped. Router parses values as JSON, so that a
 * search for 42 arrives as a number.
 */
export const searchOf =
  <Name extends string>(...names: Name[]) =>
  (given: Record<string, unknown>): { [name in Name | "q"]?: string } & { page?: number } => {
    const page = Number(given.page);
    const found: Record<string, string | undefined> = { q: text(given.q) };
    for (const name of names) found[name] = text(given[name]);
    return { ...found, page: Number.isInteger(page) && page > 1 ? page : undefined } as ReturnType<ReturnType<typeof searchOf<Name>>>;
  };
