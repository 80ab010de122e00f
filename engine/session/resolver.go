package session

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"

	"gatehouse/engine/fault"
	"gatehouse/httpclient"
	"gatehouse/jwt"
	"gatehouse/telemetry"
)

// How long others may keep a request waiting.
const (
	hookTimeout    = 30 * time.Second
	keySetTimeout  = 10 * time.Second
	keySetAttempts = 5 // at start, as Hasura
)

// Request is what a session is resolved from: one HTTP request, or a socket's handshake and connection_init headers.
type Request struct {
	Header http.Header
	// Host is the request's own host, for same-origin checks.
	Host string
	// Body gives the GraphQL request or the list of them, for an auth hook that is shown bodies; nil elsewhere.
	Body func() json.RawMessage
	// IsAgain: who sent the request is judged once more, for what goes on.
	IsAgain bool
}

// Identity is what the identity half lends the data half: its issuer, its keys and its knowledge.
type Identity struct {
	// Issuer is the `iss` of our own tokens; the key set is published at Issuer + "/jwks".
	Issuer    string
	Keys      *jwt.Set
	Authority Authority
	// ConsoleClient and ConsoleAudience tell the access tokens of members of the console: those issued to that client for that
	// API. They are judged by Deps.Console; "" where there are none.
	ConsoleClient, ConsoleAudience string
	// Epoch moves whenever what Authority says may have changed, but for what Standing.Until says; isKnown is false while
	// that cannot be told. nil: it never can.
	Epoch func() (epoch uint64, isKnown bool)
	// Bases are further URLs this process serves the identity half at ("http://localhost:3001"): a jwk_url below one of
	// them is our own, whatever the issuer's public name is.
	Bases []string
}

// publishes tells whether a jwk_url is our own: its keys are in the process, and at start nobody would answer there yet.
func (i *Identity) publishes(jwkURL string) bool {
	return isSameURL(jwkURL, i.Issuer+"/jwks") || slices.ContainsFunc(i.Bases, func(base string) bool { return isSameURL(jwkURL, base+"/oidc/jwks") })
}

// Deps are what a Resolver works with.
type Deps struct {
	// Identity is nil when the identity half does not run.
	Identity *Identity
	// Console is nil when there is none.
	Console Console
	Log     *slog.Logger
	// Lines takes what the auth hook answered and how key sets are refreshed; nil drops it.
	Lines *telemetry.Log
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Resolver says who the caller of the data API is.
type Resolver struct {
	config   *Config
	console  Console
	hook     *hook
	jwts     []*jwtVerifier
	remotes  []*jwt.Remote
	identity *identity
	log      *slog.Logger
	lines    *telemetry.Log
	facts    *cache[digest, tokenFacts]
	// isAuthorization: all secrets look for the token in Authorization. resolved remembers what came of that header.
	isAuthorization bool
	resolved        *cache[digest, resolved]
}

// New makes a Resolver. Key sets are not fetched before Start.
func New(c *Config, d Deps) *Resolver {
	now := d.Now
	if now == nil {
		now = time.Now
	}
	r := &Resolver{config: c, console: d.Console, log: d.Log, lines: d.Lines, facts: newCache[digest, tokenFacts](verifiedTokens), resolved: newCache[digest, resolved](verifiedTokens)}
	if d.Identity != nil {
		r.identity = newIdentity(c, *d.Identity, now)
	}
	if c.AuthHook != "" {
		r.hook = &hook{
			config: c, url: c.AuthHook, isPost: strings.EqualFold(c.AuthHookMode, "POST"), sendBody: !c.AuthHookWithoutBody,
			client: httpclient.New(httpclient.Operator, hookTimeout), answers: newHookAnswers(c.AuthHookCache, now), log: d.Log, lines: d.Lines, now: now,
		}
	}
	for _, s := range c.jwts {
		r.jwts = append(r.jwts, r.verifier(s, d.Identity, now))
	}
	r.isAuthorization = !slices.ContainsFunc(r.jwts, func(v *jwtVerifier) bool { return v.location.kind != authorization })
	return r
}

func (r *Resolver) verifier(s *jwtSecret, own *Identity, now func() time.Time) *jwtVerifier {
	v := &jwtVerifier{jwtSecret: s, config: r.config, now: now, algorithms: remoteAlgorithms, signed: newCache[[sha256.Size]byte, *signedClaims](verifiedTokens)}
	switch {
	case s.key != nil:
		keys := []jose.JSONWebKey{*s.key}
		v.keys, v.algorithms = func() []jose.JSONWebKey { return keys }, algorithmsOf(s.key)
	case own != nil && own.publishes(s.jwkURL):
		v.keys, v.isOwn = publicOf(own.Keys), true
	default:
		remote := jwt.NewRemote(s.jwkURL, httpclient.New(httpclient.Operator, keySetTimeout), r.lines)
		r.remotes = append(r.remotes, remote)
		v.keys, v.missed = remote.Keys, remote.Missed
	}
	return v
}

// publicOf gives the public half of a set, the same slice until the set changes.
func publicOf(set *jwt.Set) func() []jose.JSONWebKey {
	type pair struct {
		of     *jose.JSONWebKey
		public []jose.JSONWebKey
	}
	var last atomic.Pointer[pair]
	return func() []jose.JSONWebKey {
		keys := set.Keys()
		if len(keys) == 0 {
			return nil
		}
		if p := last.Load(); p != nil && p.of == &keys[0] {
			return p.public
		}
		p := &pair{&keys[0], set.Public().Keys}
		last.Store(p)
		return p.public
	}
}

// isSameURL tells whether two URLs are one; the names of this machine count as one.
func isSameURL(one, other string) bool {
	a, errA := url.Parse(one)
	b, errB := url.Parse(other)
	if errA != nil || errB != nil || a.Scheme != b.Scheme || a.Path != b.Path || a.Port() != b.Port() {
		return false
	}
	return strings.EqualFold(a.Hostname(), b.Hostname()) || isThisMachine(a.Hostname()) && isThisMachine(b.Hostname())
}

func isThisMachine(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || host == "host.docker.internal" || ip != nil && ip.IsLoopback()
}

// Start fetches the configured remote key sets; one that cannot be had after some attempts is an error that ends the
// start, as in Hasura.
func (r *Resolver) Start(ctx context.Context) error {
	for _, remote := range r.remotes {
		if err := fetchWithRetries(ctx, remote); err != nil {
			return fmt.Errorf("Fatal Error: --jwt-secret (HASURA_GRAPHQL_JWT_SECRET): %w", err)
		}
	}
	return nil
}

func fetchWithRetries(ctx context.Context, remote *jwt.Remote) (err error) {
	for attempt := range keySetAttempts {
		if attempt > 0 {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(time.Second):
			}
		}
		if err = remote.Fetch(ctx); err == nil {
			return nil
		}
	}
	return err
}

// Run keeps remote key sets fresh until ctx ends.
func (r *Resolver) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for _, remote := range r.remotes {
		wg.Go(func() { remote.Run(ctx) })
	}
	wg.Wait()
}

// Config is the configuration the resolver was made with.
func (r *Resolver) Config() *Config { return r.config }

// Resolve says who sent the request: the admin secret first, then a console member, then the one configured way, or
// built-in identity; a request without any credential last. Every error is a *fault.Error.
func (r *Resolver) Resolve(ctx context.Context, req Request) (*Session, error) {
	var console string
	if r.console != nil {
		console, req.Header = r.console.TakeOut(req.Header)
	}
	s, err := r.resolve(ctx, req, console)
	if s != nil {
		s.ClientHeaders = req.Header
		if s.isConsole && len(req.Header[authorization]) > 0 {
			// The token opens more than the data API: no action or remote schema is shown it, whoever has made them.
			s.ClientHeaders = req.Header.Clone()
			delete(s.ClientHeaders, authorization)
		}
	}
	return s, err
}

// resolve says who sent the request. console is the console's credential, "" without one.
func (r *Resolver) resolve(ctx context.Context, req Request, console string) (*Session, error) {
	if given, sent := sentSecret(req.Header); sent && !r.config.IsOpen() {
		found := r.config.AdminSecret(given)
		if found == nil {
			return nil, fault.New(fault.AccessDenied, "", "invalid %q/%q", adminSecret, accessKey).WithStatus(http.StatusUnauthorized)
		}
		return r.config.bySecret(found, req.Header)
	}
	if console != "" && len(req.Header[authorization]) == 0 {
		return r.byConsole(ctx, req, console)
	}
	switch {
	case r.hook != nil:
		if s, err := r.byConsoleToken(ctx, req); s != nil || err != nil {
			return s, err
		}
		return r.hook.resolve(ctx, req)
	case len(r.jwts) > 0:
		return r.resolveJWT(ctx, req)
	case r.identity != nil && r.identity.concerns(req.Header, r.config.IsOpen()):
		return r.resolveOwn(ctx, req)
	case r.config.IsOpen():
		return asAdministrator(r.config, fromHeaders(req.Header), nil)
	case r.config.UnauthorizedRole != "" && r.identity != nil:
		return r.unauthorized(map[string]string{}), nil // built-in identity: what clients call themselves does not count
	case r.config.UnauthorizedRole != "":
		return r.unauthorized(fromHeaders(req.Header)), nil
	default:
		return nil, fault.New(fault.AccessDenied, "", "%s/%s required, but not found", adminSecret, accessKey).WithStatus(http.StatusUnauthorized)
	}
}

// Renew says what a session that the same request was given earlier is worth now, for connections that outlive a request.
// Every way of proving oneself that is judged in this process is judged again; an auth hook is not asked again: as in
// Hasura, its answer stands until the time it named.
func (r *Resolver) Renew(ctx context.Context, req Request, was *Session) (*Session, error) {
	if r.hook == nil || was.ByAdminSecret {
		req.IsAgain = true
		return r.Resolve(ctx, req)
	}
	if !was.Expires.IsZero() && !r.hook.now().Before(was.Expires) {
		return nil, fault.New(fault.AccessDenied, "", "the session has expired").WithStatus(http.StatusUnauthorized)
	}
	return was, nil
}

// Epoch moves whenever what Renew says of a session may have changed, but for Session.Expires. isKnown is false while that
// cannot be told: then only Renew itself can. Read it before Renew, not after.
func (r *Resolver) Epoch() (epoch uint64, isKnown bool) {
	if r.console != nil {
		if epoch, isKnown = r.console.Epoch(); !isKnown {
			return 0, false
		}
	}
	for _, remote := range r.remotes {
		epoch += remote.Changes()
	}
	if r.identity == nil {
		return epoch, true
	}
	epoch += r.identity.Keys.Changes() // a secret's jwk_url may be our own
	if (r.hook != nil || len(r.jwts) > 0) && r.console == nil {
		return epoch, true
	}
	if r.identity.Epoch == nil {
		return 0, false
	}
	moves, isKnown := r.identity.Epoch()
	return epoch + moves, isKnown
}

// sentSecret finds an admin secret in the headers, also an empty one.
func sentSecret(h http.Header) (string, bool) {
	for _, name := range [...]string{adminSecretHeader, accessKeyHeader} {
		if values := h[name]; len(values) > 0 {
			return values[len(values)-1], true
		}
	}
	return "", false
}

func (r *Resolver) unauthorized(vars map[string]string) *Session {
	return &Session{Role: r.config.UnauthorizedRole, Variables: seal(vars, r.config.UnauthorizedRole)}
}
