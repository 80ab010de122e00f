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

// keyFields are the fields of each entity's key, by its type.
func (s *Schema) keyFields() map[string]string {
	keys := map[string]string{}
	for _, t := range s.entities() {
		var names []string
		for _, c := range s.keyColumns(t) {
			names = append(names, c.GraphQL)
		}
		keys[s.tableType(t, "", "")] = strings.Join(names, " ")
	}
	return keys
}
