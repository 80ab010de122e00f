package authority

import (
	"context"
	"time"
)

// ConsoleSession is what a member's session of the console is worth now. Its zero value is worth nothing.
type ConsoleSession struct {
	UserID string
	// Role is the membership held now; "" for a user who is suspended or no member.
	Role string
	// UsedAt is when the session was used last, to some minutes; Ends when it ends in any case.
	UsedAt, Ends time.Time
}

// ConsoleDigest is the digest of a console session's cookie.
type ConsoleDigest = digest

type consoleSession struct {
	userID       string
	usedAt, ends time.Time
}

// Bounds of what is remembered of the console, per generation.
const (
	maxConsoleSessions = 10_000
	maxMembers         = 10_000
)

// ConsoleSession says what a session of the console is worth now, from memory once warm, as Standing.
func (a *Authority) ConsoleSession(ctx context.Context, d ConsoleDigest) (ConsoleSession, error) {
	at := a.look()
	s, err := a.consoleSessions.get(ctx, d, at)
	if err != nil || s.userID == "" {
		return ConsoleSession{}, err
	}
	role, err := a.members.get(ctx, s.userID, at)
	return ConsoleSession{UserID: s.userID, Role: role, UsedAt: s.usedAt, Ends: s.ends}, err
}

// ConsoleToken says what an access token of the console's client, which is no application of the directory's, is worth in the
// console now: whoever may look at the token has found it good. Its zero value is worth nothing, as Role "".
func (a *Authority) ConsoleToken(ctx context.Context, t Token) (ConsoleSession, error) {
	if t.Subject == t.ClientID || t.HasActor {
		return ConsoleSession{}, nil
	}
	at := a.look()
	var s Standing
	if err := a.ofUser(ctx, t, at, &s); err != nil || !s.IsActive || !s.IsGrantAlive {
		return ConsoleSession{}, err
	}
	role, err := a.members.get(ctx, t.Subject, at)
	ends := t.Expires
	if s.Until.Before(ends) {
		ends = s.Until
	}
	return ConsoleSession{UserID: t.Subject, Role: role, Ends: ends}, err
}

// ConsoleSessionUsed has a session read again, whose last use was stored.
func (a *Authority) ConsoleSessionUsed(d ConsoleDigest) { a.consoleSessions.forget(d) }

// ConsoleEpoch moves whenever what ConsoleSession says may have changed, as Epoch.
func (a *Authority) ConsoleEpoch() (epoch uint64, isKnown bool) {
	at := a.look()
	return a.consoleEpoch.Load() + uint64(at.now/maxAge), at.isTrusted
}

// consoleChanged tells of a change to the console's callers.
func (a *Authority) consoleChanged(isConcerned bool) {
	if isConcerned {
		a.consoleEpoch.Add(1)
	}
}

const consoleSessionsSQL = `
select c.digest, c.user_id, c.used_at, least(c.expires_at, s.expires_at, g.expires_at)
from   identity.console_sessions c
join   identity.sessions s on s.id = c.session_id
join   identity.grants g on g.id = c.grant_id
where  c.digest = any($1)`

// A session that does not exist is remembered too: its cookie is random, and none is made twice.
func (a *Authority) readConsoleSessions(ctx context.Context, digests []digest) (map[digest]consoleSession, error) {
	found := make(map[digest]consoleSession, len(digests))
	keys := make([][]byte, len(digests))
	for i := range digests {
		keys[i] = digests[i][:]
	}
	var d []byte
	var s consoleSession
	return found, a.each(ctx, "console sessions", consoleSessionsSQL, keys, []any{&d, &s.userID, &s.usedAt, &s.ends}, func() { found[digest(d)] = s })
}

const membersSQL = `
select m.user_id, m.role
from   identity.console_members m
join   identity.users u on u.id = m.user_id and not u.is_suspended
where  m.user_id = any($1)`

func (a *Authority) readMembers(ctx context.Context, ids []string) (map[string]string, error) {
	found := make(map[string]string, len(ids))
	var id, role string
	return found, a.each(ctx, "console members", membersSQL, ids, []any{&id, &role}, func() { found[id] = shared(role) })
}
