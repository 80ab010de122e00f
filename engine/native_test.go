package engine_test

import (
	"strings"
	"testing"
)

// The database judges a native query when it is tracked, when its model changes, and again when the database does.
func TestNativeQueries_areJudgedByTheDatabase(t *testing.T) {
	t.Parallel()
	s := start(t)
	post(s.engine, "/v1/metadata", `{"type":"run_sql","args":{"sql":"create table thing (id integer primary key, label text); insert into thing values (1, 'one'), (2, 'two')"}}`)
	s.do("pg_track_logical_model", `{"name":"m","fields":[{"name":"id","type":"integer"},{"name":"label","type":"text","nullable":true}]}`)
	for _, bad := range []struct{ code, reason string }{
		{`select id, label from nowhere`, `relation \"nowhere\" does not exist`},
		{`select id from thing`, `column t.label does not exist`},
		{`select id, label from thing where id = {{least}}`, `undeclared argument \"least\" is used in the query`},
		{`selec`, `syntax error`},
		{`select id, label from thing) as t; drop table thing; --`, ``},
	} {
		status, body := post(s.engine, "/v1/metadata", `{"type":"pg_track_native_query","args":{"root_field_name":"q","returns":"m","arguments":{},"code":"`+bad.code+`"}}`)
		if status != 400 || !strings.Contains(body, bad.reason) {
			t.Errorf("%s: %d %s", bad.code, status, body)
		}
	}
	s.do("pg_track_native_query", `{"root_field_name":"q","returns":"m","arguments":{"least":{"type":"integer"}},"code":"select * from thing where id >= {{least}}"}`)
	query := `{"query":"{ q(args: {least: 2}) { id label } }"}`
	if _, body := post(s.engine, "/v1/graphql", query); body != `{"data":{"q":[{"id":2,"label":"two"}]}}` {
		t.Errorf("asked the query: %s", body)
	}
	if status, body := post(s.engine, "/v1/metadata", `{"type":"run_sql","args":{"sql":"alter table thing drop column label"}}`); status == 200 {
		_, listed := post(s.engine, "/v1/metadata", `{"type":"get_inconsistent_metadata","args":{}}`)
		t.Errorf("a change that breaks the query went through: %s %s", body, listed)
	}
	if _, body := post(s.engine, "/v1/graphql", query); body != `{"data":{"q":[{"id":2,"label":"two"}]}}` {
		t.Errorf("the refused change left its mark: %s", body)
	}
}
