// Package schema turns metadata and catalogs into what is served: tables, relationships and permissions as a model,
// and for each role the GraphQL schema that shows exactly what the role may do.
//
// It stands between configuration (metadata, catalog) and the query line (operation, plan). It is pure. It never
// fails: what cannot be served is left out and listed as inconsistent, and a permission that cannot be honoured closes.
package schema

import (
	"maps"
	"slices"
	"sync"

	"gatehouse/engine/catalog"
	"gatehouse/engine/metadata"
)

// Input is everything a model is derived from.
type Input struct {
	Metadata *metadata.Metadata
	// Catalogs by source name; a source without one is unreachable and its objects are left out.
	Catalogs map[string]*catalog.Catalog
	// NativeErrors tell why the database refuses a native query, by source and name.
	NativeErrors map[string]map[string]string
	// EnumValues are the rows of the tables marked is_enum, by source.
	EnumValues map[string]map[catalog.Name][]EnumValue
	Options    Options
}

// Options are the settings that change what is served.
type Options struct {
	// StringifyNumericTypes shows bigint, numeric, float8 and money as JSON strings.
	StringifyNumericTypes bool
	// InferFunctionPermissions opens a query function to whoever may select from what it returns.
	InferFunctionPermissions bool
	// DangerousBooleanCollapse treats {_eq: null} and where: null as true, as Hasura v1 did.
	DangerousBooleanCollapse bool
	// ApolloFederation offers _service and _entities.
	ApolloFederation bool
	// NamingConvention is the default for sources without one: "hasura-default" or "graphql-default".
	NamingConvention string
	// Experimental are the names of HASURA_GRAPHQL_EXPERIMENTAL_FEATURES that are on.
	Experimental map[string]bool
}

// EnumValue is one row of an enum table.
type EnumValue struct {
	Name        string
	Description string
}

// Model is the served part of the metadata. It is immutable but for its caches and safe for concurrent use.
type Model struct {
	Options Options

	*facts
	inconsistencies []metadata.Inconsistency
	// roles are those that some permission or inherited role mentions.
	roles map[string]bool
	// memos say how the content of the sources came about, for the next model.
	memos map[string]*memo
	// remoteEnds are where remote relationships lead, for the next model.
	remoteEnds map[*metadata.Opaque]*remoteEnd
	// conflicts are the kinds of permissions that inherited roles cannot inherit, by table and role.
	conflicts map[*Table]map[string][]string

	mu      sync.Mutex
	schemas map[schemaKey]*Schema
	// combinations are the schemas of several roles at once, the last one used last; variables remembers what variablesOf
	// finds.
	combinations []*Schema
	variables    map[string]map[string]bool
}

type schemaKey struct {
	role        string
	backendOnly bool
	relay       bool
}

// Inconsistencies lists what was left out.
func (m *Model) Inconsistencies() []metadata.Inconsistency { return m.inconsistencies }

// Roles are the names of all roles that some permission or inherited role mentions, admin left out.
func (m *Model) Roles() []string { return slices.Sorted(maps.Keys(m.roles)) }

// Source is how one database is called and how what is in it is named. What is tracked in it is the model's to say.
type Source struct {
	Name string

	custom customization
	// features are what the source serves beyond Hasura.
	features metadata.SourceFeatures
}

// Table is a tracked table or view as such: its columns and what it is called. It stays the same object from model to model
// while these do; its relationships, computed fields and permissions are the model's to say.
type Table struct {
	Source  *Source
	Name    catalog.Name
	Catalog *catalog.Table
	// Columns are those whose GraphQL name is valid, in database order.
	Columns []*Column
	// Nested are a logical model's columns that hold rows as JSON; they are in no other list.
	Nested []*Column
	// Enum holds the values of an enum table, sorted by name; nil for other tables.
	Enum []EnumValue

	base        words // the table's GraphQL name
	description string
	rootFields  map[string]metadata.RootField
	// offered tells whether the metadata offers the table to a federation gateway.
	offered bool
	claim   *claim
}

// Column finds a column by its Postgres name; nil if it is not served.
func (t *Table) Column(name string) *Column {
	for _, c := range t.Columns {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// PrimaryKey is the columns of the primary key, or nil when there is none or one of them is not served.
func (t *Table) PrimaryKey() []*Column {
	if t.Catalog.PrimaryKey == nil {
		return nil
	}
	var cols []*Column
	for _, name := range t.Catalog.PrimaryKey.Columns {
		c := t.Column(name)
		if c == nil {
			return nil
		}
		cols = append(cols, c)
	}
	return cols
}

// Column is a served column.
type Column struct {
	Table *Table
	// Name is Postgres'; GraphQL is the name shown.
	Name, GraphQL string
	Catalog       *catalog.Column
	Type          *catalog.Type
	Class         Class
	// Enum is the enum table this column refers to, if any.
	Enum        *Table
	Description string
}

// IsShownUpper tells whether the column's values are shown in upper case: those of an enum, where the naming convention says so.
func (c *Column) IsShownUpper() bool { return c.Enum != nil && c.Table.Source.custom.graphql }

// Relation is a relationship to another table: of the same source, unless it is a remote one.
type Relation struct {
	Table *Table
	Name  string
	// Array is true for an array relationship.
	Array  bool
	Target *Table
	// Native, when set, is the query whose rows are related, Target being its logical model.
	Native *NativeQuery
	// Nested, when set, is the column that holds the related row or rows as JSON; there is no Mapping then. It is in no list
	// of columns: only its permission is a column's.
	Nested *Column
	// Mapping pairs columns of Table with columns of Target.
	Mapping []ColumnPair
	// Remote, when there is any, is the mapping of a remote relationship, whose rows are read by a statement of their own,
	// of Target's source; there is no Mapping then.
	Remote []RemotePair
	// Nullable tells, for an object relationship, whether it may be null for a row.
	Nullable bool
	// AfterParent: a nested insert writes the related row after this table's row, because the related row points here.
	AfterParent bool
	Description string
}

// ColumnPair is one column of a relationship's mapping, as Postgres names.
type ColumnPair struct{ Own, Theirs *catalog.Column }

// RemotePair is one column, or scalar computed field, of a remote relationship's own table, and the column of the target that
// must equal it.
type RemotePair struct {
	Own      *catalog.Column
	Computed *ComputedField // instead of Own
	Theirs   *catalog.Column
}

// ComputedField is a function of a row shown as a field.
type ComputedField struct {
	Table       *Table
	Name        string
	Function    *catalog.Function
	Args        []FunctionArg // those the client gives
	TableArg    int           // position of the row argument
	SessionArg  int           // position of the session argument, or -1
	Returns     *Table        // set for a table computed field
	Type        *catalog.Type // set for a scalar one
	Class       Class
	Description string
}

// Function is a tracked function that returns rows of a tracked table.
type Function struct {
	Source      *Source
	Name        catalog.Name
	Catalog     *catalog.Function
	Args        []FunctionArg
	SessionArg  int // position, or -1
	Returns     *Table
	Set         bool // returns a set of rows, not one
	Mutation    bool
	Description string

	base        words
	rootFields  map[string]metadata.RootField
	permissions map[string]bool
	claim       *claim
}

// FunctionArg is an argument the client gives.
type FunctionArg struct {
	// GraphQL is the name shown; Name is Postgres' and may be empty; Position counts all arguments from 0.
	GraphQL, Name string
	Position      int
	Type          *catalog.Type
	Class         Class
	HasDefault    bool
	Description   string
}
