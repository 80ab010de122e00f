package schema

import (
	"fmt"
	"sort"
	"strings"

	"gatehouse/engine/catalog"
)

func sortMembers(e *Type) {
	sort.SliceStable(e.values, func(i, j int) bool { return e.values[i].Name < e.values[j].Name })
}

func (s *Schema) comparisonOf(c *Column) *Type {
	if c.Enum == nil {
		return s.comparison(c.Table.Source, c.Type)
	}
	enum := s.enumType(c.Enum)
	custom := c.Table.Source.custom
	return s.typ(InputObject, custom.bareType(of(enum.Name, "comparison", "exp")), fmt.Sprintf("Boolean expression to compare columns of type %q. All fields are combined with logical 'AND'.", enum.Name), func(e *Type) {
		add := func(op Op, ref *Ref, list bool) {
			e.inputs = append(e.inputs, &InputField{Name: custom.fixed(string(op)), Type: ref, Meaning: OperatorInput{OperatorDef{Op: op, Type: c.Type, List: list}}})
		}
		add(OpEq, named(enum), false)
		add(OpNeq, named(enum), false)
		add(OpIn, listOfNonNull(enum), true)
		add(OpNin, listOfNonNull(enum), true)
		e.inputs = append(e.inputs, &InputField{Name: custom.fixed("_is_null"), Type: named(s.scalar("Boolean")), Meaning: IsNullInput{}})
	})
}

// comparison is the input type that compares values of a Postgres type.
func (s *Schema) comparison(source *Source, t *catalog.Type) *Type {
	class, own := ClassOf(t), shownType(t)
	custom := source.custom
	pieces := of(class.Name, "comparison", "exp")
	if class.Elem != nil {
		pieces = of(class.Elem.Name, "array", "comparison", "exp")
	}
	ref := s.classRef(class)
	description := fmt.Sprintf("Boolean expression to compare columns of type %q. All fields are combined with logical 'AND'.", class.Name)
	return s.typ(InputObject, custom.bareType(pieces), description, func(e *Type) {
		for _, def := range OperatorsOf(t) {
			value := ref
			if def.Type != own {
				value = s.classRef(ClassOf(def.Type))
			}
			if def.List {
				value = listOf(value.notNull())
			}
			if def.Object != "" {
				value = named(s.operatorObject(source, def))
			}
			e.inputs = append(e.inputs, &InputField{Name: custom.fixed(string(def.Op)), Description: operatorDescription(def.Op, class), Type: value, Meaning: OperatorInput{def}})
		}
		e.inputs = append(e.inputs, &InputField{Name: custom.fixed("_is_null"), Type: named(s.scalar("Boolean")), Meaning: IsNullInput{}})
		if casts := CastsOf(t); len(casts) > 0 {
			cast := s.typ(InputObject, custom.bareType(of(class.Name, "cast", "exp")), "", func(in *Type) {
				for name, to := range casts {
					in.inputs = append(in.inputs, &InputField{Name: name, Type: named(s.comparison(source, to)), Meaning: CastInput{to}})
				}
			})
			e.inputs = append(e.inputs, &InputField{Name: "_cast", Type: named(cast), Meaning: CastsInput{}})
		}
	})
}

func (s *Schema) operatorObject(source *Source, def OperatorDef) *Type {
	return s.typ(InputObject, def.Object, "", func(in *Type) {
		for _, f := range def.Fields {
			ref := s.classRef(ClassOf(f.Type))
			if f.Required {
				ref = ref.notNull()
			}
			in.inputs = append(in.inputs, &InputField{Name: f.Name, Type: ref, Default: f.Default, Meaning: FieldInput{f}})
		}
	})
}

func operatorDescription(op Op, of Class) string {
	switch {
	case of.Elem != nil && op == OpContains:
		return "does the array contain the given value"
	case of.Elem != nil && op == OpContainedIn:
		return "is the array contained in the given array value"
	case of.Name == "geography":
		return strings.Replace(operatorDescriptions[op], "geometry", "geography", 1)
	case of.Name == "raster":
		return ""
	}
	return operatorDescriptions[op]
}

var operatorDescriptions = map[Op]string{
	OpLike:           "does the column match the given pattern",
	OpNlike:          "does the column NOT match the given pattern",
	OpIlike:          "does the column match the given case-insensitive pattern",
	OpNilike:         "does the column NOT match the given case-insensitive pattern",
	OpSimilar:        "does the column match the given SQL regular expression",
	OpNsimilar:       "does the column NOT match the given SQL regular expression",
	OpRegex:          "does the column match the given POSIX regular expression, case sensitive",
	OpIregex:         "does the column match the given POSIX regular expression, case insensitive",
	OpNregex:         "does the column NOT match the given POSIX regular expression, case sensitive",
	OpNiregex:        "does the column NOT match the given POSIX regular expression, case insensitive",
	OpContains:       "does the column contain the given json value at the top level",
	OpContainedIn:    "is the column contained in the given json value",
	OpHasKey:         "does the string exist as a top-level key in the column",
	OpHasKeysAny:     "do any of these strings exist as top-level keys in the column",
	OpHasKeysAll:     "do all of these strings exist as top-level keys in the column",
	OpPathExists:     "does the jsonpath return any item for the specified JSON value",
	OpPathMatch:      "does the jsonpath predicate check return true for the specified JSON value",
	OpAncestor:       "is the left argument an ancestor of right (or equal)?",
	OpAncestorAny:    "does array contain an ancestor of `ltree`?",
	OpDescendant:     "is the left argument a descendant of right (or equal)?",
	OpDescendantAny:  "does array contain a descendant of `ltree`?",
	OpMatches:        "does `ltree` match `lquery`?",
	OpMatchesAny:     "does `ltree` match any `lquery` in array?",
	OpMatchesText:    "does `ltree` match `ltxtquery`?",
	OpSTContains:     "does the column contain the given geometry value",
	OpSTCrosses:      "does the column cross the given geometry value",
	OpSTEquals:       "is the column equal to given geometry value (directionality is ignored)",
	OpSTOverlaps:     "does the column 'spatially overlap' (intersect but not completely contain) the given geometry value",
	OpSTTouches:      "does the column have atleast one point in common with the given geometry value",
	OpSTWithin:       "is the column contained in the given geometry value",
	OpSTIntersects:   "does the column spatially intersect the given geometry value",
	OpST3DIntersects: "does the column spatially intersect the given geometry value in 3D",
	OpSTDWithin:      "is the column within a given distance from the given geometry value",
	OpST3DDWithin:    "is the column within a given 3D distance from the given geometry value",
}
