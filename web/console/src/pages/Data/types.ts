/** The types offered for columns; any other can be typed. */
export const commonTypes = [
  "text",
  "integer",
  "bigint",
  "uuid",
  "boolean",
  "timestamptz",
  "date",
  "numeric",
  "double precision",
  "jsonb",
  "varchar(255)",
  "smallint",
  "real",
  "time",
  "timestamp",
  "interval",
  "bytea",
  "text[]",
  "integer[]",
  "inet",
  "tsvector",
];

/** What a column of a type is usually left to, by what it is for. */
export const commonDefaults: Record<string, string[]> = {
  uuid: ["gen_random_uuid()"],
  timestamptz: ["now()"],
  "timestamp with time zone": ["now()"],
  timestamp: ["now()"],
  date: ["current_date"],
  boolean: ["false", "true"],
  jsonb: ["'{}'", "'[]'"],
  integer: ["0"],
  bigint: ["0"],
  text: ["''"],
};

export const actions = ["no action", "cascade", "restrict", "set null", "set default"];
