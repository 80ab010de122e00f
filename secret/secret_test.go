package secret_test

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"gatehouse/secret"
)

func TestRandom_formsAndDistinctness(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		make func() string
		form string
	}{
		"ID":      {secret.ID, `^[0-9a-z]{21}$`},
		"ShortID": {secret.ShortID, `^[0-9a-z]{12}$`},
		"Token":   {func() string { return secret.Token(32) }, `^[0-9A-Za-z]{32}$`},
		"Opaque":  {secret.Opaque, `^[\w-]{43}$`},
	} {
		seen := map[string]bool{}
		for range 1000 {
			v := c.make()
			if seen[v] || !regexp.MustCompile(c.form).MatchString(v) {
				t.Fatalf("%s: %q repeats or has the wrong form", name, v)
			}
			seen[v] = true
		}
	}
}

// The digests were made by others: bcrypt's is Wikipedia's example, argon2i's the one in the README of the reference
// implementation, argon2d's made by hash-wasm (which Logto uses), the hex ones are those of sha1sum, sha256sum and md5sum.
func TestVerifyPassword_importedHashes(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, algorithm, digest, password string }{
		{"SHA1", secret.SHA1, "5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8", "password"},
		{"SHA256", secret.SHA256, "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8", "password"},
		{"MD5", secret.MD5, "5f4dcc3b5aa765d61d8327deb882cf99", "password"},
		{"Bcrypt", secret.Bcrypt, "$2a$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW", "abc123xyz"},
		{"Argon2d", secret.Argon2d, "$argon2d$v=19$m=4096,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$2MIagsn6H2/G29lpEBpN5w//MVn4HoliywrJXZDNlpc", "password"},
		{"Argon2i", secret.Argon2i, "$argon2i$v=19$m=65536,t=2,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b+dWRWJTmaaJObG", "password"},
		{"Legacy, salt first", secret.Legacy, `["sha256",["salt","@"],"13601bda4ea78e55a07b98866d2be6be0744e3866f13c00c811cab608a28f322"]`, "password"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := secret.PasswordHash{Algorithm: c.algorithm, Digest: c.digest}
			if ok, _, err := secret.VerifyPassword(t.Context(), c.password+"x", h); ok || err != nil {
				t.Errorf("a wrong password: %v, %v", ok, err)
			}
			ok, upgrade, err := secret.VerifyPassword(t.Context(), c.password, h)
			if !ok || !upgrade || err != nil {
				t.Errorf("the right password: ok %v, upgrade %v, %v", ok, upgrade, err)
			}
		})
	}
}

func TestHashPassword_roundTrip(t *testing.T) {
	t.Parallel()
	h, err := secret.HashPassword(t.Context(), "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	if ok, _, err := secret.VerifyPassword(t.Context(), "correct horsf", h); ok || err != nil {
		t.Errorf("a wrong password: %v, %v", ok, err)
	}
	if ok, upgrade, err := secret.VerifyPassword(t.Context(), "correct horse", h); !ok || upgrade || err != nil {
		t.Errorf("the right password: ok %v, upgrade %v, %v", ok, upgrade, err)
	}
}

func TestVerifyPassword_refusesBadDigestsAndBounds(t *testing.T) {
	t.Parallel()
	for _, h := range []secret.PasswordHash{
		{Algorithm: "Argon2id", Digest: ""},
		{Algorithm: "Argon2id", Digest: "$argon2id$v=19$m=99999999,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA"},
		{Algorithm: "Argon2id", Digest: "$argon2id$v=19$m=1024,t=1,p=0$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA"},
		{Algorithm: "rot13", Digest: "x"},
		{Algorithm: "Legacy", Digest: "nope"},
	} {
		if ok, _, err := secret.VerifyPassword(t.Context(), "x", h); ok || err == nil {
			t.Errorf("%+v: ok %v, err %v; want an error", h, ok, err)
		}
	}
	if _, err := secret.HashPassword(t.Context(), strings.Repeat("x", 5000)); err == nil {
		t.Error("a password of 5000 bytes was hashed")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, _ = secret.HashPassword(ended, "x") // must return, not hang
}

func TestEqual(t *testing.T) {
	t.Parallel()
	if secret.Equal("a", "b") || secret.Equal("a", "aa") || !secret.Equal("", "") || !secret.Equal("abc", "abc") {
		t.Error("wrong answer")
	}
}
