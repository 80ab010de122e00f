package catalog

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Queryer runs a query: a pool, a connection or a transaction. In a transaction Load sees its uncommitted changes.
type Queryer interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// Load reads the catalog of a database: everything outside the system's schemas and Gatehouse's own (hdb_catalog,
// identity). Functions that belong to an extension are left out: none of them can be tracked, and PostGIS has hundreds.
func Load(ctx context.Context, db Queryer) (*Catalog, error) {
	l, err := read(ctx, db, loadSQL)
	if err != nil {
		return nil, err
	}
	return l.catalog(l.types())
}

// LoadSome reads some tables and functions of a database and gives prev with them in place of what was known by their
// names. The rest is as it was, the fingerprint too, so that who compares it finds that there may be more to read.
func LoadSome(ctx context.Context, db Queryer, prev *Catalog, tables, functions []Name) (*Catalog, error) {
	schemas, names := split(tables)
	functionSchemas, functionNames := split(functions)
	l, err := read(ctx, db, someSQL, schemas, names, functionSchemas, functionNames)
	if err != nil {
		return nil, err
	}
	if !l.hasTypes(prev.types) {
		c, err := Load(ctx, db)
		if err != nil {
			return nil, err
		}
		return c.Share(prev), nil
	}
	some, err := l.catalog(prev.types)
	if err != nil {
		return nil, err
	}
	c := *prev
	c.types, c.Tables, c.Functions = nil, maps.Clone(prev.Tables), maps.Clone(prev.Functions)
	for _, name := range tables {
		if t := some.Tables[name]; t != nil {
			c.Tables[name] = t
		} else {
			delete(c.Tables, name)
		}
	}
	for _, name := range functions {
		if list := some.Functions[name]; list != nil {
			c.Functions[name] = list
		} else {
			delete(c.Functions, name)
		}
	}
	shared := c.Share(prev)
	if shared != prev {
		shared.types = prev.types // there are no others
	}
	return shared, nil
}

func split(names []Name) (schemas, own []string) {
	for _, n := range names {
		schemas, own = append(schemas, n.Schema), append(own, n.Name)
	}
	return schemas, own
}

func read(ctx context.Context, db Queryer, sql string, args ...any) (*loaded, error) {
	var doc []byte
	if err := db.QueryRow(ctx, sql, append([]any{pgx.QueryResultFormats{pgx.TextFormatCode}}, args...)...).Scan(&doc); err != nil {
		return nil, fmt.Errorf("read catalog: %w", err)
	}
	var l loaded
	if err := json.Unmarshal(doc, &l); err != nil {
		return nil, fmt.Errorf("decode catalog: %w", err)
	}
	return &l, nil
}

// hasTypes tells whether types are all that l's tables and functions have.
func (l *loaded) hasTypes(types map[uint32]*Type) bool {
	for _, t := range l.Tables {
		for _, c := range t.Columns {
			if types[c.Type] == nil {
				return false
			}
		}
	}
	for _, f := range l.Functions {
		if types[f.Returns] == nil || slices.ContainsFunc(f.Types, func(oid uint32) bool { return types[oid] == nil }) {
			return false
		}
	}
	return true
}

// loadSQL gives one JSON document. Every type that is not a row type is read, the row types only where they are used: a
// recursive walk would read fewer, but its estimated cost makes Postgres compile the statement, which takes a second.
// pg_relation_is_updatable's bits are 1 << CmdType: update 4, insert 8, delete 16.
//
// A foreign key to a partitioned table has a further row per partition (conparentid) on the referencing table; those
// would make the key look ambiguous.
//
// It reads all, or what {relations} and {functions} let in.
const loadTemplate = `
with
spaces as (
  select oid, nspname from pg_catalog.pg_namespace
  where nspname !~ '^pg_' and nspname not in ('information_schema', 'hdb_catalog', 'identity')),
relations as (
  select c.oid, n.nspname, c.relname, c.relkind, c.relhasrules, c.relhastriggers, c.relhassubclass from pg_catalog.pg_class c join spaces n on n.oid = c.relnamespace
  where c.relkind in ('r', 'v', 'm', 'f', 'p') and {relations}),
functions as (
  select p.oid, n.nspname, p.proname, p.provolatile, p.provariadic, p.proretset, p.prorettype, p.pronargs, p.pronargdefaults,
         p.proargtypes, p.proallargtypes, p.proargmodes, p.proargnames
  from pg_catalog.pg_proc p join spaces n on n.oid = p.pronamespace
  where p.prokind = 'f' and {functions} and not exists (
    select from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')),
used (oid) as (
  select a.atttypid from relations r join pg_catalog.pg_attribute a on a.attrelid = r.oid
  where a.attnum > 0 and not a.attisdropped
  union select f.prorettype from functions f
  union select x from functions f cross join lateral unnest(f.proargtypes) x),
types as (
  select t.oid, t.typnamespace, t.typname, t.typtype, t.typbasetype, t.typrelid, e.oid as elem
  from pg_catalog.pg_type t
  left join pg_catalog.pg_type e on t.typcategory = 'A' and t.typtype = 'b' and e.oid = t.typelem
  where coalesce(e.typtype, t.typtype) <> 'c' or t.oid = any (array(
    select oid from used
    union all select u.typelem from used join pg_catalog.pg_type u using (oid))))
select json_build_object(
  'version', pg_catalog.current_setting('server_version_num')::int,
  'fingerprint', ({fingerprint}),
  'types', (
    select json_agg(json_build_object(
      'oid', t.oid::int8, 'schema', n.nspname, 'name', t.typname,
      'kind', case when t.elem is not null then 'a' else t.typtype::text end,
      'elem', t.elem::int8, 'base', t.typbasetype::int8,
      'values', (select json_agg(e.enumlabel order by e.enumsortorder) from pg_catalog.pg_enum e where e.enumtypid = t.oid),
      'table', (select json_build_object('schema', rn.nspname, 'name', c.relname)
                from pg_catalog.pg_class c join pg_catalog.pg_namespace rn on rn.oid = c.relnamespace
                where c.oid = t.typrelid)))
    from types t join pg_catalog.pg_namespace n on n.oid = t.typnamespace where {types}),
  'tables', (
    select json_agg(json_build_object(
      'oid', r.oid::int8, 'schema', r.nspname, 'name', r.relname, 'kind', r.relkind::text, 'comment', d.description,
      'updatable', case when r.relkind in ('r', 'p') then 28 when r.relkind = 'm' then 0
                   else pg_catalog.pg_relation_is_updatable(r.oid, true) end,
      'triggers', r.relhasrules or r.relhastriggers and exists (
                   select from pg_catalog.pg_trigger g where g.tgrelid = r.oid and not g.tgisinternal),
      'children', r.relhassubclass and exists (select from pg_catalog.pg_inherits i where i.inhparent = r.oid),
      'columns', c.columns))
    from relations r
    left join pg_catalog.pg_description d
      on d.objoid = r.oid and d.classoid = 'pg_catalog.pg_class'::regclass and d.objsubid = 0
    left join (
      select a.attrelid, json_agg(json_build_object(
        'name', a.attname, 'position', a.attnum, 'type', a.atttypid::int8, 'not_null', a.attnotnull,
        'default', a.atthasdef and a.attgenerated = '', 'identity', a.attidentity::text,
        'generated', a.attgenerated <> '', 'comment', cd.description) order by a.attnum) as columns
      from relations r
      join pg_catalog.pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
      left join pg_catalog.pg_description cd
        on cd.objoid = a.attrelid and cd.classoid = 'pg_catalog.pg_class'::regclass and cd.objsubid = a.attnum
      group by a.attrelid) c on c.attrelid = r.oid),
  'constraints', (
    select json_agg(json_build_object(
      'oid', k.oid::int8, 'table', k.conrelid::int8, 'name', k.conname, 'type', k.contype::text, 'columns', k.conkey,
      'to', json_build_object('schema', tn.nspname, 'name', tc.relname),
      'to_columns', (select json_agg(a.attname order by x.n)
                     from unnest(k.confkey) with ordinality x (num, n)
                     join pg_catalog.pg_attribute a on a.attrelid = k.confrelid and a.attnum = x.num))
      order by k.contype <> 'p', k.conname)
    from relations r
    join pg_catalog.pg_constraint k on k.conrelid = r.oid and k.contype in ('p', 'u', 'f')
    left join pg_catalog.pg_constraint parent on parent.oid = k.conparentid
    left join pg_catalog.pg_class tc on tc.oid = k.confrelid
    left join pg_catalog.pg_namespace tn on tn.oid = tc.relnamespace
    where parent.oid is null or parent.conrelid <> k.conrelid),
  'indexes', (
    select json_agg(json_build_object(
      'table', i.indrelid::int8, 'name', c.relname, 'predicate', pg_catalog.pg_get_expr(i.indpred, i.indrelid),
      'elements', (select json_agg(pg_catalog.pg_get_indexdef(i.indexrelid, n, false) order by n)
                   from pg_catalog.generate_series(1, i.indnkeyatts) n))
      order by c.relname)
    from relations r
    join pg_catalog.pg_index i on i.indrelid = r.oid and i.indisunique and i.indisvalid
    join pg_catalog.pg_class c on c.oid = i.indexrelid
    where not exists (select from pg_catalog.pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x'))),
  'functions', (
    select json_agg(json_build_object(
      'oid', f.oid::int8, 'schema', f.nspname, 'name', f.proname, 'volatility', f.provolatile::text, 'comment', d.description,
      'variadic', f.provariadic <> 0, 'returns', f.prorettype::int8, 'set', f.proretset,
      'defaults', f.pronargdefaults, 'types', f.proargtypes::int8[], 'modes', f.proargmodes, 'names', f.proargnames)
      order by f.oid)
    from functions f
    left join pg_catalog.pg_description d
      on d.objoid = f.oid and d.classoid = 'pg_catalog.pg_proc'::regclass and d.objsubid = 0))`

var (
	loadSQL = strings.NewReplacer("{relations}", "true", "{functions}", "true", "{types}", "true", "{fingerprint}", fingerprintSQL).Replace(loadTemplate)
	// someSQL reads the relations and functions whose schemas and names are given, and no types.
	someSQL = strings.NewReplacer(
		"{relations}", "(n.nspname, c.relname) in (select * from unnest($1::text[], $2::text[]))",
		"{functions}", "(n.nspname, p.proname) in (select * from unnest($3::text[], $4::text[]))",
		"{types}", "false", "{fingerprint}", "select ''",
	).Replace(loadTemplate)
)

// loaded is loadSQL's document.
type loaded struct {
	Version     int
	Fingerprint string
	Types       []struct {
		OID        uint32
		Schema     string
		Name       string
		Kind       string
		Elem, Base uint32
		Values     []string
		Table      *Name
	}
	Tables []struct {
		OID       uint32
		Schema    string
		Name      string
		Kind      string
		Comment   string
		Updatable int
		Triggers  bool
		Children  bool
		Columns   []struct {
			Name      string
			Position  int
			Type      uint32
			NotNull   bool `json:"not_null"`
			Default   bool
			Identity  string
			Generated bool
			Comment   string
		}
	}
	Constraints []struct {
		OID       uint32
		Table     uint32
		Name      string
		Type      string
		Columns   []int
		To        *Name
		ToColumns []string `json:"to_columns"`
	}
	Indexes []struct {
		Table     uint32
		Name      string
		Elements  []string
		Predicate string
	}
	Functions []struct {
		OID        uint32
		Schema     string
		Name       string
		Volatility string
		Comment    string
		Variadic   bool
		Returns    uint32
		Set        bool
		Defaults   int
		Types      []uint32
		Modes      []string
		Names      []string
	}
}

func (l *loaded) catalog(types map[uint32]*Type) (*Catalog, error) {
	c := &Catalog{types: types, ServerVersion: l.Version, Fingerprint: l.Fingerprint, Tables: make(map[Name]*Table, len(l.Tables)), Functions: map[Name][]*Function{}}
	byOID := make(map[uint32]*Table, len(l.Tables))
	for _, t := range l.Tables {
		table := &Table{
			Name: Name{t.Schema, t.Name}, OID: t.OID, Kind: TableKind(t.Kind[0]), Comment: t.Comment,
			Updatable: t.Updatable&4 != 0, Insertable: t.Updatable&8 != 0, Deletable: t.Updatable&16 != 0, HasTriggers: t.Triggers,
			HasChildren: t.Children,
			Columns:     make([]*Column, len(t.Columns)),
		}
		for i, col := range t.Columns {
			if types[col.Type] == nil {
				return nil, fmt.Errorf("type %d of column %s.%s is missing", col.Type, t.Name, col.Name)
			}
			table.Columns[i] = &Column{
				Name: col.Name, Position: col.Position, Type: types[col.Type], NotNull: col.NotNull,
				HasDefault: col.Default, Identity: col.Identity, Generated: col.Generated, Comment: col.Comment,
			}
		}
		c.Tables[table.Name], byOID[t.OID] = table, table
	}
	for _, k := range l.Constraints {
		table := byOID[k.Table]
		columns := table.columnNames(k.Columns)
		if k.Type == "f" {
			table.ForeignKeys = append(table.ForeignKeys, &ForeignKey{Name: k.Name, OID: k.OID, Columns: columns, To: *k.To, ToColumns: k.ToColumns})
			continue
		}
		key := &Key{Name: k.Name, OID: k.OID, Columns: columns}
		if k.Type == "p" {
			table.PrimaryKey = key
		}
		table.UniqueKeys = append(table.UniqueKeys, key)
	}
	for _, i := range l.Indexes {
		table := byOID[i.Table]
		table.UniqueIndexes = append(table.UniqueIndexes, &Index{Name: i.Name, Elements: i.Elements, Predicate: i.Predicate})
	}
	for _, f := range l.Functions {
		name := Name{f.Schema, f.Name}
		fn := &Function{
			Name: name, OID: f.OID, Comment: f.Comment, Volatility: Volatility(f.Volatility[0]), HasVariadic: f.Variadic,
			Returns: types[f.Returns], ReturnsSet: f.Set,
		}
		fn.Args, fn.HasOut = arguments(f.Types, f.Modes, f.Names, f.Defaults, types)
		c.Functions[name] = append(c.Functions[name], fn)
	}
	return c, nil
}

// types builds the shared Type values, first all of them, then what they point at.
func (l *loaded) types() map[uint32]*Type {
	types := make(map[uint32]*Type, len(l.Types))
	for _, t := range l.Types {
		types[t.OID] = &Type{OID: t.OID, Name: Name{t.Schema, t.Name}, Kind: typeKind(t.Kind), EnumValues: t.Values}
		if t.Table != nil {
			types[t.OID].Table = *t.Table
		}
	}
	for _, t := range l.Types {
		if types[t.OID].Kind == ArrayType {
			types[t.OID].Elem = types[t.Elem]
		}
		types[t.OID].Base = types[t.Base]
	}
	return types
}

func typeKind(kind string) TypeKind {
	switch k := TypeKind(kind[0]); k {
	case 'm': // a multirange
		return RangeType
	default:
		return k
	}
}

// arguments are a function's input arguments. names and modes run over all arguments, types and defaults over the
// input ones; the last ones have the defaults (PG docs: catalog-pg-proc).
func arguments(argTypes []uint32, modes, names []string, defaults int, types map[uint32]*Type) (args []FunctionArg, hasOut bool) {
	var inputs []int // positions among all arguments
	if modes == nil {
		for i := range argTypes {
			inputs = append(inputs, i)
		}
	}
	for i, m := range modes {
		switch m {
		case "i", "v":
			inputs = append(inputs, i)
		case "b":
			inputs, hasOut = append(inputs, i), true
		default: // out, table
			hasOut = true
		}
	}
	for n, i := range inputs {
		a := FunctionArg{Type: types[argTypes[n]], HasDefault: n >= len(inputs)-defaults}
		if i < len(names) {
			a.Name = names[i]
		}
		args = append(args, a)
	}
	return args, hasOut
}

func (t *Table) columnNames(positions []int) []string {
	names := make([]string, len(positions))
	for i, p := range positions {
		for _, c := range t.Columns {
			if c.Position == p {
				names[i] = c.Name
			}
		}
	}
	return names
}
