package property_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// suspects starts an engine on tables in which every hidden thing has a name of its own. Role reader may read a few
// columns of shown where is_open holds, and write some; role other and the tables veiled and vault are none of its business.
func suspects(t *testing.T) *server {
	t.Helper()
	s := start(t)
	s.exec(t, `create table vault (vault_id int primary key, vault_text text);
		create table veiled (veiled_id int primary key, veiled_text text not null);
		create table shown (id int primary key, name text, veiled_ref int references veiled, is_open boolean not null, veiled_code text not null default 'c' constraint shown_second unique,
			veiled_number int not null default 1 constraint veiled_check check (veiled_number < 100), owner int not null default 1);
		comment on table shown is 'a comment'; comment on column shown.veiled_code is 'veiled_comment'; comment on table vault is 'vault_comment';
		create function shown_veiled_field(r shown) returns text language sql stable as $$ select r.veiled_code $$;
		create function shown_veiled_rows(r shown) returns setof veiled language sql stable as $$ select * from veiled $$;
		create function veiled_function(low int) returns setof veiled language sql stable as $$ select * from veiled $$;
		create function shown_function(hasura_session json) returns setof shown language sql stable as $$ select * from shown where owner = (hasura_session ->> 'x-hasura-user-id')::int $$;
		insert into veiled values (1, 'secret'), (2, 'open');
		insert into shown (id, name, veiled_ref, is_open, veiled_code, owner) values (1, 'one', 1, true, 'c1', 1), (2, 'two', 2, false, 'c2', 1), (3, 'three', 1, true, 'c3', 2)`)
	s.track(t, `{"version":3,"sources":[{"name":"default","kind":"postgres","tables":[
		{"table":{"schema":"public","name":"vault"},"select_permissions":[{"role":"other","permission":{"columns":"*","filter":{}}}]},
		{"table":{"schema":"public","name":"veiled"},"array_relationships":[{"name":"veiled_back","using":{"foreign_key_constraint_on":{"column":"veiled_ref","table":"shown"}}}],
		 "select_permissions":[{"role":"other","permission":{"columns":"*","filter":{},"allow_aggregations":true}}]},
		{"table":{"schema":"public","name":"shown"},
		 "object_relationships":[{"name":"veiled_one","using":{"foreign_key_constraint_on":"veiled_ref"}}],
		 "computed_fields":[{"name":"veiled_field","definition":{"function":"shown_veiled_field"}},{"name":"veiled_rows","definition":{"function":"shown_veiled_rows"}}],
		 "select_permissions":[{"role":"reader","permission":{"columns":["id","name","is_open"],"filter":{"is_open":{"_eq":true}},"allow_aggregations":true,"subscription_root_fields":["select"]}},
			{"role":"owner","permission":{"columns":["id","owner"],"filter":{"owner":{"_eq":"x-hasura-user-id"}},"allow_aggregations":true}},
			{"role":"other","permission":{"columns":"*","computed_fields":["veiled_field"],"filter":{}}}],
		 "insert_permissions":[{"role":"reader","permission":{"columns":["id","name","is_open"],"check":{}}},{"role":"other","permission":{"columns":"*","check":{}}}],
		 "update_permissions":[{"role":"reader","permission":{"columns":["name","is_open"],"filter":{"is_open":{"_eq":true}},"check":null}}]}],
		"functions":[{"function":"veiled_function"},{"function":"shown_function","configuration":{"session_argument":"hasura_session"}}],
		"configuration":{"connection_info":{"database_url":{"from_env":"HASURA_GRAPHQL_DATABASE_URL"}}}}],
		"query_collections":[{"name":"all","definition":{"queries":[{"name":"names","query":"query ($low: Int) { shown(where: {id: {_gte: $low}}, order_by: {id: asc}) { id name } }"}]}}],
		"rest_endpoints":[{"name":"names","url":"names","methods":["GET","POST"],"definition":{"query":{"collection_name":"all","query_name":"names"}}}],
		"inherited_roles":[{"role_name":"both","role_set":["reader","owner"]}]}`)
	return s
}

func (s *server) track(t failer, metadata string) {
	t.Helper()
	for _, body := range []string{`{"type":"reload_metadata","args":{"reload_sources":true}}`, `{"type":"replace_metadata","args":` + metadata + `}`} {
		if code, answer := s.post("/v1/metadata", body, nil); code != 200 {
			t.Fatalf("%s", answer)
		}
	}
}

const wholeIntrospection = `query { __schema { queryType { name } mutationType { name } subscriptionType { name } directives { name description args { name description defaultValue } }
	types { kind name description fields(includeDeprecated: true) { name description args { name description defaultValue type { name ofType { name ofType { name ofType { name } } } } } type { name ofType { name ofType { name ofType { name } } } } }
	inputFields { name description defaultValue } enumValues(includeDeprecated: true) { name description } possibleTypes { name } interfaces { name } } } }`

// Nothing in a role's schema, not even a description or a default, names what it cannot reach.
func TestIntrospectionNeverNamesWhatIsHidden(t *testing.T) {
	t.Parallel()
	s := suspects(t)
	for _, role := range []string{"reader", "owner", "both", "stranger"} {
		for _, path := range []string{"/v1/graphql", "/v1beta1/relay"} {
			_, raw := s.post(path, show(map[string]string{"query": wholeIntrospection}), map[string]string{"x-hasura-role": role})
			if !strings.Contains(string(raw), "query_root") {
				t.Fatalf("%s", raw)
			}
			if found := regexp.MustCompile(`.{60}(veiled|vault).{60}`).Find(raw); found != nil {
				t.Errorf("as %s, %s names what is hidden: %s", role, path, found)
			}
			if role != "reader" && role != "both" && strings.Contains(string(raw), `"is_open"`) {
				t.Errorf("as %s, %s names is_open", role, path)
			}
		}
	}
	subscription := s.as("reader", `{ __type(name: "subscription_root") { fields { name } } }`)
	if !strings.Contains(subscription, `"fields":[{"name":"shown"},{"name":"shown_function"},{"name":"shown_function_aggregate"}]`) {
		t.Errorf("subscription root fields are %s", subscription)
	}
}

// Administrators' endpoints are closed to roles, and what went wrong inside is not told to them anywhere.
func TestRolesGetNoMoreThanTheirsFromAnyEndpoint(t *testing.T) {
	t.Parallel()
	s := suspects(t)
	query := `{"query":"{ shown { id } }"}`
	for _, c := range []struct{ path, body string }{
		{"/v1/graphql/explain", `{"query":` + query + `}`},
		{"/v1/graphql/explain", `{"query":` + query + `,"user":{"x-hasura-role":"admin"}}`},
		{"/v1alpha1/graphql/explain", `{"query":` + query + `}`},
		{"/v1/metadata", `{"type":"export_metadata","args":{}}`},
		{"/v1/metadata", `{"type":"get_inconsistent_metadata","args":{}}`},
		{"/v2/query", `{"type":"run_sql","args":{"sql":"select 1"}}`},
		{"/v1/query", `{"type":"run_sql","args":{"sql":"select 1"}}`},
		{"/v1/query", `{"type":"bulk","args":[{"type":"run_sql","args":{"sql":"select 1"}}]}`},
		{"/v1/query", `{"type":"bulk","args":[{"type":"bulk","args":[{"type":"run_sql","args":{"sql":"select 1"}}]}]}`},
		{"/v1/query", `{"type":"concurrent_bulk","args":[{"type":"run_sql","args":{"sql":"select 1","read_only":true}}]}`},
		{"/v2/query", `{"type":"bulk","args":[{"type":"run_sql","args":{"sql":"select 1"}}]}`},
		{"/v1alpha1/pg_dump", `{"opts":["-s"]}`},
		{"/v1/query", `{"type":"select","args":{"table":"vault","columns":["vault_id"]}}`},
		{"/v1/query", `{"type":"select","args":{"table":"shown","columns":["veiled_code"]}}`},
		{"/v1/query", `{"type":"select","args":{"table":"shown","columns":["id"],"where":{"veiled_code":"c1"}}}`},
		{"/v1/query", `{"type":"select","args":{"table":"shown","columns":["id"],"where":{"_exists":{"_table":"vault","_where":{}}}}}`},
		{"/v1/query", `{"type":"select","args":{"table":"shown","columns":["id"],"where":{"$exists":{"_table":"vault","_where":{}}}}}`},
		{"/v1/query", `{"type":"select","args":{"table":"shown","columns":["id"],"where":{"id":{"$ceq":"owner"}}}}`},
		{"/v1/query", `{"type":"select","args":{"table":"shown","columns":["id"],"where":{"veiled_one":{}}}}`},
		{"/v1/query", `{"type":"select","args":{"table":"shown","columns":["id"],"where":{"veiled_field":"c1"}}}`},
		{"/v1/query", `{"type":"select","args":{"table":"shown","columns":["id"],"order_by":"+veiled_code"}}`},
		{"/v1/query", `{"type":"select","args":{"table":"shown","columns":["id"],"order_by":{"column":"veiled_one.veiled_text"}}}`},
		{"/v1/query", `{"type":"select","args":{"table":"shown","columns":[{"name":"veiled_one","columns":["*"]}]}}`},
		{"/v1/query", `{"type":"count","args":{"table":"shown","distinct":["veiled_code"]}}`},
		{"/v1/query", `{"type":"insert","args":{"table":"shown","objects":[{"id":9,"veiled_code":"x","is_open":true}]}}`},
		{"/v1/query", `{"type":"insert","args":{"table":"shown","objects":[{"id":9,"is_open":true}],"returning":["veiled_code"]}}`},
		{"/v1/query", `{"type":"update","args":{"table":"shown","where":{},"$set":{"owner":7}}}`},
		{"/v1/query", `{"type":"update","args":{"table":"shown","where":{},"$set":{"name":"x"},"returning":["owner"]}}`},
		{"/v1/query", `{"type":"delete","args":{"table":"shown","where":{}}}`},
	} {
		code, answer := s.post(c.path, c.body, map[string]string{"x-hasura-role": "reader"})
		if code < 400 || !strings.Contains(string(answer), `"error"`) && !strings.Contains(string(answer), `"errors"`) {
			t.Errorf("%s %s\nanswers %d %s", c.path, c.body, code, answer)
		}
		if strings.Contains(string(answer), "internal") || strings.Contains(string(answer), "secret") {
			t.Errorf("%s %s\ntells internals: %s", c.path, c.body, answer)
		}
	}
	for _, path := range []string{"/api/swagger/json", "/v1alpha1/config", "/v1/metadata"} {
		if code, answer := s.get(path, "reader"); code < 400 {
			t.Errorf("GET %s answers %s", path, answer)
		}
	}
	code, answer := s.post("/v1/query", `{"type":"select","args":{"table":"shown","columns":["*"],"order_by":"+id"}}`, map[string]string{"x-hasura-role": "reader"})
	if want := `[{"id":1,"name":"one","is_open":true},{"id":3,"name":"three","is_open":true}]`; code != 200 || strings.ReplaceAll(string(answer), ", ", ",") != want {
		t.Errorf("select answers %d %s", code, answer)
	}
	if code, answer := s.get("/api/rest/names?low=1", "reader"); code != 200 || string(answer) != `{"shown":[{"id":1,"name":"one"},{"id":3,"name":"three"}]}` {
		t.Errorf("the endpoint answers %d %s", code, answer)
	}
	if code, answer := s.get("/api/rest/names?low=1", "stranger"); code < 400 || strings.Contains(string(answer), "internal") {
		t.Errorf("the endpoint answers a stranger %d %s", code, answer)
	}
}

// Errors of the database name constraints and the caller's own values, never what another row holds.
func TestErrorsTellNothingOfOtherRows(t *testing.T) {
	t.Parallel()
	s := suspects(t)
	for _, c := range []struct{ query, want string }{
		{`mutation { insert_shown_one(object: {id: 2, is_open: true}) { id } }`, `Uniqueness violation. duplicate key value violates unique constraint \"shown_pkey\"`},
		{`mutation { insert_shown_one(object: {id: 9, is_open: true}) { id } }`, `Uniqueness violation. duplicate key value violates unique constraint`},
		{`mutation { update_shown_by_pk(pk_columns: {id: 2}, _set: {name: "x"}) { id } }`, `{"data":{"update_shown_by_pk":null}}`},
		{`mutation { update_shown(where: {id: {_eq: 2}}, _set: {name: "x"}) { affected_rows } }`, `"affected_rows" : 0`},
	} {
		if strings.Contains(c.query, "id: 9") {
			s.exec(t, `insert into shown (id, is_open) values (10, true)`) // veiled_code is c
		}
		got := s.as("reader", c.query)
		if !strings.Contains(got, c.want) {
			t.Errorf("%s\nanswers %s, want %s", c.query, got, c.want)
		}
		for _, hidden := range []string{"c2", "two", "internal", "Key (", "Failing row"} {
			if strings.Contains(got, hidden) {
				t.Errorf("%s\ntells %q: %s", c.query, hidden, got)
			}
		}
	}
}

// A hidden row's id and cursor are answered as those of a row that does not exist.
func TestRelayTellsNothingOfHiddenRows(t *testing.T) {
	t.Parallel()
	s := suspects(t)
	node := func(role, content string) string {
		return s.raw(role, "/v1beta1/relay", `{ node(id: \"`+base64Of(content)+`\") { __typename id ... on shown { name } } }`)
	}
	for _, c := range [][2]string{
		{`[1,"public","shown",2]`, `[1,"public","shown",77]`}, {`[1,"public","vault",1]`, `[1,"public","nowhere",1]`}, {`[1,"public","veiled",1]`, `[1,"public","nowhere",1]`},
	} {
		hidden, absent := node("reader", c[0]), node("reader", c[1])
		hidden = regexp.MustCompile(`vault|veiled`).ReplaceAllString(hidden, "nowhere")
		if hidden != absent || strings.Contains(hidden, "two") {
			t.Errorf("%s answers %s, and %s %s", c[0], hidden, c[1], absent)
		}
	}
	if got := node("reader", `[1,"public","shown",1]`); !strings.Contains(got, `"name":"one"`) {
		t.Errorf("a visible node answers %s", got)
	}
	for _, at := range []string{`{"id":2}`, `{"id":2,"veiled_code":"c2"}`} {
		got := s.raw("reader", "/v1beta1/relay", `{ shown_connection(after: \"`+base64Of(at)+`\") { edges { node { name } } pageInfo { hasPreviousPage hasNextPage } } }`)
		if strings.Contains(got, "two") || !strings.Contains(got, "three") {
			t.Errorf("after %s there is %s", at, got)
		}
	}
}

// A response that is remembered is found again only by those who may have it.
func TestCachedResponsesAreNobodyElses(t *testing.T) {
	t.Parallel()
	s := suspects(t)
	ask := func(role, user, path, query string) string {
		_, answer := s.post(path, show(map[string]string{"query": query}), map[string]string{"x-hasura-role": role, "x-hasura-user-id": user})
		return string(answer)
	}
	for _, field := range []string{
		`{ shown(order_by: {id: asc}) { id } }`, `{ shown_function(order_by: {id: asc}) { id } }`, `{ shown_aggregate { aggregate { count max { id } } } }`, `{ shown_by_pk(id: 3) { id } }`,
		`{ __type(name: "shown") { fields { name } } }`,
	} {
		for _, first := range []string{"1", "2"} {
			for _, role := range []string{"owner", "reader", "both", "other"} {
				for _, user := range []string{first, "1", "2"} {
					plain := ask(role, user, "/v1/graphql", "query "+field)
					if got := ask(role, user, "/v1/graphql", "query @cached "+field); got != plain {
						t.Errorf("as %s, user %s: %s\nanswers %s, from the cache %s", role, user, field, plain, got)
					}
				}
			}
		}
	}
	// What is not visible in one endpoint's schema is not found in the other's.
	got := ask("owner", "1", "/v1beta1/relay", `query @cached { shown(order_by: {id: asc}) { id } }`)
	if !strings.Contains(got, "errors") {
		t.Errorf("Relay answers %s", got)
	}
}

// What is hidden is refused in the values of variables as well.
func TestHiddenThingsInVariablesAreRefusedToo(t *testing.T) {
	t.Parallel()
	s := suspects(t)
	for _, c := range []struct{ query, variables string }{
		{`query ($w: shown_bool_exp) { shown(where: $w) { id } }`, `{"w":{"veiled_code":{"_eq":"c1"}}}`},
		{`query ($w: shown_bool_exp) { shown(where: $w) { id } }`, `{"w":{"_not":{"_or":[{"veiled_one":{"veiled_text":{"_eq":"secret"}}}]}}}`},
		{`query ($w: shown_bool_exp) { shown(where: $w) { id } }`, `{"w":{"veiled_field":{"_eq":"c1"}}}`},
		{`query ($w: shown_bool_exp) { shown(where: $w) { id } }`, `{"w":{"veiled_rows":{}}}`},
		{`query ($w: shown_bool_exp) { shown(where: $w) { id } }`, `{"w":{"_exists":{"_table":"vault","_where":{}}}}`},
		{`query ($w: shown_bool_exp) { shown(where: $w) { id } }`, `{"w":{"id":{"_ceq":"owner"}}}`},
		{`query ($o: [shown_order_by!]) { shown(order_by: $o) { id } }`, `{"o":[{"veiled_number":"asc"}]}`},
		{`query ($o: [shown_order_by!]) { shown(order_by: $o) { id } }`, `{"o":{"veiled_one":{"veiled_text":"asc"}}}`},
		{`query ($d: [shown_select_column!]) { shown(distinct_on: $d) { id } }`, `{"d":["veiled_code"]}`},
		{`query ($c: [shown_select_column!]) { shown_aggregate { aggregate { count(columns: $c) } } }`, `{"c":"veiled_code"}`},
		{`mutation ($o: [shown_insert_input!]!) { insert_shown(objects: $o) { affected_rows } }`, `{"o":[{"id":30,"is_open":true,"owner":2}]}`},
		{`mutation ($o: [shown_insert_input!]!) { insert_shown(objects: $o) { affected_rows } }`, `{"o":[{"id":30,"is_open":true,"veiled_one":{"data":{"veiled_id":9,"veiled_text":"x"}}}]}`},
		{`mutation ($s: shown_set_input) { update_shown(where: {}, _set: $s) { affected_rows } }`, `{"s":{"owner":2}}`},
		{`mutation ($c: shown_on_conflict) { insert_shown(objects: [{id: 1, is_open: true}], on_conflict: $c) { affected_rows } }`, `{"c":{"constraint":"shown_pkey","update_columns":["owner"]}}`},
		{`mutation ($c: shown_on_conflict) { insert_shown(objects: [{id: 1, is_open: true}], on_conflict: $c) { affected_rows } }`, `{"c":{"constraint":"shown_pkey","update_columns":["name"],"where":{"veiled_code":{"_eq":"c1"}}}}`},
	} {
		_, answer := s.post("/v1/graphql", fmt.Sprintf(`{"query":%s,"variables":%s}`, show(c.query), c.variables), map[string]string{"x-hasura-role": "reader"})
		if !strings.Contains(string(answer), "validation-failed") && !strings.Contains(string(answer), "parse-failed") {
			t.Errorf("%s %s\nanswers %s", c.query, c.variables, answer)
		}
	}
	var holds []int
	raw := s.as("admin", `{ shown(where: {owner: {_neq: 1}}) { id } }`)
	var answer struct {
		Data struct{ Shown []struct{ ID int } }
	}
	if err := json.Unmarshal([]byte(raw), &answer); err != nil {
		t.Fatal(err)
	}
	for _, r := range answer.Data.Shown {
		holds = append(holds, r.ID)
	}
	if !slices.Equal(holds, []int{3}) {
		t.Errorf("rows %v have another owner: something was written", holds)
	}
}
