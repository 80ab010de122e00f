// Package oidc is the OpenID provider: authorization, interactions, sessions and grants, the token endpoint and what
// belongs to it (userinfo, introspection, revocation, end of session, discovery).
//
// It owns who may have a token and how long it lives; what is inside a token is identity/token's, and how a user proves
// who they are is identity/experience's, which reports to it through Interactions.Finish alone. See DESIGN.md.
package oidc

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"gatehouse/identity/directory"
	"gatehouse/identity/token"
	"gatehouse/jwt"
)

// mount is where the provider's routes are.
const mount = "/oidc"

// KindGrant is the kind of change notices about grants.
const KindGrant = "grant"

// Config of a provider.
type Config struct {
	// Endpoint is the public origin, as "https://id.example"; the issuer is Endpoint + "/oidc".
	Endpoint string
	// ConsoleBases are further URLs that the console is served below.
	ConsoleBases []string
	Pool         *pgxpool.Pool
	Directory    *directory.Directory
	Issuer       *token.Issuer
	Keys         *jwt.Set
	// CookieKeys sign cookies; the first signs, all verify.
	CookieKeys []string
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Record writes the audit log; nil records nothing.
	Record func(ctx context.Context, e Event)
}

// Event is something worth a line in the audit log.
type Event struct {
	// Key is Logto's name of the event, as "ExchangeTokenBy.RefreshToken".
	Key           string
	ApplicationID string
	UserID        string
	SessionID     string
	Err           error
}

// Provider answers everything under /oidc, and /consent.
type Provider struct {
	endpoint  string
	issuerURL string
	// consoleBases are further URLs of the console.
	consoleBases []string
	pool         *pgxpool.Pool
	directory    *directory.Directory
	issuer       *token.Issuer
	keys         *jwt.Set
	cookies      cookies
	now          func() time.Time
	record       func(ctx context.Context, e Event)
	grantTypes   map[string]grantType
}

// New makes a provider.
func New(c Config) (*Provider, error) {
	u, err := url.Parse(c.Endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("endpoint %q is not an http(s) origin", c.Endpoint)
	}
	if len(c.CookieKeys) == 0 {
		return nil, fmt.Errorf("no cookie keys")
	}
	endpoint := strings.TrimSuffix(c.Endpoint, "/")
	p := &Provider{
		endpoint: endpoint, issuerURL: endpoint + mount, pool: c.Pool, directory: c.Directory, issuer: c.Issuer, keys: c.Keys,
		now: c.Now, record: c.Record, consoleBases: c.ConsoleBases,
	}
	p.cookies.secure = u.Scheme == "https"
	p.SetCookieKeys(c.CookieKeys)
	if p.now == nil {
		p.now = time.Now
	}
	if p.record == nil {
		p.record = func(context.Context, Event) {}
	}
	p.grantTypes = map[string]grantType{
		"authorization_code": {"AuthorizationCode", p.exchangeCode},
		"refresh_token":      {"RefreshToken", p.refresh},
		"client_credentials": {"ClientCredentials", p.clientCredentials},
	}
	return p, nil
}

// SetCookieKeys puts other cookie keys in place, at least one; the first signs.
func (p *Provider) SetCookieKeys(keys []string) { p.cookies.keys.Store(&keys) }

// Mount adds the provider's routes.
func (p *Provider) Mount(mux *http.ServeMux) {
	cross := p.crossOrigin
	mux.HandleFunc("GET /oidc/.well-known/openid-configuration", cross(p.discovery))
	mux.HandleFunc("GET /oidc/.well-known/oauth-authorization-server", cross(p.discovery))
	mux.HandleFunc("GET /oidc/jwks", cross(p.jwks))
	mux.HandleFunc("GET /oidc/auth", p.authorize)
	mux.HandleFunc("POST /oidc/auth", p.authorize)
	mux.HandleFunc("GET /oidc/auth/{uid}", p.resume)
	mux.HandleFunc("POST /oidc/token", cross(p.token))
	mux.HandleFunc("GET /oidc/me", cross(p.userinfo))
	mux.HandleFunc("POST /oidc/me", cross(p.userinfo))
	mux.HandleFunc("POST /oidc/token/introspection", cross(p.introspect))
	mux.HandleFunc("POST /oidc/token/revocation", cross(p.revoke))
	mux.HandleFunc("GET /oidc/session/end", p.endSession)
	mux.HandleFunc("POST /oidc/session/end", p.endSession)
	mux.HandleFunc("POST /oidc/session/end/confirm", p.confirmEndSession)
	mux.HandleFunc("GET /oidc/session/end/success", p.endedSession)
	mux.HandleFunc("GET /consent", p.consent)
	mux.HandleFunc("/oidc/", p.unknownRoute)
}

func (p *Provider) unknownRoute(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodOptions && isCrossOrigin(r.URL.Path) {
		p.preflight(w, r)
		return
	}
	p.fail(w, r, &Error{
		Code: "invalid_request", Status: http.StatusNotFound,
		Description: fmt.Sprintf("unrecognized route or not allowed method (%s on %s)", r.Method, strings.TrimPrefix(r.URL.Path, mount)),
	})
}

// redirect answers 303 with the small body the recordings show.
func redirect(w http.ResponseWriter, status int, target string) {
	w.Header().Set("Location", target)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprintf(w, "Redirecting to %s.", escapeHTML(target))
}

func mustJSON(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic("oidc: a value of ours does not encode: " + err.Error())
	}
	return b
}
