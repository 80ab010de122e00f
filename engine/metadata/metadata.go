// Package metadata is the metadata document: what an administrator has declared about tracked tables,
// relationships, permissions and everything else the engine serves (Hasura metadata, version 3).
//
// It owns the types, their JSON form (Hasura's key order, unknown keys refused, empty lists left out) and every
// mutation as document -> document. It is pure: no database, clock or log. Whether the document fits a database is
// schema's question; where it is stored is engine's.
package metadata

import "encoding/json"

// Metadata is the whole document.
type Metadata struct {
	Sources          []*Source
	QueryCollections []*QueryCollection
	Allowlist        []*AllowlistEntry
	RESTEndpoints    []*RESTEndpoint
	InheritedRoles   []*InheritedRole
	// Kept, exported and reported as inconsistent until Gatehouse executes them (Unsupported lists them).
	RemoteSchemas, Actions, CronTriggers []*Opaque
	CustomTypes                          json.RawMessage
	// Kept and exported; without effect.
	APILimits, MetricsConfig, Network, OpenTelemetry json.RawMessage
	GraphQLSchemaIntrospection, BackendConfigs       json.RawMessage
	// Gatehouse are Gatehouse's own settings; nil where the document says nothing about them.
	Gatehouse *Settings
	Leftovers *Leftovers
}

// Opaque is a named object of Hasura's metadata that Gatehouse keeps as it was written.
type Opaque struct {
	Name string
	// JSON is the whole object, the name included.
	JSON json.RawMessage
}

// TableName names a table or function of a source.
type TableName struct {
	Schema string `json:"schema"`
	Name   string `json:"name"`
}

// FunctionName names a function of a source.
type FunctionName = TableName

// Source is one Postgres database and what is tracked in it.
type Source struct {
	Name          string
	Kind          string          // "postgres" (or "pg" on input); another kind has only Foreign
	Foreign       json.RawMessage // the whole source as written, for a kind Gatehouse does not speak
	Tables        []*Table
	Functions     []*Function
	NativeQueries []*Opaque
	LogicalModels []*Opaque
	Configuration SourceConfiguration
	Customization *SourceCustomization
	QueryTags     json.RawMessage
	HealthCheck   *HealthCheck
	Leftovers     *Leftovers
}

// SourceCustomization renames a source's root fields and types.
type SourceCustomization struct {
	RootFields       *RootFieldCustomization
	TypeNames        *NameAffixes
	NamingConvention string // "", "hasura-default", "graphql-default"
}

// RootFieldCustomization puts root fields in a namespace or gives them a prefix and suffix.
type RootFieldCustomization struct {
	Namespace, Prefix, Suffix string
}

// NameAffixes are a prefix and a suffix.
type NameAffixes struct {
	Prefix, Suffix string
}

// Table is one tracked table or view.
type Table struct {
	Name                TableName
	IsEnum              bool
	Configuration       *TableConfiguration
	ObjectRelationships []*Relationship
	ArrayRelationships  []*Relationship
	RemoteRelationships []*Opaque
	ComputedFields      []*ComputedField
	InsertPermissions   []*InsertPermission
	SelectPermissions   []*SelectPermission
	UpdatePermissions   []*UpdatePermission
	DeletePermissions   []*DeletePermission
	EventTriggers       []*Opaque
	ApolloFederation    json.RawMessage
	Leftovers           *Leftovers
}

// TableConfiguration is a table's naming.
type TableConfiguration struct {
	CustomName       string
	CustomRootFields map[string]RootField // key: "select", "select_by_pk", …
	ColumnConfig     map[string]ColumnConfig
	Comment          *string
}

// RootField is a custom root field name; Comment nil means the default text, "" none.
type RootField struct {
	Name    string
	Comment *string
}

// ColumnConfig is one column's naming.
type ColumnConfig struct {
	CustomName string
	Comment    *string
}

// Relationship is an object or array relationship, by its place in Table.
type Relationship struct {
	Name    string
	Using   RelationshipUsing
	Comment *string
}

// RelationshipUsing: exactly one of ForeignKey and Manual is set.
type RelationshipUsing struct {
	ForeignKey *ForeignKeyOn
	Manual     *ManualConfiguration
}

// ForeignKeyOn: with Table nil the columns are this table's own (object relationship), else the remote table's.
type ForeignKeyOn struct {
	Table   *TableName
	Columns []string
}

// ManualConfiguration is a relationship without a foreign key.
type ManualConfiguration struct {
	RemoteTable    TableName
	RemoteSource   string // "" for the table's own source
	ColumnMapping  map[string]string
	InsertionOrder string // "", "before_parent", "after_parent"
}

// ComputedField is a function shown as a field of a table.
type ComputedField struct {
	Name            string
	Function        FunctionName
	TableArgument   string
	SessionArgument string
	Comment         *string // nil: the default text
}

// Columns is a column list, or all columns ("*").
type Columns struct {
	All   bool
	Names []string
	// Absent is true where an insert permission names no columns: All, and left out again on export.
	Absent bool
}

// BoolExp is a permission's boolean expression as it was written (key order kept); schema gives it its meaning.
type BoolExp = json.RawMessage

// Permission is what every kind of permission has.
type Permission struct {
	Role    string
	Comment *string
}

// SelectPermission lets a role read.
type SelectPermission struct {
	Permission
	Columns                Columns
	ComputedFields         []string
	Filter                 BoolExp
	Limit                  *int
	AllowAggregations      bool
	QueryRootFields        *[]string // nil: all
	SubscriptionRootFields *[]string // nil: all
}

// InsertPermission lets a role insert.
type InsertPermission struct {
	Permission
	Columns       Columns
	Check         BoolExp
	Set           map[string]json.RawMessage
	BackendOnly   bool
	ValidateInput json.RawMessage
}

// UpdatePermission lets a role update. Check nil means none.
type UpdatePermission struct {
	Permission
	Columns       Columns
	Filter        BoolExp
	Check         BoolExp
	Set           map[string]json.RawMessage
	BackendOnly   bool
	ValidateInput json.RawMessage
}

// DeletePermission lets a role delete.
type DeletePermission struct {
	Permission
	Filter        BoolExp
	BackendOnly   bool
	ValidateInput json.RawMessage
}

// Function is one tracked function.
type Function struct {
	Name          FunctionName
	Configuration *FunctionConfiguration
	Permissions   []string // roles
	Comment       *string
	Leftovers     *Leftovers
}

// FunctionConfiguration is how a function is exposed.
type FunctionConfiguration struct {
	CustomName       string
	CustomRootFields map[string]RootField // "function", "function_aggregate"
	SessionArgument  string
	ExposedAs        string // "", "query", "mutation"
	Response         json.RawMessage
}

// QueryCollection is a named list of GraphQL operations.
type QueryCollection struct {
	Name    string
	Queries []*CollectionQuery
	Comment *string
}

// CollectionQuery is one operation of a collection.
type CollectionQuery struct {
	Name  string
	Query string
}

// AllowlistEntry puts a collection on the allow list.
type AllowlistEntry struct {
	Collection string
	// Roles nil: for every role (scope global).
	Roles *[]string
}

// RESTEndpoint serves a collection's query under /api/rest.
type RESTEndpoint struct {
	Name       string
	URL        string
	Methods    []string
	Collection string
	Query      string
	Comment    *string
}

// InheritedRole is the union of other roles.
type InheritedRole struct {
	Name    string
	RoleSet []string
}

// Inconsistency is one metadata object that cannot be served, as get_inconsistent_metadata shows it.
type Inconsistency struct {
	Definition any    `json:"definition"`
	Name       string `json:"name"`
	Reason     string `json:"reason"`
	Type       string `json:"type"`
	Message    any    `json:"message,omitempty"`
	// Unsupported marks what Hasura serves and Gatehouse does not yet: listed, but no reason to refuse a write.
	Unsupported bool `json:"-"`
	// Fatal is what a change is refused with, where Hasura could not go on at all.
	Fatal string `json:"-"`
	// Form is how it is shown where that is not the usual way, and About the objects it is about together: REST endpoints
	// that match the same requests.
	Form  any        `json:"-"`
	About []ObjectID `json:"-"`

	// isRefused: what is stored so could not be written anew. location is where, unless an object of that name has it.
	isRefused bool
	location  location
}
