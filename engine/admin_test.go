package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"gatehouse/internal/testpg"
)

func TestRequests_malformed(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, c := range []struct{ path, body, want string }{
		{"/v1/metadata", ``, `{"path":"$","error":"Error in $: not enough input","code":"invalid-json"}`},
		{"/v1/metadata", `"x"`, `{"path":"$","error":"parsing Object failed, expected Object, but encountered String","code":"parse-failed"}`},
		{"/v1/metadata", `[]`, `{"path":"$","error":"parsing Object failed, expected Object, but encountered Array","code":"parse-failed"}`},
		{"/v1/metadata", `{}`, `{"path":"$","error":"key \"type\" not found","code":"parse-failed"}`},
		{"/v1/metadata", `{"type":1,"args":{}}`, `{"path":"$.type","error":"parsing Text failed, expected String, but encountered Number","code":"parse-failed"}`},
		{"/v1/metadata", `{"type":"export_metadata"}`, `{"path":"$","error":"key \"args\" not found","code":"parse-failed"}`},
		{"/v1/metadata", `{"type":"random","args":{}}`, `{"path":"$","error":"unknown metadata command \"random\"; \"random\" was not recognized as a valid backend name","code":"parse-failed"}`},
		{"/v1/metadata", `{"type":"pg_random_thing","args":{}}`, `{"path":"$","error":"unknown metadata command \"random_thing\" for backend postgres","code":"parse-failed"}`},
		{"/v1/metadata", `{"type":"mssql_track_table","args":{}}`, `{"path":"$","error":"unknown metadata command \"track_table\" for backend mssql","code":"parse-failed"}`},
		{"/v1/metadata", `{"type":"export_metadata","version":3,"args":{}}`, `{"path":"$.version","error":"expected 1 or 2, encountered 3","code":"parse-failed"}`},
		{"/v1/metadata", `{"type":"export_metadata","resource_version":"x","args":{}}`, `{"path":"$.resource_version","error":"parsing Int failed, expected Number, but encountered String","code":"parse-failed"}`},
		{"/v1/metadata", `{"type":"bulk","args":{}}`, `{"path":"$.args","error":"parsing List failed, expected Array, but encountered Object","code":"parse-failed"}`},
		{"/v1/metadata", `{"type":"bulk","args":[{"type":"pg_track_table","args":{}}]}`, `{"path":"$.args[0].args","error":"key \"table\" not found","code":"parse-failed"}`},
		{"/v1/metadata", `{"type":"select","args":{"table":"a","columns":["*"]}}`, `{"path":"$","error":"unknown metadata command \"select\"; \"select\" was not recognized as a valid backend name","code":"parse-failed"}`},
		{"/v2/query", `{"type":"export_metadata","args":{}}`, `{"path":"$","error":"Unrecognised RQLQuery type: export_metadata","code":"parse-failed"}`},
		{"/v1/query", `{"type":"create_rest_endpoint","args":{"url":"","name":"e","methods":["GET"],"definition":{"query":{"collection_name":"a","query_name":"b"}}}}`, `{"path":"$.url","error":"empty string not allowed","code":"parse-failed"}`},
		{"/v1/metadata", `{"type":"replace_metadata","version":2,"args":{"metadata":{"version":3,"sources":[{"name":"x"}]}}}`, `{"path":"$.args.metadata.sources[0]","error":"key \"tables\" not found","code":"parse-failed"}`},
		{"/v1/metadata", `{"type":"set_catalog_state","args":{"type":"x","state":{}}}`, `{"path":"$.args","error":"expected type cli or console, and a state","code":"parse-failed"}`},
	} {
		if code, body := post(s.engine, c.path, c.body); code != 400 || body != c.want {
			t.Errorf("%s %s\ngot  %d %s\nwant %s", c.path, c.body, code, body, c.want)
		}
	}
}

func TestReplaceMetadata(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withShop()
	doc := s.document()
	s.do("clear_metadata", "{}")
	if got := s.document(); strings.Contains(got, "article") || !strings.Contains(got, "HASURA_GRAPHQL_DATABASE_URL") {
		t.Errorf("cleared is %s", got)
	}
	s.do("replace_metadata", doc)
	if got := s.document(); got != doc {
		t.Errorf("got  %s\nwant %s", got, doc)
	}
	broken := strings.Replace(doc, `{"name":"author","schema":"public"}`, `{"name":"nobody","schema":"public"}`, 1)
	s.want(400, "", "replace_metadata", broken)
	if s.document() != doc {
		t.Error("a refused document was kept")
	}
	code, body := post(s.engine, "/v1/metadata", `{"type":"replace_metadata","version":2,"args":{"allow_inconsistent_metadata":true,"metadata":`+broken+`}}`)
	if code != 200 || !strings.Contains(body, `"is_consistent":false`) || !strings.Contains(body, "table nobody in source default") {
		t.Errorf("got %d %s", code, body)
	}
	hostile := strings.Replace(doc, `{"name":"author","schema":"public"}`, `{"name":"users","schema":"identity"}`, 1)
	s.want(400, "", "replace_metadata", fmt.Sprintf(`{"allow_inconsistent_metadata":true,"metadata":%s}`, hostile))
}

func TestSources(t *testing.T) {
	t.Parallel()
	s := start(t)
	other := testpg.Database(t)
	s.exec(other, "create table stock (id int primary key)")
	add := fmt.Sprintf(`{"name":"other","configuration":{"connection_info":{"database_url":%q}}}`, other)
	s.do("pg_add_source", add)
	s.want(400, `{"path":"$.args","error":"source with name \"other\" already exists","code":"already-exists"}`, "pg_add_source", add)
	s.do("pg_track_table", `{"source":"other","table":"stock"}`)
	s.do("rename_source", `{"name":"other","new_name":"warehouse"}`)
	s.want(200, `{"result_type":"TuplesOk","result":[["n"],["0"]]}`, "run_sql", `{"source":"warehouse","sql":"select count(*) as n from stock"}`)
	s.want(200, `[{"schema":"public","name":"stock"}]`, "pg_get_source_tables", `{"source":"warehouse"}`)
	s.do("pg_drop_source", `{"name":"warehouse"}`)
	s.want(400, `{"path":"$.args","error":"source with name \"warehouse\" does not exist","code":"not-exists"}`, "pg_drop_source", `{"name":"warehouse"}`)
	code, body := post(s.engine, "/v1/metadata", `{"type":"pg_add_source","args":{"name":"gone","configuration":{"connection_info":{"database_url":{"from_env":"NOT_SET"}}}}}`)
	if want := `"error":"Inconsistent object: environment variable 'NOT_SET' not set","code":"invalid-configuration"`; code != 400 || !strings.Contains(body, want) {
		t.Errorf("got %d %s", code, body)
	}
	if strings.Contains(s.document(), "gone") {
		t.Error("a refused source was kept")
	}
}

func TestTrackTables_eachForItself(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.sql(shop)
	s.want(200, `{"message":"success","warnings":[{"type":"table","name":"table nothing in source default","code":"track-table-failed","message":"Inconsistent object: no such table/view exists in source: \"nothing\""}]}`,
		"pg_track_tables", `{"tables":[{"table":"author"},{"table":"nothing"}]}`)
	s.want(400, "", "pg_track_tables", `{"allow_warnings":false,"tables":[{"table":"article"},{"table":"nothing"}]}`)
	if doc := s.document(); strings.Contains(doc, "article") || !strings.Contains(doc, "author") {
		t.Errorf("got %s", doc)
	}
	s.do("pg_untrack_tables", `{"tables":[{"table":"author"}]}`)
}

func TestRESTEndpoints_areServedFromTheMetadata(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withShop()
	s.sql("insert into author (name) values ('Ann')")
	s.do("create_query_collection", `{"name":"c","definition":{"queries":[{"name":"q","query":"query ($id: Int!) { author_by_pk(id: $id) { name } }"},{"name":"s","query":"subscription { author { name } }"}]}}`)
	endpoint := `{"name":%q,"url":%q,"methods":["POST"],"definition":{"query":{"collection_name":"c","query_name":%q}}}`
	s.do("create_rest_endpoint", fmt.Sprintf(endpoint, "one", "author/:id", "q"))
	if code, body := post(s.engine, "/api/rest/author/1", ""); code != 200 || body != `{"author_by_pk":{"name":"Ann"}}` {
		t.Errorf("got %d %s", code, body)
	}
	for _, c := range [][3]string{
		{fmt.Sprintf(endpoint, "two", "author/:name", "q"), "Ambiguous URL paths: author/:id, author/:name"},
		{fmt.Sprintf(endpoint, "two", "a//b", "q"), "Empty segments or unnamed variables are not allowed: a//b"},
		{fmt.Sprintf(endpoint, "two", "sub", "s"), "Inconsistent object: in endpoint two: query with name s is a subscription"},
	} {
		code, body := post(s.engine, "/v1/metadata", `{"type":"create_rest_endpoint","args":`+c[0]+`}`)
		if code != 400 || !strings.Contains(body, `{"path":"$.args","error":"`+c[1]+`","code":"invalid-configuration"`) {
			t.Errorf("got %d %s", code, body)
		}
	}
}

func TestUnsupportedObjects_areKeptAndListed(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withShop()
	s.do("add_remote_schema", `{"name":"r","definition":{"url":"http://x"}}`)
	code, body := post(s.engine, "/v1/metadata", `{"type":"get_inconsistent_metadata","args":{}}`)
	if code != 200 || !strings.Contains(body, `"is_consistent":false`) || !strings.Contains(body, "remote schemas are not supported by Gatehouse yet") {
		t.Errorf("got %d %s", code, body)
	}
	s.do("pg_create_select_permission", `{"table":"author","role":"user","permission":{"columns":["id"],"filter":{}}}`)
	s.do("drop_inconsistent_metadata", "{}")
	if !strings.Contains(s.document(), `"remote_schemas":[{"name":"r","definition":{"url":"http://x"}}]`) {
		t.Error("the remote schema is gone")
	}
}

func TestCatalogState(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.do("set_catalog_state", `{"type":"cli","state":{"migrations":{"default":{"1":false}}}}`)
	_, body := post(s.engine, "/v1/metadata", `{"type":"get_catalog_state","args":{}}`)
	if !strings.Contains(body, `"cli_state":{"migrations":{"default":{"1":false}}},"console_state":{}`) {
		t.Errorf("got %s", body)
	}
}

func TestSuggestRelationships(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withShop()
	s.want(200, `{"relationships":[]}`, "pg_suggest_relationships", `{"omit_tracked":true}`)
	s.want(200, `{"relationships":[{"type":"object","from":{"table":{"schema":"public","name":"article"},"columns":["author_id"],"constraint_name":"article_author_id_fkey"},"to":{"table":{"schema":"public","name":"author"},"columns":["id"]}},{"type":"array","from":{"table":{"schema":"public","name":"author"},"columns":["id"]},"to":{"table":{"schema":"public","name":"article"},"columns":["author_id"],"constraint_name":"article_author_id_fkey"}}]}`,
		"pg_suggest_relationships", `{}`)
}
