package authority

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"
	"unique"

	"gatehouse/identity/token"

	"github.com/jackc/pgx/v5"
)

type user struct {
	isActive bool
	roles    []string
}

type application struct {
	exists, isThirdParty bool
	roles                []string
	// revokedUntil is when the last of the application's own tokens that are revoked has expired; zero: none is.
	revokedUntil time.Time
}

type grant struct {
	userID, clientID string
	expires          time.Time // zero when the grant does not exist
	revokedUntil     time.Time // as an application's, of the tokens made from the grant
}

type (
	handle [token.HandleSize]byte
	digest [sha256.Size]byte
)

const usersSQL = `
select u.id, not u.is_suspended,
       array(select r.name
             from   identity.users_roles ur
             join   identity.roles r on r.id = ur.role_id
             where  ur.user_id = u.id and r.type = 'User'
             order  by r.name)
from   identity.users u
where  u.id = any($1)`

// readUsers reads those of the users that exist; so do the others of their kinds. What does not exist is remembered as
// the zero value, worth nothing.
func (a *Authority) readUsers(ctx context.Context, ids []string) (map[string]user, error) {
	found := make(map[string]user, len(ids))
	var id string
	var u user
	return found, a.each(ctx, "users", usersSQL, ids, []any{&id, &u.isActive, &u.roles}, func() {
		shareNames(u.roles)
		found[id], u = u, user{}
	})
}

const applicationsSQL = `
select p.id, p.is_third_party,
       array(select r.name
             from   identity.applications_roles ar
             join   identity.roles r on r.id = ar.role_id
             where  ar.application_id = p.id and r.type = 'MachineToMachine'
             order  by r.name),
       (select max(t.expires_at) from identity.revoked_tokens t where t.application_id = p.id)
from   identity.applications p
where  p.id = any($1)`

func (a *Authority) readApplications(ctx context.Context, ids []string) (map[string]application, error) {
	found := make(map[string]application, len(ids))
	var id string
	var p application
	var revokedUntil *time.Time
	return found, a.each(ctx, "applications", applicationsSQL, ids, []any{&id, &p.isThirdParty, &p.roles, &revokedUntil}, func() {
		if revokedUntil != nil {
			p.revokedUntil = *revokedUntil
		}
		p.exists = true
		shareNames(p.roles)
		found[id], p = p, application{}
	})
}

const grantsSQL = `
select g.handle, g.user_id, g.client_id, g.expires_at,
       (select max(t.expires_at) from identity.revoked_tokens t where t.grant_handle = g.handle)
from   identity.grants g
where  g.handle = any($1)`

// A grant that does not exist is remembered too: handles are random and never used again, and no token is made from a
// grant before the grant is committed.
func (a *Authority) readGrants(ctx context.Context, handles []handle) (map[handle]grant, error) {
	found := make(map[handle]grant, len(handles))
	keys := make([][]byte, len(handles))
	for i := range handles {
		keys[i] = handles[i][:]
	}
	var h []byte
	var g grant
	var revokedUntil *time.Time
	return found, a.each(ctx, "grants", grantsSQL, keys, []any{&h, &g.userID, &g.clientID, &g.expires, &revokedUntil}, func() {
		if revokedUntil != nil {
			g.revokedUntil = *revokedUntil
		}
		g.clientID = shared(g.clientID)
		found[handle(h)], g = g, grant{}
	})
}

const resourcesSQL = `select indicator, is_data_api from identity.resources where indicator = any($1)`

func (a *Authority) readResources(ctx context.Context, indicators []string) (map[string]bool, error) {
	found := make(map[string]bool, len(indicators))
	var indicator string
	var isData bool
	return found, a.each(ctx, "resources", resourcesSQL, indicators, []any{&indicator, &isData}, func() { found[indicator] = isData })
}

const tokensSQL = `select digest from identity.revoked_tokens where digest = any($1)`

func (a *Authority) readTokens(ctx context.Context, digests []digest) (map[digest]bool, error) {
	found := make(map[digest]bool, len(digests))
	keys := make([][]byte, len(digests))
	for i := range digests {
		keys[i] = digests[i][:]
	}
	var d []byte
	return found, a.each(ctx, "revoked tokens", tokensSQL, keys, []any{&d}, func() { found[digest(d)] = true })
}

// each runs a statement for keys, an array, and calls row after each row has been scanned into targets.
func (a *Authority) each(ctx context.Context, what, sql string, keys any, targets []any, row func()) error {
	rows, err := a.pool.Query(ctx, sql, keys)
	if err != nil {
		return fmt.Errorf("read standing of %s: %w", what, err)
	}
	_, err = pgx.ForEachRow(rows, targets, func() error { row(); return nil })
	if err != nil {
		return fmt.Errorf("read standing of %s: %w", what, err)
	}
	return nil
}

// shareNames has equal names share their bytes: a hundred thousand users hold a dozen roles.
func shareNames(names []string) {
	for i, name := range names {
		names[i] = shared(name)
	}
}

func shared(s string) string { return unique.Make(s).Value() }
