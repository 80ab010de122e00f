import { type Changed, changeRows, type Table } from "../../../../../api/catalog.ts";
import { done } from "../../../parts/notify.ts";
import { t } from "./text.ts";

/**
 * Says that rows were changed, with the way back where there is one. That is refused, in the database's words, where somebody else changed them
 * meanwhile or something has taken their place.
 */
export const tellChanged = (source: string, table: Table, message: string, { undo, caught = [] }: Changed, onDone: () => Promise<unknown>) => {
  const lost = caught.map(({ name, action, count }) => t(action === "cascade" ? "caughtCascade" : "caughtSet", { count, table: name }));
  const takeBack = async () => {
    await changeRows(source, table, undo ?? []);
    await onDone();
  };
  done([message, ...lost].join(" "), undo && undo.length > 0 ? takeBack : undefined);
};
