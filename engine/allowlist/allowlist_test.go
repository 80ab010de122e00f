package allowlist_test

import (
	"testing"

	"gatehouse/engine/allowlist"
	"gatehouse/engine/metadata"
)

func list() *allowlist.List {
	collection := func(name string, queries ...string) *metadata.QueryCollection {
		c := &metadata.QueryCollection{Name: name}
		for _, q := range queries {
			c.Queries = append(c.Queries, &metadata.CollectionQuery{Name: "q", Query: q})
		}
		return c
	}
	return allowlist.Compile(&metadata.Metadata{
		QueryCollections: []*metadata.QueryCollection{
			collection("everybody's", `query { user(where: {id: {_eq: 1}}, limit: 2) { id name } }`, `query a($id: Int! = 1) @cached { u: user_by_pk(id: $id) { id ...f } } fragment f on user { name }`, `query {`),
			collection("editors'", `mutation { delete_user(where: {}) { affected_rows } }`),
			collection("nobody's", `query { secret { id } }`),
		},
		Allowlist: []*metadata.AllowlistEntry{{Collection: "everybody's"}, {Collection: "editors'", Roles: &[]string{"editor"}}, {Collection: "gone"}},
	})
}

func TestAllows(t *testing.T) {
	t.Parallel()
	l := list()
	for name, c := range map[string]struct {
		role, query string
		want        bool
	}{
		"not on the list":         {"user", `query { secret { id } }`, false},
		"one field more":          {"user", `query { user(where: {id: {_eq: 1}}, limit: 2) { id name age } }`, false},
		"one field less":          {"user", `query { user(where: {id: {_eq: 1}}, limit: 2) { id } }`, false},
		"other order of fields":   {"user", `query { user(where: {id: {_eq: 1}}, limit: 2) { name id } }`, false},
		"another value":           {"user", `query { user(where: {id: {_eq: 2}}, limit: 2) { id name } }`, false},
		"text for a number":       {"user", `query { user(where: {id: {_eq: "1"}}, limit: 2) { id name } }`, false},
		"a variable for a value":  {"user", `query { user(where: {id: {_eq: $x}}, limit: 2) { id name } }`, false},
		"an alias":                {"user", `query { u: user(where: {id: {_eq: 1}}, limit: 2) { id name } }`, false},
		"as mutation":             {"user", `mutation { user(where: {id: {_eq: 1}}, limit: 2) { id name } }`, false},
		"another default":         {"user", `query a($id: Int! = 2) @cached { u: user_by_pk(id: $id) { id ...f } } fragment f on user { name }`, false},
		"another type":            {"user", `query a($id: Int = 1) @cached { u: user_by_pk(id: $id) { id ...f } } fragment f on user { name }`, false},
		"without the directive":   {"user", `query a($id: Int! = 1) { u: user_by_pk(id: $id) { id ...f } } fragment f on user { name }`, false},
		"another fragment":        {"user", `query a($id: Int! = 1) @cached { u: user_by_pk(id: $id) { id ...f } } fragment f on user { secret }`, false},
		"a second operation":      {"user", `query { user(where: {id: {_eq: 1}}, limit: 2) { id name } } query b { secret { id } }`, false},
		"introspection":           {"user", `{ __schema { types { name } } }`, false},
		"no GraphQL":              {"user", `query {`, false},
		"another role's":          {"user", `mutation { delete_user(where: {}) { affected_rows } }`, false},
		"its own role's":          {"editor", `mutation { delete_user(where: {}) { affected_rows } }`, true},
		"the same":                {"user", `query { user(where: {id: {_eq: 1}}, limit: 2) { id name } }`, true},
		"layout, comma, comment":  {"user", "{ # short\n user(limit: 2, where: {id: {_eq: 1}}),\n {id,name}}", true},
		"typenames":               {"user", `query { __typename user(where: {id: {_eq: 1}}, limit: 2) { id __typename name x: __typename } }`, true},
		"fragment, default, name": {"user", `query a($id: Int! = 1) @cached { u: user_by_pk(id: $id) { id ...f } } fragment f on user { __typename name }`, true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := l.Allows(c.role, c.query); got != c.want {
				t.Errorf("allowed %v", got)
			}
		})
	}
	if (*allowlist.List)(nil).Allows("user", `query { user(where: {id: {_eq: 1}}, limit: 2) { id name } }`) {
		t.Error("no list allows everything")
	}
}
