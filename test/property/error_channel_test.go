package property_test

import (
	"fmt"
	"strings"
	"testing"
)

// channels starts an engine on tables whose values can make conditions fail: a function that divides, numbers that
// overflow, geometries of two reference systems. The row filter of role reader is dear, so that Postgres would rather
// evaluate anything else first.
func channels(t *testing.T) *server {
	t.Helper()
	s := start(t)
	s.exec(t, `create extension postgis;
		create table author (id int primary key, is_open boolean not null);
		create table note (id int primary key, author_id int not null, body text not null, part int not null, big float8 not null, at geometry not null, doc jsonb not null default '{}');
		create table mark (id int primary key, note_id int not null, big float8 not null);
		create function note_ratio(n note) returns int language sql stable as $$ select 10 / n.part $$;
		create function note_marks(n note) returns setof mark language sql stable as $$ select * from mark where mark.note_id = n.id and 10 / n.part > 0 $$;
		create function hidden_parts() returns setof note language sql stable as $$ select * from note $$;
		insert into author values (1, true), (2, false);
		insert into note select 1, 1, 'shown', 1, 1, st_setsrid('point(1 1)'::geometry, 4326);
		insert into note select id, 2, 'secret', 1, 1, st_setsrid('point(1 1)'::geometry, 4326) from generate_series(2, 40) id;
		insert into mark values (1, 1, 1), (2, 40, 1e308), (3, 40, 1e308)`)
	permission := func(role, permission string) string {
		return fmt.Sprintf(`[{"role":%q,"permission":%s}]`, role, permission)
	}
	open := `{"author":{"is_open":{"_eq":true}}}`
	metadata := `{"version":3,"sources":[{"name":"default","kind":"postgres","tables":[
		{"table":{"schema":"public","name":"author"},"select_permissions":` + permission("reader", `{"columns":["id"],"filter":{},"allow_aggregations":true}`) + `,
		 "array_relationships":[{"name":"notes","using":{"manual_configuration":{"remote_table":{"schema":"public","name":"note"},"column_mapping":{"id":"author_id"}}}}]},
		{"table":{"schema":"public","name":"mark"},"select_permissions":` + permission("reader", `{"columns":["id","big"],"filter":{},"allow_aggregations":true}`) + `},
		{"table":{"schema":"public","name":"note"},
		 "computed_fields":[{"name":"ratio","definition":{"function":{"schema":"public","name":"note_ratio"}}},{"name":"of_function","definition":{"function":{"schema":"public","name":"note_marks"}}}],
		 "object_relationships":[{"name":"author","using":{"manual_configuration":{"remote_table":{"schema":"public","name":"author"},"column_mapping":{"author_id":"id"}}}}],
		 "array_relationships":[{"name":"marks","using":{"manual_configuration":{"remote_table":{"schema":"public","name":"mark"},"column_mapping":{"id":"note_id"}}}}],
		 "select_permissions":` + permission("reader", `{"columns":["id","part","big","at","doc"],"computed_fields":["ratio"],"filter":`+open+`,"allow_aggregations":true}`) + `,
		 "insert_permissions":` + permission("reader", `{"columns":["id","author_id","body","part","big","at"],"check":{}}`) + `,
		 "update_permissions":` + permission("reader", `{"columns":["body","part"],"filter":`+open+`,"check":null}`) + `,
		 "delete_permissions":` + permission("reader", `{"filter":`+open+`}`) + `}],
		"functions":[{"function":{"schema":"public","name":"hidden_parts"}}],
		"configuration":{"connection_info":{"database_url":{"from_env":"HASURA_GRAPHQL_DATABASE_URL"}}}}]}`
	for _, body := range []string{`{"type":"reload_metadata","args":{"reload_sources":true}}`, `{"type":"replace_metadata","args":` + metadata + `}`} {
		if code, answer := s.post("/v1/metadata", body, nil); code != 200 {
			t.Fatalf("%s", answer)
		}
	}
	return s
}

// An expression that fails on some values is evaluated on no hidden row: whether a request fails does not depend on them.
func TestHiddenRowsFailNoRequest(t *testing.T) {
	t.Parallel()
	s := channels(t)
	const point = `{type: \"Point\", coordinates: [1, 1], crs: {type: \"name\", properties: {name: \"urn:ogc:def:crs:EPSG::4326\"}}}`
	conditions := []string{
		`{ratio: {_gt: 0}}`,
		`{ratio: {_is_null: true}}`,
		`{_not: {ratio: {_lt: 0}}}`,
		`{_or: [{id: {_eq: 77}}, {_and: [{part: {_gte: 0}}, {ratio: {_neq: 3}}]}]}`,
		`{author: {notes: {ratio: {_gt: 0}}}}`,
		`{author: {notes_aggregate: {count: {filter: {ratio: {_gt: 0}}, predicate: {_gte: 1}}}}}`,
		`{of_function: {}}`,
		`{marks_aggregate: {avg: {arguments: big, predicate: {_gte: 0}}}}`,
		`{at: {_cast: {geography: {_is_null: false}}}}`,
		`{at: {_st_intersects: ` + point + `}}`,
		`{at: {_st_d_within: {distance: 1, from: ` + point + `}}}`,
		`{_not: {at: {_st_within: ` + point + `}}}`,
		`{at: {_st_equals: ` + point + `}}`,
	}
	queries := []string{
		`{ note(order_by: {ratio: asc}) { id ratio } }`,
		`{ note(order_by: {author: {notes_aggregate: {sum: {part: asc}}}}) { id } }`,
		`{ note(order_by: {marks_aggregate: {stddev: {big: asc}}}) { id } }`,
		`{ note_aggregate { aggregate { sum { big ratio } max { ratio } stddev { big } } } }`,
		`{ author { notes_aggregate { aggregate { sum { big ratio } } } } }`,
		`{ author(order_by: {notes_aggregate: {sum: {big: desc}}}) { id } }`,
		`{ hidden_parts(where: {ratio: {_gt: 0}}) { id } }`,
		`{ hidden_parts_aggregate(where: {ratio: {_gt: 0}}) { aggregate { count } } }`,
	}
	for _, c := range conditions {
		for _, q := range []string{
			`{ note(where: ¤) { id } }`,
			`{ note_aggregate(where: ¤) { aggregate { count } } }`,
			`{ author(where: {notes: ¤}, order_by: {id: asc}) { id } }`,
			`{ author(where: {notes_aggregate: {count: {filter: ¤, predicate: {_gte: 0}}}}) { id } }`,
			`{ author { notes(where: ¤) { id } notes_aggregate(where: ¤) { aggregate { count } } } }`,
			`{ note(order_by: {ratio: desc}, where: {author: {notes: ¤}}) { id } }`,
			`mutation { update_note(where: ¤, _set: {body: \"shown\"}) { affected_rows } }`,
			`mutation { update_note_many(updates: [{where: ¤, _set: {body: \"shown\"}}]) { affected_rows } }`,
			`mutation { delete_note(where: {_and: [{id: {_gt: 1}}, ¤]}) { affected_rows } }`,
			`mutation { insert_note(objects: [{id: 40, author_id: 2, body: \"x\", part: 1, big: 1, at: ` + point + `}], on_conflict: {constraint: note_pkey, update_columns: [body], where: ¤}) { affected_rows } }`,
		} {
			queries = append(queries, strings.ReplaceAll(q, "¤", c))
		}
	}
	states := []string{
		`update note set part = 1, big = 1, at = st_setsrid(at, 4326) where id = 40`,
		`update note set part = 0, big = 1, at = st_setsrid(at, 4326) where id = 40`,
		`update note set part = 1, big = 1e308, at = st_setsrid(at, 4326) where id >= 39`,
		`update note set part = 1, big = 1, at = st_setsrid('point(1000 1000)'::geometry, 3857) where id = 40`,
	}
	for _, analyze := range []string{"", "analyze"} {
		s.exec(t, analyze)
		for _, q := range queries {
			var first string
			for _, state := range states {
				s.exec(t, state)
				got := s.raw("reader", "/v1/graphql", q)
				if first == "" {
					first = got
				}
				if got != first {
					t.Errorf("%s\nanswers %s\nand, %s, %s", q, first, state, got)
					break
				}
			}
			if strings.Contains(first, "validation-failed") || strings.Contains(first, `"code":"unexpected"`) {
				t.Errorf("%s\nanswers %s", q, first)
			}
		}
	}
}

// The same of pages, whose cursor is compared with what rows are ordered by.
func TestHiddenRowsFailNoPage(t *testing.T) {
	t.Parallel()
	s := channels(t)
	pages := []string{
		`{ note_connection(first: 5, order_by: {ratio: asc}) { edges { cursor node { part } } pageInfo { hasNextPage hasPreviousPage } } }`,
		`{ note_connection(last: 5, order_by: {marks_aggregate: {avg: {big: asc}}}) { edges { cursor node { part } } pageInfo { hasNextPage hasPreviousPage } } }`,
		`{ note_connection(first: 5, where: {ratio: {_gt: 0}}) { edges { cursor node { part } } pageInfo { hasNextPage } } }`,
		`{ hidden_parts_connection(first: 5, order_by: {ratio: desc}) { edges { cursor node { part } } pageInfo { hasNextPage } } }`,
	}
	for _, page := range pages {
		for _, edge := range []string{"", "after", "before"} {
			q := page
			if edge != "" {
				first := s.raw("reader", "/v1beta1/relay", page)
				_, rest, _ := strings.Cut(first, `"cursor" : "`)
				cursor, _, ok := strings.Cut(rest, `"`)
				if !ok {
					t.Fatalf("%s\nanswers %s", page, first)
				}
				q = strings.Replace(page, "_connection(", "_connection("+edge+`: \"`+cursor+`\", `, 1)
			}
			var answers []string
			for _, state := range []string{`update note set part = 1 where id = 40`, `update note set part = 0 where id = 40`} {
				s.exec(t, state)
				answers = append(answers, s.raw("reader", "/v1beta1/relay", q))
			}
			if answers[0] != answers[1] || strings.Contains(answers[0], `"errors"`) {
				t.Errorf("%s\nanswers %s\nor      %s", q, answers[0], answers[1])
			}
		}
	}
}

// raw sends text that is escaped for JSON already.
func (s *server) raw(role, path, query string) string {
	_, answer := s.post(path, `{"query":"`+query+`"}`, map[string]string{"x-hasura-role": role, "x-hasura-user-id": "1"})
	return string(answer)
}
