package oidc

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"gatehouse/identity/directory"
)

// Sessions lists a user's live sessions, the newest first.
func (p *Provider) Sessions(ctx context.Context, userID string) ([]Session, error) {
	rows, err := p.pool.Query(ctx, `
select `+sessionColumns+` from identity.sessions s
 where s.user_id = $1 and s.expires_at > $2 order by s.created_at desc, s.id`, userID, p.now())
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Session, error) {
		s, err := scanSession(row)
		if err != nil {
			return Session{}, err
		}
		return *s, nil
	})
}

// Grants lists a user's live grants, the newest first.
func (p *Provider) Grants(ctx context.Context, userID string) ([]Grant, error) {
	rows, err := p.pool.Query(ctx, `
select `+grantColumns+` from identity.grants g
 where g.user_id = $1 and g.expires_at > $2 order by g.created_at desc, g.id`, userID, p.now())
	if err != nil {
		return nil, fmt.Errorf("list grants: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Grant, error) {
		g, err := scanGrant(row)
		if err != nil {
			return Grant{}, err
		}
		return *g, nil
	})
}

// Which grants end together with a session that is ended for its user.
const (
	// KeepOfflineGrants ends those without offline access, as signing out does.
	KeepOfflineGrants = ""
	// EndFirstPartyGrants and EndAllGrants end offline ones too.
	EndFirstPartyGrants = "firstParty"
	EndAllGrants        = "all"
)

// EndUserSession ends a user's session. ErrNotFound when the user has no such session.
func EndUserSession(ctx context.Context, tx *directory.Tx, userID, sessionID, grants string) error {
	_, err := scanSession(tx.QueryRow(ctx, `
select `+sessionColumns+` from identity.sessions s where s.id = $1 and s.user_id = $2 for update`, sessionID, userID))
	if err != nil {
		return err
	}
	if grants == EndAllGrants || grants == EndFirstPartyGrants {
		err := endGrants(ctx, tx, `
delete from identity.grants g
 where g.session_id = $1
   and ($2 or not exists (select from identity.applications a where a.id = g.client_id and a.is_third_party))`,
			sessionID, grants == EndAllGrants)
		if err != nil && !errors.Is(err, directory.ErrNotFound) {
			return err
		}
	}
	return endSession(ctx, tx, sessionID)
}

// EndUserGrant ends a grant of a user. ErrNotFound when the user has no such grant.
func EndUserGrant(ctx context.Context, tx *directory.Tx, userID, grantID string) error {
	return endGrants(ctx, tx, `delete from identity.grants g where g.id = $1 and g.user_id = $2`, grantID, userID)
}

// sweepBatch bounds one delete, so that none holds its locks for long; sweepRounds bounds one sweep.
const (
	sweepBatch  = 5000
	sweepRounds = 200
)

// Sweep deletes what has expired. Nothing depends on it but the size of the tables: every read looks at the time.
func (p *Provider) Sweep(ctx context.Context) error {
	var failures []error
	for _, table := range []string{"access_tokens", "refresh_tokens", "revoked_tokens", "codes", "interactions", "grants", "sessions"} {
		if err := p.sweep(ctx, table); err != nil {
			failures = append(failures, fmt.Errorf("sweep %s: %w", table, err))
		}
	}
	return errors.Join(failures...)
}

// sweep empties one table of what has expired. table is a word of ours, never a client's.
func (p *Provider) sweep(ctx context.Context, table string) error {
	for range sweepRounds {
		tag, err := p.pool.Exec(ctx, `
delete from identity.`+table+` where ctid = any(array(select ctid from identity.`+table+` where expires_at < $1 limit $2))`, p.now(), sweepBatch)
		if err != nil || tag.RowsAffected() < sweepBatch {
			return err
		}
	}
	return nil
}
