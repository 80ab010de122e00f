package engine_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestRunSQL_answers(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.want(200, `{"result_type":"CommandOk","result":null}`, "run_sql", sqlArgs("create table a (id int, b text); insert into a values (1, 'x'), (2, null)"))
	s.want(200, `{"result_type":"TuplesOk","result":[["id","b"],["1","x"],["2","NULL"]]}`, "run_sql", sqlArgs("select * from a order by id"))
	s.want(200, `{"result_type":"TuplesOk","result":[["id"]]}`, "run_sql", sqlArgs("select id from a where false"))
	s.want(400, `{"path":"$","error":"query execution failed","code":"postgres-error","internal":{"statement":"select * from nothing","prepared":false,"error":{"exec_status":"FatalError","hint":null,"message":"relation \"nothing\" does not exist","status_code":"42P01","description":null},"arguments":[]}}`,
		"run_sql", sqlArgs("select * from nothing"))
	s.want(400, `{"path":"$","error":"source with name \"x\" does not exist","code":"not-exists"}`, "run_sql", `{"sql":"select 1","source":"x"}`)
	s.want(400, `{"path":"$.args","error":"key \"sql\" not found","code":"parse-failed"}`, "run_sql", `{"source":"x"}`)
}

func TestRunSQL_aFailureLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.want(400, "", "run_sql", sqlArgs("create table a (id int); select 1/0"))
	s.want(400, "", "run_sql", sqlArgs("select * from a"))
	s.want(400, "", "run_sql", `{"sql":"create table a (id int)","read_only":true}`)
}

func TestRunSQL_errorPaths(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, c := range []struct{ path, body, want string }{
		{"/v1/query", `{"type":"run_sql","args":{"sql":"select x"}}`, `"path":"$.args"`},
		{"/v1/query", `{"type":"bulk","args":[{"type":"run_sql","args":{"sql":"select 1"}},{"type":"run_sql","args":{"sql":"select x"}}]}`, `"path":"$.args[1].args"`},
		{"/v2/query", `{"type":"bulk","args":[{"type":"run_sql","args":{"sql":"select x"}}]}`, `"path":"$[0]"`},
	} {
		if code, body := post(s.engine, c.path, c.body); code != 400 || !strings.Contains(body, c.want) {
			t.Errorf("%s: got %d %s, want %s", c.body, code, body, c.want)
		}
	}
}

func TestRunSQL_renamesCarryThroughTheMetadata(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withShop()
	s.sql(`alter table author rename column id to author_no; alter table author rename column email to mail;
		alter table article rename column author_id to written_by; alter table author rename to writer; create schema lib; alter table article set schema lib`)
	doc := s.document()
	for _, want := range []string{
		`{"table":{"name":"article","schema":"lib"},"object_relationships":[{"name":"author","using":{"foreign_key_constraint_on":"written_by"}}]`,
		`"filter":{"author":{"mail":{"_eq":"X-Hasura-Email"}}}`,
		`{"table":{"name":"writer","schema":"public"},"array_relationships":[{"name":"articles","using":{"foreign_key_constraint_on":{"column":"written_by","table":{"name":"article","schema":"lib"}}}}]`,
		`"permission":{"columns":["name"],"filter":{"author_no":{"_eq":"X-Hasura-User-Id"}},"check":null,"set":{"mail":"X-Hasura-Email"}}`,
	} {
		if !strings.Contains(doc, want) {
			t.Errorf("missing %s in\n%s", want, doc)
		}
	}
	s.want(200, `{"is_consistent":true,"inconsistent_objects":[]}`, "get_inconsistent_metadata", "{}")
}

func TestRunSQL_dropsAreRefusedWhileSomethingDepends(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withShop()
	s.want(400, `{"path":"$","error":"cannot drop due to the following dependent objects: permission article.user.select in source \"default\", permission author.user.update in source \"default\"","code":"dependency-error"}`,
		"run_sql", sqlArgs("alter table author drop column email"))
	s.want(400, `{"path":"$","error":"cannot drop due to the following dependent objects: relationship article.author in source \"default\", relationship author.articles in source \"default\"","code":"dependency-error"}`,
		"run_sql", sqlArgs("alter table article drop constraint article_author_id_fkey"))
	s.want(200, `{"result_type":"TuplesOk","result":[["n"],["1"]]}`, "run_sql", sqlArgs("select count(*) as n from information_schema.columns where column_name = 'email'"))
	s.want(200, "", "run_sql", `{"sql":"alter table author drop column email","cascade":true}`)
	if doc := s.document(); strings.Contains(doc, "permission") {
		t.Errorf("a permission is left: %s", doc)
	}
}

func TestRunSQL_aDroppedTableIsUntracked(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withShop()
	s.want(400, "", "run_sql", sqlArgs("drop table article"))
	s.want(200, "", "run_sql", `{"sql":"drop table article","cascade":true}`)
	if doc := s.document(); strings.Contains(doc, "article") || !strings.Contains(doc, `"author"`) {
		t.Errorf("got %s", doc)
	}
}

func TestRunSQL_columnConfigurationFollowsTheColumn(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withShop()
	s.do("pg_set_table_customization", `{"table":"article","configuration":{"column_config":{"published":{"custom_name":"isPublic"},"title":{"custom_name":"heading"}}}}`)
	s.sql("alter table article rename column title to label; alter table article drop column published")
	if doc := s.document(); !strings.Contains(doc, `"column_config":{"label":{"custom_name":"heading"}},"custom_column_names":{"label":"heading"}`) {
		t.Errorf("got %s", doc)
	}
}

func TestRunSQL_withoutACheckLeavesMetadataAlone(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withShop()
	before := s.document()
	s.want(200, "", "run_sql", `{"sql":"drop table article","check_metadata_consistency":false}`)
	if s.document() != before {
		t.Error("metadata changed")
	}
	s.want(200, "", "reload_metadata", "{}")
	if code, body := post(s.engine, "/v1/metadata", `{"type":"get_inconsistent_metadata","args":{}}`); !strings.Contains(body, "table article in source default") {
		t.Errorf("got %d %s", code, body)
	}
	s.do("drop_inconsistent_metadata", "{}")
	s.want(200, `{"is_consistent":true,"inconsistent_objects":[]}`, "get_inconsistent_metadata", "{}")
}

// The last statement's result is the answer; what the statements are called does not matter.
func TestRunSQL_results(t *testing.T) {
	t.Parallel()
	s := start(t)
	const done = `{"result_type":"CommandOk","result":null}`
	for _, c := range []struct{ sql, want string }{
		{"", done},
		{"-- nothing", done},
		{"select 1; create table t (id int)", done},
		{"insert into t values (1), (null) returning id", `{"result_type":"TuplesOk","result":[["id"],["1"],["NULL"]]}`},
		{"create table u (); select 1 as a; select 2 as b, '' as c", `{"result_type":"TuplesOk","result":[["b","c"],["2",""]]}`},
		{"select true as b, 1.50 as n, '{\"a\": 1}'::jsonb as j, array[1,2] as l, 'x'::bytea as y, date '2024-02-29' as d", `{"result_type":"TuplesOk","result":[["b","n","j","l","y","d"],["t","1.50","{\"a\": 1}","{1,2}","\\x78","2024-02-29"]]}`},
		{"do $$ begin execute 'alter table t add column note text'; end $$", done},
		{"/* drop */ select 'alter table' as text", `{"result_type":"TuplesOk","result":[["text"],["alter table"]]}`},
		{"DROP TABLE u", done},
		{"update t set note = 'x' where false", done},
		{"explain (costs off) select 1", `{"result_type":"TuplesOk","result":[["QUERY PLAN"],["Result"]]}`},
	} {
		s.want(200, c.want, "run_sql", sqlArgs(c.sql))
	}
	s.want(400, "", "run_sql", sqlArgs("copy t from stdin"))
	s.want(400, "", "run_sql", sqlArgs("copy t to stdout"))
	s.want(200, `{"result_type":"TuplesOk","result":[["n"],["2"]]}`, "run_sql", sqlArgs("select count(*) as n from t"))
}

func TestRunSQL_argumentsAreChecked(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, c := range []struct{ path, args, want string }{
		{"/v2/query", `{"sql":1}`, `{"path":"$.args.sql","error":"parsing Text failed, expected String, but encountered Number","code":"parse-failed"}`},
		{"/v2/query", `{"sql":"select 1","cascade":"yes"}`, `{"path":"$.args.cascade","error":"parsing Bool failed, expected Bool, but encountered String","code":"parse-failed"}`},
		{"/v2/query", `[]`, `{"path":"$.args","error":"parsing Object failed, expected Object, but encountered Array","code":"parse-failed"}`},
		{"/v1/query", `{}`, `{"path":"$","error":"key \"sql\" not found","code":"parse-failed"}`},
		{"/v1/query", `{"sql":"select 1","source":"x"}`, `{"path":"$.args","error":"source with name \"x\" does not exist","code":"not-exists"}`},
	} {
		if code, body := post(s.engine, c.path, `{"type":"run_sql","args":`+c.args+`}`); code != 400 || body != c.want {
			t.Errorf("%s %s\ngot  %d %s\nwant %s", c.path, c.args, code, body, c.want)
		}
	}
}

// SQL whose client goes away is cancelled, and leaves nothing.
func TestRunSQL_endsWithItsClient(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.sql("create table t (id int)")
	ctx, cancel := context.WithCancel(t.Context())
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/v2/query", strings.NewReader(`{"type":"run_sql","args":`+sqlArgs("insert into t values (1); alter table t add column x int; select pg_sleep(300)")+`}`))
	ended := make(chan struct{})
	go func() { defer close(ended); s.engine.Handler().ServeHTTP(httptest.NewRecorder(), r) }()
	running := func() bool {
		_, body := post(s.engine, "/v2/query", `{"type":"run_sql","args":{"sql":"select count(*) as n from pg_stat_activity where query like '%pg_sleep(300)%' and pid <> pg_backend_pid() and state = 'active' and datname = current_database()","read_only":true}}`)
		return strings.Contains(body, `["1"]`)
	}
	eventually(t, "the statement runs", running)
	cancel()
	<-ended
	eventually(t, "the statement is cancelled", func() bool { return !running() })
	s.want(200, `{"result_type":"TuplesOk","result":[["n"],["0"]]}`, "run_sql", sqlArgs("select count(*) as n from t"))
}
