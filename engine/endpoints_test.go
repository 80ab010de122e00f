package engine_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"gatehouse/engine"
)

// withEndpoints serves the shop by REST.
func (s *server) withEndpoints() {
	s.Helper()
	s.withShop()
	s.do("create_query_collection", `{"name":"c","definition":{"queries":[
		{"name":"all","query":"{ article(order_by: {id: asc}) { id title } }"},
		{"name":"one","query":"query ($id: Int!) { article_by_pk(id: $id) { title author { name } } }"},
		{"name":"add","query":"mutation ($o: [article_insert_input!]!, $note: String = \"x\") { insert_article(objects: $o) { affected_rows returning { id published } } }"}]}}`)
	for name, c := range map[string]string{"all": `"url":"articles","methods":["GET","POST"]`, "one": `"url":"articles/:id","methods":["GET"]`, "add": `"url":"articles","methods":["PUT"]`} {
		s.do("create_rest_endpoint", fmt.Sprintf(`{"name":%q,%s,"definition":{"query":{"collection_name":"c","query_name":%q}},"comment":"about %s"}`, name, c, name, name))
	}
}

// call sends a request without a body to a REST endpoint.
func (s *server) call(status int, want, method, path string, headers ...string) {
	s.Helper()
	r, w := httptest.NewRequest(method, path, nil), httptest.NewRecorder()
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	s.engine.Handler().ServeHTTP(w, r)
	if w.Code != status || w.Body.String() != want {
		s.Errorf("%s %s\ngot  %d %s\nwant %d %s", method, path, w.Code, w.Body, status, want)
	}
}

func TestEndpoints_runAsTheCaller(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withEndpoints()
	s.sql(`insert into author(id, name, email) values (1, 'a', 'a@b'), (2, 'b', 'c@d'); insert into article(id, title, author_id) values (1, 'one', 1), (2, 'two', 2)`)
	s.call(400, `{"path":"$.selectionSet.article","error":"field 'article' not found in type: 'query_root'","code":"validation-failed"}`, "GET", "/api/rest/articles", "X-Hasura-Role", "stranger")
	s.call(400, `{"path":"$","error":"missing session variable: \"x-hasura-email\"","code":"not-found"}`, "GET", "/api/rest/articles", "X-Hasura-Role", "user")
	s.call(400, `{"path":"$","error":"expecting a value for non-nullable variable: \"o\"","code":"validation-failed"}`, "PUT", "/api/rest/articles", "X-Hasura-Role", "user")
	s.call(200, `{"article":[{"id":1,"title":"one"}]}`, "GET", "/api/rest/articles", "X-Hasura-Role", "user", "X-Hasura-Email", "a@b")
	s.call(200, `{"article":[{"id":1,"title":"one"},{"id":2,"title":"two"}]}`, "POST", "/api/rest/articles")
	s.call(200, `{"article_by_pk":{"title":"two","author":{"name":"b"}}}`, "GET", "/api/rest/articles/2")
	s.call(405, `{"path":"$","error":"Allowed methods: GET, POST, PUT","code":"method-not-allowed"}`, "DELETE", "/api/rest/articles")
	s.call(400, `{"path":"$","error":"Method OPTIONS not supported.","code":"bad-request"}`, "OPTIONS", "/api/rest/articles")
	s.call(400, `{"path":"$","error":"Nonstandard method not allowed for REST endpoints","code":"bad-request"}`, "PURGE", "/api/rest/articles")
}

// What an endpoint stands on cannot be taken away, and what an apply takes away is listed and not found.
func TestEndpoints_followTheirCollection(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withEndpoints()
	const gone = `{"path":"$","error":"Endpoint not found","code":"not-found"}`
	for kind, args := range map[string]string{
		"drop_query_from_collection": `{"collection_name":"c","query_name":"all"}`, "drop_query_collection": `{"collection":"c","cascade":true}`,
	} {
		if code, body := post(s.engine, "/v1/metadata", fmt.Sprintf(`{"type":%q,"args":%s}`, kind, args)); code != 500 || !strings.Contains(body, "cannot continue due to newly found inconsistent metadata") {
			t.Errorf("%s: got %d %s", kind, code, body)
		}
	}
	s.do("rename_query_collection", `{"name":"c","new_name":"d"}`)
	s.call(200, `{"article":[]}`, "GET", "/api/rest/articles")
	s.do("drop_rest_endpoint", `{"name":"all"}`)
	s.call(405, `{"path":"$","error":"Allowed methods: PUT","code":"method-not-allowed"}`, "GET", "/api/rest/articles")
	s.do("drop_query_from_collection", `{"collection_name":"d","query_name":"all"}`)
	s.call(200, `{"article_by_pk":null}`, "GET", "/api/rest/articles/1")

	var exported struct{ Metadata map[string]json.RawMessage }
	_, body := post(s.engine, "/v1/metadata", `{"type":"export_metadata","version":2,"args":{}}`)
	if err := json.Unmarshal([]byte(body), &exported); err != nil {
		t.Fatal(err)
	}
	replace := func(collections string) {
		t.Helper()
		exported.Metadata["query_collections"] = json.RawMessage(collections)
		doc, err := json.Marshal(exported.Metadata)
		if err != nil {
			t.Fatal(err)
		}
		if code, body := post(s.engine, "/v1/metadata", `{"type":"replace_metadata","version":2,"args":{"allow_inconsistent_metadata":true,"metadata":`+string(doc)+`}}`); code != 200 {
			t.Fatalf("got %d %s", code, body)
		}
	}
	replace(`[]`)
	s.call(404, gone, "GET", "/api/rest/articles/1")
	if _, body := post(s.engine, "/v1/metadata", `{"type":"get_inconsistent_metadata","args":{}}`); !strings.Contains(body, `"reason":"Inconsistent object: in endpoint one: collection with name d does not exist","name":"rest_endpoint one","type":"rest_endpoint"`) {
		t.Errorf("got %s", body)
	}
	// A query that does not fit the schema answers for itself.
	replace(`[{"name":"d","definition":{"queries":[{"name":"one","query":"query ($id: Int!) { nothing(id: $id) { id } }"},{"name":"add","query":"{ article { id } }"}]}}]`)
	s.call(400, `{"path":"$.selectionSet.nothing","error":"field 'nothing' not found in type: 'query_root'","code":"validation-failed"}`, "GET", "/api/rest/articles/1")
	replace(`[{"name":"d","definition":{"queries":[{"name":"one","query":"subscription { article { id } }"},{"name":"add","query":"{ article { id } }"}]}}]`)
	s.call(404, gone, "GET", "/api/rest/articles/1")
	replace(`[{"name":"d","definition":{"queries":[{"name":"one","query":"query ($id: Int!) { article(where: {id: {_eq: $id}}) { id } }"},{"name":"add","query":"{ article { id } }"}]}}]`)
	s.call(200, `{"article":[]}`, "GET", "/api/rest/articles/1")
}

func TestEndpoints_underTheAllowList(t *testing.T) {
	t.Parallel()
	s, _ := streaming(t, func(c *engine.Config) { c.EnableAllowList = true })
	s.withEndpoints()
	user := []string{"X-Hasura-Role", "user", "X-Hasura-Email", "a@b"}
	const notAllowed = `{"path":"$","error":"query is not allowed","code":"validation-failed"}`
	s.call(400, notAllowed, "GET", "/api/rest/articles", user...)
	s.do("add_collection_to_allowlist", `{"collection":"c","scope":{"global":false,"roles":["other"]}}`)
	s.call(400, notAllowed, "GET", "/api/rest/articles", user...)
	s.do("update_scope_of_collection_in_allowlist", `{"collection":"c","scope":{"global":false,"roles":["user"]}}`)
	s.call(200, `{"article":[]}`, "GET", "/api/rest/articles", user...)
	s.call(200, `{"article":[]}`, "GET", "/api/rest/articles")
}

func TestOpenAPI_isForAdministratorsAndWhole(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withEndpoints()
	s.call(400, `{"path":"$","error":"You have to be an admin to access this endpoint","code":"access-denied"}`, "GET", "/api/swagger/json", "X-Hasura-Role", "user")
	_, body := get(s.engine, "/api/swagger/json")
	if _, again := get(s.engine, "/api/swagger/json"); again != body {
		t.Error("two requests were answered differently")
	}
	var doc struct {
		OpenAPI string
		Info    struct{ Title, Description string }
		Paths   map[string]map[string]struct {
			Summary, Description string
			Parameters           []struct{ In, Name string }
			Responses            map[string]struct{ Description string }
		}
		Components struct{ Schemas map[string]any }
	}
	if err := json.Unmarshal([]byte(body), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.OpenAPI != "3.0.0" || doc.Info.Title == "" || len(doc.Paths) != 2 || len(doc.Paths["/api/rest/articles"]) != 3 {
		t.Errorf("got %s", body)
	}
	for path, methods := range doc.Paths {
		for method, op := range methods {
			if op.Summary == "" || op.Responses["200"].Description == "" || !strings.HasPrefix(op.Description, "about "+op.Summary+"\n***\n") {
				t.Errorf("%s %s: got %+v", method, path, op)
			}
			for _, variable := range regexp.MustCompile(`{(\w+)}`).FindAllStringSubmatch(path, -1) {
				if !strings.Contains(fmt.Sprint(op.Parameters), "{path "+variable[1]+"}") {
					t.Errorf("%s %s: %s is not described in %v", method, path, variable[1], op.Parameters)
				}
			}
		}
	}
	for _, ref := range regexp.MustCompile(`"\$ref":"#/components/schemas/([^"]*)"`).FindAllStringSubmatch(body, -1) {
		if doc.Components.Schemas[ref[1]] == nil {
			t.Errorf("%s leads nowhere", ref[0])
		}
	}
}
