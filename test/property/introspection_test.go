package property_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const introspect = `{ __schema { queryType { name } mutationType { name } types { name fields { name args { name } } inputFields { name } enumValues { name } } } }`

// Introspection lists what the role may use, and nothing else: no column, relationship, table or argument beyond it.
func TestIntrospectionListsWhatTheRoleMayUse(t *testing.T) {
	t.Parallel()
	s := start(t)
	rapid.Check(t, func(t *rapid.T) {
		w := rapid.Custom(func(t *rapid.T) *world { return g{t}.world(0) }).Draw(t, "world")
		s.load(t, w)
		for _, r := range append(w.roles, newRole("stranger")) {
			types := s.types(t, r)
			for _, table := range w.tables {
				for _, want := range lists(r, table) {
					if got := types.of(want.typ, table, want.of); !slices.Equal(got, want.names) {
						t.Fatalf("as %s, type %s names %v of %s, must name %v\nin %s", r.name, want.typ, got, table.name, want.names, w)
					}
				}
				may := r.canRead(table) || r.insertNow(table) != nil || r.updateNow(table) != nil || r.deleteNow(table) != nil
				for name, members := range types {
					if !may && (name == table.name || strings.HasPrefix(name, table.name+"_")) {
						t.Fatalf("as %s, there is type %s\nin %s", r.name, name, w)
					}
					isRoot := name == "query_root" || name == "mutation_root" || name == "subscription_root"
					if !may && isRoot && slices.ContainsFunc(members, func(m string) bool { return strings.Contains(m, table.name) }) {
						t.Fatalf("as %s, %s has %v\nin %s", r.name, name, members, w)
					}
				}
			}
		}
	})
}

// insertNow, updateNow and deleteNow are the permissions that a caller has who is no backend.
func (r *role) insertNow(t *table) *insertPermission {
	if p := r.insert(t); p != nil && !p.backendOnly {
		return p
	}
	return nil
}

func (r *role) updateNow(t *table) *updatePermission {
	if p := r.update(t); p != nil && !p.backendOnly {
		return p
	}
	return nil
}

func (r *role) deleteNow(t *table) *deletePermission {
	if p := r.delete(t); p != nil && !p.backendOnly {
		return p
	}
	return nil
}

// listing says which of the things of a kind a type names, in the table's order; none when there is no such type.
type listing struct {
	typ, of string // columns, relations
	names   []string
}

func lists(r *role, t *table) []listing {
	readable := r.readable(t)
	var related, aggregable []string // relationships to be read, and those to be aggregated
	var insertable []string
	numbers, comparable := ofKinds(t, readable, intKind), ofKinds(t, readable, intKind, textKind)
	for i := range t.relations {
		rel := &t.relations[i]
		if r.canRead(t) && r.canRead(rel.target) {
			related = append(related, rel.name)
			if rel.array && r.canAggregate(rel.target) {
				aggregable = append(aggregable, rel.name+"_aggregate")
			}
		}
		if r.insertNow(rel.target) != nil {
			insertable = append(insertable, rel.name)
		}
	}
	if !r.canAggregate(t) {
		numbers, comparable = nil, nil
	}
	both := slices.Concat(related, aggregable)
	out := []listing{
		{t.name, "columns", readable},
		{t.name, "relations", both},
		{t.name + "_order_by", "columns", readable},
		{t.name + "_select_column", "columns", readable},
		{t.name + "_max_fields", "columns", comparable},
		{t.name + "_sum_fields", "columns", numbers},
	}
	if r.canRead(t) {
		out = append(out, listing{t.name + "_bool_exp", "columns", readable}, listing{t.name + "_bool_exp", "relations", both})
	}
	if p := r.insertNow(t); p != nil {
		out = append(out, listing{t.name + "_insert_input", "columns", inOrder(t, p.columns)}, listing{t.name + "_insert_input", "relations", insertable})
	} else {
		out = append(out, listing{t.name + "_insert_input", "columns", nil})
	}
	if p := r.updateNow(t); p != nil && len(p.columns) > 0 {
		out = append(out, listing{t.name + "_set_input", "columns", inOrder(t, p.columns)}, listing{t.name + "_inc_input", "columns", ofKinds(t, inOrder(t, p.columns), intKind)})
	} else {
		out = append(out, listing{t.name + "_set_input", "columns", nil}, listing{t.name + "_inc_input", "columns", nil})
	}
	return out
}

func ofKinds(t *table, names []string, kinds ...kind) []string {
	var out []string
	for _, n := range names {
		if slices.Contains(kinds, t.column(n).kind) {
			out = append(out, n)
		}
	}
	return out
}

func inOrder(t *table, names []string) []string {
	var out []string
	for _, c := range t.columns {
		if slices.Contains(names, c.name) {
			out = append(out, c.name)
		}
	}
	return out
}

// types are the names of all members by type: fields, input fields and enum values.
type types map[string][]string

func (s *server) types(t failer, r *role) types {
	t.Helper()
	answer := decode(t, []byte(s.as(r.name, introspect)))
	schema, ok := answer.Data["__schema"].(map[string]any)
	if !ok {
		t.Fatalf("no schema for %s: %v", r.name, answer)
	}
	out := types{}
	for _, one := range schema["types"].([]any) {
		typ := one.(map[string]any)
		name := typ["name"].(string)
		out[name] = []string{}
		for _, kind := range []string{"fields", "inputFields", "enumValues"} {
			members, _ := typ[kind].([]any)
			for _, m := range members {
				out[name] = append(out[name], m.(map[string]any)["name"].(string))
			}
		}
	}
	return out
}

// of is which columns or relationships of a table a type names, in the table's order.
func (ts types) of(name string, t *table, kind string) []string {
	var out []string
	add := func(candidate string) {
		if slices.Contains(ts[name], candidate) {
			out = append(out, candidate)
		}
	}
	if kind == "columns" {
		for _, c := range t.columns {
			add(c.name)
		}
		return out
	}
	for _, r := range t.relations {
		add(r.name)
	}
	for _, r := range t.relations {
		add(r.name + "_aggregate")
	}
	return out
}
