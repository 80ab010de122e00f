package transport_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"gatehouse/engine/fault"
	"gatehouse/engine/metadata"
	"gatehouse/engine/rest"
	"gatehouse/engine/session"
	"gatehouse/engine/transport"
)

// api is the data API over an engine that answers with what it was asked.
type api struct {
	*transport.Handler
	mux *http.ServeMux
	// seen are the requests that reached the engine; hookBodies what a hook would have been shown.
	seen       []transport.Request
	hookBodies []string
}

func newAPI(t *testing.T, change func(*transport.Handler)) *api {
	t.Helper()
	config, err := session.ParseConfig(session.Settings{AdminSecrets: []session.AdminSecret{{Secret: "s"}}, UnauthorizedRole: "anonymous"})
	if err != nil {
		t.Fatal(err)
	}
	resolver := session.New(config, session.Deps{Log: slog.New(slog.DiscardHandler)})
	a := &api{mux: http.NewServeMux()}
	endpoints := rest.Compile(&metadata.Metadata{
		QueryCollections: []*metadata.QueryCollection{{Name: "c", Queries: []*metadata.CollectionQuery{{Name: "q", Query: "query ($id: Int!) { t }"}}}},
		RESTEndpoints:    []*metadata.RESTEndpoint{{Name: "e", URL: "t/:id", Methods: []string{"GET", "POST"}, Collection: "c", Query: "q"}},
	})
	a.Handler = &transport.Handler{
		Resolve: func(ctx context.Context, req session.Request) (*session.Session, error) {
			var shown string
			if req.Body != nil {
				shown = string(req.Body())
			}
			a.hookBodies = append(a.hookBodies, shown)
			return resolver.Resolve(ctx, req)
		},
		Query:    a.query,
		Health:   func(context.Context) transport.Health { return transport.Health{} },
		REST:     func() *rest.Endpoints { return endpoints },
		Settings: func() transport.Settings { return transport.Settings{Auth: config.Describe()} },
		MaxBody:  1000,
		Version:  "test",
	}
	if change != nil {
		change(a.Handler)
	}
	a.Mount(a.mux)
	return a
}

func (a *api) query(_ context.Context, _ *session.Session, req transport.Request) (transport.Answer, error) {
	a.seen = append(a.seen, req)
	switch req.Query {
	case "fault":
		return transport.Answer{}, fault.New(fault.ValidationFailed, "$.selectionSet.x", "no x").WithInternal(map[string]string{"detail": "d"})
	case "action":
		e := fault.New(fault.Unexpected, "", "handler says no").WithStatus(400)
		e.Extensions = map[string]string{"code": "own"}
		return transport.Answer{}, e
	case "broken":
		return transport.Answer{}, errors.New("dial tcp 10.0.0.1:5432: refused")
	}
	return transport.Answer{Body: []byte(`{"data":{"t":1}}`)}, nil
}

func (a *api) do(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	a.mux.ServeHTTP(w, r)
	return w
}

func check(t *testing.T, w *httptest.ResponseRecorder, status int, body string) {
	t.Helper()
	if w.Code != status || w.Body.String() != body {
		t.Errorf("got  %d %s\nwant %d %s", w.Code, w.Body, status, body)
	}
}

const notFound = `{"path":"$","error":"resource does not exist","code":"not-found"}`

// Every malformed request gets one exact error; none is a 5xx.
func TestMalformedRequests(t *testing.T) {
	t.Parallel()
	a := newAPI(t, nil)
	gql := func(path, message, code string) string {
		return `{"errors":[{"message":` + quote(message) + `,"extensions":{"path":` + quote(path) + `,"code":"` + code + `"}}]}`
	}
	wrongSecret := gql("$", `invalid "x-hasura-admin-secret"/"x-hasura-access-key"`, "access-denied")
	large := `{"query":"` + strings.Repeat("x", 1000) + `"}`
	for _, c := range []struct {
		name, method, path, body string
		headers                  []string
		status                   int
		want                     string
	}{
		{"empty body", "POST", "/v1/graphql", "", nil, 200, gql("$", "Error in $: not enough input", "invalid-json")},
		{"true status", "POST", "/v1alpha1/graphql", "", nil, 400, gql("$", "Error in $: not enough input", "invalid-json")},
		{"cut off", "POST", "/v1alpha1/graphql", `{"query":`, nil, 400, gql("$", "Error in $: not enough input", "invalid-json")},
		{"no JSON", "POST", "/v1alpha1/graphql", `query {a}`, nil, 400, gql("$", "Error in $: Failed reading: not a valid json value: invalid character 'q' looking for beginning of value", "invalid-json")},
		{"text", "POST", "/v1alpha1/graphql", `"x"`, nil, 400, gql("$", "parsing Object failed, expected Object, but encountered String", "parse-failed")},
		{"null", "POST", "/v1alpha1/graphql", `null`, nil, 400, gql("$", "parsing Object failed, expected Object, but encountered Null", "parse-failed")},
		{"no query", "POST", "/v1alpha1/graphql", `{}`, nil, 400, gql("$", `key "query" not found`, "parse-failed")},
		{"other case", "POST", "/v1alpha1/graphql", `{"Query":"{a}"}`, nil, 400, gql("$", `key "query" not found`, "parse-failed")},
		{"query of a number", "POST", "/v1alpha1/graphql", `{"query":1}`, nil, 400, gql("$.query", "parsing Text failed, expected String, but encountered Number", "parse-failed")},
		{"variables of a list", "POST", "/v1alpha1/graphql", `{"query":"{a}","variables":[1]}`, nil, 400, gql("$.variables", "parsing HashMap failed, expected Object, but encountered Array", "parse-failed")},
		{"operation name of a boolean", "POST", "/v1alpha1/graphql", `{"query":"{a}","operationName":true}`, nil, 400, gql("$.operationName", "parsing Text failed, expected String, but encountered Boolean", "parse-failed")},
		{"bad element of a batch", "POST", "/v1alpha1/graphql", `[{"query":"{a}"},{"query":null}]`, nil, 400, gql("$[1].query", "parsing Text failed, expected String, but encountered Null", "parse-failed")},
		{"too large", "POST", "/v1/graphql", large, nil, 200, gql("$", "request body is larger than 1000 bytes", "bad-request")},
		{"too large, true status", "POST", "/v1alpha1/graphql", large, nil, 413, gql("$", "request body is larger than 1000 bytes", "bad-request")},
		{"wrong secret", "POST", "/v1/graphql", `{"query":"{a}"}`, []string{"X-Hasura-Admin-Secret", "x"}, 200, wrongSecret},
		{"wrong secret, true status", "POST", "/v1alpha1/graphql", `{"query":"{a}"}`, []string{"X-Hasura-Admin-Secret", "x"}, 401, wrongSecret},
		{"wrong secret and no JSON", "POST", "/v1/graphql", `x`, []string{"X-Hasura-Admin-Secret", "x"}, 200, wrongSecret},
		{"REST: wrong secret", "GET", "/api/rest/t/1", "", []string{"X-Hasura-Admin-Secret", "x"}, 401, `{"path":"$","error":"invalid \"x-hasura-admin-secret\"/\"x-hasura-access-key\"","code":"access-denied"}`},
		{"REST: none", "GET", "/api/rest/void", "", nil, 404, `{"path":"$","error":"Endpoint not found","code":"not-found"}`},
		{"REST: method", "DELETE", "/api/rest/t/1", "", nil, 405, `{"path":"$","error":"Allowed methods: GET, POST","code":"method-not-allowed"}`},
		{"REST: no such method", "OPTIONS", "/api/rest/t/1", "", nil, 400, `{"path":"$","error":"Method OPTIONS not supported.","code":"bad-request"}`},
		{"REST: unexpected variable", "GET", "/api/rest/t/1?x=2", "", nil, 400, `{"path":"$","error":"Unexpected variable x","code":"bad-request"}`},
		{"REST: too large", "POST", "/api/rest/t/1", large, nil, 413, `{"path":"$","error":"request body is larger than 1000 bytes","code":"bad-request"}`},
		{"config for others", "GET", "/v1alpha1/config", "", nil, 400, `{"path":"$","error":"You have to be an admin to access this endpoint","code":"access-denied"}`},
		{"OpenAPI for others", "GET", "/api/swagger/json", "", nil, 400, `{"path":"$","error":"You have to be an admin to access this endpoint","code":"access-denied"}`},
		{"unknown path", "GET", "/v1/none", "", nil, 404, notFound},
		{"prefix alone", "GET", "/v1", "", nil, 404, notFound},
		{"REST prefix alone", "GET", "/api/rest", "", nil, 404, `{"path":"$","error":"Endpoint not found","code":"not-found"}`},
		{"method", "PUT", "/v1/graphql", `{"query":"{a}"}`, nil, 404, notFound},
		{"GET without upgrade", "GET", "/v1/graphql", "", nil, 200, gql("$", "PersistedQueryNotSupported", "not-supported")},
		{"no relay", "POST", "/v1beta1/relay", `{"query":"{a}"}`, nil, 404, notFound},
		{"persisted query", "GET", "/v1/graphql?extensions=%7B%7D", "", nil, 200, gql("$", "PersistedQueryNotSupported", "not-supported")},
		{"health by POST", "POST", "/healthz", "", nil, 404, notFound},
	} {
		t.Run(c.name, func(t *testing.T) { check(t, a.do(c.method, c.path, c.body, c.headers...), c.status, c.want) })
	}
	if len(a.seen) != 0 {
		t.Errorf("%d malformed requests reached the engine", len(a.seen))
	}
}

func quote(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

func TestGraphQL(t *testing.T) {
	t.Parallel()
	a := newAPI(t, nil)
	w := a.do("POST", "/v1/graphql", `{"query":"{t}","operationName":"o","variables":{"a":1.50,"b":null},"extensions":{}}`)
	check(t, w, 200, `{"data":{"t":1}}`)
	if got := w.Header().Get("Content-Type"); got != "application/json; charset=utf-8" {
		t.Errorf("content type %s", got)
	}
	if got := a.seen[0]; got.Query != "{t}" || got.OperationName != "o" || string(got.Variables["a"]) != "1.50" || string(got.Variables["b"]) != "null" {
		t.Errorf("the engine got %+v", got)
	}
	if want := `{"operationName":"o","query":"{t}","variables":{"a":1.50,"b":null}}`; a.hookBodies[0] != want {
		t.Errorf("a hook would see %s, want %s", a.hookBodies[0], want)
	}
	check(t, a.do("POST", "/v1/graphql", ` [{"query":"1"},{"query":"fault"},{"query":"2","variables":null}]`), 200,
		`[{"data":{"t":1}},{"errors":[{"message":"no x","extensions":{"path":"$.selectionSet.x","code":"validation-failed"}}]},{"data":{"t":1}}]`)
	if want := `[{"query":"1"},{"query":"fault"},{"query":"2"}]`; a.hookBodies[1] != want {
		t.Errorf("a hook would see %s, want %s", a.hookBodies[1], want)
	}
	check(t, a.do("POST", "/v1/graphql", `[]`), 200, `[]`)
	check(t, a.do("POST", "/v1/graphql", `{"query":"action"}`), 200, `{"errors":[{"message":"handler says no","extensions":{"code":"own"}}]}`)
	check(t, a.do("POST", "/v1alpha1/graphql", `{"query":"broken"}`, "X-Hasura-Admin-Secret", "s"), 500,
		`{"errors":[{"message":"internal error","extensions":{"path":"$","code":"unexpected"}}]}`)
}

func TestInternal_isForAdministratorsOrDevMode(t *testing.T) {
	t.Parallel()
	const without = `{"errors":[{"message":"no x","extensions":{"path":"$.selectionSet.x","code":"validation-failed"}}]}`
	const with = `{"errors":[{"message":"no x","extensions":{"path":"$.selectionSet.x","code":"validation-failed","internal":{"detail":"d"}}}]}`
	secret, user := []string{"X-Hasura-Admin-Secret", "s"}, []string{"X-Hasura-Admin-Secret", "s", "X-Hasura-Role", "user"}
	for _, c := range []struct {
		name    string
		errors  transport.Errors
		headers []string
		want    string
	}{
		{"anonymous", transport.Errors{}, nil, without},
		{"another role", transport.Errors{}, user, without},
		{"admin, hidden", transport.Errors{HideFromAdmin: true}, secret, without},
		{"admin", transport.Errors{}, secret, with},
		{"dev mode", transport.Errors{DevMode: true, HideFromAdmin: true}, nil, with},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAPI(t, func(h *transport.Handler) { h.Errors = c.errors })
			check(t, a.do("POST", "/v1/graphql", `{"query":"fault"}`, c.headers...), 200, c.want)
		})
	}
}

func TestPreserveUnauthorized(t *testing.T) {
	t.Parallel()
	a := newAPI(t, func(h *transport.Handler) { h.PreserveUnauthorized = true })
	if w := a.do("POST", "/v1/graphql", `{"query":"{t}"}`, "X-Hasura-Admin-Secret", "x"); w.Code != 401 {
		t.Errorf("refused with %d", w.Code)
	}
	if w := a.do("POST", "/v1/graphql", `{"query":"fault"}`); w.Code != 200 {
		t.Errorf("another error has status %d", w.Code)
	}
}

func TestREST(t *testing.T) {
	t.Parallel()
	a := newAPI(t, nil)
	check(t, a.do("GET", "/api/rest/t/7", ""), 200, `{"t":1}`)
	check(t, a.do("POST", "/api/rest/t/7", `{"id":8}`), 200, `{"t":1}`)
	check(t, a.do("POST", "/api/rest/t/7", `id=9`, "Content-Type", "application/x-www-form-urlencoded"), 200, `{"t":1}`)
	check(t, a.do("POST", "/api/rest/t/7", `id=9&x=1`, "Content-Type", "application/x-www-form-urlencoded"), 400, `{"path":"$","error":"Unexpected variable x","code":"bad-request"}`)
	form := "--b\r\nContent-Disposition: form-data; name=\"id\"\r\n\r\n9\r\n--b\r\nContent-Disposition: form-data; name=\"x\"; filename=\"f\"\r\n\r\nfile\r\n--b--\r\n"
	check(t, a.do("POST", "/api/rest/t/7", form, "Content-Type", "multipart/form-data; boundary=b"), 200, `{"t":1}`)
	check(t, a.do("POST", "/api/rest/t/7", strings.ReplaceAll(form, `; filename="f"`, ""), "Content-Type", "multipart/form-data; boundary=b"), 400, `{"path":"$","error":"Unexpected variable x","code":"bad-request"}`)
	check(t, a.do("POST", "/api/rest/t/7", "--b\r\n", "Content-Type", "multipart/form-data"), 200, `{"t":1}`) // nothing that could be read
	for _, got := range a.seen {
		if got.Query != "query ($id: Int!) { t }" || string(got.Variables["id"]) != "7" {
			t.Errorf("the engine got %+v", got)
		}
	}
	a.Handler.Query = func(context.Context, *session.Session, transport.Request) (transport.Answer, error) {
		return transport.Answer{}, fault.New(fault.ValidationFailed, "", `expecting a value for non-nullable variable: "id"`)
	}
	check(t, a.do("GET", "/api/rest/t/7", ""), 400, `{"path":"$","error":"expecting a value for non-nullable variable: \"id\"","code":"validation-failed"}`)
}

func TestEnabledAPIs_aDisabledPathIsNotFoundForEverybody(t *testing.T) {
	t.Parallel()
	a := newAPI(t, func(h *transport.Handler) { h.APIs = []string{"metadata"} })
	check(t, a.do("POST", "/v1/graphql", `{"query":"{t}"}`, "X-Hasura-Admin-Secret", "wrong"), 404, notFound)
	check(t, a.do("GET", "/v1alpha1/config", "", "X-Hasura-Admin-Secret", "s"), 404, notFound)
	check(t, a.do("GET", "/api/rest/t/7", ""), 200, `{"t":1}`)
}

func TestPlainEndpoints(t *testing.T) {
	t.Parallel()
	health := transport.Health{}
	a := newAPI(t, func(h *transport.Handler) { h.Health = func(context.Context) transport.Health { return health } })
	check(t, a.do("GET", "/v1/version", ""), 200, `{"server_type":"ce","version":"`+session.HasuraVersion+`","gatehouse":"test"}`)
	w := a.do("GET", "/healthz", "")
	check(t, w, 200, "OK")
	if got := w.Header().Get("Content-Type"); got != "text/plain; charset=utf-8" {
		t.Errorf("content type %s", got)
	}
	health.HasInconsistencies = true
	check(t, a.do("GET", "/hasura/healthz", ""), 200, "WARN: inconsistent objects in schema")
	check(t, a.do("GET", "/healthz?strict", ""), 200, "WARN: inconsistent objects in schema")
	check(t, a.do("GET", "/healthz?strict=1", ""), 200, "WARN: inconsistent objects in schema")
	check(t, a.do("GET", "/healthz?strict=True", ""), 500, "ERROR: inconsistent objects in schema")
	check(t, a.do("GET", "/healthz?strict=true", ""), 500, "ERROR: inconsistent objects in schema")
	health.Err = errors.New("down")
	check(t, a.do("GET", "/healthz", ""), 500, "ERROR")
	check(t, a.do("GET", "/v1alpha1/config", "", "X-Hasura-Admin-Secret", "s"), 200, `{"version":"`+session.HasuraVersion+`","is_function_permissions_inferred":false,`+
		`"is_remote_schema_permissions_enabled":false,"is_admin_secret_set":true,"is_auth_hook_set":false,"is_jwt_set":false,"jwt":[],"is_allow_list_enabled":false,`+
		`"live_queries":{"batch_size":0,"refetch_delay":0},"streaming_queries":{"batch_size":0,"refetch_delay":0},"console_assets_dir":null,"experimental_features":[],`+
		`"is_prometheus_metrics_enabled":false,"default_naming_convention":"hasura-default","feature_flags":[],"is_apollo_federation_enabled":false}`)
}

func TestHookCookiesReachTheClient(t *testing.T) {
	t.Parallel()
	a := newAPI(t, func(h *transport.Handler) {
		h.Resolve = func(context.Context, session.Request) (*session.Session, error) {
			return &session.Session{Role: "user", ResponseHeaders: [][2]string{{"Set-Cookie", "a=1"}, {"Set-Cookie", "b=2"}}}, nil
		}
	})
	for _, w := range []*httptest.ResponseRecorder{a.do("POST", "/v1/graphql", `{"query":"{t}"}`), a.do("GET", "/api/rest/t/1", "")} {
		if got := w.Header().Values("Set-Cookie"); len(got) != 2 {
			t.Errorf("got cookies %v", got)
		}
	}
}
