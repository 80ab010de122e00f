package catalog

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Description is a database as people look at it: what Catalog has, and what only they read (defaults, definitions,
// sizes). Texts of SQL are Postgres' own.
type Description struct {
	ServerVersion int                   `json:"server_version"`
	Schemas       []string              `json:"schemas"`
	Tables        []TableDescription    `json:"tables"`
	Functions     []FunctionDescription `json:"functions"`
	Enums         []EnumDescription     `json:"enums"`
}

// TableDescription is a table, view, materialised view, foreign or partitioned table.
type TableDescription struct {
	Name
	// Kind is table, view, materialized_view, foreign_table or partitioned_table.
	Kind    string  `json:"kind"`
	Comment *string `json:"comment"`
	// IsTracked is left to who knows the metadata.
	IsTracked bool `json:"tracked"`
	// Rows is the planner's estimate, nil where it has none; Bytes without indexes, of the last analysis.
	Rows  *int64 `json:"rows"`
	Bytes int64  `json:"bytes"`
	// Parent is the table it is a partition of.
	Parent      *Name               `json:"parent,omitempty"`
	Columns     []ColumnDescription `json:"columns"`
	Keys        []KeyDescription    `json:"keys"`
	ForeignKeys []ForeignKeySummary `json:"foreign_keys"`
	// Parts are what is told where one table is asked about.
	Parts *TableParts `json:"parts,omitempty"`
}

// ColumnDescription is a column.
type ColumnDescription struct {
	Name string `json:"name"`
	// Type is as written in SQL, "character varying(20)"; TypeName and TypeKind are the catalog's, of a domain those below it.
	Type     string   `json:"type"`
	TypeName Name     `json:"type_name"`
	TypeKind TypeName `json:"type_kind"`
	Nullable bool     `json:"nullable"`
	Default  *string  `json:"default"`
	// Identity is "", always or by_default; Generated the expression of a generated column.
	Identity  string  `json:"identity"`
	Generated *string `json:"generated"`
	Comment   *string `json:"comment"`
}

// TypeName is a TypeKind in words: base, array, enum, composite, range, domain.
type TypeName string

// KeyDescription is a primary key or unique constraint.
type KeyDescription struct {
	Name      string   `json:"name"`
	IsPrimary bool     `json:"primary"`
	Columns   []string `json:"columns"`
}

// ForeignKeySummary is a foreign key.
type ForeignKeySummary struct {
	Name      string   `json:"name"`
	Columns   []string `json:"columns"`
	To        Name     `json:"to"`
	ToColumns []string `json:"to_columns"`
	// OnUpdate and OnDelete are as in SQL: "no action", "cascade".
	OnUpdate string `json:"on_update"`
	OnDelete string `json:"on_delete"`
}

// TableParts are a table's other parts, each with the SQL that makes it.
type TableParts struct {
	// Definition is a view's query.
	Definition *string `json:"definition"`
	// TotalBytes includes indexes and what is stored beside the table.
	TotalBytes int64              `json:"total_bytes"`
	Checks     []PartDescription  `json:"checks"`
	Indexes    []IndexDescription `json:"indexes"`
	Triggers   []PartDescription  `json:"triggers"`
}

// PartDescription is a check constraint or a trigger.
type PartDescription struct {
	Name       string  `json:"name"`
	Definition string  `json:"definition"`
	Comment    *string `json:"comment"`
}

// IndexDescription is an index.
type IndexDescription struct {
	PartDescription
	IsUnique bool `json:"unique"`
	IsValid  bool `json:"valid"`
	// IsConstraint: it belongs to a constraint, and goes with it.
	IsConstraint bool  `json:"constraint"`
	Bytes        int64 `json:"bytes"`
}

// FunctionDescription is one overload of a function or procedure.
type FunctionDescription struct {
	Name
	Arguments  string `json:"arguments"`
	Returns    string `json:"returns"`
	Language   string `json:"language"`
	Volatility string `json:"volatility"`
	// Kind is function, procedure, aggregate or window; IsTrigger that it can only be called by a trigger.
	Kind      string  `json:"kind"`
	IsTrigger bool    `json:"trigger"`
	Comment   *string `json:"comment"`
	// ReturnsTable is the table whose rows it gives, FirstTable the one whose row is its first argument.
	ReturnsTable *Name `json:"returns_table"`
	FirstTable   *Name `json:"first_table"`
	IsTracked    bool  `json:"tracked"`
	// Definition is told where one schema is asked about.
	Definition *string `json:"definition,omitempty"`
}

// EnumDescription is an enum type.
type EnumDescription struct {
	Name
	Values []string `json:"values"`
}

// Describe reads what people are shown of a database: all of it, of one schema, or of one table with its parts. What
// Load leaves out is left out here, too.
func Describe(ctx context.Context, db Queryer, schema, table string) (*Description, error) {
	var doc []byte
	if err := db.QueryRow(ctx, describeSQL, pgx.QueryResultFormats{pgx.TextFormatCode}, schema, table).Scan(&doc); err != nil {
		return nil, fmt.Errorf("describe database: %w", err)
	}
	var d Description
	if err := json.Unmarshal(doc, &d); err != nil {
		return nil, fmt.Errorf("decode description: %w", err)
	}
	return &d, nil
}

// describeSQL: $1 is a schema or "", $2 a table or "". Sizes are of the last analysis where many are told, because the
// exact one waits for whoever holds a lock on the table.
const describeSQL = `
with
spaces as (
  select oid, nspname from pg_catalog.pg_namespace
  where nspname !~ '^pg_' and nspname not in ('information_schema', 'hdb_catalog', 'identity')),
relations as (
  select c.*, n.nspname from pg_catalog.pg_class c join spaces n on n.oid = c.relnamespace
  where c.relkind in ('r', 'v', 'm', 'f', 'p') and $1::text in ('', n.nspname::text) and $2::text in ('', c.relname::text)
    and pg_catalog.has_schema_privilege(n.oid, 'usage')
    and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')),
columns as (
  select a.attrelid, json_agg(json_build_object(
    'name', a.attname, 'type', pg_catalog.format_type(a.atttypid, a.atttypmod), 'nullable', not a.attnotnull,
    'type_name', json_build_object('schema', bn.nspname, 'name', b.typname),
    'type_kind', case when b.typcategory = 'A' then 'array' else case b.typtype when 'e' then 'enum' when 'c' then 'composite'
      when 'r' then 'range' when 'm' then 'range' when 'd' then 'domain' else 'base' end end,
    'default', case when a.attgenerated = '' then pg_catalog.pg_get_expr(f.adbin, f.adrelid) end,
    'generated', case when a.attgenerated <> '' then pg_catalog.pg_get_expr(f.adbin, f.adrelid) end,
    'identity', case a.attidentity when 'a' then 'always' when 'd' then 'by_default' else '' end,
    'comment', pg_catalog.col_description(a.attrelid, a.attnum)) order by a.attnum) as list
  from relations r
  join pg_catalog.pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
  join pg_catalog.pg_type t on t.oid = a.atttypid
  join pg_catalog.pg_type b on b.oid = case when t.typtype = 'd' then t.typbasetype else t.oid end
  join pg_catalog.pg_namespace bn on bn.oid = b.typnamespace
  left join pg_catalog.pg_attrdef f on f.adrelid = a.attrelid and f.adnum = a.attnum
  group by a.attrelid),
keyed as (
  select k.*, (select json_agg(a.attname order by x.n) from unnest(k.conkey) with ordinality x (num, n)
               join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = x.num) as columns
  from relations r join pg_catalog.pg_constraint k on k.conrelid = r.oid and k.contype in ('p', 'u', 'f')
  left join pg_catalog.pg_constraint parent on parent.oid = k.conparentid
  where parent.oid is null or parent.conrelid <> k.conrelid),
functions as (
  select p.*, n.nspname from pg_catalog.pg_proc p join spaces n on n.oid = p.pronamespace
  where $1::text in ('', n.nspname::text) and $2::text = '' and not exists (
    select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'))
select json_build_object(
  'server_version', pg_catalog.current_setting('server_version_num')::int,
  'schemas', (select coalesce(json_agg(nspname order by nspname), '[]') from spaces),
  'tables', (
    select coalesce(json_agg(json_build_object(
      'schema', r.nspname, 'name', r.relname, 'comment', pg_catalog.obj_description(r.oid, 'pg_class'),
      'kind', case r.relkind when 'r' then 'table' when 'v' then 'view' when 'm' then 'materialized_view' when 'f' then 'foreign_table' else 'partitioned_table' end,
      'rows', case when r.reltuples >= 0 and r.relkind <> 'v' then r.reltuples::int8 end,
      'bytes', greatest(r.relpages, 0)::int8 * pg_catalog.current_setting('block_size')::int8,
      'parent', (select json_build_object('schema', pn.nspname, 'name', pc.relname)
                 from pg_catalog.pg_inherits i join pg_catalog.pg_class pc on pc.oid = i.inhparent join pg_catalog.pg_namespace pn on pn.oid = pc.relnamespace
                 where i.inhrelid = r.oid and r.relispartition),
      'columns', coalesce(c.list, '[]'),
      'keys', (select coalesce(json_agg(json_build_object('name', k.conname, 'primary', k.contype = 'p', 'columns', k.columns)
                      order by k.contype <> 'p', k.conname), '[]')
               from keyed k where k.conrelid = r.oid and k.contype <> 'f'),
      'foreign_keys', (
        select coalesce(json_agg(json_build_object(
          'name', k.conname, 'columns', k.columns, 'to', json_build_object('schema', tn.nspname, 'name', tc.relname),
          'to_columns', (select json_agg(a.attname order by x.n) from unnest(k.confkey) with ordinality x (num, n)
                         join pg_catalog.pg_attribute a on a.attrelid = k.confrelid and a.attnum = x.num),
          'on_update', case k.confupdtype when 'c' then 'cascade' when 'r' then 'restrict' when 'n' then 'set null' when 'd' then 'set default' else 'no action' end,
          'on_delete', case k.confdeltype when 'c' then 'cascade' when 'r' then 'restrict' when 'n' then 'set null' when 'd' then 'set default' else 'no action' end)
          order by k.conname), '[]')
        from keyed k join pg_catalog.pg_class tc on tc.oid = k.confrelid join pg_catalog.pg_namespace tn on tn.oid = tc.relnamespace
        where k.conrelid = r.oid and k.contype = 'f'),
      'parts', case when $2::text <> '' then json_build_object(
        'definition', case when r.relkind in ('v', 'm') then pg_catalog.pg_get_viewdef(r.oid, true) end,
        'total_bytes', coalesce(pg_catalog.pg_total_relation_size(r.oid), 0),
        'checks', (select coalesce(json_agg(json_build_object('name', k.conname, 'definition', pg_catalog.pg_get_constraintdef(k.oid),
                          'comment', pg_catalog.obj_description(k.oid, 'pg_constraint')) order by k.conname), '[]')
                   from pg_catalog.pg_constraint k where k.conrelid = r.oid and k.contype = 'c'),
        'indexes', (select coalesce(json_agg(json_build_object('name', ic.relname, 'definition', pg_catalog.pg_get_indexdef(i.indexrelid),
                          'comment', pg_catalog.obj_description(i.indexrelid, 'pg_class'), 'unique', i.indisunique, 'valid', i.indisvalid,
                          'constraint', exists (select from pg_catalog.pg_constraint k where k.conindid = i.indexrelid and k.conrelid = i.indrelid and k.contype in ('p', 'u', 'x')),
                          'bytes', coalesce(pg_catalog.pg_relation_size(i.indexrelid), 0)) order by ic.relname), '[]')
                    from pg_catalog.pg_index i join pg_catalog.pg_class ic on ic.oid = i.indexrelid where i.indrelid = r.oid),
        'triggers', (select coalesce(json_agg(json_build_object('name', g.tgname, 'definition', pg_catalog.pg_get_triggerdef(g.oid, true),
                          'comment', pg_catalog.obj_description(g.oid, 'pg_trigger')) order by g.tgname), '[]')
                     from pg_catalog.pg_trigger g where g.tgrelid = r.oid and not g.tgisinternal)) end)
      order by r.nspname, r.relname), '[]')
    from relations r left join columns c on c.attrelid = r.oid),
  'functions', (
    select coalesce(json_agg(json_build_object(
      'schema', f.nspname, 'name', f.proname, 'arguments', pg_catalog.pg_get_function_arguments(f.oid),
      'returns', coalesce(pg_catalog.pg_get_function_result(f.oid), ''), 'language', l.lanname,
      'volatility', case f.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end,
      'kind', case f.prokind when 'p' then 'procedure' when 'a' then 'aggregate' when 'w' then 'window' else 'function' end,
      'trigger', f.prorettype in ('pg_catalog.trigger'::regtype, 'pg_catalog.event_trigger'::regtype),
      'comment', pg_catalog.obj_description(f.oid, 'pg_proc'),
      'returns_table', (select json_build_object('schema', n.nspname, 'name', c.relname) from pg_catalog.pg_type t
        join pg_catalog.pg_class c on c.oid = t.typrelid and c.relkind <> 'c' join pg_catalog.pg_namespace n on n.oid = c.relnamespace where t.oid = f.prorettype),
      'first_table', (select json_build_object('schema', n.nspname, 'name', c.relname) from pg_catalog.pg_type t
        join pg_catalog.pg_class c on c.oid = t.typrelid and c.relkind <> 'c' join pg_catalog.pg_namespace n on n.oid = c.relnamespace where t.oid = f.proargtypes[0]),
      'definition', case when $1::text <> '' and f.prokind in ('f', 'p') then pg_catalog.pg_get_functiondef(f.oid) end)
      order by f.nspname, f.proname, f.oid), '[]')
    from functions f join pg_catalog.pg_language l on l.oid = f.prolang),
  'enums', (
    select coalesce(json_agg(json_build_object('schema', n.nspname, 'name', t.typname,
      'values', (select json_agg(e.enumlabel order by e.enumsortorder) from pg_catalog.pg_enum e where e.enumtypid = t.oid))
      order by n.nspname, t.typname), '[]')
    from pg_catalog.pg_type t join spaces n on n.oid = t.typnamespace where t.typtype = 'e'))`
