package identity_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"gatehouse/httpd"
	"gatehouse/identity"
	"gatehouse/identity/migrations"
	"gatehouse/internal/testpg"
	"gatehouse/postgres"
	"gatehouse/secret"
)

// The cast of the recordings, under their recorded ids.
const (
	spa         = "nvpp24vnrhex8m448fw19"
	native      = "native0000000000000000"
	traditional = "p1ila6cxlqxu77dreppdu"
	machine     = "jaglfob3oxh845nsrx2cn"
	machineKey  = "Y05AEk5WxMipqidCxdlZJbWvWQlZ4d8x"
	alice       = "mzh8p4l45c36"
	password    = "Passw0rd_alice"
	resource    = "https://hasura.example/api"
	callback    = "http://localhost:3999/callback"
)

// clock is a time that tests move.
type clock struct {
	mu    sync.Mutex
	ahead time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

// wing is a running identity half on a database of its own.
type wing struct {
	t     *testing.T
	url   string
	pool  *pgxpool.Pool
	id    *identity.Identity
	clock *clock
}

func migrated(ctx context.Context, dbURL string) error {
	pool, err := pgxpool.New(ctx, dbURL)
	if err != nil {
		return err
	}
	defer pool.Close()
	return postgres.Migrate(ctx, pool, migrations.Schema, migrations.Files)
}

var hashOnce = sync.OnceValues(func() (secret.PasswordHash, error) { return secret.HashPassword(context.Background(), password) })

// newEmptyWing is a migrated database with nobody in it and nothing running.
func newEmptyWing(t *testing.T) *wing {
	t.Helper()
	return &wing{t: t, pool: testpg.Pool(t, testpg.Clone(t, "identity", migrated)), clock: &clock{}}
}

func discard() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func newWing(t *testing.T) *wing {
	t.Helper()
	pool := testpg.Pool(t, testpg.Clone(t, "identity", migrated))
	w := &wing{t: t, pool: pool, clock: &clock{}}
	var handler http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { handler.ServeHTTP(rw, r) }))
	t.Cleanup(server.Close)
	w.url = server.URL
	w.id, handler = startIdentity(t, w)
	w.seed()
	return w
}

func startIdentity(t *testing.T, w *wing) (*identity.Identity, http.Handler) {
	t.Helper()
	id, err := identity.New(t.Context(), identity.Config{
		Endpoint: w.url, Pool: w.pool, Log: discard(), Now: w.clock.now,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(id.Close)
	return id, httpd.Middleware(httpd.Config{Log: discard()}, id.Handler())
}

func (w *wing) exec(sql string, args ...any) {
	w.t.Helper()
	if _, err := w.pool.Exec(context.Background(), sql, args...); err != nil {
		w.t.Fatalf("%v\n%s", err, sql)
	}
}

// seed puts the cast of the recordings in place.
func (w *wing) seed() {
	w.t.Helper()
	hash, err := hashOnce()
	if err != nil {
		w.t.Fatal(err)
	}
	web := `{"redirectUris":["` + callback + `"],"postLogoutRedirectUris":["http://localhost:3999/"]}`
	none := `{"redirectUris":[],"postLogoutRedirectUris":[]}`
	w.exec(`insert into identity.resources (id, name, indicator, access_token_ttl) values ('s1vb2jpcpd8vny1atstjk', 'Hasura API', $1, 1800)`, resource)
	w.exec(`insert into identity.scopes (id, resource_id, name, description, created_at) values
	  ('huvpmml0pdbfzwhylmoc1', 's1vb2jpcpd8vny1atstjk', 'read:todos', 'Read', '2026-01-01'),
	  ('d8pha3k89849o0m78mfqr', 's1vb2jpcpd8vny1atstjk', 'write:todos', 'Write', '2026-01-02'),
	  ('delete0000000000000000', 's1vb2jpcpd8vny1atstjk', 'delete:todos', 'Delete', '2026-01-03')`)
	w.exec(`insert into identity.roles (id, name, description, type, is_default) values
	  ('9vtksudba8y87yqd9ufd4', 'user', 'Hasura user role', 'User', true),
	  ('hgwfstq7c0kpif62o2wh1', 'admin', 'Hasura admin role', 'User', false),
	  ('editor000000000000000', 'editor', 'Editor', 'User', false),
	  ('service00000000000000', 'service', 'Service', 'MachineToMachine', false)`)
	w.exec(`insert into identity.roles_scopes (role_id, scope_id) values
	  ('9vtksudba8y87yqd9ufd4', 'huvpmml0pdbfzwhylmoc1'), ('hgwfstq7c0kpif62o2wh1', 'd8pha3k89849o0m78mfqr'),
	  ('hgwfstq7c0kpif62o2wh1', 'huvpmml0pdbfzwhylmoc1'), ('service00000000000000', 'huvpmml0pdbfzwhylmoc1'),
	  ('service00000000000000', 'd8pha3k89849o0m78mfqr')`)
	w.exec(`insert into identity.applications (id, name, type, oidc_client_metadata) values
	  ($1, 'spa', 'SPA', $5), ($2, 'native', 'Native', $5), ($3, 'web', 'Traditional', $5), ($4, 'm2m', 'MachineToMachine', $6)`,
		spa, native, traditional, machine, web, none)
	w.exec(`insert into identity.applications (id, name, type, oidc_client_metadata) values ('9laqjsfhf1nyhyrsuan2n', 'other spa', 'SPA', $1)`, web)
	w.exec(`insert into identity.application_secrets (application_id, name, value, expires_at) values
	  ($1, 'Default secret', $2, null), ($1, 'second', 'secondSecret', null), ($1, 'old', 'expiredSecret', now() - interval '1 day'),
	  ($3, 'Default secret', 'traditionalSecret', null)`, machine, machineKey, traditional)
	w.exec(`insert into identity.applications_roles (application_id, role_id) values ($1, 'service00000000000000')`, machine)
	w.exec(`insert into identity.users (id, username, primary_email, name, profile, custom_data, password_algorithm, password_digest, application_id)
	  values ($1, 'alice', 'alice@example.com', 'Alice', '{"givenName":"Alice","nickname":"al"}', '{"tier":"gold"}', $2, $3, $4)`,
		alice, hash.Algorithm, hash.Digest, spa)
	w.exec(`insert into identity.users_roles (user_id, role_id, created_at) values ($1, '9vtksudba8y87yqd9ufd4', '2026-01-01'), ($1, 'hgwfstq7c0kpif62o2wh1', '2026-01-02')`, alice)
}

// answer is a response as tests look at it.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a *answer) json(t *testing.T) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal([]byte(a.body), &out); err != nil {
		t.Fatalf("not JSON: %d %s", a.status, a.body)
	}
	return out
}

// browser keeps cookies as browsers do, which net/http's jar does not: it drops values with quotes.
type browser struct {
	w    *wing
	jar  []held
	head http.Header
}

type held struct{ name, value, path string }

func (w *wing) browser() *browser { return &browser{w: w, head: http.Header{}} }

var noRedirects = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

func (b *browser) cookies(path string) string {
	var out []string
	for _, c := range b.jar {
		if c.path == "/" || path == c.path || strings.HasPrefix(path, strings.TrimSuffix(c.path, "/")+"/") {
			out = append(out, c.name+"="+c.value)
		}
	}
	return strings.Join(out, "; ")
}

func (b *browser) take(h http.Header) {
	for _, line := range h.Values("Set-Cookie") {
		parts := strings.Split(line, "; ")
		name, value, _ := strings.Cut(parts[0], "=")
		c, gone := held{name: name, value: value, path: "/"}, false
		for _, attribute := range parts[1:] {
			key, v, _ := strings.Cut(attribute, "=")
			switch strings.ToLower(key) {
			case "path":
				c.path = v
			case "expires":
				at, err := http.ParseTime(v)
				gone = err == nil && at.Before(b.w.clock.now())
			}
		}
		kept := b.jar[:0]
		for _, k := range b.jar {
			if k.name != c.name || k.path != c.path {
				kept = append(kept, k)
			}
		}
		if b.jar = kept; !gone {
			b.jar = append(b.jar, c)
		}
	}
}

// do sends a request; target may be relative. A body is a form, unless it starts with "{".
func (b *browser) do(method, target, body string, headers ...string) *answer {
	b.w.t.Helper()
	if strings.HasPrefix(target, "/") {
		target = b.w.url + target
	}
	r, err := http.NewRequestWithContext(b.w.t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		b.w.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if strings.HasPrefix(body, "{") {
			r.Header.Set("Content-Type", "application/json")
		}
	}
	if c := b.cookies(r.URL.Path); c != "" {
		r.Header.Set("Cookie", c)
	}
	for n := 0; n+1 < len(headers); n += 2 {
		r.Header.Set(headers[n], headers[n+1])
	}
	resp, err := noRedirects.Do(r)
	if err != nil {
		b.w.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.w.t.Fatal(err)
	}
	b.take(resp.Header)
	return &answer{resp.StatusCode, resp.Header, string(text)}
}

// pkce is a verifier with its challenge.
type pkce struct{ verifier, challenge string }

func newPKCE() pkce {
	verifier := secret.Token(64)
	sum := sha256.Sum256([]byte(verifier))
	return pkce{verifier, base64.RawURLEncoding.EncodeToString(sum[:])}
}

// authQuery is an authorization request with sound values, changed by pairs of name and value; "-" takes one away.
func authQuery(client string, proof pkce, changes ...string) string {
	q := url.Values{
		"client_id": {client}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid offline_access profile read:todos write:todos"},
		"state": {"st"}, "prompt": {"consent"}, "code_challenge": {proof.challenge}, "code_challenge_method": {"S256"}, "resource": {resource},
	}
	for n := 0; n+1 < len(changes); n += 2 {
		if changes[n+1] == "-" {
			q.Del(changes[n])
		} else {
			q.Set(changes[n], changes[n+1])
		}
	}
	return "/oidc/auth?" + q.Encode()
}

// signIn proves alice's password in the interaction the browser is in, and returns where to go on.
func (b *browser) signIn(username, pass string) string {
	b.w.t.Helper()
	if a := b.do("PUT", "/api/experience", `{"interactionEvent":"SignIn"}`); a.status != 204 {
		b.w.t.Fatalf("begin: %d %s", a.status, a.body)
	}
	proof := b.do("POST", "/api/experience/verification/password", `{"identifier":{"type":"username","value":"`+username+`"},"password":"`+pass+`"}`)
	if proof.status != 200 {
		b.w.t.Fatalf("verify password: %d %s", proof.status, proof.body)
	}
	if a := b.do("POST", "/api/experience/identification", proof.body); a.status != 204 {
		b.w.t.Fatalf("identify: %d %s", a.status, a.body)
	}
	a := b.do("POST", "/api/experience/submit", "")
	if a.status != 200 {
		b.w.t.Fatalf("submit: %d %s", a.status, a.body)
	}
	return a.json(b.w.t)["redirectTo"].(string)
}

// follow follows redirects within the provider and returns the one that leaves it, or the answer that is none.
func (b *browser) follow(target string) *answer {
	b.w.t.Helper()
	for range 10 {
		a := b.do("GET", target, "")
		target = a.header.Get("Location")
		if target == "" || strings.HasPrefix(target, callback) || strings.HasPrefix(target, "/sign-in") || strings.HasPrefix(target, "/register") {
			return a
		}
	}
	b.w.t.Fatal("redirects without end")
	return nil
}

// authorize signs alice in for a client and returns the parameters of the callback.
func (b *browser) authorize(query string) url.Values {
	b.w.t.Helper()
	a := b.follow(query)
	if strings.HasPrefix(a.header.Get("Location"), "/sign-in") {
		a = b.follow(b.signIn("alice", password))
	}
	u, err := url.Parse(a.header.Get("Location"))
	if err != nil || !strings.HasPrefix(a.header.Get("Location"), callback) {
		b.w.t.Fatalf("no callback: %d %s %s", a.status, a.header.Get("Location"), a.body)
	}
	return u.Query()
}

// tokens signs alice in and exchanges the code.
func (w *wing) tokens(client string, changes ...string) map[string]any {
	w.t.Helper()
	proof := newPKCE()
	code := w.browser().authorize(authQuery(client, proof, changes...)).Get("code")
	a := w.exchange(client, code, proof.verifier)
	if a.status != 200 {
		w.t.Fatalf("exchange: %d %s", a.status, a.body)
	}
	return a.json(w.t)
}

func (w *wing) exchange(client, code, verifier string, changes ...string) *answer {
	w.t.Helper()
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier}, "client_id": {client},
	}
	if client == traditional {
		form.Set("client_secret", "traditionalSecret")
	}
	return w.form("/oidc/token", form, changes...)
}

func (w *wing) refresh(client, refreshToken string, changes ...string) *answer {
	w.t.Helper()
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refreshToken}, "client_id": {client}}
	if client == traditional {
		form.Set("client_secret", "traditionalSecret")
	}
	return w.form("/oidc/token", form, changes...)
}

// form posts a form, changed by pairs of name and value; "-" takes one away.
func (w *wing) form(path string, form url.Values, changes ...string) *answer {
	w.t.Helper()
	for n := 0; n+1 < len(changes); n += 2 {
		if changes[n+1] == "-" {
			form.Del(changes[n])
		} else {
			form.Set(changes[n], changes[n+1])
		}
	}
	return w.browser().do("POST", path, form.Encode())
}

func (w *wing) userinfo(accessToken string) *answer {
	w.t.Helper()
	return w.browser().do("GET", "/oidc/me", "", "Authorization", "Bearer "+accessToken)
}
