package property_test

import (
	"fmt"
	"strings"
	"testing"
)

// notes starts an engine on one table, note, that role reader sees under a filter over its relationship.
func notes(t *testing.T) *server {
	t.Helper()
	s := start(t)
	s.exec(t, `create table author (id int primary key, is_open boolean not null);
		create table note (id int primary key, author_id int not null, body text);
		insert into author values (1, true), (2, false);
		insert into note values (1, 1, 'shown'), (2, 2, 'secret')`)
	metadata := `{"version":3,"sources":[{"name":"default","kind":"postgres","tables":[
		{"table":{"schema":"public","name":"author"}},
		{"table":{"schema":"public","name":"note"},
		 "object_relationships":[{"name":"author","using":{"manual_configuration":{"remote_table":{"schema":"public","name":"author"},"column_mapping":{"author_id":"id"}}}}],
		 "select_permissions":[
			{"role":"reader","permission":{"columns":["id","body"],"filter":{"author":{"is_open":{"_eq":true}}},"allow_aggregations":true}},
			{"role":"own","permission":{"columns":["id","author_id"],"filter":{"author_id":{"_eq":"x-hasura-user-id"}}}}],
		 "update_permissions":[{"role":"reader","permission":{"columns":["body"],"filter":{"author":{"is_open":{"_eq":true}}},"check":null}}]}],
		"configuration":{"connection_info":{"database_url":{"from_env":"HASURA_GRAPHQL_DATABASE_URL"}}}}],
		"inherited_roles":[{"role_name":"both","role_set":["reader","own"]}]}`
	for _, body := range []string{`{"type":"reload_metadata","args":{"reload_sources":true}}`, `{"type":"replace_metadata","args":` + metadata + `}`} {
		if code, answer := s.post("/v1/metadata", body, nil); code != 200 {
			t.Fatalf("%s", answer)
		}
	}
	return s
}

func (s *server) as(role, query string) string {
	body := strings.NewReplacer("\n", " ", "\t", " ", `\`, `\\`, `"`, `\"`).Replace(query)
	_, answer := s.post("/v1/graphql", `{"query":"`+body+`"}`, map[string]string{"x-hasura-role": role, "x-hasura-user-id": "1"})
	return string(answer)
}

// The error of a pattern that Postgres cannot evaluate must not tell which rows it was tried on: hidden ones are not
// among them.
func TestRegression_patternsAreNotTriedOnHiddenRows(t *testing.T) {
	t.Parallel()
	s := notes(t)
	for _, shown := range []string{"shown", "null"} {
		for _, c := range []string{`_like: "secret\\"`, `_ilike: "secret\\"`, `_nlike: "secret\\"`, `_similar: "secret("`, `_regex: "("`, `_iregex: "("`, `_nregex: "a{2,1}"`} {
			for _, query := range []string{
				fmt.Sprintf(`{ note(where: {body: {%s}}) { id } }`, c),
				fmt.Sprintf(`{ note(where: {_not: {body: {%s}}}) { id } note_aggregate(where: {body: {%s}}) { aggregate { count } } }`, c, c),
				fmt.Sprintf(`mutation { update_note(where: {body: {%s}}, _set: {body: "written"}) { affected_rows } }`, c),
			} {
				answer := func(hidden string) string {
					s.exec(t, fmt.Sprintf(`update note set body = nullif('%s', 'null') where id = 1; update note set body = nullif('%s', 'null') where id = 2`, shown, hidden))
					return s.as("reader", query)
				}
				if with, without, none := answer("secrets"), answer("other"), answer("null"); with != without || with != none {
					t.Errorf("%s\nanswers %s\nor     %s\nor     %s", query, with, without, none)
				}
			}
		}
	}
}

// A cell that an inherited role sees under a condition can be what rows are distinct on.
func TestRegression_distinctOnConditionalCells(t *testing.T) {
	t.Parallel()
	s := notes(t)
	got := s.as("both", `{ note(distinct_on: body, order_by: [{body: asc}, {id: desc}]) { id body } }`)
	if want := `{"data":{"note":[{"id":1,"body":"shown"}]}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
