// Package identity assembles the west wing: an OpenID provider with its directory, the sign-in API, Hasura's webhook and
// the Management API, on schema "identity" of one Postgres. It owns the order of starting and stopping and the keys; all
// else is in the packages below. Its key set is how the other wing verifies what it signs.
package identity

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"gatehouse/httpclient"
	"gatehouse/httpd"
	"gatehouse/identity/console"
	"gatehouse/identity/directory"
	"gatehouse/identity/experience"
	"gatehouse/identity/hasurahook"
	"gatehouse/identity/management"
	"gatehouse/identity/migrations"
	"gatehouse/identity/oidc"
	"gatehouse/identity/password"
	"gatehouse/identity/token"
	"gatehouse/identity/verification"
	"gatehouse/jwt"
	"gatehouse/postgres"
	"gatehouse/worker"
)

// Config of the identity half.
type Config struct {
	// Endpoint is the public origin, as "https://id.example"; the issuer is Endpoint + "/oidc".
	Endpoint string
	Pool     *pgxpool.Pool
	Log      *slog.Logger
	// AdminSecret tells whether a value of X-Hasura-Admin-Secret opens the Management API, and what the secret is called
	// ("" for nothing); nil: none does.
	AdminSecret func(candidate string) (name string, ok bool)
	// Console says whom the console's cookie stands for; nil: there is no console.
	Console func(ctx context.Context, h http.Header) (*console.Caller, error)
	// MemberSeen is told of members of the console who call the Management API by token; nil where there is no console.
	MemberSeen func(ctx context.Context, userID string)
	// ConsoleBases are further URLs that the console is served below.
	ConsoleBases []string
	// DefaultRoleNames are given to every new user (USER_DEFAULT_ROLE_NAMES).
	DefaultRoleNames []string
	// BreachedPasswordCheck asks the public breach database about new passwords.
	BreachedPasswordCheck bool
	// AllowedOrigins may call the Management API from a browser besides our own.
	AllowedOrigins []string
	// AuditRetention is how long entries of the audit log are kept; 0 keeps them for ever.
	AuditRetention time.Duration
	// Happened is told of what is written to the audit log about sign-ins and tokens: its key and result; optional.
	Happened func(key, result string)
	// Phrases are the texts of the sign-in pages in a language; nil: the pages' own English.
	Phrases func(ctx context.Context, language string) (json.RawMessage, error)
	// Now is the clock of the provider; nil means time.Now.
	Now func() time.Time
}

// Identity is the running wing.
type Identity struct {
	config     Config
	directory  *directory.Directory
	provider   *oidc.Provider
	experience *experience.Handler
	sandbox    *token.Sandbox
	issuer     *token.Issuer
	keys       *jwt.Set
	audit      *audit
	handler    http.Handler
}

// scriptTimeout bounds one request of a script; the script's own deadline is shorter.
const scriptTimeout = 10 * time.Second

// New migrates the schema, puts first values in place and assembles the wing. Several processes may start at once.
func New(ctx context.Context, c Config) (*Identity, error) {
	c.Endpoint = strings.TrimSuffix(c.Endpoint, "/")
	if c.Now == nil {
		c.Now = time.Now
	}
	if err := postgres.Migrate(ctx, c.Pool, migrations.Schema, migrations.Files); err != nil {
		return nil, fmt.Errorf("migrate schema %s: %w", migrations.Schema, err)
	}
	d := directory.New(c.Pool)
	d.DefaultRoleNames = c.DefaultRoleNames
	if err := d.Seed(ctx); err != nil {
		return nil, fmt.Errorf("seed directory: %w", err)
	}
	i := &Identity{config: c, directory: d, keys: jwt.NewSet(), audit: newAudit(c.Pool, c.Log, c.Happened)}
	d.OnChange = i.changed
	i.sandbox = token.NewSandbox(httpclient.New(httpclient.Public, scriptTimeout), c.Log)
	i.issuer = &token.Issuer{
		URL: c.Endpoint + "/oidc", Keys: i.keys, Directory: d, Sandbox: i.sandbox, Now: c.Now, ScriptFailed: i.audit.scriptFailed,
	}
	signing, cookieKeys, err := loadKeys(ctx, d, c.Now())
	if err != nil {
		return nil, err
	}
	i.keys.Replace(signing...)
	i.provider, err = oidc.New(oidc.Config{
		Endpoint: c.Endpoint, ConsoleBases: c.ConsoleBases, Pool: c.Pool, Directory: d, Issuer: i.issuer, Keys: i.keys, CookieKeys: cookieKeys, Now: c.Now, Record: i.audit.record,
	})
	if err != nil {
		return nil, fmt.Errorf("assemble provider: %w", err)
	}
	passwords := password.Checker{Log: c.Log}
	if c.BreachedPasswordCheck {
		passwords.Client = httpclient.New(httpclient.Public, 3*time.Second)
	}
	i.experience = &experience.Handler{
		Directory: d, Interactions: i.provider.Interactions(), Verifier: &verification.Verifier{Directory: d, Passwords: passwords},
		Endpoint: c.Endpoint, Phrases: c.Phrases, Record: i.audit.record, Now: c.Now,
	}
	i.handler = i.mount()
	return i, nil
}

func (i *Identity) mount() http.Handler {
	mux := http.NewServeMux()
	i.provider.Mount(mux)
	i.experience.Mount(mux)
	(&hasurahook.Handler{Directory: i.directory, Verify: i.provider.VerifyAccess, Issuer: i.Issuer(), Now: i.config.Now}).Mount(mux)
	(&management.Handler{
		Directory: i.directory, DB: i.config.Pool, Verify: i.provider.VerifyAccess, Issuers: []string{i.Issuer()},
		AdminSecret: i.config.AdminSecret, AllowedOrigins: i.config.AllowedOrigins, TestScript: i.testScript, ScriptContext: i.scriptContext, Sessions: i.sessions(),
		Console: i.config.Console, Seen: i.config.MemberSeen, Keys: i.managedKeys(),
	}).Mount(mux)
	return withHeaders(mux)
}

// withHeaders adds what every answer carries: the request's id, and what keeps browsers from misusing it.
func withHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		if id := httpd.RequestID(r.Context()); id != "" {
			h.Set("Logto-Core-Request-Id", id)
		}
		h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "SAMEORIGIN")
		next.ServeHTTP(w, r)
	})
}

// changed reloads what this process keeps in memory.
func (i *Identity) changed(kind, id string) {
	if kind == directory.KindConfig && (id == directory.ConfigPrivateKeys || id == directory.ConfigCookieKeys) {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := i.ReloadKeys(ctx); err != nil {
			i.config.Log.ErrorContext(ctx, "keys could not be reloaded, the old ones stay in use", "error", err)
		}
	}
}

// Handler serves /oidc, /consent, /api/experience, /api/.well-known, /api/authn/hasura and the Management API under /api.
func (i *Identity) Handler() http.Handler { return i.handler }

// Keys are the provider's signing keys, the present one first; the set changes when they are rotated.
func (i *Identity) Keys() *jwt.Set { return i.keys }

// Issuer is the issuer identifier of the tokens.
func (i *Identity) Issuer() string { return i.config.Endpoint + "/oidc" }

// Directory is who exists and what they may do.
func (i *Identity) Directory() *directory.Directory { return i.directory }

// Provider is the OpenID provider.
func (i *Identity) Provider() *oidc.Provider { return i.provider }

// SignInSettings are the public sign-in settings, for the sign-in page to be served with.
func (i *Identity) SignInSettings(ctx context.Context) (json.RawMessage, error) {
	return i.experience.Settings(ctx)
}

// Intervals of the background work.
const (
	sweepEvery  = 5 * time.Minute
	reloadEvery = 5 * time.Second
)

// Run does the background work until ctx ends: expired rows go, keys rotated by another process come in.
func (i *Identity) Run(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		worker.Every(ctx, reloadEvery, nil, func(ctx context.Context) {
			if err := i.ReloadKeys(ctx); err != nil && ctx.Err() == nil {
				i.config.Log.WarnContext(ctx, "keys could not be read", "error", err)
			}
		})
	}()
	worker.Every(ctx, sweepEvery, nil, func(ctx context.Context) {
		for _, sweep := range []func(context.Context) error{i.provider.Sweep, i.directory.PruneAttempts, i.pruneAudit} {
			if err := sweep(ctx); err != nil && ctx.Err() == nil {
				i.config.Log.WarnContext(ctx, "expired rows could not be deleted", "error", err)
			}
		}
	})
	<-done
	return ctx.Err()
}

// pruneAudit deletes audit entries that are older than they are to be kept.
func (i *Identity) pruneAudit(ctx context.Context) error {
	if i.config.AuditRetention <= 0 {
		return nil
	}
	_, err := i.config.Pool.Exec(ctx, `delete from identity.logs where created_at < $1`, i.config.Now().Add(-i.config.AuditRetention))
	if err != nil {
		return fmt.Errorf("prune audit log: %w", err)
	}
	return nil
}

// Close writes what is left of the audit log. The pool stays open; it is its opener's.
func (i *Identity) Close() { i.audit.close() }

// NewAdministrator is who CreateAdministrator makes.
type NewAdministrator struct {
	Username, Password string
}

// CreateAdministrator makes a user who holds the role admin and owns the console, in one transaction. The password has to
// meet the policy (*verification.Rejected), the username to be free (*directory.Conflict).
func (i *Identity) CreateAdministrator(ctx context.Context, n NewAdministrator) (*directory.User, error) {
	if err := i.experience.Verifier.CheckUsername(ctx, n.Username); err != nil {
		return nil, err
	}
	hash, err := i.experience.Verifier.NewPassword(ctx, n.Password, password.UserInfo{Username: n.Username})
	if err != nil {
		return nil, err
	}
	return i.directory.CreateAdministrator(ctx, directory.NewUser{Username: n.Username, Password: hash})
}
