package property_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"gatehouse/engine"
	"gatehouse/engine/schema"
	"gatehouse/engine/session"
	"gatehouse/internal/testpg"
)

// With the allow list on, a role runs the operations on it and nothing like them, whichever way they come.
func TestAllowListLetsNothingElseThrough(t *testing.T) {
	t.Parallel()
	settings, err := session.ParseConfig(session.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	data := testpg.Database(t)
	e, err := engine.New(t.Context(), engine.Config{
		MetadataURL: testpg.Database(t), DefaultSourceURL: data, Session: settings, EnableAllowList: true, Options: schema.Options{InferFunctionPermissions: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	s := &server{handler: e.Handler(), pool: testpg.Pool(t, data)}
	s.exec(t, `create table shown (id int primary key, name text); insert into shown values (1, 'one')`)
	const allowed, two = `query names($low: Int = 0) { shown(where: {id: {_gt: $low}}, limit: 5) { id name } }`, `query one { shown { id } } query two { shown { name } }`
	const spread = `query f { shown { ...p } } fragment p on shown { id }`
	s.track(t, `{"version":3,"sources":[{"name":"default","kind":"postgres","tables":[{"table":"shown",
		"select_permissions":[{"role":"reader","permission":{"columns":["id","name"],"filter":{}}},{"role":"guest","permission":{"columns":["id","name"],"filter":{}}}]}],
		"configuration":{"connection_info":{"database_url":{"from_env":"HASURA_GRAPHQL_DATABASE_URL"}}}}],
		"query_collections":[{"name":"all","definition":{"queries":[{"name":"a","query":`+show(allowed)+`},{"name":"b","query":`+show(two)+`},{"name":"c","query":`+show(spread)+`}]}},
			{"name":"off","definition":{"queries":[{"name":"d","query":"query d { shown { id } }"}]}}],
		"allowlist":[{"collection":"all","scope":{"global":false,"roles":["reader"]}}],
		"rest_endpoints":[{"name":"a","url":"a","methods":["GET"],"definition":{"query":{"collection_name":"all","query_name":"a"}}},
			{"name":"d","url":"d","methods":["GET"],"definition":{"query":{"collection_name":"off","query_name":"d"}}}]}`)
	ask := func(role, path, body string) string {
		_, answer := s.post(path, body, map[string]string{"x-hasura-role": role})
		return string(answer)
	}
	query := func(text, more string) string { return fmt.Sprintf(`{"query":%s%s}`, show(text), more) }
	for _, text := range []string{
		allowed, "# a comment\n" + strings.ReplaceAll(allowed, " ", "  "), strings.Replace(allowed, "{ id name }", "{ id name __typename }", 1), strings.Replace(allowed, "where: {id: {_gt: $low}}, limit: 5", "limit: 5, where: {id: {_gt: $low}}", 1), spread,
	} {
		if got := ask("reader", "/v1/graphql", query(text, `,"variables":{}`)); !strings.Contains(got, `"data"`) {
			t.Errorf("%s\nis refused: %s", text, got)
		}
		if got := ask("guest", "/v1/graphql", query(text, "")); !strings.Contains(got, "not allowed") {
			t.Errorf("a role that the list is not for runs %s: %s", text, got)
		}
	}
	if got := ask("reader", "/v1/graphql", query(two, `,"operationName":"two"`)); !strings.Contains(got, `"name"`) {
		t.Errorf("an operation of a stored document is refused: %s", got)
	}
	for _, text := range []string{
		strings.Replace(allowed, "names", "name", 1), strings.Replace(allowed, "limit: 5", "limit: 6", 1), strings.Replace(allowed, "= 0", "= 1", 1), strings.Replace(allowed, "= 0", "", 1),
		strings.Replace(allowed, "_gt", "_lt", 1), strings.Replace(allowed, "shown(", "x: shown(", 1), strings.Replace(allowed, "id name", "id", 1), strings.Replace(allowed, "id name", "name id", 1),
		strings.Replace(allowed, "id name", "id name name", 1), strings.Replace(allowed, "id name", "id x: name", 1), strings.Replace(allowed, "id name", "... { id name }", 1),
		strings.Replace(allowed, "id name", "id name @include(if: true)", 1), strings.Replace(allowed, "query", "subscription", 1), strings.Replace(allowed, ") {", ") @cached {", 1),
		allowed + " query other { shown { id } }", allowed + " fragment p on shown { name }", `query one { shown { id } }`, `query two { shown { name } }`,
		`query f { shown { ...p } } fragment p on shown { id name }`, `query f { shown { id } }`, `{ shown { id } }`, `query d { shown { id } }`,
		`{ __schema { types { name } } }`, `{ __type(name: "shown") { name } }`, ``, `{`,
	} {
		for _, path := range []string{"/v1/graphql", "/v1beta1/relay", "/v1alpha1/graphql"} {
			for _, body := range []string{query(text, ""), query(text, `,"operationName":"names"`), "[" + query(allowed, "") + "," + query(text, "") + "]"} {
				got := ask("reader", path, body)
				if strings.HasPrefix(body, "[") { // the first of a batch is none of the second's business
					if path == "/v1/graphql" && !strings.HasPrefix(got, `[{"data":{"shown":[{"id":1,"name":"one"}]}}`) {
						t.Errorf("%s\nanswers %s", body, got)
					}
					got = strings.Replace(got, `[{"data":{"shown":[{"id":1,"name":"one"}]}}`, "", 1)
				}
				if !strings.Contains(got, `"errors"`) {
					t.Errorf("%s %s\nanswers %s", path, body, got)
				}
				if strings.Contains(got, `"data"`) || strings.Contains(got, `"name"`) {
					t.Errorf("%s %s\nanswers %s", path, body, got)
				}
			}
		}
		if text != `` && text != `{` {
			got := ask("admin", "/v1/graphql", query(text, ""))
			if strings.Contains(got, "not allowed") {
				t.Errorf("an administrator is refused %s", text)
			}
		}
	}
	if code, got := s.get("/api/rest/a", "reader"); code != 200 {
		t.Errorf("an endpoint on the list answers %d %s", code, got)
	}
	for _, c := range [][2]string{{"/api/rest/a", "guest"}, {"/api/rest/d", "reader"}} {
		if code, got := s.get(c[0], c[1]); code == 200 {
			t.Errorf("%s answers %s %s", c[0], c[1], got)
		}
	}
	web := httptest.NewServer(s.handler)
	t.Cleanup(web.Close)
	r := &request{role: newRole("reader")}
	f := &recorder{}
	func() {
		defer func() { _ = recover() }()
		s.liveText(f, web.URL, r, `{"query":"subscription { shown { id } }"}`)
	}()
	if !strings.Contains(f.said, "not allowed") {
		t.Errorf("over a socket: %s", f.said)
	}
}

// recorder keeps what a helper would have failed with.
type recorder struct{ said string }

func (*recorder) Helper() {}
func (r *recorder) Fatalf(format string, args ...any) {
	r.said = fmt.Sprintf(format, args...)
	panic(r.said)
}
