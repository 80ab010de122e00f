package schema

import "gatehouse/engine/catalog"

// Class says how values of a Postgres type behave in GraphQL.
type Class struct {
	// Name is the GraphQL type: "Int", "String", "timestamptz"; "_int4" of a function's argument, other arrays are lists of Elem.
	Name string
	// Elem is set for array types.
	Elem *Class
	// Numeric types have sum, avg, _inc; Comparable ones min and max; Text ones the like and regex operators.
	Numeric, Comparable, Text bool
	// Stringify: shown as a JSON string under --stringify-numeric-types.
	Stringify bool
	Kind      ValueKind
}

// ValueKind says what JSON a value of a class may be given as.
type ValueKind byte

// The kinds of input values.
const (
	// AnyText takes a string, which Postgres parses.
	AnyText ValueKind = iota
	IntKind
	FloatKind
	StringKind
	BooleanKind
	// NumberKind takes a number or a string.
	NumberKind
	// JSONKind takes any value.
	JSONKind
	// GeoKind takes GeoJSON.
	GeoKind
	// RasterKind takes hexadecimal text.
	RasterKind
	// ListKind takes a list of Elem.
	ListKind
)

var classes = map[string]Class{
	"int2":        {Name: "smallint", Numeric: true, Comparable: true, Kind: NumberKind},
	"int4":        {Name: "Int", Numeric: true, Comparable: true, Kind: IntKind},
	"int8":        {Name: "bigint", Numeric: true, Comparable: true, Stringify: true, Kind: NumberKind},
	"float4":      {Name: "Float", Numeric: true, Comparable: true, Kind: FloatKind},
	"float8":      {Name: "float8", Numeric: true, Comparable: true, Stringify: true, Kind: NumberKind},
	"numeric":     {Name: "numeric", Numeric: true, Comparable: true, Stringify: true, Kind: NumberKind},
	"money":       {Name: "money", Numeric: true, Comparable: true, Stringify: true, Kind: NumberKind},
	"bool":        {Name: "Boolean", Kind: BooleanKind},
	"text":        {Name: "String", Comparable: true, Text: true, Kind: StringKind},
	"varchar":     {Name: "String", Comparable: true, Text: true, Kind: StringKind},
	"bpchar":      {Name: "bpchar", Comparable: true, Text: true, Kind: AnyText},
	"citext":      {Name: "citext", Comparable: true, Text: true, Kind: AnyText},
	"date":        {Name: "date", Comparable: true},
	"timestamp":   {Name: "timestamp", Comparable: true},
	"timestamptz": {Name: "timestamptz", Comparable: true},
	"timetz":      {Name: "timetz", Comparable: true},
	"uuid":        {Name: "uuid", Comparable: true},
	"ltree":       {Name: "ltree", Comparable: true},
	"json":        {Name: "json", Kind: JSONKind},
	"jsonb":       {Name: "jsonb", Kind: JSONKind},
	"geometry":    {Name: "geometry", Kind: GeoKind},
	"geography":   {Name: "geography", Kind: GeoKind},
	"raster":      {Name: "raster", Kind: RasterKind},
}

// ClassOf classifies the type of a column. A domain is shown as what it is made from (Hasura: pg_table_metadata.sql), its
// checks are Postgres' to make.
func ClassOf(t *catalog.Type) Class { return namedClass(shownType(t)) }

// shownType is the type as which a column is shown and compared.
func shownType(t *catalog.Type) *catalog.Type {
	if t.Kind == catalog.DomainType && t.Base != nil {
		return t.Base
	}
	return t
}

// argumentClass classifies the type of a function's argument, which has the name that Postgres gives it: an array is a
// scalar, "_int4", written as Postgres writes it, and so is a domain (Hasura: pg_function_metadata.sql).
func argumentClass(t *catalog.Type) Class {
	if t.Kind == catalog.ArrayType {
		return Class{Name: t.Name.Name}
	}
	return namedClass(t)
}

// namedClass classifies a type by its own name. Types outside Hasura's list have the base operators.
func namedClass(t *catalog.Type) Class {
	if t.Kind == catalog.ArrayType && t.Elem != nil {
		elem := namedClass(t.Elem)
		return Class{Name: elem.Name, Elem: &elem, Kind: ListKind, Comparable: true}
	}
	if c, ok := classes[t.Name.Name]; ok && t.Kind != catalog.EnumType && t.Kind != catalog.DomainType {
		return c
	}
	name := t.Name.Name
	if t.Kind == catalog.CompositeType {
		name += "_scalar"
	}
	return Class{Name: name, Comparable: t.Kind == catalog.EnumType} // Hasura: Postgres/SQL/Types, isComparableType
}

// shared is a pointer to the class, the same one for all uses of a type that Hasura knows.
func (c Class) shared() *Class {
	if known := knownClasses[c.Name]; known != nil && *known == c {
		return known
	}
	return &c
}

var knownClasses = func() map[string]*Class {
	m := map[string]*Class{}
	for _, c := range classes {
		m[c.Name] = &c
	}
	return m
}()

// KindOf says what a GraphQL scalar takes.
func KindOf(scalar string) ValueKind { return scalarKinds[scalar] }

var scalarKinds = func() map[string]ValueKind {
	m := map[string]ValueKind{}
	for _, c := range classes {
		m[c.Name] = c.Kind
	}
	m[anyScalar] = JSONKind
	return m
}()
