package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"gatehouse/engine"
	"gatehouse/engine/session"
)

// An admin secret opens what its scopes say, wherever it is sent, and nothing else.
func TestAdminSecretScopes(t *testing.T) {
	t.Parallel()
	secrets := []session.AdminSecret{{Secret: "all"}}
	scopes := []session.Scope{session.ScopeGraphQL, session.ScopeMetadata, session.ScopeMetadataRead, session.ScopeSQL, session.ScopeManagement, session.ScopeOperations}
	for _, scope := range scopes {
		secrets = append(secrets, session.AdminSecret{Secret: string(scope), Scopes: []session.Scope{scope}})
	}
	s, url := streaming(t, func(c *engine.Config) {
		c.EnabledAPIs = []string{"developer", "metadata", "graphql", "config"}
		callers, err := session.ParseConfig(session.Settings{AdminSecrets: secrets})
		if err != nil {
			t.Fatal(err)
		}
		c.Session = callers
	})
	as := func(secret, path, body string) (int, string) {
		if body == "" {
			return get(s.engine, path, "X-Hasura-Admin-Secret", secret)
		}
		return post(s.engine, path, body, "X-Hasura-Admin-Secret", secret)
	}
	for _, command := range []string{
		`{"type":"run_sql","args":{"sql":"create table note(id int primary key)"}}`, `{"type":"pg_track_table","args":{"table":"note"}}`,
		`{"type":"run_sql","args":{"sql":"create table stranger(id int primary key)"}}`,
		`{"type":"create_query_collection","args":{"name":"c","definition":{"queries":[{"name":"all","query":"{ note { id } }"}]}}}`,
		`{"type":"create_rest_endpoint","args":{"name":"all","url":"notes","methods":["GET"],"definition":{"query":{"collection_name":"c","query_name":"all"}}}}`,
	} {
		if code, body := as("all", "/v1/metadata", command); code != 200 {
			t.Fatalf("%s: %d %s", command, code, body)
		}
	}
	for _, c := range []struct {
		path, body string
		opens      session.Scope
	}{
		{"/v1/graphql", `{"query":"{ note { id } }"}`, session.ScopeGraphQL},
		{"/v1/graphql", `{"query":"mutation { insert_note(objects: []) { affected_rows } }"}`, session.ScopeGraphQL},
		{"/v1/graphql", `[{"query":"{ note { id } }"},{"query":"{ note { id } }"}]`, session.ScopeGraphQL},
		{"/v1beta1/relay", `{"query":"{ note_connection { edges { cursor } } }"}`, session.ScopeGraphQL},
		{"/api/rest/notes", "", session.ScopeGraphQL},
		{"/v1/graphql/explain", `{"query":{"query":"{ note { id } }"}}`, session.ScopeGraphQL},
		{"/v1/metadata", `{"type":"pg_track_table","args":{"table":"note"}}`, session.ScopeMetadata},
		{"/v1/query", `{"type":"reload_metadata","args":{}}`, session.ScopeMetadata},
		{"/v1/metadata", `{"type":"set_catalog_state","args":{"type":"console","state":{}}}`, session.ScopeMetadata},
		{"/v1/metadata", `{"type":"export_metadata","args":{}}`, session.ScopeMetadataRead},
		{"/v1/metadata", `{"type":"bulk","args":[{"type":"get_inconsistent_metadata","args":{}},{"type":"export_metadata","args":{}}]}`, session.ScopeMetadataRead},
		{"/v2/query", `{"type":"run_sql","args":{"sql":"select 1"}}`, session.ScopeSQL},
		{"/v1/metadata", `{"type":"run_sql","args":{"sql":"select 1","read_only":true}}`, session.ScopeSQL},
		{"/v1/query", `{"type":"bulk","args":[{"type":"bulk","args":[{"type":"run_sql","args":{"sql":"select 1"}}]}]}`, session.ScopeSQL},
		{"/v1/query", `{"type":"select","args":{"table":"note","columns":["id"]}}`, session.ScopeSQL},
		{"/v1/metadata", `{"type":"gatehouse_describe_source","args":{"schema":"x"}}`, session.ScopeMetadataRead},
		{"/v1/metadata", `{"type":"gatehouse_get_migrations","args":{}}`, session.ScopeMetadataRead},
		{"/v1/metadata", `{"type":"gatehouse_migrate","args":{"name":"x","up":"broken"}}`, session.ScopeSQL},
		{"/v1/metadata", `{"type":"gatehouse_forget_migration","args":{"version":1}}`, session.ScopeSQL},
		{"/v1/metadata", `{"type":"gatehouse_select_rows","args":{"table":"stranger"}}`, session.ScopeSQL},
		{"/v1/metadata", `{"type":"gatehouse_change_rows","args":{"table":"stranger","changes":[]}}`, session.ScopeSQL},
		{"/v1alpha1/rows/export", `{"table":"note","format":"csv"}`, session.ScopeGraphQL},
		{"/v1/metadata", `{"type":"gatehouse_test_source","args":{}}`, session.ScopeSources},
		{"/v1alpha1/rows/import", `{"table":"note","columns":["nothing"]}`, session.ScopeGraphQL},
		{"/dev/subscriptions", "", session.ScopeOperations},
		{"/v1alpha1/config", "", session.ScopeOperations},
		{"/healthz/sources", "", session.ScopeOperations},
	} {
		// The same for everybody, or refused.
		_, want := as("all", c.path, c.body)
		for _, scope := range scopes {
			code, body := as(string(scope), c.path, c.body)
			isOpen := scope == c.opens || (c.opens == session.ScopeMetadataRead || c.opens == session.ScopeSources) && scope == session.ScopeMetadata ||
				strings.HasPrefix(c.path, "/v1alpha1/rows/") && scope == session.ScopeSQL // a tracked table's rows are open to both
			isRefused := strings.Contains(body, `this admin secret does not open \"`)
			if isOpen == isRefused || isOpen && body != want || isRefused && strings.Contains(body, `"data"`) {
				t.Errorf("%s %s with the scope %s: got %d %s", c.path, c.body, scope, code, body)
			}
		}
	}
	// A command that is refused spoils the whole of a bulk, and nothing of it is done.
	code, body := as("metadata", "/v1/query", `{"type":"bulk","args":[{"type":"pg_untrack_table","args":{"table":"note"}},{"type":"run_sql","args":{"sql":"drop table note"}}]}`)
	if code != 403 || body != `{"path":"$.args[1]","error":"this admin secret does not open \"sql\"","code":"access-denied"}` {
		t.Errorf("got %d %s", code, body)
	}
	if code, body := as("graphql", "/v1/graphql", `{"query":"{ note { id } }"}`); body != `{"data":{"note":[]}}` {
		t.Errorf("got %d %s", code, body)
	}
	for _, c := range []struct{ secret, message string }{
		{"sql", `{"type":"error","id":"1","payload":[{"message":"this admin secret does not open \"graphql\"","extensions":{"path":"$","code":"access-denied"}}]}`},
		{"graphql", `{"type":"next","id":"1","payload":{"data":{"note":[]}}}`},
	} {
		socket := s.socket(url, fmt.Sprintf(`{"x-hasura-admin-secret":%q}`, c.secret))
		socket.subscribe("1", `subscription { note { id } }`)
		socket.want(c.message)
	}
}
