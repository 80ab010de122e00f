/** An operation somebody keeps by a name. Headers are not kept: they may carry secrets. */
export type Saved = { name: string; query: string; variables: string };

type Store = Pick<Storage, "getItem" | "setItem">;

/**
 * The operations kept in this browser, for one endpoint, by name. They are whoever's browser it is; what a team shares is stored in the metadata, as a
 * REST endpoint or on the allow list.
 */
export const savedOperations = (endpoint: string, store: Store = localStorage) => {
  const key = `gatehouse-operations ${endpoint}`;
  const read = (): Saved[] => {
    try {
      const list: unknown = JSON.parse(store.getItem(key) ?? "[]");
      return Array.isArray(list) ? list.filter((one): one is Saved => typeof one?.name === "string" && typeof one?.query === "string") : [];
    } catch {
      return []; // nothing kept, or not by us
    }
  };
  const write = (list: Saved[]): Saved[] => {
    const sorted = [...list].sort((a, b) => a.name.localeCompare(b.name));
    store.setItem(key, JSON.stringify(sorted));
    return sorted;
  };
  return {
    read,
    /** Keeps an operation, in the place of another of its name. */
    put: (operation: Saved) => write([...read().filter(({ name }) => name !== operation.name), operation]),
    remove: (name: string) => write(read().filter((one) => one.name !== name)),
  };
};

/** Those in whose name or text all the words are. */
export const found = (list: Saved[], words: string): Saved[] =>
  list.filter(({ name, query }) =>
    words
      .toLowerCase()
      .split(/\s+/)
      .every((word) => `${name} ${query}`.toLowerCase().includes(word)),
  );
