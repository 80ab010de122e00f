package schema

import (
	"gatehouse/engine/catalog"
	"gatehouse/engine/metadata"
)

// The operators, under Hasura's names.
const (
	OpEq             Op = "_eq"
	OpNeq            Op = "_neq"
	OpGt             Op = "_gt"
	OpLt             Op = "_lt"
	OpGte            Op = "_gte"
	OpLte            Op = "_lte"
	OpIn             Op = "_in"
	OpNin            Op = "_nin"
	OpIsNull         Op = "_is_null"
	OpLike           Op = "_like"
	OpNlike          Op = "_nlike"
	OpIlike          Op = "_ilike"
	OpNilike         Op = "_nilike"
	OpSimilar        Op = "_similar"
	OpNsimilar       Op = "_nsimilar"
	OpRegex          Op = "_regex"
	OpIregex         Op = "_iregex"
	OpNregex         Op = "_nregex"
	OpNiregex        Op = "_niregex"
	OpContains       Op = "_contains"
	OpContainedIn    Op = "_contained_in"
	OpHasKey         Op = "_has_key"
	OpHasKeysAny     Op = "_has_keys_any"
	OpHasKeysAll     Op = "_has_keys_all"
	OpPathExists     Op = "_jsonb_path_exists"
	OpPathMatch      Op = "_jsonb_path_match"
	OpCast           Op = "_cast"
	OpAncestor       Op = "_ancestor"
	OpAncestorAny    Op = "_ancestor_any"
	OpDescendant     Op = "_descendant"
	OpDescendantAny  Op = "_descendant_any"
	OpMatches        Op = "_matches"
	OpMatchesAny     Op = "_matches_any"
	OpMatchesText    Op = "_matches_fulltext"
	OpSTContains     Op = "_st_contains"
	OpSTCrosses      Op = "_st_crosses"
	OpSTEquals       Op = "_st_equals"
	OpSTOverlaps     Op = "_st_overlaps"
	OpSTTouches      Op = "_st_touches"
	OpSTWithin       Op = "_st_within"
	OpSTIntersects   Op = "_st_intersects"
	OpST3DIntersects Op = "_st_3d_intersects"
	OpSTDWithin      Op = "_st_d_within"
	OpST3DDWithin    Op = "_st_3d_d_within"
	OpSTRast         Op = "_st_intersects_rast"
	OpSTNBandGeom    Op = "_st_intersects_nband_geom"
	OpSTGeomNBand    Op = "_st_intersects_geom_nband"
)

// OperatorDef is one operator a type has.
type OperatorDef struct {
	Op Op
	// Type is the value's type; List: an array of it.
	Type *catalog.Type
	List bool
	// Object names the input object of operators that take several values; its first part is Type's.
	Object string
	Fields []OperatorField
}

// OperatorField is one field of an operator's input object.
type OperatorField struct {
	Name     string
	Type     *catalog.Type
	Required bool
	Default  string
	// Main marks the field that is the comparison's Value; the others are Extra.
	Main bool
}

// Builtin types that operators take, apart from the column's own.
var (
	TextType    = builtin("text")
	IntType     = builtin("int4")
	BigintType  = builtin("int8")
	FloatType   = builtin("float8")
	NumericType = builtin("numeric")
	BooleanType = builtin("bool")
)

func builtin(name string) *catalog.Type {
	return &catalog.Type{Name: catalog.Name{Schema: "pg_catalog", Name: name}, Kind: catalog.BaseType}
}

// beside is a type of the same extension as t.
func beside(t *catalog.Type, name string) *catalog.Type {
	return &catalog.Type{Name: catalog.Name{Schema: t.Name.Schema, Name: name}, Kind: catalog.BaseType}
}

// OperatorsOf are the comparison operators of a type, _is_null and _cast left out.
func OperatorsOf(t *catalog.Type) []OperatorDef {
	t = shownType(t)
	var ops []OperatorDef
	each := func(t *catalog.Type, list bool, names ...Op) {
		for _, n := range names {
			ops = append(ops, OperatorDef{Op: n, Type: t, List: list})
		}
	}
	class := namedClass(t)
	each(t, false, OpEq, OpNeq)
	if class.Kind != RasterKind { // there is no order among rasters
		each(t, false, OpGt, OpLt, OpGte, OpLte)
	}
	each(t, true, OpIn, OpNin)
	switch {
	case class.Elem != nil:
		each(t, false, OpContains, OpContainedIn)
	case class.Text:
		each(t, false, OpLike, OpNlike, OpIlike, OpNilike, OpSimilar, OpNsimilar, OpRegex, OpIregex, OpNregex, OpNiregex)
	case class.Name == "jsonb":
		each(t, false, OpContains, OpContainedIn)
		each(TextType, false, OpHasKey)
		each(TextType, true, OpHasKeysAny, OpHasKeysAll)
		each(TextType, false, OpPathExists, OpPathMatch)
	case class.Name == "ltree":
		each(t, false, OpAncestor, OpDescendant)
		each(t, true, OpAncestorAny, OpDescendantAny)
		each(beside(t, "lquery"), false, OpMatches)
		each(beside(t, "lquery"), true, OpMatchesAny)
		each(beside(t, "ltxtquery"), false, OpMatchesText)
	case class.Name == "geometry":
		each(t, false, OpSTContains, OpSTCrosses, OpSTEquals, OpSTOverlaps, OpSTTouches, OpSTWithin, OpSTIntersects, OpST3DIntersects)
		for _, op := range []Op{OpSTDWithin, OpST3DDWithin} {
			ops = append(ops, OperatorDef{Op: op, Type: t, Object: "st_d_within_input", Fields: []OperatorField{
				{Name: "distance", Type: builtin("float4"), Required: true}, {Name: "from", Type: t, Required: true, Main: true},
			}})
		}
	case class.Name == "geography":
		each(t, false, OpSTIntersects)
		ops = append(ops, OperatorDef{Op: OpSTDWithin, Type: t, Object: "st_d_within_geography_input", Fields: []OperatorField{
			{Name: "distance", Type: builtin("float4"), Required: true},
			{Name: "from", Type: t, Required: true, Main: true},
			{Name: "use_spheroid", Type: BooleanType, Default: "true"},
		}})
	case class.Name == "raster":
		each(t, false, OpSTRast)
		geometry := beside(t, "geometry")
		ops = append(ops,
			OperatorDef{Op: OpSTNBandGeom, Type: geometry, Object: "st_intersects_nband_geom_input", Fields: []OperatorField{
				{Name: "nband", Type: IntType, Required: true}, {Name: "geommin", Type: geometry, Required: true, Main: true},
			}},
			OperatorDef{Op: OpSTGeomNBand, Type: geometry, Object: "st_intersects_geom_nband_input", Fields: []OperatorField{
				{Name: "geommin", Type: geometry, Required: true, Main: true}, {Name: "nband", Type: IntType},
			}})
	}
	return ops
}

// CastsOf are the types _cast turns a type into, by GraphQL name.
func CastsOf(t *catalog.Type) map[string]*catalog.Type {
	t = shownType(t)
	switch namedClass(t).Name {
	case "jsonb":
		return map[string]*catalog.Type{"String": TextType}
	case "geometry":
		return map[string]*catalog.Type{"geography": beside(t, "geography")}
	case "geography":
		return map[string]*catalog.Type{"geometry": beside(t, "geometry")}
	}
	return nil
}

// operatorNamed reads an operator as metadata spells it: "_eq", "$eq", "_ne", "$like". ok is false when it is none.
func operatorNamed(key string) (Op, bool) {
	name, ok := metadata.Operator(key)
	if name == "ne" {
		return OpNeq, true
	}
	return Op("_" + name), ok
}

// comparesColumns tells of an operator of metadata how it compares with another column.
func comparesColumns(op Op) (Op, bool) {
	like, ok := metadata.ColumnOperator(string(op[1:]))
	return Op("_" + like), ok
}

// OperatorOf is a type's definition of an operator. Input types are shared by all Postgres types with one GraphQL
// name, so what an operator takes is asked of the operand's own type. ok is false when the type lacks it.
func OperatorOf(t *catalog.Type, op Op) (OperatorDef, bool) {
	for _, def := range OperatorsOf(t) {
		if def.Op == op {
			return def, true
		}
	}
	return OperatorDef{}, false
}
