package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"gatehouse/identity/directory"
	"gatehouse/identity/token"
	"gatehouse/secret"
)

// Session is a browser that is signed in.
type Session struct {
	ID              string
	UserID          string
	AuthenticatedAt time.Time
	// Interaction is how the user signed in last, as a script sees it; nil when unknown.
	Interaction json.RawMessage
	CreatedAt   time.Time
	ExpiresAt   time.Time
}

// sessionTTL is the setting oidc.session {"ttl": seconds}, at most a year, or its default.
func sessionTTL(ctx context.Context, read directory.Reader) (time.Duration, error) {
	raw, err := read.Config(ctx, directory.ConfigSession)
	if errors.Is(err, directory.ErrNotFound) {
		return token.SessionTTL, nil
	}
	if err != nil {
		return 0, err
	}
	var setting struct {
		TTL int64 `json:"ttl"`
	}
	if err := json.Unmarshal(raw, &setting); err != nil || setting.TTL <= 0 {
		return token.SessionTTL, nil
	}
	return min(time.Duration(setting.TTL)*time.Second, 365*24*time.Hour), nil
}

type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

const sessionColumns = `s.id, s.user_id, s.authenticated_at, s.interaction, s.created_at, s.expires_at`

func scanSession(row pgx.Row) (*Session, error) {
	s := new(Session)
	err := row.Scan(&s.ID, &s.UserID, &s.AuthenticatedAt, &s.Interaction, &s.CreatedAt, &s.ExpiresAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, directory.ErrNotFound
	}
	return s, err
}

const sessionByDigest = `
select ` + sessionColumns + `
  from identity.sessions s
  join identity.users u on u.id = s.user_id and not u.is_suspended
 where s.digest = $1 and s.expires_at > $2`

// session finds the session of the browser, nil when it has none.
func (p *Provider) session(ctx context.Context, q querier, r *http.Request) (*Session, error) {
	value := p.cookies.get(r, sessionCookie)
	if value == "" {
		return nil, nil
	}
	s, err := scanSession(q.QueryRow(ctx, sessionByDigest, secret.Digest(value), p.now()))
	if errors.Is(err, directory.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read session: %w", err)
	}
	return s, nil
}

const (
	insertSession = `
insert into identity.sessions (id, digest, user_id, authenticated_at, interaction, created_at, expires_at)
values ($1, $2, $3, $4, $5, $6, $7)`
	renewSession = `
update identity.sessions
   set digest = $2, authenticated_at = $3, interaction = $4, expires_at = $5
 where id = $1`
)

// signIn starts the session of a user, or renews it when the browser's is the same user's. The cookie value is new
// either way, so that one planted before signing in is worth nothing. Another user's session in the browser ends.
func (p *Provider) signIn(ctx context.Context, tx *directory.Tx, present *Session, login *LoginResult) (*Session, string, error) {
	now, value := p.now(), secret.Opaque()
	ttl, err := sessionTTL(ctx, tx.Reader)
	if err != nil {
		return nil, "", err
	}
	if present != nil && present.UserID != login.UserID {
		if err := endSession(ctx, tx, present.ID); err != nil {
			return nil, "", err
		}
		present = nil
	}
	s := &Session{
		ID: secret.Opaque(), UserID: login.UserID, AuthenticatedAt: login.At, Interaction: login.Interaction,
		CreatedAt: now, ExpiresAt: now.Add(ttl),
	}
	if present != nil {
		s.ID, s.CreatedAt = present.ID, present.CreatedAt
		_, err := tx.Exec(ctx, renewSession, s.ID, secret.Digest(value), s.AuthenticatedAt, s.Interaction, s.ExpiresAt)
		if err != nil {
			return nil, "", fmt.Errorf("renew session: %w", err)
		}
		return s, value, nil
	}
	_, err = tx.Exec(ctx, insertSession, s.ID, secret.Digest(value), s.UserID, s.AuthenticatedAt, s.Interaction, s.CreatedAt, s.ExpiresAt)
	if err != nil {
		return nil, "", fmt.Errorf("store session: %w", err)
	}
	return s, value, nil
}

// rotateSession gives the session another cookie value and a fresh lifetime.
func (p *Provider) rotateSession(ctx context.Context, tx *directory.Tx, s *Session) (string, error) {
	value := secret.Opaque()
	ttl, err := sessionTTL(ctx, tx.Reader)
	if err != nil {
		return "", err
	}
	s.ExpiresAt = p.now().Add(ttl)
	_, err = tx.Exec(ctx, `update identity.sessions set digest = $2, expires_at = $3 where id = $1`, s.ID, secret.Digest(value), s.ExpiresAt)
	if err != nil {
		return "", fmt.Errorf("rotate session: %w", err)
	}
	return value, nil
}

// extendSession keeps a session in use alive.
func (p *Provider) extendSession(ctx context.Context, tx *directory.Tx, s *Session) error {
	ttl, err := sessionTTL(ctx, tx.Reader)
	if err != nil {
		return err
	}
	s.ExpiresAt = p.now().Add(ttl)
	if _, err := tx.Exec(ctx, `update identity.sessions set expires_at = $2 where id = $1`, s.ID, s.ExpiresAt); err != nil {
		return fmt.Errorf("extend session: %w", err)
	}
	return nil
}

// endSession ends a session, and its grants without offline access. A trigger would end these too, but they are to be
// reported.
func endSession(ctx context.Context, tx *directory.Tx, id string) error {
	err := endGrants(ctx, tx, `delete from identity.grants g where g.session_id = $1 and not g.offline`, id)
	if err != nil && !errors.Is(err, directory.ErrNotFound) {
		return err
	}
	if _, err := tx.Exec(ctx, `delete from identity.sessions where id = $1`, id); err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return nil
}

func (p *Provider) setSessionCookie(w http.ResponseWriter, value string, expires time.Time) {
	p.cookies.set(w, cookie{name: sessionCookie, value: value, path: "/", expires: expires})
}
