import { useQueryClient } from "@tanstack/react-query";
import type { ComponentProps, ReactNode } from "react";
import { Empty } from "../../../parts/Empty.tsx";
import { Listing } from "../../../parts/Listing.tsx";
import { done, failed } from "../../../parts/notify.ts";
import type { Column } from "../../../parts/Table.tsx";
import { useAddress } from "../../../parts/useAddress.ts";
import { doing, Plus, RowAction } from "./list.tsx";

type Words<T> = {
  label: string;
  /** The button, and the title of the dialog behind it. */
  assign: string;
  emptyTitle: string;
  empty: string;
  /** Of the button that takes one away, and what is said when it is gone. */
  take: (item: T) => string;
  took: (item: T) => string;
  gave: (count: number) => string;
};
type Props<T> = Pick<ComponentProps<typeof Listing<T>>, "query" | "page" | "onPage" | "search"> & {
  words: Words<T>;
  /** What is said above the list. */
  note?: ReactNode;
  columns: Column<T>[];
  mayWrite: boolean;
  give: (ids: string[]) => Promise<unknown>;
  take: (id: string) => Promise<unknown>;
  /** What to read again, by the beginnings of its keys in the cache. */
  touches: string[];
  /** The dialog that picks what to give. */
  children: (give: (ids: string[]) => Promise<void>, onClose: () => void) => ReactNode;
};

/** What is given and can be taken again: a user's roles, a role's permissions, a role's holders. Either is undone in one click. */
export const Assigned = <T extends { id: string }>({ words, note, columns, mayWrite, give, take, touches, children, ...list }: Props<T>) => {
  const client = useQueryClient();
  const [{ create }, set] = useAddress<{ create?: string }>();
  const refresh = () => Promise.all(touches.map((kind) => client.invalidateQueries({ queryKey: [kind] })));
  const remove = async (item: T) => {
    try {
      await take(item.id);
      await refresh();
      done(words.took(item), async () => {
        await give([item.id]);
        await refresh();
      });
    } catch (error) {
      failed(error);
    }
  };
  const close = () => set({ create: undefined }, "replace");
  const add = mayWrite && <Plus name={words.assign} onClick={() => set({ create: "new" })} />;
  const { data } = list.query;
  return (
    <div className="panel">
      {note}
      <Listing
        {...list}
        label={words.label}
        keyOf={(item) => item.id}
        tools={data && data.total > 0 && add}
        empty={
          <Empty title={words.emptyTitle} text={words.empty}>
            {add}
          </Empty>
        }
        columns={[
          ...columns,
          ...doing<T>(mayWrite, (item) => <RowAction icon="take" name={words.take(item)} onClick={() => void remove(item)} />, "4rem"),
        ]}
      />
      {create &&
        mayWrite &&
        data &&
        children(async (ids) => {
          await give(ids);
          close();
          await refresh();
          done(words.gave(ids.length), async () => {
            for (const id of ids) await take(id); // the dialog offers only what is not there yet
            await refresh();
          });
        }, close)}
    </div>
  );
};
