package session_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"gatehouse/engine/session"
	"gatehouse/jwt"
)

var hmac = jose.JSONWebKey{Key: []byte(strings.Repeat("k", 64)), Algorithm: "HS256"}

// setting is a JWT secret with the HMAC key and more members.
func setting(more string) string {
	return `{"type":"HS256","key":"` + strings.Repeat("k", 64) + `"` + more + `}`
}

func hasuraClaims() claims {
	return claims{"sub": "u1", "exp": now.Unix() + 60, "https://hasura.io/jwt/claims": claims{
		"x-hasura-allowed-roles": []string{"user", "editor"}, "x-hasura-default-role": "user", "X-Hasura-User-Id": "1", "other": "x",
		"x-hasura-teams": []string{"a", "b"},
	}}
}

// pemOf is the public key, as a key or as a certificate.
func pemOf(t *testing.T, private any, public any, asCertificate bool) string {
	t.Helper()
	if !asCertificate {
		der, err := x509.MarshalPKIXPublicKey(public)
		if err != nil {
			t.Fatal(err)
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "t"}, NotAfter: now.Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func TestJWT_keyTypes(t *testing.T) {
	t.Parallel()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	edPublic, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ec := func(c elliptic.Curve) *ecdsa.PrivateKey {
		key, err := ecdsa.GenerateKey(c, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	es256, es384, es512 := ec(elliptic.P256()), ec(elliptic.P384()), ec(elliptic.P521())
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	pkcs1 := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&rsaKey.PublicKey)}))
	hmac := strings.Repeat("k", 64)
	for name, c := range map[string]struct {
		typ, pem string
		private  any
		alg      string
	}{
		"RS256":             {"RS256", pemOf(t, rsaKey, &rsaKey.PublicKey, false), rsaKey, "RS256"},
		"RS384":             {"RS384", pemOf(t, rsaKey, &rsaKey.PublicKey, false), rsaKey, "RS384"},
		"RS512 certificate": {"RS512", pemOf(t, rsaKey, &rsaKey.PublicKey, true), rsaKey, "RS512"},
		"RS256 PKCS 1":      {"RS256", pkcs1, rsaKey, "RS256"},
		"ES256":             {"ES256", pemOf(t, es256, &es256.PublicKey, false), es256, "ES256"},
		"ES384 certificate": {"ES384", pemOf(t, es384, &es384.PublicKey, true), es384, "ES384"},
		"ES512":             {"ES512", pemOf(t, es512, &es512.PublicKey, false), es512, "ES512"},
		"HS256":             {"HS256", hmac, []byte(hmac), "HS256"},
		"HS384":             {"HS384", hmac, []byte(hmac), "HS384"},
		"HS512":             {"HS512", hmac, []byte(hmac), "HS512"},
		"Ed25519":           {"Ed25519", pemOf(t, edKey, edPublic, false), edKey, "EdDSA"},
	} {
		t.Run(name, func(t *testing.T) {
			secret := text(t, map[string]string{"type": c.typ, "key": c.pem})
			r := resolver(t, jwtSettings(secret), session.Deps{})
			resolve := func(key any, alg string) (*session.Session, error) {
				token := sign(t, jose.JSONWebKey{Key: key, Algorithm: alg, KeyID: "any"}, "", hasuraClaims())
				return r.Resolve(t.Context(), session.Request{Header: headers("Authorization", "Bearer "+token)})
			}
			_, err := resolve(other, "RS256")
			refused(t, err, 400, "invalid-jwt", "Could not verify JWT: JWSError JWSInvalidSignature")
			wrong := c.pem
			if c.pem == hmac {
				wrong = strings.Repeat("l", 64)
			}
			_, err = resolve([]byte(wrong), "HS256") // the text of a public key is no secret
			refused(t, err, 400, "invalid-jwt", "Could not verify JWT: JWSError JWSInvalidSignature")
			s, err := resolve(c.private, c.alg)
			is(t, s, err, "user", map[string]string{"x-hasura-role": "user", "x-hasura-user-id": "1", "x-hasura-teams": `["a","b"]`})
		})
	}
}

func TestJWT_tokens(t *testing.T) {
	t.Parallel()
	const verify = "Could not verify JWT: "
	namespace := "https://hasura.io/jwt/claims"
	for name, c := range map[string]struct {
		setting       string
		claims        claims
		headers       []string
		code, message string // "" when accepted
	}{
		"expired":                  {"", hasuraClaims().with("exp", now.Unix()), nil, "invalid-jwt", verify + "JWTExpired"},
		"expired past skew":        {`,"allowed_skew":5`, hasuraClaims().with("exp", now.Unix()-5), nil, "invalid-jwt", verify + "JWTExpired"},
		"within skew":              {`,"allowed_skew":5`, hasuraClaims().with("exp", now.Unix()-4), nil, "", ""},
		"no expiry":                {"", hasuraClaims().with("exp", nil), nil, "", ""},
		"not yet":                  {"", hasuraClaims().with("nbf", now.Unix()+1), nil, "invalid-jwt", verify + "JWTNotYetValid"},
		"not yet, within skew":     {`,"allowed_skew":2`, hasuraClaims().with("nbf", now.Unix()+1), nil, "", ""},
		"issued in the future":     {"", hasuraClaims().with("iat", now.Unix()+100), nil, "", ""},
		"wrong audience":           {`,"audience":"a"`, hasuraClaims().with("aud", "b"), nil, "invalid-jwt", verify + "JWTNotInAudience"},
		"no audience":              {`,"audience":["a"]`, hasuraClaims(), nil, "invalid-jwt", verify + "JWTNotInAudience"},
		"one of the audiences":     {`,"audience":["a","b"]`, hasuraClaims().with("aud", []string{"x", "b"}), nil, "", ""},
		"audience not asked for":   {"", hasuraClaims().with("aud", "b"), nil, "", ""},
		"wrong issuer":             {`,"issuer":"a"`, hasuraClaims().with("iss", "b"), nil, "invalid-jwt", verify + "JWTNotInIssuer"},
		"no issuer":                {`,"issuer":"a"`, hasuraClaims(), nil, "invalid-jwt", verify + "JWTNotInIssuer"},
		"issuer":                   {`,"issuer":"a"`, hasuraClaims().with("iss", "a"), nil, "", ""},
		"no claims":                {"", hasuraClaims().with(namespace, nil), nil, "jwt-invalid-claims", "claims key: 'https://hasura.io/jwt/claims' not found"},
		"claims of text":           {"", hasuraClaims().with(namespace, "x"), nil, "jwt-invalid-claims", "expecting a json object when claims_format is json"},
		"other namespace":          {`,"claims_namespace":"n"`, hasuraClaims(), nil, "jwt-invalid-claims", "claims key: 'n' not found"},
		"nothing at the path":      {`,"claims_namespace_path":"$.a['b c']"`, hasuraClaims(), nil, "jwt-invalid-claims", `claims not found at claims_namespace_path: '$.a["b c"]'`},
		"path":                     {`,"claims_namespace_path":"$['https://hasura.io/jwt/claims']"`, hasuraClaims(), nil, "", ""},
		"path to an element":       {`,"claims_namespace_path":"$.a[1]"`, claims{"a": []any{0, hasuraClaims()[namespace]}}, nil, "", ""},
		"root":                     {`,"claims_namespace_path":"$"`, hasuraClaims()[namespace].(claims), nil, "", ""},
		"not stringified":          {`,"claims_format":"stringified_json"`, hasuraClaims(), nil, "jwt-invalid-claims", "expecting a string when claims_format is stringified_json"},
		"stringified nonsense":     {`,"claims_format":"stringified_json"`, hasuraClaims().with(namespace, "{"), nil, "jwt-invalid-claims", "expecting stringified json at: 'claims_namespace https://hasura.io/jwt/claims', but found: {"},
		"stringified":              {`,"claims_format":"stringified_json"`, hasuraClaims().with(namespace, text(t, hasuraClaims()[namespace])), nil, "", ""},
		"no allowed roles":         {"", claims{namespace: claims{"x-hasura-default-role": "user"}}, nil, "jwt-missing-role-claims", "JWT claim does not contain x-hasura-allowed-roles"},
		"no default role":          {"", claims{namespace: claims{"x-hasura-allowed-roles": []string{"user"}}}, nil, "jwt-missing-role-claims", "JWT claim does not contain x-hasura-default-role"},
		"allowed roles of text":    {"", claims{namespace: claims{"x-hasura-allowed-roles": "user", "x-hasura-default-role": "user"}}, nil, "jwt-invalid-claims", "invalid x-hasura-allowed-roles; should be a list of roles: parsing [] failed, expected Array, but encountered String"},
		"default role of a list":   {"", claims{namespace: claims{"x-hasura-allowed-roles": []string{"user"}, "x-hasura-default-role": []string{"user"}}}, nil, "jwt-invalid-claims", "invalid x-hasura-default-role; should be a single role name: parsing Text failed, expected String, but encountered Array"},
		"a number as variable":     {"", claims{namespace: claims{"x-hasura-allowed-roles": []string{"user"}, "x-hasura-default-role": "user", "x-hasura-n": 1}}, nil, "jwt-invalid-claims", "x-hasura-* claims: parsing Text failed, expected String, but encountered Number"},
		"role not allowed":         {"", hasuraClaims(), []string{"X-Hasura-Role", "admin"}, "access-denied", "Your requested role is not in allowed roles"},
		"default role not allowed": {"", claims{namespace: claims{"x-hasura-allowed-roles": []string{"user"}, "x-hasura-default-role": "admin"}}, nil, "access-denied", "Your requested role is not in allowed roles"},
	} {
		t.Run(name, func(t *testing.T) {
			r := resolver(t, jwtSettings(setting(c.setting)), session.Deps{})
			h := append(c.headers, "Authorization", "Bearer "+sign(t, hmac, "", c.claims), "X-Hasura-User-Id", "forged")
			s, err := r.Resolve(t.Context(), session.Request{Header: headers(h...)})
			if c.code != "" {
				refused(t, err, 400, c.code, c.message)
				return
			}
			is(t, s, err, "user", map[string]string{"x-hasura-role": "user", "x-hasura-user-id": "1", "x-hasura-teams": `["a","b"]`})
		})
	}
}

func TestJWT_whereTheTokenIs(t *testing.T) {
	t.Parallel()
	token := sign(t, hmac, "", hasuraClaims().with("iss", "a"))
	other := jose.JSONWebKey{Key: []byte(strings.Repeat("o", 64)), Algorithm: "HS256"}
	cookie := setting(`,"header":{"type":"Cookie","name":"token"}`)
	custom := setting(`,"header":{"type":"CustomHeader","name":"x-my-token"}`)
	secondIssuer := `{"type":"HS256","key":"` + strings.Repeat("o", 64) + `","issuer":"b"}`
	const missing = "Missing 'Authorization' or 'Cookie' header in JWT authentication mode"
	for name, c := range map[string]struct {
		secrets       []string
		headers       []string
		code, message string
	}{
		"none":                        {[]string{setting("")}, nil, "invalid-headers", missing},
		"scheme":                      {[]string{setting("")}, []string{"Authorization", "Basic " + token}, "invalid-headers", "Malformed Authorization header"},
		"lower case scheme":           {[]string{setting("")}, []string{"Authorization", "bearer " + token}, "invalid-headers", "Malformed Authorization header"},
		"no scheme":                   {[]string{setting("")}, []string{"Authorization", token}, "invalid-headers", "Malformed Authorization header"},
		"two tokens":                  {[]string{setting("")}, []string{"Authorization", "Bearer " + token, "Authorization", "Bearer " + token}, "invalid-headers", "Could not verify JWT: Multiple JWTs found"},
		"not in a cookie":             {[]string{cookie}, []string{"Authorization", "Bearer " + token}, "invalid-headers", missing},
		"another cookie":              {[]string{cookie}, []string{"Cookie", "tokens=" + token}, "invalid-headers", missing},
		"bearer in custom header":     {[]string{custom}, []string{"X-My-Token", "Bearer " + token}, "invalid-jwt", `Could not verify JWT: JWSError (JSONDecodeError "the token is not a JWS")`},
		"cookie":                      {[]string{cookie}, []string{"Cookie", "a=b; token=" + token}, "", ""},
		"custom header":               {[]string{custom}, []string{"X-My-Token", token}, "", ""},
		"second secret's place":       {[]string{cookie, setting("")}, []string{"Authorization", "Bearer " + token}, "", ""},
		"both secrets' places":        {[]string{cookie, setting("")}, []string{"Authorization", "Bearer " + token, "Cookie", "token=" + token}, "invalid-headers", "Could not verify JWT: Multiple JWTs found"},
		"two secrets without issuers": {[]string{setting(""), setting("")}, []string{"Authorization", "Bearer " + token}, "invalid-headers", "Could not verify JWT: Multiple JWTs found"},
		"chosen by issuer":            {[]string{setting(`,"issuer":"a"`), secondIssuer}, []string{"Authorization", "Bearer " + token}, "", ""},
		"in one list":                 {[]string{"[" + setting(`,"issuer":"a"`) + "," + secondIssuer + "]"}, []string{"Authorization", "Bearer " + token}, "", ""},
		"nobody's issuer":             {[]string{setting(`,"issuer":"x"`), secondIssuer}, []string{"Authorization", "Bearer " + token}, "invalid-jwt", "Could not verify JWT: JWTNotInIssuer"},
		"other issuer's key":          {[]string{setting(`,"issuer":"a"`), secondIssuer}, []string{"Authorization", "Bearer " + sign(t, other, "", hasuraClaims().with("iss", "a"))}, "invalid-jwt", "Could not verify JWT: JWSError JWSInvalidSignature"},
	} {
		t.Run(name, func(t *testing.T) {
			r := resolver(t, jwtSettings(c.secrets...), session.Deps{})
			s, err := r.Resolve(t.Context(), session.Request{Header: headers(c.headers...)})
			if c.code != "" {
				refused(t, err, 400, c.code, c.message)
				return
			}
			if err != nil || s.Role != "user" {
				t.Errorf("got %v, %v", s, err)
			}
		})
	}
	settings := jwtSettings(setting(""))
	settings.UnauthorizedRole = "anonymous"
	r := resolver(t, settings, session.Deps{})
	s, err := r.Resolve(t.Context(), session.Request{Header: headers("X-Hasura-User-Id", "9")})
	is(t, s, err, "anonymous", map[string]string{"x-hasura-role": "anonymous", "x-hasura-user-id": "9"})
	_, err = r.Resolve(t.Context(), session.Request{Header: headers("Authorization", "Bearer x")})
	refused(t, err, 400, "invalid-jwt", "Could not verify JWT: JWSError (CompactDecodeError Invalid number of parts: Expected 3 parts; got 1)")
}

func TestJWT_claimsMap(t *testing.T) {
	t.Parallel()
	const m = `,"claims_map":{"x-hasura-allowed-roles":{"path":"$.user.roles"},"x-hasura-default-role":{"path":"$.user.roles[0]","default":"user"},
		"X-Hasura-User-Id":{"path":"$.sub"},"x-hasura-org":{"path":"$['org id']","default":"none"},"x-hasura-fixed":"f"}`
	for name, c := range map[string]struct {
		setting       string
		claims        claims
		role          string
		variables     map[string]string
		code, message string
	}{
		"nothing there":  {m, claims{}, "", nil, "jwt-missing-role-claims", "JWT claim does not contain x-hasura-allowed-roles"},
		"roles of text":  {m, claims{"user": claims{"roles": "user"}}, "", nil, "jwt-invalid-claims", "invalid x-hasura-allowed-roles; should be a list of roles: parsing [] failed, expected Array, but encountered String"},
		"a role of null": {m, claims{"user": claims{"roles": []any{nil}}}, "", nil, "jwt-invalid-claims", "invalid x-hasura-allowed-roles; should be a list of roles: parsing Text failed, expected String, but encountered Null"},
		"no default role": {
			strings.ReplaceAll(m, `,"default":"user"`, ""),
			claims{"user": claims{"roles": []string{}}, "sub": "1"},
			"", nil,
			"jwt-missing-role-claims", "JWT claim does not contain x-hasura-default-role",
		},
		"no subject":           {m, claims{"user": claims{"roles": []string{"user"}}}, "", nil, "jwt-invalid-claims", "JWT claim from claims_map, x-hasura-user-id not found"},
		"default not allowed":  {m, claims{"user": claims{"roles": []string{}}, "sub": "1"}, "", nil, "access-denied", "Your requested role is not in allowed roles"},
		"paths, default, text": {m, claims{"user": claims{"roles": []string{"editor", "user"}}, "sub": "1"}, "editor", map[string]string{"x-hasura-role": "editor", "x-hasura-user-id": "1", "x-hasura-org": "none", "x-hasura-fixed": "f"}, "", ""},
		"literals": {
			`,"claims_map":{"x-hasura-allowed-roles":["user"],"x-hasura-default-role":"user"}`,
			claims{},
			"user",
			map[string]string{"x-hasura-role": "user"},
			"", "",
		},
		"the namespace does not count": {
			`,"claims_map":{"x-hasura-allowed-roles":["user"],"x-hasura-default-role":"user"},"claims_namespace":"nowhere"`,
			claims{"https://hasura.io/jwt/claims": claims{"x-hasura-user-id": "1"}},
			"user",
			map[string]string{"x-hasura-role": "user"},
			"", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := resolver(t, jwtSettings(setting(c.setting)), session.Deps{})
			s, err := r.Resolve(t.Context(), session.Request{Header: headers("Authorization", "Bearer "+sign(t, hmac, "", c.claims))})
			if c.code != "" {
				refused(t, err, 400, c.code, c.message)
				return
			}
			is(t, s, err, c.role, c.variables)
		})
	}
}

func TestJWT_jwkURL(t *testing.T) {
	t.Parallel()
	key := ownKey(t)
	var served atomic.Int32
	keys := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		served.Add(1)
		_ = json.NewEncoder(w).Encode(jwt.NewSet(key).Public())
	}))
	t.Cleanup(keys.Close)
	r := resolver(t, jwtSettings(`{"jwk_url":"`+keys.URL+`/jwks"}`), session.Deps{})
	if err := r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	resolve := func(k jose.JSONWebKey) error {
		_, err := r.Resolve(t.Context(), session.Request{Header: headers("Authorization", "Bearer "+sign(t, k, "at+jwt", hasuraClaims()))})
		return err
	}
	for range 3 {
		refused(t, resolve(ownKey(t)), 400, "invalid-jwt", "Could not verify JWT: JWSError JWSInvalidSignature")
	}
	if err := resolve(key); err != nil {
		t.Error(err)
	}
	if n := served.Load(); n != 1 {
		t.Errorf("tokens with unknown keys made us fetch the set %d times within seconds", n)
	}
}

// A jwk_url that is our own issuer's is never fetched: at start nobody answers there.
func TestJWT_ownJWKURLUsesTheKeysInTheProcess(t *testing.T) {
	t.Parallel()
	key := ownKey(t)
	own := &session.Identity{Issuer: "http://localhost:1/oidc", Keys: jwt.NewSet(key), Bases: []string{"http://localhost:2"}}
	for _, url := range []string{"http://localhost:2/oidc/jwks", "http://localhost:1/oidc/jwks", "http://127.0.0.1:1/oidc/jwks", "http://host.docker.internal:1/oidc/jwks"} {
		r := resolver(t, jwtSettings(`{"jwk_url":"`+url+`"}`), session.Deps{Identity: own})
		if err := r.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		s, err := r.Resolve(t.Context(), session.Request{Header: headers("Authorization", "Bearer "+sign(t, key, "at+jwt", hasuraClaims()))})
		if err != nil || s.Role != "user" {
			t.Errorf("%s: got %v, %v", url, s, err)
		}
	}
}

// A remembered signature ends with its key; times are looked at every time.
func TestJWT_rememberedTokens(t *testing.T) {
	t.Parallel()
	key, at := ownKey(t), now
	set := jwt.NewSet(key)
	c, err := session.ParseConfig(jwtSettings(`{"jwk_url":"http://localhost:1/oidc/jwks"}`))
	if err != nil {
		t.Fatal(err)
	}
	r := session.New(c, session.Deps{Identity: &session.Identity{Issuer: "http://localhost:1/oidc", Keys: set}, Now: func() time.Time { return at }})
	token := sign(t, key, "", hasuraClaims())
	resolve := func() error {
		_, err := r.Resolve(t.Context(), session.Request{Header: headers("Authorization", "Bearer "+token)})
		return err
	}
	for range 2 {
		if err := resolve(); err != nil {
			t.Fatal(err)
		}
	}
	set.Replace(ownKey(t))
	refused(t, resolve(), 400, "invalid-jwt", "Could not verify JWT: JWSError JWSInvalidSignature")
	set.Replace()
	refused(t, resolve(), 400, "invalid-jwt", "Could not verify JWT: JWSError JWSInvalidSignature")
	set.Replace(key)
	if err := resolve(); err != nil {
		t.Fatal(err)
	}
	at = now.Add(time.Minute)
	refused(t, resolve(), 400, "invalid-jwt", "Could not verify JWT: JWTExpired")
}

func BenchmarkResolve_jwtSecretCachedToken(b *testing.B) {
	key := ownKey(b)
	r := resolver(b, jwtSettings(`{"jwk_url":"http://localhost:1/oidc/jwks"}`),
		session.Deps{Identity: &session.Identity{Issuer: "http://localhost:1/oidc", Keys: jwt.NewSet(key)}})
	req := session.Request{Header: headers("Authorization", "Bearer "+sign(b, key, "", hasuraClaims()))}
	for b.Loop() {
		if _, err := r.Resolve(b.Context(), req); err != nil {
			b.Fatal(err)
		}
	}
}

// TestResolve_jwtSecretsOfOneIssuer: secrets of one issuer are told apart by the kind of their key.
func TestResolve_jwtSecretsOfOneIssuer(t *testing.T) {
	t.Parallel()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := json.Marshal(string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})))
	r := resolver(t, jwtSettings(setting(`,"issuer":"a"`), `{"type":"RS256","key":`+string(text)+`,"issuer":"a"}`), session.Deps{})
	claims := hasuraClaims().with("iss", "a")
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		key  jose.JSONWebKey
		want bool
	}{
		"signed by a stranger": {jose.JSONWebKey{Key: stranger, Algorithm: "RS256"}, false},
		"RSA":                  {jose.JSONWebKey{Key: private, Algorithm: "RS256"}, true},
		"HMAC":                 {hmac, true},
	} {
		h := http.Header{"Authorization": {"Bearer " + sign(t, c.key, "", claims)}}
		for range 2 { // a token is remembered
			if _, err := r.Resolve(t.Context(), session.Request{Header: h}); (err == nil) != c.want {
				t.Errorf("%s: %v", name, err)
			}
		}
		h.Add("Authorization", h.Get("Authorization"))
		_, err := r.Resolve(t.Context(), session.Request{Header: h})
		refused(t, err, 400, "invalid-headers", "Could not verify JWT: Multiple JWTs found")
	}
}
