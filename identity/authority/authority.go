// Package authority knows, now, what a subject may do: a bounded view of the directory in memory, filled on demand and
// moved by every change.
//
// Each change to users, roles, applications, resources and grants notifies on one channel, in the transaction that makes
// it (triggers in identity/migrations). Every process listens; what a notice names is forgotten and read again when next
// asked for. A process whose feed is broken, or slower than a second, remembers nothing and asks Postgres each time:
// it fails closed. It decides nothing about requests; engine/session does.
package authority

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"gatehouse/postgres"
	"gatehouse/secret"
)

// Channel is where changes are announced, as "<kind>:<key>".
const Channel = "gatehouse_identity"

// Bounds of the view, per kind and generation: a user takes some 200 bytes.
const (
	maxUsers        = 100_000
	maxApplications = 10_000
	maxGrants       = 200_000
	maxResources    = 1_000
	maxTokens       = 100_000
)

// The feed is proved every heartbeat by a notice to ourselves; one that is not heard within maxLag means that changes
// may be unheard too.
const (
	heartbeat = 400 * time.Millisecond
	maxLag    = time.Second
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
}

// Config of an Authority.
type Config struct {
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

	users        *view[string, member]
	applications *view[string, member]
	grants       *view[handle, grant]
	resources    *view[string, bool]
	// tokens says which tokens are revoked, by the digests of their jti. It is asked about a token only when some token of
	// the same grant or application is revoked, so that there is one read more for those alone, and no list without end.
	tokens *view[digest, bool]

	// What is remembered holds while the feed is connected and not late.
	isConnected, isLate atomic.Bool

	mu       sync.Mutex
	barriers map[string]chan struct{} // notices to ourselves that have not come back
}

// member is a user or an application.
type member struct {
	exists, isActive, isThirdParty bool
	roles                          []string
	// revokedUntil, of an application, is when the last of its own tokens that are revoked has expired; zero: none is.
	revokedUntil time.Time
}

type handle [16]byte

type grant struct {
	userID, clientID string
	expires          time.Time // zero when the grant does not exist
	revokedUntil     time.Time // as a member's, of the tokens made from the grant
}

type digest [sha256.Size]byte

// New makes an Authority. Until Run listens it answers from Postgres.
func New(c Config) *Authority {
	a := &Authority{pool: c.Pool, url: c.URL, log: c.Log, changed: c.Changed, barriers: map[string]chan struct{}{}}
	if a.changed == nil {
		a.changed = func() {}
	}
	a.users = newView(maxUsers, a.loadUser)
	a.applications = newView(maxApplications, a.loadApplication)
	a.grants = newView(maxGrants, a.loadGrant)
	a.resources = newView(maxResources, a.loadResource)
	a.tokens = newView(maxTokens, a.loadToken)
	return a
}

// Standing says what a token is worth now. It answers from memory once warm; an error means that it can vouch for nothing.
func (a *Authority) Standing(ctx context.Context, t Token) (Standing, error) {
	s := Standing{IsTokenExchange: t.HasActor}
	app, err := ask(ctx, a, a.applications, t.ClientID)
	if err != nil {
		return Standing{}, err
	}
	for _, audience := range t.Audience {
		isData, err := ask(ctx, a, a.resources, audience)
		if err != nil {
			return Standing{}, err
		}
		s.IsDataAPI = s.IsDataAPI || isData
	}
	s.IsThirdParty = app.isThirdParty
	if t.Subject == t.ClientID {
		isRevoked, err := a.isRevoked(ctx, t.JTI, app.revokedUntil)
		if err != nil {
			return Standing{}, err
		}
		s.IsActive, s.IsGrantAlive, s.Roles = app.exists, app.exists && !isRevoked, app.roles
		return s, nil
	}
	user, err := ask(ctx, a, a.users, t.Subject)
	if err != nil {
		return Standing{}, err
	}
	s.IsActive, s.Roles = app.exists && user.isActive, user.roles
	if h, ok := handleOf(t.JTI); ok {
		g, err := ask(ctx, a, a.grants, h)
		if err != nil {
			return Standing{}, err
		}
		isRevoked, err := a.isRevoked(ctx, t.JTI, g.revokedUntil)
		if err != nil {
			return Standing{}, err
		}
		s.IsGrantAlive = !isRevoked && g.userID == t.Subject && g.clientID == t.ClientID && time.Now().Before(g.expires)
	}
	return s, nil
}

// isRevoked tells whether a token is revoked by itself. until is what its grant or application says of revoked tokens.
func (a *Authority) isRevoked(ctx context.Context, jti string, until time.Time) (bool, error) {
	if until.IsZero() || !time.Now().Before(until) {
		return false, nil
	}
	return ask(ctx, a, a.tokens, digest(sha256.Sum256([]byte(jti))))
}

// ask looks in the view while the feed can be trusted, and else reads.
func ask[K comparable, V any](ctx context.Context, a *Authority, v *view[K, V], k K) (V, error) {
	if a.isTrusted() {
		return v.get(ctx, k)
	}
	ctx, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	return v.load(ctx, k)
}

// handleOf takes the grant's handle out of a jti: base64url of 16 bytes of handle and 16 random ones.
func handleOf(jti string) (h handle, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(jti)
	if err != nil || len(raw) != 32 {
		return h, false
	}
	copy(h[:], raw)
	return h, true
}

const userSQL = `
select not u.is_suspended,
       array(select r.name
             from   identity.users_roles ur
             join   identity.roles r on r.id = ur.role_id
             where  ur.user_id = u.id and r.type = 'User'
             order  by r.name)
from   identity.users u
where  u.id = $1`

func (a *Authority) loadUser(ctx context.Context, id string) (member, error) {
	m := member{exists: true}
	err := a.pool.QueryRow(ctx, userSQL, id).Scan(&m.isActive, &m.roles)
	if errors.Is(err, pgx.ErrNoRows) {
		return member{}, nil
	} else if err != nil {
		return member{}, fmt.Errorf("read user's standing: %w", err)
	}
	return m, nil
}

const applicationSQL = `
select p.is_third_party,
       array(select r.name
             from   identity.applications_roles ar
             join   identity.roles r on r.id = ar.role_id
             where  ar.application_id = p.id and r.type = 'MachineToMachine'
             order  by r.name),
       (select max(t.expires_at) from identity.revoked_tokens t where t.application_id = p.id)
from   identity.applications p
where  p.id = $1`

func (a *Authority) loadApplication(ctx context.Context, id string) (member, error) {
	m, revokedUntil := member{exists: true, isActive: true}, (*time.Time)(nil)
	err := a.pool.QueryRow(ctx, applicationSQL, id).Scan(&m.isThirdParty, &m.roles, &revokedUntil)
	if errors.Is(err, pgx.ErrNoRows) {
		return member{}, nil
	} else if err != nil {
		return member{}, fmt.Errorf("read application's standing: %w", err)
	}
	if revokedUntil != nil {
		m.revokedUntil = *revokedUntil
	}
	return m, nil
}

const grantSQL = `
select g.user_id, g.client_id, g.expires_at,
       (select max(t.expires_at) from identity.revoked_tokens t where t.grant_handle = g.handle)
from   identity.grants g
where  g.handle = $1`

// A grant that does not exist is remembered too: handles are random and never used again, and no token is made from a
// grant before the grant is committed.
func (a *Authority) loadGrant(ctx context.Context, h handle) (g grant, err error) {
	var revokedUntil *time.Time
	err = a.pool.QueryRow(ctx, grantSQL, h[:]).Scan(&g.userID, &g.clientID, &g.expires, &revokedUntil)
	if errors.Is(err, pgx.ErrNoRows) {
		return grant{}, nil
	} else if err != nil {
		return grant{}, fmt.Errorf("read grant's standing: %w", err)
	}
	if revokedUntil != nil {
		g.revokedUntil = *revokedUntil
	}
	return g, nil
}

func (a *Authority) loadToken(ctx context.Context, d digest) (isRevoked bool, err error) {
	err = a.pool.QueryRow(ctx, "select exists (select from identity.revoked_tokens where digest = $1)", d[:]).Scan(&isRevoked)
	if err != nil {
		return false, fmt.Errorf("read whether a token is revoked: %w", err)
	}
	return isRevoked, nil
}

func (a *Authority) loadResource(ctx context.Context, indicator string) (isData bool, err error) {
	err = a.pool.QueryRow(ctx, "select is_data_api from identity.resources where indicator = $1", indicator).Scan(&isData)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	} else if err != nil {
		return false, fmt.Errorf("read resource's standing: %w", err)
	}
	return isData, nil
}

// Run listens until ctx ends.
func (a *Authority) Run(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { a.watch(ctx) })
	connected := func() {
		a.forgetAll() // nothing was heard before
		a.isConnected.Store(true)
	}
	lost := func() { a.isConnected.Store(false) }
	postgres.Listen(ctx, a.url, a.log, []string{Channel}, a.hear, connected, lost)
	lost()
}

func (a *Authority) isTrusted() bool { return a.isConnected.Load() && !a.isLate.Load() }

func (a *Authority) forgetAll() {
	a.users.forgetAll()
	a.applications.forgetAll()
	a.grants.forgetAll()
	a.resources.forgetAll()
	a.tokens.forgetAll()
}

// hear forgets what a notice names.
func (a *Authority) hear(_, notice string) {
	kind, key, _ := strings.Cut(notice, ":")
	switch kind {
	case "user":
		a.users.forget(key)
	case "application":
		a.applications.forget(key)
	case "grant":
		if raw, err := hex.DecodeString(key); err == nil && len(raw) == len(handle{}) {
			a.grants.forget(handle(raw))
		}
	case "token":
		if raw, err := hex.DecodeString(key); err == nil && len(raw) == len(digest{}) {
			a.tokens.forget(digest(raw))
		}
	case "role": // renamed or deleted: whoever held it
		a.users.forgetAll()
		a.applications.forgetAll()
	case "resource":
		a.resources.forgetAll()
	case "barrier":
		a.mu.Lock()
		if c := a.barriers[key]; c != nil {
			delete(a.barriers, key)
			close(c)
		}
		a.mu.Unlock()
		return
	}
	a.changed()
}

// watch proves the feed by heartbeats.
func (a *Authority) watch(ctx context.Context) {
	ticker := time.NewTicker(heartbeat)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		beat, cancel := context.WithTimeout(ctx, maxLag)
		err := a.echo(beat)
		cancel()
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			a.late(ctx, err)
		case a.isLate.Load():
			a.forgetAll() // while late, nothing was remembered; what was before may be stale
			a.isLate.Store(false)
			a.log.InfoContext(ctx, "directory changes are heard in time again")
		}
	}
}

func (a *Authority) late(ctx context.Context, err error) {
	if !a.isLate.Swap(true) {
		a.log.WarnContext(ctx, "directory changes are not heard in time, asking Postgres for every request", "error", err)
	}
}

// Settle returns when this process has heard everything that was committed before the call, so that a change can be
// answered for: notices of one database arrive in the order of commits (PG docs: sql-notify). When that cannot be had in
// time the view stops being trusted, which is as good.
func (a *Authority) Settle(ctx context.Context) {
	if !a.isTrusted() {
		return
	}
	waiting, cancel := context.WithTimeout(context.WithoutCancel(ctx), maxLag)
	defer cancel()
	if err := a.echo(waiting); err != nil {
		a.late(ctx, err)
	}
}

// echo sends a notice to ourselves and waits to hear it.
func (a *Authority) echo(ctx context.Context) error {
	id, heard := secret.ID(), make(chan struct{})
	a.mu.Lock()
	a.barriers[id] = heard
	a.mu.Unlock()
	defer func() {
		a.mu.Lock()
		delete(a.barriers, id)
		a.mu.Unlock()
	}()
	if _, err := a.pool.Exec(ctx, "select pg_notify($1, $2)", Channel, "barrier:"+id); err != nil {
		return fmt.Errorf("notify: %w", err)
	}
	select {
	case <-heard:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
