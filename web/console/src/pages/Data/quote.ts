// Postgres' reserved words (PG docs: sql-keywords-appendix, those reserved in Postgres, and those that cannot name a table or a column).
const reserved = new Set(
  `all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation column concurrently constraint create
cross current_catalog current_date current_role current_schema current_time current_timestamp current_user default deferrable desc distinct do else end
except false fetch for foreign freeze from full grant group having ilike in initially inner intersect into is isnull join lateral leading left like limit
localtime localtimestamp natural not notnull null offset on only or order outer overlaps placing primary references returning right select session_user
similar some symmetric system_user table tablesample then to trailing true union unique user using variadic verbose when where window with
between bigint bit boolean char character coalesce dec decimal exists extract float greatest grouping inout int integer interval least national nchar none
normalize nullif numeric out overlay position precision real row setof smallint substring time timestamp treat trim values varchar xmlattributes xmlconcat
xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable`.split(/\s+/),
);

/** A name as SQL writes it; in quotes where it would be read as something else without. */
export const ident = (name: string): string =>
  /^[a-z_][a-z0-9_]*$/.test(name) && !reserved.has(name) ? name : `"${name.replaceAll("\u0000", "").replaceAll('"', '""')}"`;

/** A name with its schema. */
export const qualified = ({ schema, name }: { schema: string; name: string }): string => `${ident(schema)}.${ident(name)}`;

/** A text as SQL writes it, whatever standard_conforming_strings says. */
export const literal = (text: string): string => {
  const clean = text.replaceAll("\u0000", "").replaceAll("'", "''");
  return clean.includes("\\") ? `E'${clean.replaceAll("\\", "\\\\")}'` : `'${clean}'`;
};

export const list = (names: string[]): string => names.map(ident).join(", ");
