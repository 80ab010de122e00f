package console

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"gatehouse/httpd"
	"gatehouse/identity/authority"
	"gatehouse/identity/directory"
	"gatehouse/identity/event"
	"gatehouse/identity/oidc"
	"gatehouse/secret"
)

// Members is what members of the console are known by: the identity half.
type Members struct {
	Directory *directory.Directory
	Provider  *oidc.Provider
	Authority *authority.Authority
	// Issuer is the provider's, whose endpoints stand below it.
	Issuer string
}

// memberPrefix begins the value of a member's cookie; after it stands a random secret, of which only the digest is kept.
const memberPrefix = "m1."

func digestOf(credential string) (d authority.ConsoleDigest, ok bool) {
	value, ok := strings.CutPrefix(credential, memberPrefix)
	return sha256.Sum256([]byte(value)), ok
}

// member says whom a member's cookie stands for now.
func (h *Handler) member(ctx context.Context, credential string, isAgain bool) (*Caller, error) {
	d, ok := digestOf(credential)
	if !ok || h.config.Members == nil {
		return nil, ErrEnded
	}
	s, err := h.config.Members.Authority.ConsoleSession(ctx, d)
	if err != nil {
		return nil, err
	}
	expires := s.UsedAt.Add(idleTTL)
	if s.Ends.Before(expires) {
		expires = s.Ends
	}
	c, err := h.callerOf(s, expires)
	if err == nil && !isAgain && h.now().Sub(s.UsedAt) > renewAfter {
		h.used(ctx, d, s.UserID)
	}
	return c, err
}

// TokenCaller says whom an access token stands for that was issued to the console's client for the Management API, and was
// found good: a member, as in a session, but while the token's grant lives. Asking for less than that API's scope is
// asking for less than the console. isAgain as of Caller.
func (h *Handler) TokenCaller(ctx context.Context, t authority.Token, isAgain bool) (*Caller, error) {
	if h.config.Members == nil || !slices.Contains(strings.Fields(t.Scope), directory.ManagementScope) {
		return nil, ErrEnded
	}
	s, err := h.config.Members.Authority.ConsoleToken(ctx, t)
	if err != nil {
		return nil, err
	}
	c, err := h.callerOf(s, s.Ends)
	if err == nil && !isAgain {
		h.Seen(ctx, c.UserID)
	}
	return c, err
}

// Seen notes that a member did something without a session, by a token, at most every few minutes.
func (h *Handler) Seen(ctx context.Context, userID string) {
	now := h.now()
	if !h.seen.note(userID, now) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	err := h.config.Members.Directory.InTx(ctx, func(tx *directory.Tx) error {
		_, err := tx.Exec(ctx, `update identity.console_members set last_seen_at = $2 where user_id = $1 and (last_seen_at is null or last_seen_at < $3)`,
			userID, now, now.Add(-renewAfter))
		return err
	})
	if err != nil {
		httpd.Logger(ctx).WarnContext(ctx, "when a member was seen could not be stored", "error", err)
	}
}

// seen is when members were noted last by this process, so that not every request writes.
type seen struct {
	mu sync.Mutex
	at map[string]time.Time
}

// note tells whether it is time to note a member again.
func (s *seen) note(userID string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.at[userID]) < renewAfter {
		return false
	}
	if s.at == nil || len(s.at) >= maxSeen {
		s.at = map[string]time.Time{}
	}
	s.at[userID] = now
	return true
}

// maxSeen bounds what is remembered. Past it all is forgotten, and written once more.
const maxSeen = 10_000

// callerOf is the member that a session or a token stands for, until it ends.
func (h *Handler) callerOf(s authority.ConsoleSession, ends time.Time) (*Caller, error) {
	if s.Role == "" || !h.now().Before(ends) {
		return nil, ErrEnded
	}
	return &Caller{By: ByMember, UserID: s.UserID, Role: s.Role, Operations: directory.OperationsOf(s.Role), Expires: ends}, nil
}

// used stores that a session is used. What fails is tried again by the next request.
func (h *Handler) used(ctx context.Context, d authority.ConsoleDigest, userID string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	now := h.now()
	err := h.config.Members.Directory.InTx(ctx, func(tx *directory.Tx) error {
		// Of those who notice at once, one writes.
		tag, err := tx.Exec(ctx, `update identity.console_sessions set used_at = $2 where digest = $1 and used_at < $3`, d[:], now, now.Add(-renewAfter))
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
		_, err = tx.Exec(ctx, `update identity.console_members set last_seen_at = $2 where user_id = $1`, userID, now)
		return err
	})
	if err != nil {
		httpd.Logger(ctx).WarnContext(ctx, "use of a console session could not be stored", "error", err)
		return
	}
	h.config.Members.Authority.ConsoleSessionUsed(d)
}

// errNotMember says that somebody signed in who is no member.
var errNotMember = errors.New("not a member of the console")

// store keeps a new session of a member in the transaction of the sign-in, and gives its cookie's value.
func (h *Handler) store(ctx context.Context, tx *directory.Tx, s oidc.SignIn, from *http.Request) (credential string, err error) {
	role, err := tx.ConsoleRole(ctx, s.UserID)
	if errors.Is(err, directory.ErrNotFound) {
		return "", errNotMember
	}
	if err != nil {
		return "", err
	}
	credential = memberPrefix + secret.Opaque()
	d, _ := digestOf(credential)
	now := h.now()
	_, err = tx.Exec(ctx, `
insert into identity.console_sessions (digest, user_id, session_id, grant_id, created_at, used_at, expires_at)
values ($1, $2, $3, $4, $5, $5, $6)`, d[:], s.UserID, s.SessionID, s.GrantID, now, now.Add(absoluteTTL))
	if err != nil {
		return "", fmt.Errorf("store console session: %w", err)
	}
	if _, err := tx.Exec(ctx, `update identity.console_members set last_seen_at = $2 where user_id = $1`, s.UserID, now); err != nil {
		return "", fmt.Errorf("store when a member was seen: %w", err)
	}
	return credential, event.Write(ctx, tx, event.Entry{
		Key: "Console.SignedIn", UserID: s.UserID, ApplicationID: directory.ConsoleClient, SessionID: s.SessionID,
		IP: httpd.ClientIP(ctx), UserAgent: from.UserAgent(), Data: map[string]any{"role": role},
	})
}

// end ends a member's session together with the browser's at the provider, which would otherwise let the next person at
// the browser in without a word. One that has ended already is none.
func (h *Handler) end(ctx context.Context, credential string, from *http.Request) error {
	d, ok := digestOf(credential)
	if !ok || h.config.Members == nil {
		return nil
	}
	m := h.config.Members
	err := m.Directory.InTx(ctx, func(tx *directory.Tx) error {
		var userID, sessionID string
		rows, err := tx.Query(ctx, `delete from identity.console_sessions where digest = $1 returning user_id, session_id`, d[:])
		if err != nil {
			return fmt.Errorf("end console session: %w", err)
		}
		for rows.Next() {
			if err := rows.Scan(&userID, &sessionID); err != nil {
				return fmt.Errorf("end console session: %w", err)
			}
		}
		if err := rows.Err(); err != nil || userID == "" {
			return err
		}
		if err := oidc.EndUserSession(ctx, tx, userID, sessionID, oidc.KeepOfflineGrants); err != nil && !errors.Is(err, directory.ErrNotFound) {
			return err
		}
		return event.Write(ctx, tx, event.Entry{
			Key: "Console.SignedOut", UserID: userID, ApplicationID: directory.ConsoleClient, SessionID: sessionID,
			IP: httpd.ClientIP(ctx), UserAgent: from.UserAgent(),
		})
	})
	if err != nil {
		return err
	}
	m.Authority.Settle(ctx)
	return nil
}

// Sweep deletes sessions that have expired; nothing else depends on it.
func (h *Handler) Sweep(ctx context.Context) error {
	if h.config.Members == nil {
		return nil
	}
	return h.config.Members.Directory.InTx(ctx, func(tx *directory.Tx) error {
		_, err := tx.Exec(ctx, `delete from identity.console_sessions where expires_at < $1 or used_at < $2`, h.now(), h.now().Add(-idleTTL))
		return err
	})
}
