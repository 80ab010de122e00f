package engine_test

import (
	"strings"
	"testing"
)

// Hasura's case is test_endpoints.py::TestCustomEndpoints::test_query_validation.
func TestStoredQueries_blockWhatTheyNeed(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withShop()
	s.do("create_query_collection", `{"name":"c","definition":{"queries":[{"name":"q","query":"query($n: Int) {article(limit: $n) {title author {name}}}"}]}}`)
	s.do("create_rest_endpoint", `{"name":"e","url":"e","methods":["GET"],"definition":{"query":{"collection_name":"c","query_name":"q"}}}`)
	const refusal = `"error":"cannot continue due to newly found inconsistent metadata","code":"unexpected","internal":[{"definition":{"name":"q","query":"query($n: Int) {article(limit: $n) {title author {name}}}"},` +
		`"name":"query_collections q in c","reason":"Inconsistent object: In query collection \"c\" the query \"q\" is invalid with the following error(s): \"$.article.author: field 'author' not found in object 'article'\". ` +
		`This query is being used in the following REST endpoint(s): \"e\"","type":"query_collections"}]}`
	s.want(500, `{"path":"$.args",`+refusal, "pg_drop_relationship", `{"table":"article","relationship":"author","cascade":true}`)
	code, body := post(s.engine, "/v2/query", `{"type":"run_sql","args":{"sql":"drop table author cascade","cascade":true}}`)
	if code != 500 || !strings.Contains(body, refusal) {
		t.Errorf("got %d %s", code, body)
	}
	s.want(200, `{"is_consistent":true,"inconsistent_objects":[]}`, "get_inconsistent_metadata", `{}`)

	s.want(500, "", "add_query_to_collection", `{"collection_name":"c","query_name":"bad","query":"{nothing}"}`)
	// A query may be in want of what a remote schema would bring: it is listed and blocks nothing.
	s.do("add_remote_schema", `{"name":"r","definition":{"url":"http://remote/graphql"}}`)
	s.do("add_query_to_collection", `{"collection_name":"c","query_name":"foreign","query":"{remote{id}}"}`)
	_, listed := post(s.engine, "/v1/metadata", `{"type":"get_inconsistent_metadata","args":{}}`)
	if !strings.Contains(listed, "query_collections foreign in c") {
		t.Errorf("not listed: %s", listed)
	}
	s.do("drop_rest_endpoint", `{"name":"e"}`)
	s.do("remove_remote_schema", `{"name":"r"}`)
}
