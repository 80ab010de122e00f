package identity_test

import (
	"crypto/elliptic"
	"encoding/base64"
	"math/big"
	"net/url"
	"strings"
	"testing"
	"time"
)

const machineBasic = "Basic amFnbGZvYjNveGg4NDVuc3J4MmNuOlkwNUFFazVXeE1pcHFpZEN4ZGxaSmJXdldRbFo0ZDh4"

func (w *wing) machineJWT() string {
	w.t.Helper()
	a := w.form("/oidc/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {machine}, "client_secret": {machineKey}, "resource": {resource}})
	if a.status != 200 {
		w.t.Fatalf("client credentials: %d %s", a.status, a.body)
	}
	return a.json(w.t)["access_token"].(string)
}

// lives tells whether VerifyAccess takes a token, as the webhook and the Management API ask.
func (w *wing) lives(token string) bool {
	_, err := w.id.Provider().VerifyAccess(w.t.Context(), token)
	return err == nil
}

func (w *wing) revokedRows() (n int) {
	w.t.Helper()
	if err := w.pool.QueryRow(w.t.Context(), `select count(*) from identity.revoked_tokens`).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

func tamperedSignature(token string) string {
	at := len(token) - 5
	other := byte('A')
	if token[at] == other {
		other = 'B'
	}
	return token[:at] + string(other) + token[at+1:]
}

func TestRevocation_refusesWhoseTheTokenIsNot(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	g := w.grantTokens(w.browser(), spa, offline...)
	own, machines := w.grantTokens(w.browser(), traditional, offline...), w.machineJWT()
	idToken := w.tokens(spa)["id_token"].(string)
	for name, c := range map[string]struct {
		form   url.Values
		header []string
		status int
		code   string
	}{
		"nobody":                        {url.Values{"token": {g.jwt}}, nil, 400, "invalid_request"},
		"an unknown client":             {url.Values{"token": {g.jwt}, "client_id": {"nobody"}}, nil, 400, "invalid_client"},
		"another public client":         {url.Values{"token": {g.jwt}, "client_id": {"9laqjsfhf1nyhyrsuan2n"}}, nil, 400, "invalid_request"},
		"another confidential client":   {url.Values{"token": {g.jwt}}, []string{"Authorization", machineBasic}, 400, "invalid_request"},
		"a public client with a secret": {url.Values{"token": {g.jwt}, "client_id": {spa}, "client_secret": {"x"}}, nil, 401, "invalid_client"},
		"a confidential without secret": {url.Values{"token": {own.jwt}, "client_id": {traditional}}, nil, 401, "invalid_client"},
		"a confidential, wrong secret":  {url.Values{"token": {own.jwt}, "client_id": {traditional}, "client_secret": {"x"}}, nil, 401, "invalid_client"},
		"a machine's by a user's":       {url.Values{"token": {machines}, "client_id": {spa}}, nil, 400, "invalid_request"},
		"no token":                      {url.Values{"client_id": {spa}}, nil, 400, "invalid_request"},
		"two tokens":                    {url.Values{"token": {g.jwt, g.jwt}, "client_id": {spa}}, nil, 400, "invalid_request"},
		"an ID token":                   {url.Values{"token": {idToken}, "client_id": {spa}}, nil, 400, "unsupported_token_type"},
	} {
		a := w.browser().do("POST", "/oidc/token/revocation", c.form.Encode(), c.header...)
		if a.status != c.status || a.json(t)["error"] != c.code {
			t.Errorf("%s: %d %s, want %d %s", name, a.status, a.body, c.status, c.code)
		}
	}
	for name, token := range map[string]string{"the user's": g.jwt, "the confidential client's": own.jwt, "the machine's": machines} {
		if !w.lives(token) {
			t.Errorf("%s token died of a refused revocation", name)
		}
	}
	if n := w.revokedRows(); n != 0 {
		t.Errorf("%d revocations stored", n)
	}
}

// What is no token any more, or never was one, needs no revocation: 200, as RFC 7009 §2.2 has it, and nothing is kept.
func TestRevocation_invalidTokensAreNoError(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	g := w.grantTokens(w.browser(), spa, offline...)
	ended := w.grantTokens(w.browser(), spa, offline...)
	w.form("/oidc/token/revocation", url.Values{"token": {ended.refresh}, "client_id": {spa}})
	try := func(name, token string) {
		t.Helper()
		a := w.form("/oidc/token/revocation", url.Values{"token": {token}, "client_id": {spa}})
		if a.status != 200 || a.body != "" || a.header.Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("%s: %d %q", name, a.status, a.body)
		}
	}
	try("words", "nobody knows it")
	try("two dots", "a.b.c")
	try("a tampered token", tamperedSignature(g.jwt))
	try("a token of an ended grant", ended.jwt)
	w.clock.advance(32 * time.Minute) // the resource's tokens live 30
	try("an expired token", g.jwt)
	if n := w.revokedRows(); n != 0 {
		t.Errorf("%d revocations stored", n)
	}
	w.clock.advance(-32 * time.Minute)
	if !w.lives(g.jwt) {
		t.Error("a token died of another's revocation")
	}
}

// A revoked JWT is dead wherever it is asked for; its grant and the other tokens of it go on.
func TestRevocation_endsThatTokenOnly(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	g := w.grantTokens(w.browser(), spa, offline...)
	a := w.refresh(spa, g.refresh, "resource", resource)
	other := grantTokens{w: w, client: spa, opaque: g.opaque, jwt: a.json(t)["access_token"].(string), refresh: a.json(t)["refresh_token"].(string)}
	for range 2 { // again is no error
		if a := w.form("/oidc/token/revocation", url.Values{"token": {g.jwt}, "client_id": {spa}, "token_type_hint": {"refresh_token"}}); a.status != 200 || a.body != "" {
			t.Fatalf("revocation: %d %s", a.status, a.body)
		}
	}
	g.refresh = ""
	if live := g.live(); live != "opaque" {
		t.Errorf("of the revoked token and its grant live: %s", live)
	}
	if w.lives(respelled(t, g.jwt)) {
		t.Error("the revoked token lives under another spelling of its signature")
	}
	if live := other.live(); live != alive {
		t.Errorf("of the grant lives only %q", live)
	}
	var stored int
	jti := decodeJWT(t, g.jwt)["jti"].(string)
	if err := w.pool.QueryRow(t.Context(), `select count(*) from identity.revoked_tokens r where strpos(r::text, $1) > 0`, jti).Scan(&stored); err != nil || stored != 0 {
		t.Errorf("the jti is stored readably: %d, %v", stored, err)
	}
	// The row is there for as long as a token might be taken for good, and no longer.
	sweep := func() {
		t.Helper()
		if err := w.id.Provider().Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	w.clock.advance(30*time.Minute + 20*time.Second)
	if sweep(); w.revokedRows() != 1 {
		t.Error("the revocation went before the tolerance for clocks was over")
	}
	w.clock.advance(time.Minute)
	if sweep(); w.revokedRows() != 0 {
		t.Error("the revocation outlives the token")
	}
}

// respelled is a token with the other signature of the same message: of ECDSA's (r, s), (r, n-s) is valid too.
func respelled(t *testing.T, token string) string {
	t.Helper()
	parts := strings.Split(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || len(raw) != 96 {
		t.Fatalf("signature of %d bytes, %v", len(raw), err)
	}
	s := new(big.Int).Sub(elliptic.P384().Params().N, new(big.Int).SetBytes(raw[48:]))
	s.FillBytes(raw[48:])
	return parts[0] + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString(raw)
}

func TestRevocation_machineTokens(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	revoked, kept := w.machineJWT(), w.machineJWT()
	if a := w.browser().do("POST", "/oidc/token/revocation", url.Values{"token": {revoked}}.Encode(), "Authorization", machineBasic); a.status != 200 {
		t.Fatalf("revocation: %d %s", a.status, a.body)
	}
	if w.lives(revoked) || w.lives(respelled(t, revoked)) {
		t.Error("a revoked machine token lives")
	}
	if !w.lives(kept) || !w.lives(respelled(t, kept)) {
		t.Error("another token of the machine died with it")
	}
}

func TestRevocation_ofAManagementToken(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	token := managementToken(t, w)
	ask := func() int {
		return w.browser().do("GET", "/api/roles", "", "Authorization", "Bearer "+token).status
	}
	if status := ask(); status != 200 {
		t.Fatalf("before: %d", status)
	}
	w.form("/oidc/token/revocation", url.Values{"token": {token}, "client_id": {"operator"}, "client_secret": {"operatorSecret"}})
	if status := ask(); status != 401 {
		t.Errorf("after: %d", status)
	}
}

// Every revocation is one entry of the audit log, under the client it came from.
func TestRevocation_isAudited(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	token := w.machineJWT()
	w.browser().do("POST", "/oidc/token/revocation", url.Values{"token": {token}}.Encode(), "Authorization", machineBasic)
	w.id.Close() // writes what is left of the log
	var n int
	if err := w.pool.QueryRow(t.Context(), `select count(*) from identity.logs where key = 'RevokeToken' and payload ->> 'applicationId' = $1`, machine).Scan(&n); err != nil || n != 1 {
		t.Errorf("%d entries, %v", n, err)
	}
}
