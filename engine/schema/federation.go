package schema

import (
	"encoding/json"
	"strings"
)

// Apollo federation, version 1 (https://www.apollographql.com/docs/federation/v1/federation-spec): the schema as text with
// @key directives, and rows by their keys.

// The names the specification gives.
const (
	anyScalar   = "_Any"
	entityUnion = "_Entity"
	serviceType = "_Service"
)

// isOffered tells whether a table's setting offers it to a gateway.
func isOffered(setting json.RawMessage) bool {
	var config struct{ Enable string }
	return len(setting) > 0 && json.Unmarshal(setting, &config) == nil && config.Enable == "v1"
}

// entities are the tables whose rows the role may ask for by key.
func (s *Schema) entities() []*Table {
	if !s.m.options.ApolloFederation || s.Relay {
		return nil
	}
	var out []*Table
	for _, source := range s.m.sources {
		for _, t := range source.tables {
			if t.offered && s.keyColumns(t) != nil {
				out = append(out, t)
			}
		}
	}
	return out
}

// Entity finds the table behind a type name among the role's entities; nil if there is none.
func (s *Schema) Entity(typeName string) (t *Table, row *Type, key []*Column) {
	for _, t := range s.entities() {
		if s.tableType(t, "", "") == typeName {
			return t, s.rowType(t), s.keyColumns(t)
		}
	}
	return nil, nil, nil
}

// federationRoots are _service and, if there are entities, _entities. That the latter is not declared as a list is
// Hasura's doing (witness: apollo_federation/root_fields); what it answers with is one.
func (s *Schema) federationRoots() []*Field {
	if !s.m.options.ApolloFederation || s.Relay {
		return nil
	}
	service := s.typ(Object, serviceType, "", func(out *Type) {
		out.fields = []*Field{{Name: "sdl", Description: "SDL representation of schema", Type: nonNull(s.scalar("String")), Meaning: ServiceSDL{}}}
	})
	roots := []*Field{{Name: "_service", Type: nonNull(service), Meaning: FederationService{}}}
	tables := s.entities()
	if len(tables) == 0 {
		return roots
	}
	union := s.typ(Union, entityUnion, "A union of all types that use the @key directive", func(out *Type) {
		for _, t := range tables {
			out.possible = append(out.possible, s.rowType(t))
		}
	})
	representation := &Type{Kind: Scalar, Name: anyScalar, Description: "Scalar _Any", Steers: true}
	return append(roots, &Field{
		Name: "_entities", Description: "query _Entity union", Type: named(union), Meaning: FederationEntities{},
		Args: []*InputField{{Name: "representations", Type: listOfNonNull(representation).notNull(), Meaning: ArgRepresentations}},
	})
}

// SDL is the role's schema in the schema definition language, with @key on entities and without what the federation
// specification adds. It derives the whole schema.
func (s *Schema) SDL() string {
	keys := map[string]string{}
	for _, t := range s.entities() {
		var names []string
		for _, c := range s.keyColumns(t) {
			names = append(names, c.GraphQL)
		}
		keys[s.tableType(t, "", "")] = strings.Join(names, " ")
	}
	p := sdlPrinter{keys: keys}
	p.line("schema {")
	for _, root := range []struct {
		kind string
		t    *Type
	}{{"query", s.Query}, {"mutation", s.Mutation}, {"subscription", s.Subscription}} {
		if root.t != nil {
			p.line("  " + root.kind + ": " + root.t.Name)
		}
	}
	p.line("}")
	for _, t := range s.Types() {
		p.typ(t)
	}
	return p.b.String()
}

type sdlPrinter struct {
	b    strings.Builder
	keys map[string]string
}

func (p *sdlPrinter) line(s string) { p.b.WriteString(s + "\n") }

// builtIn are the scalars every GraphQL service has.
var builtIn = map[string]bool{"Int": true, "Float": true, "String": true, "Boolean": true, "ID": true}

func (p *sdlPrinter) typ(t *Type) {
	if strings.HasPrefix(t.Name, "__") || t.Name == anyScalar || t.Name == entityUnion || t.Name == serviceType || t.Kind == Scalar && builtIn[t.Name] {
		return
	}
	p.line("")
	p.description("", t.Description)
	switch t.Kind {
	case Scalar:
		p.line("scalar " + t.Name)
	case Enum:
		p.line("enum " + t.Name + " {")
		for _, v := range t.Members() {
			p.description("  ", v.Description)
			p.line("  " + v.Name)
		}
		p.line("}")
	case InputObject:
		p.line("input " + t.Name + " {")
		for _, in := range t.Inputs() {
			p.description("  ", in.Description)
			p.line("  " + input(in))
		}
		p.line("}")
	case Object:
		key := ""
		if k, ok := p.keys[t.Name]; ok {
			key = ` @key(fields: "` + k + `")`
		}
		p.line("type " + t.Name + key + " {")
		for _, f := range t.Fields() {
			if _, isOurs := federation[f.Meaning]; isOurs {
				continue
			}
			p.description("  ", f.Description)
			p.line("  " + f.Name + arguments(f.Args) + ": " + f.Type.String())
		}
		p.line("}")
	}
}

var federation = map[Meaning]bool{FederationService{}: true, FederationEntities{}: true}

func input(in *InputField) string {
	s := in.Name + ": " + in.Type.String()
	if in.Default != "" {
		s += " = " + in.Default
	}
	return s
}

func arguments(args []*InputField) string {
	if len(args) == 0 {
		return ""
	}
	var parts []string
	for _, a := range args {
		parts = append(parts, input(a))
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

// description writes a block string (GraphQL §2.9.4).
func (p *sdlPrinter) description(indent, text string) {
	if strings.TrimSpace(text) == "" {
		return
	}
	text = strings.ReplaceAll(text, `"""`, `\"""`)
	p.line(indent + `"""`)
	for _, line := range strings.Split(text, "\n") {
		p.line(indent + line)
	}
	p.line(indent + `"""`)
}
