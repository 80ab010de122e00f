package engine_test

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"gatehouse/engine"
)

// What is switched off is not there, for administrators either; REST endpoints, health and version always are.
func TestEnabledAPIs(t *testing.T) {
	t.Parallel()
	paths := []struct{ api, method, path, body string }{
		{"metadata", "POST", "/v1/metadata", `{"type":"export_metadata","args":{}}`},
		{"metadata", "POST", "/v1/query", `{"type":"export_metadata","args":{}}`},
		{"metadata", "POST", "/v2/query", `{"type":"run_sql","args":{"sql":"select 1"}}`},
		{"metadata", "POST", "/v1/graphql/explain", `{"query":{"query":"{__typename}"}}`},
		{"metadata", "POST", "/v1alpha1/graphql/explain", `{"query":{"query":"{__typename}"}}`},
		{"graphql", "POST", "/v1/graphql", `{"query":"{__typename}"}`},
		{"graphql", "GET", "/v1/graphql", ""},
		{"graphql", "POST", "/v1alpha1/graphql", `{"query":"{__typename}"}`},
		{"graphql", "POST", "/v1beta1/relay", `{"query":"{__typename}"}`},
		{"config", "GET", "/v1alpha1/config", ""},
		{"developer", "GET", "/dev/plan_cache", ""},
		{"pgdump", "POST", "/v1alpha1/pg_dump", `{"opts":["--schema-only"]}`},
		{"", "GET", "/healthz", ""},
		{"", "GET", "/v1/version", ""},
		{"", "GET", "/api/swagger/json", ""},
	}
	for _, enabled := range []string{"metadata", "graphql", "config", "developer", "pgdump", "metrics"} {
		s, _ := streaming(t, func(c *engine.Config) { c.EnabledAPIs = []string{enabled} })
		for _, p := range paths {
			r, w := httptest.NewRequest(p.method, p.path, strings.NewReader(p.body)), httptest.NewRecorder()
			s.engine.Handler().ServeHTTP(w, r)
			want := 404
			if slices.Contains([]string{"", enabled}, p.api) {
				want = 200
			}
			if w.Code != want || want == 404 && w.Body.String() != `{"path":"$","error":"resource does not exist","code":"not-found"}` {
				t.Errorf("with %s, %s %s: got %d %s", enabled, p.method, p.path, w.Code, w.Body)
			}
		}
		s.call(404, `{"path":"$","error":"Endpoint not found","code":"not-found"}`, "GET", "/api/rest/none")
	}
}
