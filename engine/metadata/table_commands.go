package metadata

import (
	"encoding/json"
	"slices"

	"gatehouse/engine/fault"
)

// TrackTable is the argument of track_table.
type TrackTable struct {
	Source string
	Table  Table
}

var trackTableOptions = object("TrackTable",
	must("table", tableName, func(a *TrackTable) *TableName { return &a.Table.Name }),
	sourceField(func(a *TrackTable) *string { return &a.Source }),
	flag("is_enum", func(a *TrackTable) *bool { return &a.Table.IsEnum }),
	mayRef("configuration", tableConfigurationCodec, func(a *TrackTable) **TableConfiguration { return &a.Table.Configuration }),
	shaped("apollo_federation_config", federationShape, func(a *TrackTable) *json.RawMessage { return &a.Table.ApolloFederation }),
	ignored[TrackTable]("logical_model"),
	ignored[TrackTable]("schema"), // clients send it beside a plain table name; it never had an effect
)

// trackTableArgs is {table, …} or just the table.
var trackTableArgs = codec[TrackTable]{
	read: func(r *reader, n *node) TrackTable {
		if n.kind == objectNode && n.member("name") == nil {
			return trackTableOptions.read(r, n)
		}
		return TrackTable{Table: Table{Name: tableName.read(r, n)}}
	},
}

// identitySchema is Gatehouse's own and never served by the engine.
const identitySchema = "identity"

func refuseIdentity(name TableName) error {
	if name.Schema == identitySchema {
		return fault.New(fault.NotSupported, "", "schema %q belongs to Gatehouse's identity service and cannot be tracked", identitySchema)
	}
	return nil
}

func (a TrackTable) mutation() Mutation {
	source := orDefault(a.Source)
	return Mutation{
		Object: TableObject(source, a.Table.Name), Source: source, Table: &a.Table.Name,
		Apply: func(m *Metadata, _ Facts) (*Metadata, error) {
			return m.withSource(source, func(s *Source) error {
				if err := refuseIdentity(a.Table.Name); err != nil {
					return err
				}
				if s.Table(a.Table.Name) != nil {
					return fault.New(fault.AlreadyTracked, "", "view/table already tracked: %s", QuoteName(a.Table.Name))
				}
				if s.Function(a.Table.Name) != nil {
					return fault.New(fault.NotSupported, "", "function with name %s already exists", QuoteName(a.Table.Name))
				}
				s.Tables = added(s.Tables, &a.Table)
				return nil
			})
		},
	}
}

// UntrackTable is the argument of untrack_table.
type UntrackTable struct {
	Source  string
	Table   TableName
	Cascade bool
}

var untrackTableArgs = object("UntrackTable",
	must("table", tableName, func(a *UntrackTable) *TableName { return &a.Table }),
	sourceField(func(a *UntrackTable) *string { return &a.Source }),
	flag("cascade", func(a *UntrackTable) *bool { return &a.Cascade }),
)

func (a UntrackTable) mutation() Mutation {
	source := orDefault(a.Source)
	return Mutation{
		Object: TableObject(source, a.Table), Source: source, Table: &a.Table,
		Apply: func(m *Metadata, facts Facts) (*Metadata, error) {
			if s := m.Source(source); s == nil || s.Table(a.Table) == nil {
				return nil, fault.New(fault.AlreadyUntracked, "", "view/table already untracked: %s", QuoteName(a.Table))
			}
			others := slices.DeleteFunc(m.Dependents(facts, Ref{Source: source, Table: a.Table}), func(d Dependent) bool {
				return d.Source == source && d.Owner == a.Table
			})
			if len(others) > 0 && !a.Cascade {
				return nil, RefuseDependents(others)
			}
			return m.Without(append(ids(others), TableObject(source, a.Table))...), nil
		},
	}
}

func ids(dependents []Dependent) []ObjectID {
	out := make([]ObjectID, len(dependents))
	for i, d := range dependents {
		out[i] = d.ID
	}
	return out
}

// tableChange is a command that changes one tracked table.
func tableChange(source string, table TableName, change func(*Table) error) Mutation {
	source = orDefault(source)
	return Mutation{
		Object: TableObject(source, table), Source: source,
		Apply: func(m *Metadata, _ Facts) (*Metadata, error) { return m.withTable(source, table, change) },
	}
}

type setEnum struct {
	at
	isEnum bool
}

var setEnumArgs = object("SetTableIsEnum",
	must("table", tableName, func(a *setEnum) *TableName { return &a.table }),
	sourceField(func(a *setEnum) *string { return &a.source }),
	must("is_enum", boolean, func(a *setEnum) *bool { return &a.isEnum }),
)

type customize struct {
	at
	configuration TableConfiguration
	apollo        json.RawMessage
}

var setCustomizationArgs = object("SetTableCustomization",
	must("table", tableName, func(a *customize) *TableName { return &a.table }),
	sourceField(func(a *customize) *string { return &a.source }),
	must("configuration", tableConfigurationCodec, func(a *customize) *TableConfiguration { return &a.configuration }),
)

// setCustomFieldsArgs is the older set_table_custom_fields: the configuration's keys stand beside the table's.
var setCustomFieldsArgs = object("SetTableCustomFields",
	must("table", tableName, func(a *customize) *TableName { return &a.table }),
	sourceField(func(a *customize) *string { return &a.source }),
	nested("custom_root_fields", false, tableRootFieldsCodec,
		func(a *customize) map[string]RootField { return a.configuration.CustomRootFields },
		func(_ *reader, a *customize, m map[string]RootField) { a.configuration.CustomRootFields = m }),
	customColumnNames(func(a *customize) *map[string]ColumnConfig { return &a.configuration.ColumnConfig }),
)

var setApolloArgs = object("SetApolloFederationConfig",
	must("table", tableName, func(a *customize) *TableName { return &a.table }),
	sourceField(func(a *customize) *string { return &a.source }),
	shaped("apollo_federation_config", federationShape, func(a *customize) *json.RawMessage { return &a.apollo }),
)

func (a customize) mutation() Mutation {
	return tableChange(a.source, a.table, func(t *Table) error {
		t.Configuration = &a.configuration
		return nil
	})
}

func init() {
	register("track_table add_existing_table_or_view", define(trackTableArgs, TrackTable.mutation))
	register("untrack_table", define(untrackTableArgs, UntrackTable.mutation))
	register("set_table_is_enum", define(setEnumArgs, func(a setEnum) Mutation {
		return tableChange(a.source, a.table, func(t *Table) error { t.IsEnum = a.isEnum; return nil })
	}))
	register("set_table_customization", define(setCustomizationArgs, customize.mutation))
	register("set_table_custom_fields", define(setCustomFieldsArgs, customize.mutation))
	register("set_apollo_federation_config", define(setApolloArgs, func(a customize) Mutation {
		return tableChange(a.source, a.table, func(t *Table) error { t.ApolloFederation = a.apollo; return nil })
	}))
}

// TableList is the argument of track_tables and untrack_tables, whose tables succeed or fail each for itself.
type TableList[A any] struct {
	Tables []A
	// RefuseWarnings is allow_warnings: false.
	RefuseWarnings bool
}

func tableList[A any](c codec[A]) codec[TableList[A]] {
	return object("TrackTables",
		must("tables", codec[[]A]{read: func(r *reader, n *node) []A { return readList(r, n, c) }}, func(l *TableList[A]) *[]A { return &l.Tables }),
		nested("allow_warnings", false, boolean, func(l *TableList[A]) bool { return !l.RefuseWarnings },
			func(_ *reader, l *TableList[A], allow bool) { l.RefuseWarnings = !allow }),
	)
}

var (
	trackTablesArgs   = tableList(trackTableOptions)
	untrackTablesArgs = tableList(untrackTableArgs)
)

// ParseTrackTables reads the arguments of track_tables.
func ParseTrackTables(args []byte, path string) ([]Mutation, bool, error) {
	return tableMutations(trackTablesArgs, TrackTable.mutation, args, path)
}

// ParseUntrackTables reads the arguments of untrack_tables.
func ParseUntrackTables(args []byte, path string) ([]Mutation, bool, error) {
	return tableMutations(untrackTablesArgs, UntrackTable.mutation, args, path)
}

func tableMutations[A any](c codec[TableList[A]], mutation func(A) Mutation, args []byte, path string) (list []Mutation, refuseWarnings bool, err error) {
	l, err := decode(c, args, path, true)
	if err != nil {
		return nil, false, err
	}
	for _, a := range l.Tables {
		list = append(list, mutation(a))
	}
	return list, l.RefuseWarnings, nil
}
