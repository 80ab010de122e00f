package engine

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"gatehouse/engine/fault"
	"gatehouse/engine/session"
	"gatehouse/internal/testpg"
)

// members are console sessions whose cookies name the scopes that their membership opens.
type members struct{}

func (members) TakeOut(h http.Header) (string, http.Header) { return h.Get("X-Test-Scopes"), h }
func (members) Cookies([]string) []string                   { return nil }
func (members) Epoch() (uint64, bool)                       { return 0, true }

func (members) TokenCaller(context.Context, session.AccessToken, bool) (session.ConsoleCaller, error) {
	return session.ConsoleCaller{}, fault.New(fault.AccessDenied, "", "no tokens here")
}

func (members) Caller(_ context.Context, credential string, _ bool) (session.ConsoleCaller, error) {
	m := &session.Member{UserID: "u", Scopes: []session.Scope{}}
	for _, scope := range strings.Split(credential, " ") {
		m.Scopes = append(m.Scopes, session.Scope(scope))
	}
	return session.ConsoleCaller{Member: m}, nil
}

var everyScope = []session.Scope{
	session.ScopeGraphQL, session.ScopeMetadata, session.ScopeMetadataRead, session.ScopeSources, session.ScopeSQL, session.ScopeOperations,
}

// Every route of the data half needs the one operation that the table says, or nobody is asked, or its body says which.
func TestRoutes_needWhatTheTableSays(t *testing.T) {
	t.Parallel()
	settings, err := session.ParseConfig(session.Settings{AdminSecrets: []session.AdminSecret{{Secret: "s"}}})
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(t.Context(), Config{
		MetadataURL: testpg.Database(t), DefaultSourceURL: testpg.Database(t), Session: settings, Deps: session.Deps{Console: members{}},
		EnabledAPIs: []string{"metadata", "graphql", "pgdump", "config", "developer"}, Responses: ResponseCache{Size: 1 << 20},
	})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(e.Handler())
	t.Cleanup(func() { web.Close(); e.Close() })
	for pattern := range routeAccess {
		if !slices.Contains(e.patterns, pattern) {
			t.Errorf("%s stands in the table and is not served", pattern)
		}
	}
	ask := func(method, path, body string, scopes []session.Scope, more ...string) (int, string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, method, web.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if scopes != nil {
			var names []string
			for _, scope := range scopes {
				names = append(names, string(scope))
			}
			r.Header.Set("X-Test-Scopes", strings.Join(append(names, "none"), " "))
		}
		for i := 0; i < len(more); i += 2 {
			r.Header.Set(more[i], more[i+1])
		}
		if strings.HasSuffix(path, "/migrations/turn") && slices.Contains(scopes, session.ScopeMetadata) {
			return http.StatusOK, "" // it would be held until the end of the request
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		answer, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(path, err)
		}
		return resp.StatusCode, string(answer)
	}
	for pattern, needs := range routeAccess {
		method, path, hasMethod := strings.Cut(pattern, " ")
		if !hasMethod {
			method, path = http.MethodGet, pattern
		}
		body := `{"query":"{ __typename }"}`
		var more []string
		if method == http.MethodGet && strings.HasSuffix(path, "/graphql") || strings.HasSuffix(path, "/relay") {
			if path += "?query=%7B__typename%7D"; method == http.MethodGet {
				more = []string{"Accept", "text/event-stream"}
			}
		}
		if method == http.MethodDelete {
			more = []string{"X-GraphQL-Event-Stream-Token", "t"}
		}
		isRefused := func(answer string) bool { return strings.Contains(answer, "does not open") }
		switch {
		case needs.isPublic:
			if status, answer := ask(method, path, body, nil); status == http.StatusUnauthorized || strings.Contains(answer, "access-denied") {
				t.Errorf("%s is public: %d %s", pattern, status, answer)
			}
		case needs.byBody:
			if status, answer := ask(method, path, body, nil); status != http.StatusUnauthorized {
				t.Errorf("%s without a session: %d %s", pattern, status, answer)
			}
		default:
			if _, answer := ask(method, path, body, nil, more...); !strings.Contains(answer, "access-denied") {
				t.Errorf("%s without a session: %s", pattern, answer)
			}
			others := slices.DeleteFunc(slices.Clone(everyScope), func(s session.Scope) bool { return s == needs.scope })
			if status, answer := ask(method, path, body, others, more...); !isRefused(answer) {
				t.Errorf("%s without %s: %d %s", pattern, needs.scope, status, answer)
			}
			if status, answer := ask(method, path, body, []session.Scope{needs.scope}, more...); isRefused(answer) || status == http.StatusUnauthorized {
				t.Errorf("%s with %s alone: %d %s", pattern, needs.scope, status, answer)
			}
		}
	}
	// Where the body says what is needed, who has nothing gets nothing, whatever it says.
	for path, bodies := range map[string][]string{
		"/v1alpha1/rows/export": {`{"table":{"schema":"pg_catalog","name":"pg_class"},"format":"csv"}`, `{"table":"nothing","format":"csv"}`, `{}`},
		"/v1alpha1/rows/import": {`{"table":"nothing","columns":[]}`, `{}`},
		"/v1/metadata": {
			`{"type":"export_metadata","args":{}}`, `{"type":"bulk","args":[{"type":"reload_metadata","args":{}}]}`, `{"type":"run_sql","args":{"sql":"select 1"}}`,
			`{"type":"gatehouse_select_rows","args":{"table":"nothing"}}`, `{"type":"gatehouse_rehearse_metadata","args":{"commands":[]}}`,
			`{"type":"gatehouse_plan_metadata","args":{"metadata":{}}}`, `{"type":"dump_internal_state","args":{}}`, `{"type":"set_catalog_state","args":{"type":"cli","state":{}}}`,
		},
		"/v1/query": {`{"type":"select","args":{"table":"nothing","columns":["*"]}}`, `{"type":"run_sql","args":{"sql":"select 1"}}`},
		"/v2/query": {`{"type":"count","args":{"table":"nothing"}}`, `{"type":"bulk","args":[{"type":"run_sql","args":{"sql":"select 1"}}]}`},
	} {
		for _, body := range bodies {
			if status, answer := ask(http.MethodPost, path, body, []session.Scope{}); status != http.StatusForbidden || !strings.Contains(answer, "does not open") {
				t.Errorf("%s %s with nothing: %d %s", path, body, status, answer)
			}
		}
	}
}

func TestRoutes_oneThatIsInNoTableEndsTheStart(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("a route that nobody may use, or everybody, is served")
		}
	}()
	(&routes{ServeMux: http.NewServeMux()}).HandleFunc("GET /v1/new", func(http.ResponseWriter, *http.Request) {})
}
