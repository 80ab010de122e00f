package engine_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"gatehouse/engine"
)

func TestScalarFunctions_areTrackedWhereTheSourceServesThem(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.sql(`create table author (id serial primary key, name text);
		create function add_numbers(a int, b int) returns int language sql immutable as 'select a + b';
		create function rows_as_list() returns author[] language sql stable as 'select array_agg(a) from author a';
		create function many(variadic a int[]) returns int language sql immutable as 'select 1';
		create function two(out a int, out b int) language sql immutable as 'select 1, 2';
		create function any_one(a anyelement) returns anyelement language sql immutable as 'select a';
		create function stable_void() returns void language sql stable as '';
		create function touch() returns void language sql volatile as ''`)
	refused := func(function, reason string) {
		t.Helper()
		code, body := post(s.engine, "/v1/metadata", `{"type":"pg_track_function","args":{"function":"`+function+`"}}`)
		want := `Inconsistent object: in function \"` + function + `\": the function \"` + function + `\" cannot be tracked ` + reason
		if code != 400 || !strings.Contains(body, want) {
			t.Errorf("%s: got %d %s\nwant %s", function, code, body, want)
		}
	}
	for _, f := range []string{"add_numbers", "rows_as_list", "two", "touch"} {
		refused(f, `for the following reasons:\n  • the function does not return a \"COMPOSITE\" type\n  • the function does not return a table\n`)
	}
	trackable := func() string {
		_, body := post(s.engine, "/v1/metadata", `{"type":"pg_get_source_trackables","args":{"source":"default"}}`)
		return body[strings.Index(body, `"functions"`):]
	}
	if got := trackable(); got != `"functions":[]}` {
		t.Errorf("off, trackable are %s", got)
	}
	s.do("gatehouse_set_source_features", `{"scalar_functions":true}`)
	if got, want := trackable(), `"functions":[{"name":{"schema":"public","name":"add_numbers"}},{"name":{"schema":"public","name":"touch"}}]}`; got != want {
		t.Errorf("on, trackable are %s", got)
	}
	refused("rows_as_list", `because the function returns \"_author\", which is neither a scalar nor the rows of a table`)
	refused("many", `because function with \"VARIADIC\" parameters are not supported`)
	refused("two", `because functions with \"OUT\" parameters are not supported`)
	refused("any_one", `because the function returns \"anyelement\", which is neither a scalar nor the rows of a table`)
	refused("stable_void", `because a function that returns nothing can only be a mutation`)
	s.do("pg_track_function", `{"function":"add_numbers"}`)
	s.do("pg_track_function", `{"function":"touch"}`)
	s.answers(`{ add_numbers(args: {a: 1, b: 2}) }`, `{"add_numbers":3}`)
	s.answers(`mutation { touch }`, `{"touch":true}`)

	// A role without a permission has no field, whatever is inferred for functions over tables.
	as := func(role, path, body string) string {
		_, got := post(s.engine, path, body, "X-Hasura-Role", role)
		return strings.ReplaceAll(got, " ", "")
	}
	const call = `{"query":"{ add_numbers(args: {a: 1, b: 2}) }"}`
	if got := as("user", "/v1/graphql", call); !strings.Contains(got, "'add_numbers'notfound") {
		t.Errorf("without a permission: %s", got)
	}
	s.do("pg_create_function_permission", `{"function":"add_numbers","role":"user"}`)
	if got := as("user", "/v1/graphql", call); got != `{"data":{"add_numbers":3}}` {
		t.Errorf("with a permission: %s", got)
	}

	// Stored queries, REST endpoints and their description.
	s.do("create_query_collection", `{"name":"c","definition":{"queries":[{"name":"q","query":"query ($a: Int!) { sum: add_numbers(args: {a: $a, b: 1}) }"}]}}`)
	s.do("create_rest_endpoint", `{"name":"e","url":"sum/:a","methods":["POST"],"definition":{"query":{"collection_name":"c","query_name":"q"}}}`)
	if got := as("user", "/api/rest/sum/41", `{}`); got != `{"sum":42}` {
		t.Errorf("REST: %s", got)
	}
	if code, body := get(s.engine, "/api/swagger/json"); code != 200 || !strings.Contains(body, `"sum":{"nullable":true,"title":"Int","type":"integer"}`) {
		t.Errorf("OpenAPI: %d %s", code, body)
	}
	if _, body := post(s.engine, "/v1/graphql/explain", `{"query":`+call+`}`); !strings.Contains(body, `"field":"add_numbers","sql":"select to_json`) {
		t.Errorf("explain: %s", body)
	}
	s.want(400, "", "gatehouse_set_source_features", `{"scalar_functions":false}`)
	s.answers(`{ add_numbers(args: {a: 1, b: 2}) }`, `{"add_numbers":3}`)
}

func get(e *engine.Engine, path string, headers ...string) (int, string) {
	r, w := httptest.NewRequest(http.MethodGet, path, nil), httptest.NewRecorder()
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	e.Handler().ServeHTTP(w, r)
	return w.Code, w.Body.String()
}
