package observe_test

import (
	"strings"
	"testing"
)

// TestQueryTags looks at the texts that the log says are sent.
func TestQueryTags(t *testing.T) {
	t.Parallel()
	g := start(t, "--enabled-log-types", "query-log")
	g.notes()
	ask := func(id string) string {
		g.t.Helper()
		g.do("POST", "/v1/graphql", `{"query":"query Notes { mine: note { id } }"}`, "X-Hasura-Admin-Secret", adminSecret, "X-Request-Id", id)
		var sql string
		g.until("the query log", func() bool {
			for _, l := range g.lines("query-log") {
				if l.at("request_id") == id {
					sql = l.at("generated_sql.mine.query").(string)
				}
			}
			return sql != ""
		})
		return sql
	}
	if sql := ask("none"); strings.Contains(sql, "/*") {
		t.Errorf("tagged although nobody wants it: %s", sql)
	}
	g.admin("/v1/metadata", `{"type":"set_query_tags","args":{"source_name":"default"}}`)
	g.admin("/v1/metadata", `{"type":"set_query_tags","args":{"source_name":"default","format":"standard","omit_request_id":true}}`)
	if sql := ask("standard"); !strings.Contains(sql, " /* field_name=mine, parameterized_query_hash=") || !strings.HasSuffix(sql, ", operation_name=Notes */") {
		t.Errorf("standard: %s", sql)
	}
	g.admin("/v1/metadata", `{"type":"set_query_tags","args":{"source_name":"default","format":"sqlcommenter"}}`)
	if sql := ask("sqlcommenter"); !strings.Contains(sql, " /* field_name='mine', operation_name='Notes', parameterized_query_hash='") {
		t.Errorf("sqlcommenter: %s", sql)
	}
	for _, query := range []string{
		`mutation { insert_note_one(object: {text: \"x\"}) { id } }`, `mutation { update_note(where: {}, _set: {text: \"y\"}) { affected_rows } }`,
		`{ note_by_pk(id: 1) { id } }`, `{ a: note { id } b: note_aggregate { aggregate { count } } }`, `mutation { delete_note(where: {id: {_eq: 2}}) { affected_rows } }`,
	} {
		if answer := g.admin("/v1/graphql", `{"query":"`+query+`"}`); strings.Contains(answer, "errors") {
			t.Errorf("%s: %s", query, answer)
		}
	}
	g.talk("next", initSocket, `{"id":"1","type":"subscribe","payload":{"query":"subscription { note { id } }"}}`)
	g.admin("/v1/metadata", `{"type":"set_query_tags","args":{"source_name":"default","disabled":true}}`)
	if sql := ask("disabled"); strings.Contains(sql, "/*") {
		t.Errorf("tagged although disabled: %s", sql)
	}
	if answer := g.admin("/v1/metadata", `{"type":"get_inconsistent_metadata","args":{}}`); strings.Contains(answer, "query_tags") {
		t.Errorf("inconsistent: %s", answer)
	}
}
