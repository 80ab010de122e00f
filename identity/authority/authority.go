// Package authority knows, now, what a subject may do: a bounded view of the directory in memory, filled on demand and
// moved by every change.
//
// Each change to users, roles, applications, resources, grants and revoked tokens notifies on one channel, in the
// transaction that makes it (triggers in identity/migrations). Every process listens; what a notice names is forgotten and
// read again when next asked for, and what has been remembered for a minute is read again in any case. A process that
// cannot tell that it has heard all that is older than a second asks Postgres each time (feed.go): it fails closed.
// It decides nothing about requests; engine/session does.
package authority

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"gatehouse/identity/token"
	"gatehouse/secret"
)

// Connections is how many connections an Authority uses at most: those that read, and one for proving the feed.
const Connections = maxReads + 1

// maxReads bounds the statements under way, of all kinds together.
const maxReads = 3

// Bounds of the view, per kind and generation (two of them): some 250 bytes each.
const (
	maxUsers        = 100_000
	maxApplications = 10_000
	maxGrants       = 200_000
	maxResources    = 1_000
	maxTokens       = 100_000
)

// Token is what a verified access token says about itself.
type Token struct {
	// Subject is a user, or the application itself for a machine token, where Subject == ClientID.
	Subject, ClientID string
	// Audience is the resource indicators the token is for.
	Audience []string
	// JTI holds the handle of the token's grant.
	JTI   string
	Scope string
	// HasActor is true for a token with an `act` claim.
	HasActor          bool
	IssuedAt, Expires time.Time
}

// Standing is what a token is worth now. Its zero value is worth nothing.
type Standing struct {
	// IsDataAPI: one of the token's audiences is an API resource marked as the data API.
	IsDataAPI bool
	// IsActive: the subject exists and is not suspended, and the token's application exists.
	IsActive bool
	// IsGrantAlive: neither the token nor the grant behind it has been ended. Machine tokens have no grant: true while the
	// application exists.
	IsGrantAlive bool
	// IsThirdParty: the token was issued to a third-party application.
	IsThirdParty bool
	// IsTokenExchange: the token came from a token exchange.
	IsTokenExchange bool
	// Roles are the names of the roles held now: the user's, or the application's machine roles.
	Roles []string
	// Until is when this ends by itself, with the grant; zero when it does not.
	Until time.Time
}

// Config of an Authority.
type Config struct {
	// Pool is best the authority's own, of Connections connections: who keeps the directory busy otherwise must not keep
	// every request of the data API waiting.
	Pool *pgxpool.Pool
	// URL is the same database, for the connection that listens.
	URL string
	Log *slog.Logger
	// Changed, optional, is told after each change that what Standing says may be another now. It must not block.
	Changed func()
}

// Authority is the view.
type Authority struct {
	pool *pgxpool.Pool
	url  string
	log  *slog.Logger
	// changed is never nil.
	changed func()

	users        *view[string, user]
	applications *view[string, application]
	grants       *view[handle, grant]
	resources    *view[string, bool]
	// tokens says which tokens are revoked, by the digests of their jti. It is asked about a token only when some token of
	// the same grant or application is revoked, so that there is one read more for those alone, and no list without end.
	tokens *view[digest, bool]
	// consoleSessions and members are whom the console's cookies stand for, see console.go.
	consoleSessions *view[digest, consoleSession]
	members         *view[string, string]

	feed
	// epoch counts how often something was forgotten, consoleEpoch of what the console's callers hold.
	epoch, consoleEpoch atomic.Uint64
}

// New makes an Authority. Until Run listens it answers from Postgres.
func New(c Config) *Authority {
	a := &Authority{pool: c.Pool, url: c.URL, log: c.Log, changed: c.Changed, feed: newFeed()}
	if a.changed == nil {
		a.changed = func() {}
	}
	a.lost() // nothing is heard yet
	reads := make(chan struct{}, maxReads)
	a.users = newView(maxUsers, a.now, reads, a.readUsers)
	a.applications = newView(maxApplications, a.now, reads, a.readApplications)
	a.grants = newView(maxGrants, a.now, reads, a.readGrants)
	a.resources = newView(maxResources, a.now, reads, a.readResources)
	a.tokens = newView(maxTokens, a.now, reads, a.readTokens)
	a.consoleSessions = newView(maxConsoleSessions, a.now, reads, a.readConsoleSessions)
	a.members = newView(maxMembers, a.now, reads, a.readMembers)
	return a
}

// Standing says what a token is worth now. It answers from memory once warm; an error means that it can vouch for nothing.
func (a *Authority) Standing(ctx context.Context, t Token) (Standing, error) {
	s := Standing{IsTokenExchange: t.HasActor}
	at := a.look()
	app, err := a.applications.get(ctx, t.ClientID, at)
	if err != nil {
		return Standing{}, err
	}
	for _, audience := range t.Audience {
		isData, err := a.resources.get(ctx, audience, at)
		if err != nil {
			return Standing{}, err
		}
		s.IsDataAPI = s.IsDataAPI || isData
	}
	s.IsThirdParty = app.isThirdParty
	if t.Subject == t.ClientID {
		isRevoked, err := a.isRevoked(ctx, t.JTI, app.revokedUntil, at)
		if err != nil {
			return Standing{}, err
		}
		s.IsActive, s.IsGrantAlive, s.Roles = app.exists, app.exists && !isRevoked, app.roles
		return s, nil
	}
	if err := a.ofUser(ctx, t, at, &s); err != nil {
		return Standing{}, err
	}
	s.IsActive = s.IsActive && app.exists
	return s, nil
}

// ofUser fills in what a user's token is worth, whatever application it was issued to.
func (a *Authority) ofUser(ctx context.Context, t Token, at moment, s *Standing) error {
	u, err := a.users.get(ctx, t.Subject, at)
	if err != nil {
		return err
	}
	s.IsActive, s.Roles = u.isActive, u.roles
	h, ok := token.Handle(t.JTI)
	if !ok {
		return nil
	}
	g, err := a.grants.get(ctx, h, at)
	if err != nil {
		return err
	}
	isRevoked, err := a.isRevoked(ctx, t.JTI, g.revokedUntil, at)
	if err != nil {
		return err
	}
	s.IsGrantAlive = !isRevoked && g.userID == t.Subject && g.clientID == t.ClientID && time.Now().Before(g.expires)
	s.Until = g.expires
	return nil
}

// isRevoked tells whether a token is revoked by itself. until is what its grant or application says of revoked tokens.
func (a *Authority) isRevoked(ctx context.Context, jti string, until time.Time, at moment) (bool, error) {
	if until.IsZero() || !time.Now().Before(until) {
		return false, nil
	}
	return a.tokens.get(ctx, digest(secret.Digest(jti)), at)
}

// Epoch moves whenever what Standing says of a token may have changed, but for what Standing.Until says. isKnown is false
// while changes may be unheard: then only Standing itself can tell.
func (a *Authority) Epoch() (epoch uint64, isKnown bool) {
	at := a.look()
	return a.epoch.Load() + uint64(at.now/maxAge), at.isTrusted // for what changes without telling, see maxAge
}
