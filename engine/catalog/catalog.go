// Package catalog describes what a Postgres database has: tables, columns, types, keys and functions.
//
// Load reads it in one statement, so from one snapshot; everything else here is plain values, so that the packages
// above (schema, plan, translate) stay pure. It refuses nothing: what Gatehouse can serve is decided in schema.
package catalog

import "slices"

// Name is a schema-qualified name as Postgres stores it (case kept, unquoted).
type Name struct {
	Schema string `json:"schema"`
	Name   string `json:"name"`
}

// Catalog is one database, as of one snapshot.
type Catalog struct {
	// ServerVersion is server_version_num, for instance 150018.
	ServerVersion int
	// Fingerprint is the database's (see Fingerprint) in that snapshot.
	Fingerprint string
	Tables      map[Name]*Table
	// Functions are keyed by name; overloads keep Postgres' oid order.
	Functions map[Name][]*Function

	types map[uint32]*Type
}

// TableKind says what sort of relation a table is.
type TableKind byte

// The relation kinds Gatehouse can serve (pg_class.relkind).
const (
	OrdinaryTable    TableKind = 'r'
	View             TableKind = 'v'
	MaterializedView TableKind = 'm'
	ForeignTable     TableKind = 'f'
	PartitionedTable TableKind = 'p'
)

// Table is a table, view, materialised view, foreign or partitioned table.
type Table struct {
	Name    Name
	OID     uint32
	Kind    TableKind
	Comment string
	// Columns in attnum order, dropped ones left out.
	Columns []*Column
	// PrimaryKey is nil when there is none.
	PrimaryKey *Key
	// UniqueKeys are the unique constraints, the primary key first when there is one: what on_conflict may name.
	UniqueKeys []*Key
	// UniqueIndexes are the valid unique indexes that belong to no constraint, by name.
	UniqueIndexes []*Index
	ForeignKeys   []*ForeignKey
	// Insertable, Updatable and Deletable follow pg_relation_is_updatable and INSTEAD OF triggers; true for ordinary tables.
	Insertable, Updatable, Deletable bool
	// HasTriggers tells of code that runs when rows are written: triggers (those of foreign keys aside) and rules.
	HasTriggers bool
	// HasChildren tells of tables that inherit from this one, partitions among them: their rows are read and written with its own.
	HasChildren bool
}

// Column finds a column by its Postgres name; nil if there is none.
func (t *Table) Column(name string) *Column {
	for _, c := range t.Columns {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// IsUnique tells whether a key covers exactly these columns, in any order.
func (t *Table) IsUnique(columns []string) bool {
	return slices.ContainsFunc(t.UniqueKeys, func(k *Key) bool {
		return len(k.Columns) == len(columns) && !slices.ContainsFunc(k.Columns, func(c string) bool { return !slices.Contains(columns, c) })
	})
}

// Column is one column of a table.
type Column struct {
	Name string
	// Position is attnum, from 1, with gaps where columns were dropped.
	Position   int
	Type       *Type
	NotNull    bool
	HasDefault bool
	// Identity is "" or pg_attribute.attidentity: "a" always, "d" by default.
	Identity string
	// Generated is true for GENERATED ALWAYS AS … STORED: it can be read, never written.
	Generated bool
	Comment   string
}

// Key is a primary key or unique constraint.
type Key struct {
	// Name is the constraint's name.
	Name    string
	OID     uint32
	Columns []string
}

// Index is a unique index. Its texts are SQL as Postgres itself writes it (pg_get_indexdef, pg_get_expr), the table's columns
// unqualified; that is how on conflict names an index that is no constraint.
type Index struct {
	Name string
	// Elements are its columns and expressions, in order.
	Elements []string
	// Predicate says which rows a partial index covers; "" is all.
	Predicate string
}

// ForeignKey is one foreign key constraint of a table.
type ForeignKey struct {
	Name    string
	OID     uint32
	Columns []string
	To      Name
	// ToColumns matches Columns position by position.
	ToColumns []string
}

// TypeKind says what sort of type a Postgres type is.
type TypeKind byte

// The type kinds (pg_type.typtype, with arrays told apart from base types).
const (
	BaseType      TypeKind = 'b'
	ArrayType     TypeKind = 'a'
	EnumType      TypeKind = 'e'
	CompositeType TypeKind = 'c'
	DomainType    TypeKind = 'd'
	RangeType     TypeKind = 'r'
	PseudoType    TypeKind = 'p'
)

// Type is a Postgres type. Values are shared: compare by OID.
type Type struct {
	OID uint32
	// Name is pg_type's: "int4", "text", "_text", "geometry".
	Name Name
	Kind TypeKind
	// Elem is the element type of an array, Base the type under a domain; nil otherwise.
	Elem, Base *Type
	// EnumValues in sort order, for enum types.
	EnumValues []string
	// Table is set for composite types: the relation whose row type this is (a table or a free-standing type).
	Table Name
}

// Undomained is the type without the domains around it.
func (t *Type) Undomained() *Type {
	for t.Kind == DomainType && t.Base != nil {
		t = t.Base
	}
	return t
}

// Volatility is pg_proc.provolatile.
type Volatility byte

// The three volatilities.
const (
	Immutable Volatility = 'i'
	Stable    Volatility = 's'
	Volatile  Volatility = 'v'
)

// Function is one overload of a function; aggregates, window functions and procedures are not listed.
type Function struct {
	Name       Name
	OID        uint32
	Comment    string
	Volatility Volatility
	// Args are the input arguments, in order.
	Args []FunctionArg
	// HasVariadic and HasOut tell of argument modes that cannot be exposed.
	HasVariadic, HasOut bool
	Returns             *Type
	ReturnsSet          bool
}

// FunctionArg is an input argument.
type FunctionArg struct {
	// Name is empty for an unnamed argument.
	Name       string
	Type       *Type
	HasDefault bool
}
