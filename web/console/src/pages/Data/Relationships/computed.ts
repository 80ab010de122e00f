import type { Name } from "../../../../../api/catalog.ts";

type Definition = { function?: Name | string; table_argument?: string | null; session_argument?: string | null };

export const definitionOf = (field: { definition: Record<string, unknown> } | undefined): Definition => (field?.definition ?? {}) as Definition;

/** The function behind a computed field, which metadata may write without its schema. */
export const functionOf = (field: { definition: Record<string, unknown> }): Name => {
  const named = definitionOf(field).function ?? "";
  return typeof named === "string" ? { schema: "public", name: named } : { schema: named.schema ?? "public", name: named.name };
};

/** The names of a function's arguments, as pg_get_function_arguments writes them: "c customers, prefix text DEFAULT 'a, b'::text". */
export const argumentsOf = (text: string): string[] =>
  (text.match(/(?:'(?:[^']|'')*'|\((?:[^()]|\([^()]*\))*\)|"(?:[^"]|"")*"|[^,'("])+/g) ?? [])
    .map((one) => one.trim().replace(/^(IN|INOUT|VARIADIC) /, ""))
    .filter((one) => !/^OUT /.test(one))
    .map((one) => /^"((?:[^"]|"")*)" /.exec(one)?.[1]?.replaceAll('""', '"') ?? /^(\S+) \S/.exec(one)?.[1])
    .filter((one) => one !== undefined);
