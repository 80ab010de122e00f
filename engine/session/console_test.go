package session_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"gatehouse/engine/fault"
	"gatehouse/engine/session"
	"gatehouse/jwt"
)

// console is one whose only credential is the cookie "console=…", with what each stands for.
type console struct {
	callers map[string]session.ConsoleCaller
	epoch   uint64
	isKnown bool
	isAgain bool
}

func (c *console) TakeOut(h http.Header) (string, http.Header) {
	value, ok := strings.CutPrefix(h.Get("Cookie"), "console=")
	if !ok {
		return "", h
	}
	rest := h.Clone()
	rest.Del("Cookie")
	return value, rest
}

func (c *console) Cookies(lines []string) []string { return lines }

func (c *console) Caller(_ context.Context, credential string, isAgain bool) (session.ConsoleCaller, error) {
	c.isAgain = isAgain
	who, ok := c.callers[credential]
	if !ok {
		return who, fault.New(fault.AccessDenied, "", "ended").WithStatus(http.StatusUnauthorized)
	}
	return who, nil
}

func (c *console) TokenCaller(_ context.Context, t session.AccessToken, _ bool) (session.ConsoleCaller, error) {
	who, ok := c.callers[t.Subject]
	if !ok {
		return who, fault.New(fault.AccessDenied, "", "no member").WithStatus(http.StatusUnauthorized)
	}
	return who, nil
}

func (c *console) Epoch() (uint64, bool) { return c.epoch, c.isKnown }

var end = now.Add(time.Hour)

func consoleOf(isKnown bool) *console {
	return &console{isKnown: isKnown, callers: map[string]session.ConsoleCaller{
		"developer": {Member: &session.Member{UserID: "u1", Scopes: []session.Scope{session.ScopeGraphQL, session.ScopeMetadataRead}}, Expires: end},
		"support":   {Member: &session.Member{UserID: "u2", Scopes: []session.Scope{}}},
		"narrow":    {Secret: &session.AdminSecret{Secret: "n", Scopes: []session.Scope{session.ScopeGraphQL}, Roles: []string{"worker"}}},
	}}
}

func TestConsole_anotherCredentialBesideTheCookieCounts(t *testing.T) {
	t.Parallel()
	r := resolver(t, session.Settings{AdminSecrets: []session.AdminSecret{{Secret: "s"}}, UnauthorizedRole: "anonymous"}, session.Deps{Console: consoleOf(true)})
	_, err := r.Resolve(t.Context(), session.Request{Header: headers("Cookie", "console=developer", "X-Hasura-Admin-Secret", "wrong")})
	refused(t, err, 401, "access-denied", `invalid "x-hasura-admin-secret"/"x-hasura-access-key"`)
	_, err = r.Resolve(t.Context(), session.Request{Header: headers("Cookie", "console=dead")})
	refused(t, err, 401, "access-denied", "ended")
	s, err := r.Resolve(t.Context(), session.Request{Header: headers("Cookie", "console=dead", "X-Hasura-Admin-Secret", "s")})
	is(t, s, err, "admin", map[string]string{"x-hasura-role": "admin"})
	s, err = r.Resolve(t.Context(), session.Request{Header: headers("Cookie", "console=dead", "Authorization", "Bearer x")})
	is(t, s, err, "anonymous", map[string]string{"x-hasura-role": "anonymous"})
	s, err = r.Resolve(t.Context(), session.Request{Header: headers("Cookie", "other=1")})
	is(t, s, err, "anonymous", map[string]string{"x-hasura-role": "anonymous"})
}

func TestConsole_aMemberIsBoundedByTheMembership(t *testing.T) {
	t.Parallel()
	all := []session.Scope{
		session.ScopeGraphQL, session.ScopeMetadata, session.ScopeMetadataRead, session.ScopeSources, session.ScopeSQL, session.ScopeManagement,
		session.ScopeOperations,
	}
	for cookie, may := range map[string][]session.Scope{
		"developer": {session.ScopeGraphQL, session.ScopeMetadataRead}, "support": {}, "narrow": {session.ScopeGraphQL},
	} {
		for name, settings := range map[string]session.Settings{
			"closed": closed, "open": {}, "hook": {AdminSecrets: closed.AdminSecrets, AuthHook: "http://localhost:1"},
		} {
			r := resolver(t, settings, session.Deps{Console: consoleOf(true)})
			s, err := r.Resolve(t.Context(), session.Request{Header: headers("Cookie", "console="+cookie)})
			if err != nil {
				t.Fatalf("%s, %s: %v", cookie, name, err)
			}
			for _, scope := range all {
				if got, want := s.Require(scope) == nil, slices.Contains(may, scope); got != want {
					t.Errorf("%s, %s: %s is open: %t, want %t", cookie, name, scope, got, want)
				}
			}
		}
	}
}

func TestConsole_actsAsTheAdminSecretDoes(t *testing.T) {
	t.Parallel()
	c := consoleOf(true)
	r := resolver(t, closed, session.Deps{Console: c})
	req := session.Request{Header: headers("Cookie", "console=developer", "X-Hasura-Role", "user", "X-Hasura-User-Id", "7")}
	s, err := r.Resolve(t.Context(), req)
	is(t, s, err, "user", map[string]string{"x-hasura-role": "user", "x-hasura-user-id": "7"})
	if !s.Expires.Equal(end) || !s.ByAdminSecret || c.isAgain {
		t.Errorf("expires %s, by admin secret %t, again %t", s.Expires, s.ByAdminSecret, c.isAgain)
	}
	if s.ClientHeaders.Get("Cookie") != "" || s.Forwarded().Get("Cookie") != "" {
		t.Error("the cookie is shown to webhooks")
	}
	delete(c.callers, "developer")
	if _, err := r.Renew(t.Context(), req, s); err == nil || !c.isAgain {
		t.Error("a session that has ended is renewed")
	}
	_, err = r.Resolve(t.Context(), session.Request{Header: headers("Cookie", "console=narrow", "X-Hasura-Role", "admin")})
	refused(t, err, 400, "access-denied", "Your requested role is not in allowed roles")
	s, err = r.Resolve(t.Context(), session.Request{Header: headers("Cookie", "console=narrow")})
	is(t, s, err, "worker", map[string]string{"x-hasura-role": "worker"})
}

func TestEpoch_movesWithTheConsole(t *testing.T) {
	t.Parallel()
	c := consoleOf(true)
	r := resolver(t, closed, session.Deps{Console: c})
	before := known(t, r)
	c.epoch++
	if known(t, r) == before {
		t.Error("did not move with the console")
	}
}

const (
	consoleClient   = "console"
	consoleAudience = "https://management.api"
)

// withTokens is a resolver on our own tokens, those of the console's client for its API among them.
func withTokens(t *testing.T, s session.Settings, c session.Console) *fixture {
	t.Helper()
	f := &fixture{key: ownKey(t), directory: &directory{standing: goodStanding("user")}}
	f.set = jwt.NewSet(f.key)
	f.Resolver = resolver(t, s, session.Deps{Console: c, Identity: &session.Identity{
		Issuer: issuer, Keys: f.set, Authority: f.directory, ConsoleClient: consoleClient, ConsoleAudience: consoleAudience,
	}})
	return f
}

func memberClaims(sub string) claims {
	c := ownClaims()
	c["sub"], c["client_id"], c["aud"] = sub, consoleClient, consoleAudience
	return c
}

// modes are the ways in which other tokens are judged.
func modes() map[string]session.Settings {
	return map[string]session.Settings{
		"built-in": closed, "hook": {AdminSecrets: closed.AdminSecrets, AuthHook: "http://localhost:1"},
		"jwt":            {AdminSecrets: closed.AdminSecrets, JWTSecrets: []string{`{"type":"HS256","key":"12345678901234567890123456789012"}`}},
		"our own as jwt": {AdminSecrets: closed.AdminSecrets, JWTSecrets: []string{`{"jwk_url":"` + issuer + `/jwks"}`}},
	}
}

func TestConsoleToken_refusals(t *testing.T) {
	t.Parallel()
	for name, settings := range modes() {
		c := consoleOf(true)
		f := withTokens(t, settings, c)
		f.directory.standing.IsDataAPI = false
		for what, change := range map[string]func(claims){
			"who is no member":    func(c claims) { c["sub"] = "nobody" },
			"another client":      func(c claims) { c["client_id"] = "app1" },
			"another audience":    func(c claims) { c["aud"] = "https://other.api" },
			"an expired one":      func(c claims) { c["exp"] = now.Unix() },
			"one not yet valid":   func(c claims) { c["nbf"] = now.Unix() + 60 },
			"another issuer's":    func(c claims) { c["iss"] = "https://other.example/oidc" },
			"no token identifier": func(c claims) { delete(c, "jti") },
		} {
			claims := memberClaims("developer")
			change(claims)
			if s, err := f.resolve(t, sign(t, f.key, "at+jwt", claims)); err == nil {
				t.Errorf("%s: %s is let in as %s", name, what, s.Role)
			}
		}
		for what, token := range map[string]string{
			"an ID token":        sign(t, f.key, "", memberClaims("developer")),
			"somebody's own key": sign(t, ownKey(t), "at+jwt", memberClaims("developer")),
		} {
			if s, err := f.resolve(t, token); err == nil {
				t.Errorf("%s: %s is let in as %s", name, what, s.Role)
			}
		}
		if name == "built-in" {
			g := withTokens(t, settings, nil)
			g.directory.standing.IsDataAPI = false
			_, err := g.resolve(t, sign(t, g.key, "at+jwt", memberClaims("developer")))
			refused(t, err, 400, "invalid-jwt", "Could not verify JWT: JWTNotInAudience")
		}
	}
}

func TestConsoleToken_isWorthWhatTheMembershipIs(t *testing.T) {
	t.Parallel()
	for name, settings := range modes() {
		c := consoleOf(true)
		f := withTokens(t, settings, c)
		token := sign(t, f.key, "at+jwt", memberClaims("developer"))
		for range 2 { // verified, then remembered
			s, err := f.resolve(t, token)
			is(t, s, err, "admin", map[string]string{"x-hasura-role": "admin"})
			if !s.IsConsole() || s.MemberID() != "u1" || !s.May(session.ScopeGraphQL) || s.May(session.ScopeSQL) || s.SeesSecrets() || !s.Expires.Equal(end) {
				t.Errorf("%s: %+v", name, s)
			}
			if s.ClientHeaders.Get("Authorization") != "" || s.Forwarded().Get("Authorization") != "" {
				t.Errorf("%s: the token is shown to webhooks", name)
			}
		}
		s, err := f.resolve(t, token, "X-Hasura-Role", "user", "X-Hasura-User-Id", "7")
		is(t, s, err, "user", map[string]string{"x-hasura-role": "user", "x-hasura-user-id": "7"})
		_, err = f.resolve(t, token, "X-Hasura-Admin-Secret", "wrong")
		refused(t, err, 401, "access-denied", `invalid "x-hasura-admin-secret"/"x-hasura-access-key"`)

		req := session.Request{Header: headers("Authorization", "Bearer "+token)}
		if s, err = f.Resolve(t.Context(), req); err != nil {
			t.Fatal(err)
		}
		c.callers["developer"] = session.ConsoleCaller{Member: &session.Member{UserID: "u1", Scopes: []session.Scope{session.ScopeMetadataRead}}, Expires: end}
		if lowered, err := f.Renew(t.Context(), req, s); err != nil || lowered.SameAs(s) {
			t.Errorf("%s: whose membership is lowered is told to be the same caller (%v)", name, err)
		}
		delete(c.callers, "developer")
		_, err = f.Renew(t.Context(), req, s)
		refused(t, err, 401, "access-denied", "no member")
	}
}
