package session_test

import (
	"strings"
	"testing"

	"gatehouse/engine/session"
)

func TestResolve_adminSecret(t *testing.T) {
	t.Parallel()
	r := resolver(t, session.Settings{AdminSecrets: []session.AdminSecret{{Secret: "first"}, {Secret: "second"}}, UnauthorizedRole: "anonymous"}, session.Deps{})
	ctx := t.Context()
	const wrong = `invalid "x-hasura-admin-secret"/"x-hasura-access-key"`
	for name, h := range map[string][]string{
		"wrong":                          {"X-Hasura-Admin-Secret", "nope"},
		"empty":                          {"X-Hasura-Admin-Secret", ""},
		"wrong access key":               {"X-Hasura-Access-Key", "nope"},
		"right key under a wrong secret": {"X-Hasura-Admin-Secret", "nope", "X-Hasura-Access-Key", "first"},
		"a longer one":                   {"X-Hasura-Admin-Secret", "firstfirst"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := r.Resolve(ctx, session.Request{Header: headers(h...)})
			refused(t, err, 401, "access-denied", wrong)
		})
	}
	s, err := r.Resolve(ctx, session.Request{Header: headers("X-Hasura-Admin-Secret", "second")})
	is(t, s, err, "admin", map[string]string{"x-hasura-role": "admin"})
	if !s.ByAdminSecret || s.BackendOnly {
		t.Errorf("got %+v", s)
	}
	s, err = r.Resolve(ctx, session.Request{Header: headers("X-Hasura-Access-Key", "first", "X-Hasura-Role", "user", "X-Hasura-User-Id", "7",
		"X-Hasura-Use-Backend-Only-Permissions", "Yes", "Accept", "x")})
	is(t, s, err, "user", map[string]string{"x-hasura-role": "user", "x-hasura-user-id": "7", "x-hasura-use-backend-only-permissions": "Yes"})
	if !s.BackendOnly {
		t.Error("backend-only permissions were asked for and not given")
	}
	_, err = r.Resolve(ctx, session.Request{Header: headers("X-Hasura-Admin-Secret", "first", "X-Hasura-Use-Backend-Only-Permissions", "maybe")})
	refused(t, err, 400, "bad-request", `x-hasura-use-backend-only-permissions:  Not a valid boolean text. True values are ["true","t","yes","y"] and  False values are ["false","f","no","n"]. All values are case insensitive`)
}

func TestResolve_withoutCredential(t *testing.T) {
	t.Parallel()
	h := headers("X-Hasura-Role", "editor", "X-Hasura-User-Id", "7", "X-Hasura-Use-Backend-Only-Permissions", "true")
	t.Run("admin secret alone", func(t *testing.T) {
		r := resolver(t, session.Settings{AdminSecrets: []session.AdminSecret{{Secret: "s"}}}, session.Deps{})
		_, err := r.Resolve(t.Context(), session.Request{Header: h})
		refused(t, err, 401, "access-denied", "x-hasura-admin-secret/x-hasura-access-key required, but not found")
	})
	t.Run("unauthorized role", func(t *testing.T) {
		r := resolver(t, session.Settings{AdminSecrets: []session.AdminSecret{{Secret: "s"}}, UnauthorizedRole: "anonymous"}, session.Deps{})
		s, err := r.Resolve(t.Context(), session.Request{Header: h})
		is(t, s, err, "anonymous", map[string]string{"x-hasura-role": "anonymous", "x-hasura-user-id": "7", "x-hasura-use-backend-only-permissions": "true"})
		if s.BackendOnly || s.ByAdminSecret {
			t.Errorf("got %+v", s)
		}
	})
	t.Run("open mode", func(t *testing.T) {
		r := resolver(t, session.Settings{}, session.Deps{})
		s, err := r.Resolve(t.Context(), session.Request{Header: h})
		is(t, s, err, "editor", map[string]string{"x-hasura-role": "editor", "x-hasura-user-id": "7", "x-hasura-use-backend-only-permissions": "true"})
		if !s.BackendOnly || !s.ByAdminSecret {
			t.Errorf("got %+v", s)
		}
		s, err = r.Resolve(t.Context(), session.Request{Header: headers("X-Hasura-Admin-Secret", "any", "Authorization", "Basic x")})
		is(t, s, err, "admin", map[string]string{"x-hasura-role": "admin"})
	})
}

func TestParseConfig_refusals(t *testing.T) {
	t.Parallel()
	key := `"key":"` + strings.Repeat("k", 64) + `"`
	secret := `{"type":"HS256",` + key + `}`
	for name, c := range map[string]struct {
		s    session.Settings
		want string
	}{
		"hook without admin secret":  {session.Settings{AuthHook: "http://h"}, "--auth-hook (HASURA_GRAPHQL_AUTH_HOOK) requires --admin-secret"},
		"JWT without admin secret":   {session.Settings{JWTSecrets: []string{secret}}, "--jwt-secret (HASURA_GRAPHQL_JWT_SECRET) requires --admin-secret"},
		"hook and JWT":               {session.Settings{AdminSecrets: []session.AdminSecret{{Secret: "s"}}, AuthHook: "http://h", JWTSecrets: []string{secret}}, "Both webhook and JWT mode cannot be enabled at the same time"},
		"unauthorized role and hook": {session.Settings{AdminSecrets: []session.AdminSecret{{Secret: "s"}}, AuthHook: "http://h", UnauthorizedRole: "a"}, "is not allowed when --auth-hook"},
		"unauthorized role alone":    {session.Settings{UnauthorizedRole: "a"}, "--unauthorized-role (HASURA_GRAPHQL_UNAUTHORIZED_ROLE) requires --admin-secret"},
		"empty admin secret":         {session.Settings{AdminSecrets: []session.AdminSecret{{Secret: ""}}}, "empty text"},
		"hook mode":                  {session.Settings{AdminSecrets: []session.AdminSecret{{Secret: "s"}}, AuthHook: "http://h", AuthHookMode: "PUT"}, "expected GET or POST"},
		"hook URL":                   {session.Settings{AdminSecrets: []session.AdminSecret{{Secret: "s"}}, AuthHook: "file:///etc/passwd"}, "not an http or https URL"},
		"no JSON":                    {jwtSettings(`nope`), "not a valid JWT secret"},
		"empty":                      {jwtSettings(`{}`), "key and jwk_url both cannot be empty"},
		"both":                       {jwtSettings(`{"type":"HS256",` + key + `,"jwk_url":"http://x"}`), "key, jwk_url both cannot be present"},
		"no type":                    {jwtSettings(`{` + key + `}`), `key "type" not found`},
		"unknown type":               {jwtSettings(`{"type":"HS1024",` + key + `}`), "Invalid JWK: Key type: HS1024 is not supported"},
		"short key":                  {jwtSettings(`{"type":"HS512","key":"0123456789abcdef0123456789abcdef"}`), "Invalid JWK: Key size too small; should be at least 64 characters"},
		"not PEM":                    {jwtSettings(`{"type":"RS256",` + key + `}`), "Invalid JWK: the key is not PEM"},
		"misspelt key":               {jwtSettings(`{"type":"HS256",` + key + `,"audiance":"a"}`), "audiance"},
		"two namespaces":             {jwtSettings(`{"type":"HS256",` + key + `,"claims_namespace":"a","claims_namespace_path":"$.b"}`), "claims_namespace and claims_namespace_path both cannot be set"},
		"bad path":                   {jwtSettings(`{"type":"HS256",` + key + `,"claims_namespace_path":"$.a["}`), "claims_namespace_path error"},
		"bad format":                 {jwtSettings(`{"type":"HS256",` + key + `,"claims_format":"xml"}`), "claims_format"},
		"map without roles":          {jwtSettings(`{"type":"HS256",` + key + `,"claims_map":{"x-hasura-default-role":"user"}}`), "x-hasura-allowed-roles is expected but not found"},
		"map of others":              {jwtSettings(`{"type":"HS256",` + key + `,"claims_map":{"x-hasura-allowed-roles":["a"],"x-hasura-default-role":"a","user":"b"}}`), "only x-hasura-* claims"},
		"nobody's audience":          {jwtSettings(`{"type":"HS256",` + key + `,"audience":[]}`), "audience"},
		"unknown header":             {jwtSettings(`{"type":"HS256",` + key + `,"header":{"type":"Query"}}`), "'type' is required"},
		"cookie without name":        {jwtSettings(`{"type":"HS256",` + key + `,"header":{"type":"Cookie"}}`), "needs a name"},
		"bad URL":                    {jwtSettings(`{"jwk_url":"ftp://x"}`), "jwk_url"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := session.ParseConfig(c.s); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want …%s…", err, c.want)
			}
		})
	}
}

func jwtSettings(secrets ...string) session.Settings {
	return session.Settings{AdminSecrets: []session.AdminSecret{{Secret: "s"}}, JWTSecrets: secrets}
}
