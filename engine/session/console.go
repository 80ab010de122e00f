package session

import (
	"context"
	"net/http"
	"time"
)

// Console knows the sessions of the console. It is asked behind a guard that has taken away the credentials of requests
// other than the console's own pages'.
type Console interface {
	// TakeOut takes the console's credential out of a request's headers: nobody else is shown it. "" and the same headers
	// when there is none.
	TakeOut(h http.Header) (credential string, rest http.Header)
	// Caller says whom a credential stands for now. isAgain: the caller has not done anything, but goes on. Errors are
	// *fault.Error.
	Caller(ctx context.Context, credential string, isAgain bool) (ConsoleCaller, error)
	// Epoch moves whenever what Caller says may have changed, but for ConsoleCaller.Expires. isKnown is false while that
	// cannot be told.
	Epoch() (epoch uint64, isKnown bool)
}

// ConsoleCaller is whom a session of the console stands for: somebody who knows an admin secret, or a member.
type ConsoleCaller struct {
	Secret *AdminSecret
	Member *Member
	// Expires is when the session ends unless it is used before.
	Expires time.Time
}

// Member is a member of the console.
type Member struct {
	// UserID is the user's in the directory.
	UserID string
	// Scopes are what the membership opens, and nothing else.
	Scopes []Scope
}

// byConsole is the session of a caller in the console: an administrator's, in the role and with the variables that the
// headers name.
func (r *Resolver) byConsole(ctx context.Context, req Request, credential string) (*Session, error) {
	c, err := r.console.Caller(ctx, credential, req.IsAgain)
	if err != nil {
		return nil, err
	}
	var s *Session
	if c.Secret != nil {
		s, err = r.config.bySecret(c.Secret, req.Header)
	} else if s, err = asAdministrator(r.config, fromHeaders(req.Header), nil); err == nil {
		s.member = c.Member
	}
	if err != nil {
		return nil, err
	}
	s.Expires, s.isConsole = c.Expires, true
	return s, nil
}

// SeesSecrets tells whether the caller may be shown the secrets in metadata. Who sent an admin secret may that read it at
// all.
func (s *Session) SeesSecrets() bool { return s.member == nil || s.May(ScopeSources) }

// IsConsole tells whether the caller is in the console: what is changed there goes on record.
func (s *Session) IsConsole() bool { return s.isConsole }
