package management_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"gatehouse/httpd"
	"gatehouse/identity/directory"
	"gatehouse/identity/management"
	"gatehouse/identity/migrations"
	"gatehouse/internal/testpg"
	"gatehouse/jwt"
	"gatehouse/postgres"
)

const issuer = "http://localhost:3001/oidc"

// api is a Management API on a database of its own.
type api struct {
	*httptest.Server
	t         *testing.T
	directory *directory.Directory
	pool      *pgxpool.Pool
	keys      *jwt.Set
	machine   string // id of the application that management tokens are issued to
}

// serve starts an API; change may alter the handler before it is mounted.
func serve(t *testing.T, change ...func(*management.Handler)) *api {
	t.Helper()
	pool := testpg.Pool(t, testpg.Clone(t, "identity", func(ctx context.Context, url string) error {
		pool, err := postgres.Open(ctx, postgres.Config{URL: url})
		if err != nil {
			return err
		}
		defer pool.Close()
		return postgres.Migrate(ctx, pool, migrations.Schema, migrations.Files)
	}))
	d := directory.New(pool)
	if err := d.Seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	key, err := jwt.GenerateES384()
	if err != nil {
		t.Fatal(err)
	}
	a := &api{t: t, directory: d, pool: pool, keys: jwt.NewSet(key)}
	a.machine = "machine"
	h := &management.Handler{
		Directory: d, DB: pool, Issuers: []string{issuer},
		AdminSecret:    adminSecret,
		AllowedOrigins: []string{"https://console.example"},
		Verify: func(_ context.Context, token string) (*jwt.Token, error) {
			return jwt.Verify(token, a.keys.Public().Keys, jwt.AllAlgorithms)
		},
	}
	// Of a type no recording lists, and with the hidden role: the recordings' machine was in another tenant.
	err = d.InTx(t.Context(), func(tx *directory.Tx) error {
		_, err := tx.CreateApplication(t.Context(), directory.Application{ID: a.machine, Name: "machine", Type: directory.AppProtected})
		if err != nil {
			return err
		}
		return tx.SetInternalAdmin(t.Context(), a.machine, true)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range change {
		c(h)
	}
	mux := http.NewServeMux()
	h.Mount(mux)
	a.Server = httptest.NewServer(httpd.Middleware(httpd.Config{Log: slog.New(slog.DiscardHandler)}, mux))
	t.Cleanup(a.Close)
	return a
}

// token signs an access token; changes replace claims, nil removes one.
func (a *api) token(changes map[string]any) string { return a.tokenOf("at+jwt", changes) }

func (a *api) tokenOf(typ string, changes map[string]any) string {
	a.t.Helper()
	claims := map[string]any{
		"jti": "x", "sub": a.machine, "client_id": a.machine, "iss": issuer, "aud": directory.ManagementAPI, "scope": "all",
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	}
	for k, v := range changes {
		if claims[k] = v; v == nil {
			delete(claims, k)
		}
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		a.t.Fatal(err)
	}
	token, err := jwt.Sign(a.keys.Keys()[0], typ, payload)
	if err != nil {
		a.t.Fatal(err)
	}
	return token
}

// answer is a response, its body decoded if it is JSON.
type answer struct {
	status int
	header http.Header
	body   any
	raw    string
}

// do sends a request with headers given as name, value pairs. A body that is not text is sent as JSON.
func (a *api) do(method, path string, body any, headers ...string) answer {
	a.t.Helper()
	var sent io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		sent = strings.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			a.t.Fatal(err)
		}
		sent = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(a.t.Context(), method, a.URL+path, sent)
	if err != nil {
		a.t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	out := answer{status: resp.StatusCode, header: resp.Header, raw: string(raw)}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(raw, &out.body); err != nil {
			a.t.Fatalf("%s %s: answer is not JSON: %s", method, path, raw)
		}
	}
	return out
}

// call is do with a management token.
func (a *api) call(method, path string, body any) answer {
	a.t.Helper()
	return a.do(method, path, body, "Authorization", "Bearer "+a.token(nil))
}

type exchange struct {
	Label   string
	Request struct {
		Method, URL string
		Headers     map[string]string
		Body        any
	}
	Response struct {
		Status  int
		Headers map[string]any
		Body    any
	}
}

// replay sends recorded requests in their order and compares the answers field by field. Ids and secrets are ours:
// each recorded one must keep standing for the same one of ours, in later requests too. Times match by their size.
type replay struct {
	*api
	ids map[string]string // recorded -> ours
}

var (
	idShape     = regexp.MustCompile(`^([0-9a-z]{21}|[0-9a-z]{12})$`)
	secretShape = regexp.MustCompile(`^[A-Za-z0-9]{32}$`)
	idInURL     = regexp.MustCompile(`\b[0-9a-z]{21}\b|\b[0-9a-z]{12}\b`)
)

func (r *replay) file(name string) {
	r.t.Helper()
	raw, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		r.t.Fatal(err)
	}
	var recorded struct{ Exchanges []exchange }
	if err := json.Unmarshal(raw, &recorded); err != nil {
		r.t.Fatal(err)
	}
	for _, e := range recorded.Exchanges {
		r.exchange(name, e)
	}
}

func (r *replay) exchange(file string, e exchange) {
	r.t.Helper()
	headers := []string{}
	for name, value := range e.Request.Headers {
		value = strings.ReplaceAll(value, "MANAGEMENT", r.token(nil))
		value = strings.ReplaceAll(value, "WITHOUT_SCOPE", r.token(map[string]any{"scope": nil}))
		headers = append(headers, name, value)
	}
	path := strings.TrimPrefix(r.ours(e.Request.URL), r.URL)
	got := r.do(e.Request.Method, path, r.oursIn(e.Request.Body), headers...)
	where := fmt.Sprintf("%s %q: %s %s", file, e.Label, e.Request.Method, path)
	if got.status != e.Response.Status {
		r.t.Errorf("%s: status %d, recorded %d: %s", where, got.status, e.Response.Status, got.raw)
		return
	}
	r.compareHeaders(where, got.header, e.Response.Headers)
	want := e.Response.Body
	if want == "" {
		want = nil
	}
	if diff := r.diff("$", want, got.body); diff != "" {
		r.t.Errorf("%s: %s\n got %s", where, diff, got.raw)
	}
	if got.header.Get("Logto-Core-Request-Id") == "" {
		r.t.Errorf("%s: no request id", where)
	}
}

// ours puts our host and ids into a recorded URL.
func (r *replay) ours(text string) string {
	text = strings.ReplaceAll(text, "http://localhost:3001", r.URL)
	return idInURL.ReplaceAllStringFunc(text, func(id string) string {
		if mine, ok := r.ids[id]; ok {
			return mine
		}
		return id
	})
}

func (r *replay) oursIn(v any) any {
	switch v := v.(type) {
	case string:
		if mine, ok := r.ids[v]; ok {
			return mine
		}
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = r.oursIn(v[i])
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for k := range v {
			out[k] = r.oursIn(v[k])
		}
		return out
	}
	return v
}

func (r *replay) compareHeaders(where string, got http.Header, want map[string]any) {
	r.t.Helper()
	for name, value := range want {
		if name == "ETag" { // of a body with other ids: the shape only
			if !regexp.MustCompile(`^"[0-9a-f]+-[A-Za-z0-9+/]{27}"$`).MatchString(got.Get(name)) {
				r.t.Errorf("%s: ETag %q", where, got.Get(name))
			}
			continue
		}
		var values []string
		if list, ok := value.([]any); ok {
			for _, v := range list {
				values = append(values, r.ours(v.(string)))
			}
		} else {
			values = []string{r.ours(value.(string))}
		}
		if !slices.Equal(got.Values(name), values) {
			r.t.Errorf("%s: header %s %q, recorded %q", where, name, got.Values(name), values)
		}
	}
	for _, name := range []string{"Content-Type", "Total-Number", "Link", "ETag"} {
		if _, recorded := want[name]; !recorded && got.Get(name) != "" {
			r.t.Errorf("%s: header %s %q was not recorded", where, name, got.Values(name))
		}
	}
}

// diff says where got differs from what was recorded. The one field of our own is allowed.
func (r *replay) diff(path string, want, got any) string {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return fmt.Sprintf("%s: got %v, recorded an object", path, got)
		}
		for k := range g {
			if _, recorded := w[k]; !recorded && k != "isDataApi" {
				return fmt.Sprintf("%s: key %q was not recorded", path, k)
			}
		}
		for k := range w {
			v, there := g[k]
			if !there {
				return fmt.Sprintf("%s: key %q is missing", path, k)
			}
			if d := r.diff(path+"."+k, w[k], v); d != "" {
				return d
			}
		}
		return ""
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return fmt.Sprintf("%s: got %v, recorded %d items", path, got, len(w))
		}
		for i := range w {
			if d := r.diff(fmt.Sprintf("%s[%d]", path, i), w[i], g[i]); d != "" {
				return d
			}
		}
		return ""
	case string:
		return r.diffText(path, w, got)
	case float64:
		if g, ok := got.(float64); ok && w > 1e12 && g > 1e12 {
			return "" // a time
		}
	}
	if fmt.Sprint(want) != fmt.Sprint(got) {
		return fmt.Sprintf("%s: got %v, recorded %v", path, got, want)
	}
	return ""
}

func (r *replay) diffText(path, want string, got any) string {
	g, ok := got.(string)
	switch {
	case ok && idShape.MatchString(want) && len(g) == len(want) && idShape.MatchString(g):
		if mine, seen := r.ids[want]; seen && mine != g {
			return fmt.Sprintf("%s: got id %s, but %s stood for %s", path, g, want, mine)
		}
		r.ids[want] = g
	case ok && secretShape.MatchString(want) && secretShape.MatchString(g):
	case !ok || r.ours(want) != g:
		return fmt.Sprintf("%s: got %v, recorded %q", path, got, want)
	}
	return ""
}

// TestReplay compares with recordings 01-04 of a real server, in the order they were made: each builds on the last.
func TestReplay_resourcesRolesUsersApplications(t *testing.T) {
	t.Parallel()
	r := &replay{serve(t), map[string]string{}}
	for _, file := range []string{"01-management-api-token", "02-resources-scopes-roles", "03-users", "04-applications"} {
		r.file(file)
	}
}

// TestReplay_customJWT compares with recording 09. What the script itself does is tested with the sandbox; here the
// recorded outcome is put in its place, and the answer around it compared.
func TestReplay_customJWT(t *testing.T) {
	t.Parallel()
	var outcome exchange
	r := &replay{serve(t, func(h *management.Handler) {
		h.TestScript = func(context.Context, management.ScriptTest) (json.RawMessage, error) {
			body := outcome.Response.Body.(map[string]any)
			if outcome.Response.Status == http.StatusOK {
				return json.Marshal(body)
			}
			message := body["data"].(map[string]any)["message"].(string)
			return nil, &management.ScriptError{Message: message, Denied: outcome.Response.Status == http.StatusForbidden}
		}
	}), map[string]string{}}
	raw, err := os.ReadFile("testdata/09-custom-jwt.json")
	if err != nil {
		t.Fatal(err)
	}
	var recorded struct{ Exchanges []exchange }
	if err := json.Unmarshal(raw, &recorded); err != nil {
		t.Fatal(err)
	}
	for _, outcome = range recorded.Exchanges {
		r.exchange("09", outcome)
	}
}

// adminSecret knows two, one with a name.
func adminSecret(given string) (name string, ok bool) {
	if given == "named" {
		return "deploy", true
	}
	return "", given == "myadminsecretkey"
}
