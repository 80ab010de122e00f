package schema

import (
	"maps"
	"slices"
)

// introspectionTypes are the types __schema and __type answer with, and the fields that start there.
type introspectionTypes struct {
	schema, typ *Field
}

// MetaField is __schema or __type on query_root; nil for other names. They are not listed among its fields.
func (s *Schema) MetaField(name string) *Field {
	switch name {
	case "__schema":
		return s.introspection.schema
	case "__type":
		return s.introspection.typ
	}
	return nil
}

// newIntrospectionTypes declares the types of GraphQL 2018 §4.2.
func newIntrospectionTypes(s *Schema) introspectionTypes {
	str, boolean := s.scalar("String"), s.scalar("Boolean")
	object := func(name string) *Type { return &Type{Kind: Object, Name: name} }
	typ, field, input, value, directive, root := object("__Type"), object("__Field"), object("__InputValue"), object("__EnumValue"), object("__Directive"), object("__Schema")
	enum := func(name string, values ...string) *Type {
		e := &Type{Kind: Enum, Name: name}
		for _, v := range values {
			e.values = append(e.values, &EnumMember{Name: v})
		}
		return e
	}
	kind := enum("__TypeKind", "ENUM", "INPUT_OBJECT", "INTERFACE", "LIST", "NON_NULL", "OBJECT", "SCALAR", "UNION")
	location := enum("__DirectiveLocation", "FIELD", "FRAGMENT_SPREAD", "INLINE_FRAGMENT", "QUERY")
	deprecated := func() []*InputField {
		return []*InputField{{Name: "includeDeprecated", Type: named(boolean), Default: "false", Meaning: ArgDeprecated}}
	}
	add := func(t *Type, name string, ref *Ref, args ...*InputField) {
		t.fields = append(t.fields, &Field{Name: name, Type: ref, Args: args, Meaning: Introspection{}})
	}
	add(typ, "kind", nonNull(kind))
	add(typ, "name", named(str))
	add(typ, "description", named(str))
	add(typ, "fields", listOfNonNull(field), deprecated()...)
	add(typ, "interfaces", listOfNonNull(typ))
	add(typ, "possibleTypes", listOfNonNull(typ))
	add(typ, "enumValues", listOfNonNull(value), deprecated()...)
	add(typ, "inputFields", listOfNonNull(input), deprecated()...)
	add(typ, "ofType", named(typ))
	add(typ, "specifiedByURL", named(str))

	add(field, "name", nonNull(str))
	add(field, "description", named(str))
	add(field, "args", listOfNonNull(input).notNull(), deprecated()...)
	add(field, "type", nonNull(typ))
	add(field, "isDeprecated", nonNull(boolean))
	add(field, "deprecationReason", named(str))

	add(input, "name", nonNull(str))
	add(input, "description", named(str))
	add(input, "type", nonNull(typ))
	add(input, "defaultValue", named(str))
	add(input, "isDeprecated", nonNull(boolean))
	add(input, "deprecationReason", named(str))

	add(value, "name", nonNull(str))
	add(value, "description", named(str))
	add(value, "isDeprecated", nonNull(boolean))
	add(value, "deprecationReason", named(str))

	add(directive, "name", nonNull(str))
	add(directive, "description", named(str))
	add(directive, "locations", listOfNonNull(location).notNull())
	add(directive, "args", listOfNonNull(input).notNull(), deprecated()...)
	add(directive, "isRepeatable", nonNull(boolean))

	add(root, "description", named(str))
	add(root, "types", listOfNonNull(typ).notNull())
	add(root, "queryType", nonNull(typ))
	add(root, "mutationType", named(typ))
	add(root, "subscriptionType", named(typ))
	add(root, "directives", listOfNonNull(directive).notNull())
	return introspectionTypes{
		schema: &Field{Name: "__schema", Type: nonNull(root), Meaning: IntrospectSchema{}},
		typ:    &Field{Name: "__type", Type: named(typ), Args: []*InputField{{Name: "name", Type: nonNull(str), Meaning: ArgName}}, Meaning: IntrospectType{}},
	}
}

// Directive is a directive clients may use.
type Directive struct {
	Name, Description string
	Locations         []string
	Args              []*InputField
}

// Directives are the directives of every schema.
func (s *Schema) Directives() []*Directive {
	boolean := s.scalar("Boolean")
	condition := func() []*InputField { return []*InputField{{Name: "if", Type: nonNull(boolean)}} }
	selections := []string{"FIELD", "FRAGMENT_SPREAD", "INLINE_FRAGMENT"}
	return []*Directive{
		{Name: "include", Description: "whether this query should be included", Locations: selections, Args: condition()},
		{Name: "skip", Description: "whether this query should be skipped", Locations: selections, Args: condition()},
		{Name: "cached", Description: "whether this query should be cached (Hasura Cloud only)", Locations: []string{"QUERY"}, Args: []*InputField{
			{Name: "refresh", Description: "refresh the cache entry", Type: nonNull(boolean), Default: "false"},
			{Name: "ttl", Description: "measured in seconds", Type: nonNull(s.scalar("Int")), Default: "60"},
		}},
	}
}

// Types are all types reachable from the root types, sorted by name. Asking for them derives the whole schema.
func (s *Schema) Types() []*Type {
	seen := map[string]*Type{}
	var visit func(t *Type)
	ref := func(r *Ref) { visit(r.Base()) }
	visit = func(t *Type) {
		if t == nil || seen[t.Name] != nil {
			return
		}
		seen[t.Name] = t
		for _, other := range append(t.Possible(), t.Interfaces()...) {
			visit(other)
		}
		for _, f := range t.Fields() {
			ref(f.Type)
			for _, a := range f.Args {
				ref(a.Type)
			}
		}
		for _, f := range t.Inputs() {
			ref(f.Type)
		}
	}
	visit(s.Query)
	visit(s.Mutation)
	visit(s.Subscription)
	visit(s.introspection.schema.Type.Base())
	for _, d := range s.Directives() {
		for _, a := range d.Args {
			ref(a.Type)
		}
	}
	out := make([]*Type, 0, len(seen))
	for _, name := range slices.Sorted(maps.Keys(seen)) {
		out = append(out, seen[name])
	}
	return out
}

// Lookup finds a type by name among all types of the schema; nil if the role has no such type.
func (s *Schema) Lookup(name string) *Type {
	for _, t := range s.Types() {
		if t.Name == name {
			return t
		}
	}
	return nil
}
