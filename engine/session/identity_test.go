package session_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"gatehouse/engine/session"
	"gatehouse/jwt"
)

const issuer = "http://localhost:8080/oidc"

// directory is an Authority that gives one answer and notes what it was asked.
type directory struct {
	standing session.Standing
	err      error
	asked    []session.AccessToken
}

func (d *directory) Standing(_ context.Context, t session.AccessToken) (session.Standing, error) {
	d.asked = append(d.asked, t)
	return d.standing, d.err
}

func goodStanding(roles ...string) session.Standing {
	return session.Standing{IsDataAPI: true, IsActive: true, IsGrantAlive: true, Roles: roles}
}

func ownKey(t testing.TB) jose.JSONWebKey {
	t.Helper()
	key, err := jwt.GenerateES384()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func ownClaims() claims {
	return claims{
		"iss": issuer, "sub": "u1", "client_id": "app1", "aud": "https://data.api", "exp": now.Unix() + 60, "iat": now.Unix(),
		"jti": "0123456789012345678901234567890123456789012", "scope": "read:user",
	}
}

type fixture struct {
	*session.Resolver
	key       jose.JSONWebKey
	set       *jwt.Set
	directory *directory
}

func builtIn(t testing.TB, s session.Settings, standing session.Standing) *fixture {
	t.Helper()
	f := &fixture{key: ownKey(t), directory: &directory{standing: standing}}
	f.set = jwt.NewSet(f.key)
	f.Resolver = resolver(t, s, session.Deps{Identity: &session.Identity{Issuer: issuer, Keys: f.set, Authority: f.directory}})
	return f
}

func (f *fixture) resolve(t testing.TB, token string, more ...string) (*session.Session, error) {
	return f.Resolve(t.Context(), session.Request{Header: headers(append(more, "Authorization", "Bearer "+token)...)})
}

var closed = session.Settings{AdminSecrets: []session.AdminSecret{{Secret: "s"}}, UnauthorizedRole: "anonymous"}

// Tokens that are not good access tokens of ours never become the unauthorized role.
func TestBuiltIn_refusesTokens(t *testing.T) {
	t.Parallel()
	f := builtIn(t, closed, goodStanding("user"))
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	foreign := ownKey(t)
	foreignWithOurKid := foreign
	foreignWithOurKid.KeyID = f.key.KeyID
	good := sign(t, f.key, "at+jwt", ownClaims())
	parts := strings.Split(good, ".")
	b64 := base64.RawURLEncoding.EncodeToString
	// the confusion: HMAC under what everybody can read, the public key
	public, err := x509.MarshalPKIXPublicKey(f.key.Public().Key)
	if err != nil {
		t.Fatal(err)
	}
	confused := sign(t, jose.JSONWebKey{Key: public, Algorithm: "HS256", KeyID: f.key.KeyID}, "at+jwt", ownClaims())

	const verify = "Could not verify JWT: "
	for name, c := range map[string]struct{ token, code, message string }{
		"opaque":                   {"V1StGXR8Z5jdHi6BmyTV1StGXR8Z5jdHi6BmyTV1Std", "invalid-jwt", verify + "JWSError (CompactDecodeError Invalid number of parts: Expected 3 parts; got 1)"},
		"ID token":                 {sign(t, f.key, "", ownClaims().with("jti", nil)), "invalid-jwt", verify + "not an access token"},
		"typ JWT":                  {sign(t, f.key, "JWT", ownClaims()), "invalid-jwt", verify + "not an access token"},
		"foreign key":              {sign(t, foreign, "at+jwt", ownClaims()), "invalid-jwt", verify + "JWSError JWSInvalidSignature"},
		"foreign key, our kid":     {sign(t, foreignWithOurKid, "at+jwt", ownClaims()), "invalid-jwt", verify + "JWSError JWSInvalidSignature"},
		"foreign RSA key":          {sign(t, jose.JSONWebKey{Key: rsaKey, Algorithm: "RS256", KeyID: f.key.KeyID}, "at+jwt", ownClaims()), "invalid-jwt", verify + "JWSError JWSInvalidSignature"},
		"HMAC with the public key": {confused, "invalid-jwt", verify + "JWSError JWSInvalidSignature"},
		"alg none":                 {b64([]byte(`{"alg":"none","typ":"at+jwt"}`)) + "." + parts[1] + ".", "invalid-jwt", verify + "JWSError JWSNoSignatures"},
		"alg None":                 {b64([]byte(`{"alg":"None","typ":"at+jwt"}`)) + "." + parts[1] + "." + parts[2], "invalid-jwt", verify + "JWSError JWSNoSignatures"},
		"tampered payload":         {parts[0] + "." + b64([]byte(`{"iss":"`+issuer+`","sub":"u2"}`)) + "." + parts[2], "invalid-jwt", verify + "JWSError JWSInvalidSignature"},
		"no signature":             {parts[0] + "." + parts[1] + ".", "invalid-jwt", verify + "JWSError JWSInvalidSignature"},
		"garbage":                  {"a.b.c", "invalid-jwt", verify + `JWSError (JSONDecodeError "the token is not a JWS")`},
		"foreign issuer":           {sign(t, f.key, "at+jwt", ownClaims().with("iss", "https://evil/oidc")), "invalid-jwt", verify + "JWTNotInIssuer"},
		"no issuer":                {sign(t, f.key, "at+jwt", ownClaims().with("iss", nil)), "invalid-jwt", verify + "JWTNotInIssuer"},
		"expired":                  {sign(t, f.key, "at+jwt", ownClaims().with("exp", now.Unix())), "invalid-jwt", verify + "JWTExpired"},
		"without expiry":           {sign(t, f.key, "at+jwt", ownClaims().with("exp", nil)), "invalid-jwt", verify + "JWTExpired"},
		"expiry of text":           {sign(t, f.key, "at+jwt", ownClaims().with("exp", "never")), "invalid-jwt", verify + `JWTClaimsSetDecodeError "Error in $.exp: parsing NumericDate failed, expected Number, but encountered String"`},
		"not yet":                  {sign(t, f.key, "at+jwt", ownClaims().with("nbf", now.Unix()+1)), "invalid-jwt", verify + "JWTNotYetValid"},
		"no audience":              {sign(t, f.key, "at+jwt", ownClaims().with("aud", nil)), "invalid-jwt", verify + "JWTNotInAudience"},
		"no subject":               {sign(t, f.key, "at+jwt", ownClaims().with("sub", nil)), "invalid-jwt", verify + "not an access token"},
		"no jti":                   {sign(t, f.key, "at+jwt", ownClaims().with("jti", nil)), "invalid-jwt", verify + "not an access token"},
		"odd claims":               {sign(t, f.key, "at+jwt", ownClaims().with("https://hasura.io/jwt/claims", "x")), "jwt-invalid-claims", "expecting a json object when claims_format is json"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := f.resolve(t, c.token)
			refused(t, err, 400, c.code, c.message)
		})
	}
	if len(f.directory.asked) != 0 {
		t.Errorf("the directory was asked about %d bad tokens", len(f.directory.asked))
	}
	for name, h := range map[string][]string{
		"another scheme": {"Authorization", "Basic dTpw"},
		"no token":       {"Authorization", "Bearer"},
		"empty":          {"Authorization", ""},
		"two headers":    {"Authorization", "Bearer " + good, "Authorization", "Bearer " + good},
		"two words":      {"Authorization", "Bearer " + good + " x"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := f.Resolve(t.Context(), session.Request{Header: headers(h...)})
			refused(t, err, 400, "invalid-headers", "Malformed Authorization header")
		})
	}
}

func TestBuiltIn_refusesByStanding(t *testing.T) {
	t.Parallel()
	f := builtIn(t, closed, session.Standing{})
	token := sign(t, f.key, "at+jwt", ownClaims())
	for name, c := range map[string]struct {
		change        func(*session.Standing)
		code, message string
	}{
		"foreign audience": {func(s *session.Standing) { s.IsDataAPI = false }, "invalid-jwt", "Could not verify JWT: JWTNotInAudience"},
		"third party":      {func(s *session.Standing) { s.IsThirdParty = true }, "access-denied", "tokens of third-party applications are not accepted here"},
		"token exchange":   {func(s *session.Standing) { s.IsTokenExchange = true }, "access-denied", "tokens of a token exchange are not accepted here"},
		"suspended":        {func(s *session.Standing) { s.IsActive = false }, "invalid-jwt", "Could not verify JWT: its subject is suspended or does not exist any more"},
		"revoked":          {func(s *session.Standing) { s.IsGrantAlive = false }, "invalid-jwt", "Could not verify JWT: the token has been revoked"},
		"nothing at all":   {func(s *session.Standing) { *s = session.Standing{} }, "invalid-jwt", "Could not verify JWT: JWTNotInAudience"},
	} {
		t.Run(name, func(t *testing.T) {
			f.directory.standing = goodStanding("user")
			c.change(&f.directory.standing)
			_, err := f.resolve(t, token)
			refused(t, err, 400, c.code, c.message)
		})
	}
	f.directory.standing, f.directory.err = goodStanding("user"), errors.New("view is stale")
	_, err := f.resolve(t, token)
	refused(t, err, 503, "unexpected", "the directory cannot be asked right now")
	// the token was good all along, and cached: standing is asked for every time
	f.directory.err = nil
	s, err := f.resolve(t, token)
	is(t, s, err, "user", map[string]string{"x-hasura-role": "user", "x-hasura-user-id": "u1"})
}

func TestBuiltIn_role(t *testing.T) {
	t.Parallel()
	const denied = "Your requested role is not in allowed roles"
	for name, c := range map[string]struct {
		settings session.Settings
		held     []string
		headers  []string
		role     string // "" when refused
		code     string
		message  string
	}{
		"not held":                 {held: []string{"user"}, headers: []string{"X-Hasura-Role", "editor"}, code: "access-denied", message: denied},
		"not held, other name":     {held: []string{"user"}, headers: []string{"Expected-Role", "editor"}, code: "access-denied", message: denied},
		"none held":                {code: "access-denied", message: denied},
		"several, none named":      {held: []string{"a", "b"}, code: "access-denied", message: denied},
		"admin held and asked for": {held: []string{"admin", "user"}, headers: []string{"X-Hasura-Role", "admin"}, code: "access-denied", message: denied},
		"only admin held":          {held: []string{"admin"}, code: "access-denied", message: denied},
		"admin as the default":     {settings: session.Settings{DefaultRole: "admin"}, held: []string{"admin", "a", "b"}, code: "access-denied", message: denied},
		"two different":            {held: []string{"a", "b"}, headers: []string{"X-Hasura-Role", "a", "Expected-Role", "b"}, code: "invalid-headers", message: "X-Hasura-Role and Expected-Role name different roles"},
		"two of one name":          {held: []string{"a", "b"}, headers: []string{"X-Hasura-Role", "a", "X-Hasura-Role", "b"}, code: "invalid-headers", message: "X-Hasura-Role and Expected-Role name different roles"},
		"other case":               {held: []string{"user"}, headers: []string{"X-Hasura-Role", "User"}, code: "access-denied", message: denied},
		"named":                    {held: []string{"a", "b"}, headers: []string{"X-Hasura-Role", "b"}, role: "b"},
		"expected":                 {held: []string{"a", "b"}, headers: []string{"Expected-Role", "b"}, role: "b"},
		"both the same":            {held: []string{"a", "b"}, headers: []string{"Expected-Role", "b", "X-Hasura-Role", "b"}, role: "b"},
		"the only one":             {held: []string{"a"}, role: "a"},
		"the default":              {held: []string{"a", "user"}, role: "user"},
		"another default":          {settings: session.Settings{DefaultRole: "a"}, held: []string{"a", "user"}, role: "a"},
		"admin allowed":            {settings: session.Settings{AllowAdminRole: true}, held: []string{"admin"}, role: "admin"},
	} {
		t.Run(name, func(t *testing.T) {
			c.settings.AdminSecrets = []session.AdminSecret{{Secret: "s"}}
			f := builtIn(t, c.settings, goodStanding(c.held...))
			s, err := f.resolve(t, sign(t, f.key, "at+jwt", ownClaims()), c.headers...)
			if c.role == "" {
				refused(t, err, 400, c.code, c.message)
				return
			}
			is(t, s, err, c.role, map[string]string{"x-hasura-role": c.role, "x-hasura-user-id": "u1"})
			if s.ByAdminSecret || s.BackendOnly {
				t.Errorf("got %+v", s)
			}
		})
	}
}

func TestBuiltIn_variablesComeFromTokenAndDirectoryNotFromHeaders(t *testing.T) {
	t.Parallel()
	f := builtIn(t, closed, goodStanding("user"))
	token := sign(t, f.key, "at+jwt", ownClaims().with("https://hasura.io/jwt/claims", claims{
		"x-hasura-user-id": "forged", "X-Hasura-Role": "admin", "x-hasura-allowed-roles": []string{"admin"}, "x-hasura-default-role": "admin",
		"X-Hasura-Org-Id": "o1", "x-hasura-level": 7, "x-hasura-teams": []string{"a", "b"}, "x-hasura-none": nil, "other": "x",
		"x-hasura-admin-secret": "s", "x-hasura-use-backend-only-permissions": "true",
	}))
	s, err := f.resolve(t, token, "X-Hasura-User-Id", "u2", "X-Hasura-Org-Id", "o2", "X-Hasura-Else", "e", "X-Hasura-Use-Backend-Only-Permissions", "true")
	is(t, s, err, "user", map[string]string{
		"x-hasura-role": "user", "x-hasura-user-id": "u1", "x-hasura-org-id": "o1",
		"x-hasura-level": "7", "x-hasura-teams": `["a","b"]`,
	})
	if s.BackendOnly {
		t.Error("a client gave itself backend-only permissions")
	}
	if !s.Expires.Equal(now.Add(time.Minute).Truncate(time.Second)) {
		t.Errorf("expires %v", s.Expires)
	}
	asked := f.directory.asked[0]
	if asked.Subject != "u1" || asked.ClientID != "app1" || asked.Audience[0] != "https://data.api" || len(asked.JTI) != 43 || asked.IsMachine() || asked.HasActor {
		t.Errorf("the directory was asked about %+v", asked)
	}
}

func TestBuiltIn_rememberedTokenEndsWithItsKeyAndItsTime(t *testing.T) {
	t.Parallel()
	clockAt := now
	key, dir := ownKey(t), &directory{standing: goodStanding("user")}
	set := jwt.NewSet(key)
	c, err := session.ParseConfig(session.Settings{AdminSecrets: []session.AdminSecret{{Secret: "s"}}})
	if err != nil {
		t.Fatal(err)
	}
	r := session.New(c, session.Deps{Identity: &session.Identity{Issuer: issuer, Keys: set, Authority: dir}, Now: func() time.Time { return clockAt }})
	resolve := func() error {
		_, err := r.Resolve(t.Context(), session.Request{Header: headers("Authorization", "Bearer "+sign(t, key, "at+jwt", ownClaims()))})
		return err
	}
	token := sign(t, key, "at+jwt", ownClaims())
	again := func() error {
		_, err := r.Resolve(t.Context(), session.Request{Header: headers("Authorization", "Bearer "+token)})
		return err
	}
	if err := again(); err != nil {
		t.Fatal(err)
	}
	set.Replace(ownKey(t))
	refused(t, again(), 400, "invalid-jwt", "Could not verify JWT: JWSError JWSInvalidSignature")
	set.Replace(key)
	if err := again(); err != nil {
		t.Fatal(err)
	}
	clockAt = now.Add(time.Minute)
	refused(t, again(), 400, "invalid-jwt", "Could not verify JWT: JWTExpired")
	refused(t, resolve(), 400, "invalid-jwt", "Could not verify JWT: JWTExpired")
}

func TestBuiltIn_withoutTokenAndInOpenMode(t *testing.T) {
	t.Parallel()
	f := builtIn(t, closed, goodStanding("user"))
	s, err := f.Resolve(t.Context(), session.Request{Header: headers("X-Hasura-User-Id", "u2", "X-Hasura-Role", "user")})
	is(t, s, err, "anonymous", map[string]string{"x-hasura-role": "anonymous"})

	open := builtIn(t, session.Settings{}, goodStanding("user"))
	s, err = open.Resolve(t.Context(), session.Request{Header: headers("Authorization", "Bearer something-else")})
	is(t, s, err, "admin", map[string]string{"x-hasura-role": "admin"})
	s, err = open.resolve(t, sign(t, open.key, "at+jwt", ownClaims()))
	is(t, s, err, "user", map[string]string{"x-hasura-role": "user", "x-hasura-user-id": "u1"})
	_, err = open.resolve(t, sign(t, open.key, "at+jwt", ownClaims().with("exp", now.Unix()-1)))
	refused(t, err, 400, "invalid-jwt", "Could not verify JWT: JWTExpired")
}

func BenchmarkResolve_builtInCachedToken(b *testing.B) {
	f := builtIn(b, session.Settings{AdminSecrets: []session.AdminSecret{{Secret: "s"}}}, goodStanding("user", "editor"))
	req := session.Request{Header: headers("Authorization", "Bearer "+sign(b, f.key, "at+jwt", ownClaims()), "X-Hasura-Role", "editor")}
	for b.Loop() {
		f.directory.asked = f.directory.asked[:0]
		if _, err := f.Resolve(b.Context(), req); err != nil {
			b.Fatal(err)
		}
	}
}
