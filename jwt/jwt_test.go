package jwt_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"gatehouse/httpclient"
	"gatehouse/jwt"
)

func newKey(t *testing.T) jose.JSONWebKey {
	t.Helper()
	k, err := jwt.GenerateES384()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func sign(t *testing.T, k jose.JSONWebKey, typ, payload string) string {
	t.Helper()
	s, err := jwt.Sign(k, typ, []byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestVerify_refuses(t *testing.T) {
	t.Parallel()
	key, other := newKey(t), newKey(t)
	rsaPrivate, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := jwt.WithThumbprint(jose.JSONWebKey{Key: rsaPrivate, Algorithm: "RS256", Use: "sig"})
	if err != nil {
		t.Fatal(err)
	}
	publicDER, err := x509.MarshalPKIXPublicKey(&rsaPrivate.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	confused := sign(t, jose.JSONWebKey{Key: publicDER, Algorithm: "HS256"}, "", `{}`)
	good := sign(t, key, "", `{"sub":"a"}`)
	parts := strings.Split(good, ".")
	b64 := base64.RawURLEncoding.EncodeToString
	otherSameKid := other
	otherSameKid.KeyID = key.KeyID

	cases := []struct {
		name, token string
		keys        []jose.JSONWebKey
		algorithms  []jose.SignatureAlgorithm
		want        error
	}{
		{"empty", "", []jose.JSONWebKey{key.Public()}, jwt.AllAlgorithms, jwt.ErrMalformed},
		{"words", "not.a.token", []jose.JSONWebKey{key.Public()}, jwt.AllAlgorithms, jwt.ErrMalformed},
		{"tampered payload", parts[0] + "." + b64([]byte(`{"sub":"b"}`)) + "." + parts[2], []jose.JSONWebKey{key.Public()}, jwt.AllAlgorithms, jwt.ErrSignature},
		{"alg none", b64([]byte(`{"alg":"none"}`)) + "." + parts[1] + ".", []jose.JSONWebKey{key.Public()}, jwt.AllAlgorithms, jwt.ErrNoKey},
		{"unknown kid", sign(t, other, "", `{}`), []jose.JSONWebKey{key.Public()}, jwt.AllAlgorithms, jwt.ErrNoKey},
		{"another key under our kid", sign(t, otherSameKid, "", `{}`), []jose.JSONWebKey{key.Public()}, jwt.AllAlgorithms, jwt.ErrSignature},
		{"HMAC with the public key as secret", confused, []jose.JSONWebKey{rsaKey.Public()}, jwt.AllAlgorithms, jwt.ErrNoKey},
		{"algorithm not accepted", good, []jose.JSONWebKey{key.Public()}, []jose.SignatureAlgorithm{jose.RS256}, jwt.ErrNoKey},
		{"oversized", strings.Repeat("a", 70000) + ".b.c", []jose.JSONWebKey{key.Public()}, jwt.AllAlgorithms, jwt.ErrMalformed},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if _, err := jwt.Verify(c.token, c.keys, c.algorithms); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	tok, err := jwt.Verify(sign(t, key, "at+jwt", `{"sub":"a"}`), []jose.JSONWebKey{other.Public(), key.Public()}, jwt.AllAlgorithms)
	if err != nil || tok.Type != "at+jwt" || tok.KeyID != key.KeyID || string(tok.Payload) != `{"sub":"a"}` {
		t.Errorf("a good token: got %+v, %v", tok, err)
	}
}

func TestRemote_fetchesAnUnknownKeyOnceInAWhile(t *testing.T) {
	t.Parallel()
	set, requests := jwt.NewSet(newKey(t)), atomic.Int32{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		_ = json.NewEncoder(w).Encode(set.Public())
	}))
	t.Cleanup(s.Close)
	r := jwt.NewRemote(s.URL, httpclient.New(httpclient.Operator, 20*time.Second), nil)
	if err := r.Fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(r.Keys()) != 1 || !r.Keys()[0].IsPublic() {
		t.Fatalf("keys: %+v", r.Keys())
	}
	for range 10 {
		r.Missed(t.Context())
	}
	if n := requests.Load(); n != 1 {
		t.Errorf("%d requests for ten unknown keys right after a fetch, want 1", n)
	}
}

func TestRemote_keepsOldKeysWhenThePublisherFails(t *testing.T) {
	t.Parallel()
	set, broken := jwt.NewSet(newKey(t)), atomic.Bool{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if broken.Load() {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		_ = json.NewEncoder(w).Encode(set.Public())
	}))
	t.Cleanup(s.Close)
	r := jwt.NewRemote(s.URL, httpclient.New(httpclient.Operator, 20*time.Second), nil)
	if err := r.Fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	broken.Store(true)
	if err := r.Fetch(t.Context()); err == nil {
		t.Error("a status of 500 is no key set")
	}
	if len(r.Keys()) != 1 {
		t.Errorf("keys after a failed fetch: %d, want the old one", len(r.Keys()))
	}
}

func TestParseKeySet_leavesSecretsAndEncryptionKeysOut(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}`, `{"keys":[]}`, `[]`, `{"keys":[{"kty":"EC"}]}`} {
		if keys, err := jwt.ParseKeySet([]byte(text)); err == nil {
			t.Errorf("%s: got %d keys, want an error", text, len(keys))
		}
	}
}

// An issuer verifies its own tokens with the set it signs from.
func TestVerify_acceptsAPrivateKeyAsItsPublicHalf(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	if _, err := jwt.Verify(sign(t, key, "at+jwt", `{"sub":"a"}`), []jose.JSONWebKey{key}, jwt.AllAlgorithms); err != nil {
		t.Error(err)
	}
}
