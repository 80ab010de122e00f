package session

import (
	"context"
	"net/http"
	"slices"
	"time"
)

// Console knows the sessions of the console. It is asked behind a guard that has taken away the credentials of requests
// other than the console's own pages'.
type Console interface {
	// TakeOut takes the console's credential out of a request's headers: nobody else is shown it. "" and the same headers
	// when there is none.
	TakeOut(h http.Header) (credential string, rest http.Header)
	// Cookies are the lines of a Cookie header reduced to the console's.
	Cookies(lines []string) []string
	// Caller says whom a credential stands for now. isAgain: the caller has not done anything, but goes on. Errors are
	// *fault.Error.
	Caller(ctx context.Context, credential string, isAgain bool) (ConsoleCaller, error)
	// TokenCaller says whom an access token stands for that was issued to the console's client, see Identity.ConsoleClient, and
	// was found good; isAgain as of Caller. Errors are *fault.Error.
	TokenCaller(ctx context.Context, t AccessToken, isAgain bool) (ConsoleCaller, error)
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

// sameAs tells whether both are the same member, who may do the same; nil is nobody.
func (m *Member) sameAs(other *Member) bool {
	return m == other || m != nil && other != nil && m.UserID == other.UserID && slices.Equal(m.Scopes, other.Scopes)
}

// byConsole is the session of a caller in the console: an administrator's, in the role and with the variables that the
// headers name.
func (r *Resolver) byConsole(ctx context.Context, req Request, credential string) (*Session, error) {
	c, err := r.console.Caller(ctx, credential, req.IsAgain)
	if err != nil {
		return nil, err
	}
	return r.asConsole(c, req.Header)
}

// isConsoles tells whether a token is one of the console's, as far as it says itself.
func (r *Resolver) isConsoles(t AccessToken) bool {
	return r.console != nil && r.identity.ConsoleClient != "" && t.ClientID == r.identity.ConsoleClient && slices.Contains(t.Audience, r.identity.ConsoleAudience)
}

// byConsoleToken is the session of a member of the console by an access token, nil where the request carries none of these.
// It comes before whatever else judges tokens, so that those may be anybody's business: an auth hook's or another issuer's.
func (r *Resolver) byConsoleToken(ctx context.Context, req Request) (*Session, error) {
	values := req.Header[authorization]
	if r.console == nil || r.identity == nil || len(values) != 1 {
		return nil, nil //nolint:nilnil // no such token is the usual case
	}
	raw, err := bearer(req.Header)
	if err != nil {
		return nil, nil //nolint:nilerr,nilnil // not ours to judge
	}
	if f := r.factsOf(raw, digestOf(raw)); f.client != r.identity.ConsoleClient || f.issuer != r.identity.Issuer {
		return nil, nil //nolint:nilnil // as above
	}
	t, err := r.identity.verify(raw)
	if err != nil {
		return nil, err // it says it is ours
	}
	if !r.isConsoles(t.token) {
		return nil, nil //nolint:nilnil // as above
	}
	return r.asMember(ctx, t.token, req)
}

func (r *Resolver) asMember(ctx context.Context, t AccessToken, req Request) (*Session, error) {
	c, err := r.console.TokenCaller(ctx, t, req.IsAgain)
	if err != nil {
		return nil, err
	}
	return r.asConsole(c, req.Header)
}

// asConsole is the session of a caller in the console with a request.
func (r *Resolver) asConsole(c ConsoleCaller, h http.Header) (s *Session, err error) {
	if c.Secret != nil {
		s, err = r.config.bySecret(c.Secret, h)
	} else if s, err = asAdministrator(r.config, fromHeaders(h), nil); err == nil {
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

// IsOperator tells whether the caller is in the console or has sent an admin secret: the commands of operators go on record.
func (s *Session) IsOperator() bool { return s.isConsole || s.secret != nil }
