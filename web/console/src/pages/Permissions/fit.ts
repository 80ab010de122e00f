import type { Table as Described } from "../../../../api/catalog.ts";
import type { TableOperation } from "../../../../api/permissions.ts";
import { isObject } from "./filter.ts";
import type { Definition } from "./rights.ts";

/**
 * A permission as it can stand on another table: of its columns and presets those that are there. Its filters stay as they are, since leaving a part of
 * one out would open rows; whether they hold there is the server's to say.
 */
export const fitted = (definition: Definition, to: Described): Definition => {
  const has = (name: string) => to.columns.some((column) => column.name === name);
  const { columns, set, computed_fields: _, ...others } = definition;
  return {
    ...others,
    ...(columns !== undefined && { columns: columns === "*" ? "*" : columns.filter(has) }),
    ...(set && { set: Object.fromEntries(Object.entries(set).filter(([name]) => has(name))) }),
  };
};

/** What "all columns of all rows", or of those whose `owner` is the caller, is on a table; undefined where it has no such column. */
export const broad = (operation: TableOperation, table: Described, owner: string | undefined): Definition | undefined => {
  if (owner && !table.columns.some(({ name }) => name === owner)) return undefined;
  const filter = owner ? { [owner]: { _eq: "X-Hasura-User-Id" } } : {};
  if (operation === "select") return { columns: "*", filter };
  if (operation === "delete") return { filter };
  // What is the caller's is set by the server, so that nobody can write rows of somebody else's.
  const columns = owner ? table.columns.map(({ name }) => name).filter((name) => name !== owner) : "*";
  const set = owner ? { set: { [owner]: "X-Hasura-User-Id" } } : {};
  return operation === "insert" ? { check: filter, columns, ...set } : { columns, filter, check: owner ? filter : null };
};

/** A filter in a line, for lists: `author.user_id _eq X-Hasura-User-Id`. */
export const inShort = (filter: unknown): string => {
  if (!isObject(filter)) return JSON.stringify(filter ?? null);
  return Object.entries(filter)
    .map(([key, value]) => {
      if (/^[_$](and|or)$/.test(key) && Array.isArray(value)) return `(${value.map(inShort).join(key.slice(1) === "or" ? " or " : " and ")})`;
      if (/^[_$]not$/.test(key)) return `not (${inShort(value)})`;
      if (!isObject(value)) return `${key} ${typeof value === "string" ? value : JSON.stringify(value)}`;
      return Object.keys(value).every((op) => /^[_$]/.test(op))
        ? `${key} ${inShort(value)}`
        : Object.entries(value)
            .map(([name, below]) => `${key}.${inShort({ [name]: below })}`)
            .join(" and ");
    })
    .join(" and ");
};
