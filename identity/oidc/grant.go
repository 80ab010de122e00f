package oidc

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"gatehouse/identity/directory"
	"gatehouse/identity/token"
	"gatehouse/secret"
)

// Grant is what a user gave to a client. Tokens are made from it and die with it.
type Grant struct {
	ID        string
	Handle    []byte
	UserID    string
	ClientID  string
	SessionID *string
	// IsOffline is true when offline_access was granted: the grant outlives its session.
	IsOffline bool
	// Scopes are OIDC scopes; Resources the granted scopes of each API resource, by indicator.
	Scopes    []string
	Resources map[string][]string
	CreatedAt time.Time
	ExpiresAt time.Time
}

const grantColumns = `g.id, g.handle, g.user_id, g.client_id, g.session_id, g.offline, g.scope, g.resources, g.created_at, g.expires_at`

func scanGrant(row pgx.Row) (*Grant, error) {
	g := new(Grant)
	var scope string
	err := row.Scan(&g.ID, &g.Handle, &g.UserID, &g.ClientID, &g.SessionID, &g.IsOffline, &scope, &g.Resources, &g.CreatedAt, &g.ExpiresAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, directory.ErrNotFound
	}
	g.Scopes = words(scope)
	return g, err
}

// sessionGrant finds the grant of a client in a session, nil when there is none.
func (p *Provider) sessionGrant(ctx context.Context, q querier, session *Session, clientID string) (*Grant, error) {
	g, err := scanGrant(q.QueryRow(ctx, `
select `+grantColumns+`
  from identity.grants g
 where g.session_id = $1 and g.client_id = $2 and g.user_id = $3 and g.expires_at > $4
 order by g.created_at desc limit 1`, session.ID, clientID, session.UserID, p.now()))
	if errors.Is(err, directory.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read grant of session: %w", err)
	}
	return g, nil
}

// grant reads a live grant whose user may still sign in.
func (p *Provider) grant(ctx context.Context, q querier, id string) (*Grant, error) {
	return scanGrant(q.QueryRow(ctx, `
select `+grantColumns+`
  from identity.grants g
  join identity.users u on u.id = g.user_id and not u.is_suspended
 where g.id = $1 and g.expires_at > $2`, id, p.now()))
}

// saveGrant stores what a user gives to a client in a session, on top of what was given there before.
func (p *Provider) saveGrant(ctx context.Context, tx *directory.Tx, session *Session, clientID string, scopes []string, resources map[string][]string) (*Grant, error) {
	g, err := p.sessionGrant(ctx, tx, session, clientID)
	if err != nil {
		return nil, err
	}
	if g == nil {
		g = &Grant{
			ID: secret.Opaque(), Handle: secret.Bytes(token.HandleSize), UserID: session.UserID, ClientID: clientID,
			SessionID: &session.ID, Resources: map[string][]string{}, CreatedAt: p.now(), ExpiresAt: p.now().Add(token.GrantTTL),
		}
	}
	g.Scopes = union(g.Scopes, scopes)
	g.IsOffline = slices.Contains(g.Scopes, "offline_access")
	for indicator, granted := range resources {
		g.Resources[indicator] = union(g.Resources[indicator], granted)
	}
	encoded, err := json.Marshal(g.Resources)
	if err != nil {
		return nil, fmt.Errorf("encode grant: %w", err)
	}
	_, err = tx.Exec(ctx, `
insert into identity.grants (id, handle, user_id, client_id, session_id, offline, scope, resources, created_at, expires_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    on conflict (id) do update set offline = excluded.offline, scope = excluded.scope, resources = excluded.resources`,
		g.ID, g.Handle, g.UserID, g.ClientID, g.SessionID, g.IsOffline, strings.Join(g.Scopes, " "), encoded, g.CreatedAt, g.ExpiresAt)
	if err != nil {
		return nil, fmt.Errorf("store grant: %w", err)
	}
	tx.Changed(KindGrant, hex.EncodeToString(g.Handle))
	return g, nil
}

// EndGrant ends a grant with every token made from it. ErrNotFound when it does not live.
func (p *Provider) EndGrant(ctx context.Context, id string) error {
	return p.directory.InTx(ctx, func(tx *directory.Tx) error {
		return endGrants(ctx, tx, `delete from identity.grants g where g.id = $1`, id)
	})
}

// endGrants runs a delete on identity.grants g and reports the ended ones by their handles. ErrNotFound when there were none.
func endGrants(ctx context.Context, tx *directory.Tx, sql string, args ...any) error {
	rows, err := tx.Query(ctx, sql+` returning encode(g.handle, 'hex')`, args...)
	if err != nil {
		return fmt.Errorf("end grants: %w", err)
	}
	ended, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("end grants: %w", err)
	}
	if len(ended) == 0 {
		return directory.ErrNotFound
	}
	for _, handle := range ended {
		tx.Changed(KindGrant, handle)
	}
	return nil
}

// endGrant ends a grant that may be gone already.
func (p *Provider) endGrant(ctx context.Context, id string) error {
	if err := p.EndGrant(ctx, id); err != nil && !errors.Is(err, directory.ErrNotFound) {
		return err
	}
	return nil
}

func union(a, b []string) []string {
	out := slices.Clone(a)
	for _, s := range b {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// intersect keeps the elements of a that are in b, in the order of a.
func intersect(a, b []string) []string {
	out := []string{}
	for _, s := range a {
		if slices.Contains(b, s) {
			out = append(out, s)
		}
	}
	return out
}

// missing are the elements of a that are not in b.
func missing(a, b []string) []string {
	out := []string{}
	for _, s := range a {
		if !slices.Contains(b, s) {
			out = append(out, s)
		}
	}
	return out
}
