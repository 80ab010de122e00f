// Package secret makes and compares secrets: random identifiers and tokens, digests, password hashes.
package secret

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
)

const (
	lowerAlphanumeric = "0123456789abcdefghijklmnopqrstuvwxyz"
	alphanumeric      = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// ID is a new identifier of 21 characters [0-9a-z] (about 108 bits), the form of Logto's ids.
func ID() string { return random(21, lowerAlphanumeric) }

// ShortID is a new identifier of 12 characters [0-9a-z], the form of Logto's user ids.
func ShortID() string { return random(12, lowerAlphanumeric) }

// Token is a new secret of n characters [0-9A-Za-z].
func Token(n int) string { return random(n, alphanumeric) }

// Opaque is a new secret of 43 characters, base64url of 32 random bytes: the form of opaque tokens and jti values.
func Opaque() string { return base64.RawURLEncoding.EncodeToString(Bytes(32)) }

// Bytes are n random bytes.
func Bytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails (crypto/rand, since Go 1.24)
	return b
}

// random draws n characters of alphabet without modulo bias: bytes past the last full multiple are drawn again.
func random(n int, alphabet string) string {
	limit := 256 - 256%len(alphabet)
	out := make([]byte, 0, n)
	for len(out) < n {
		for _, b := range Bytes(n - len(out) + 8) {
			if int(b) < limit && len(out) < n {
				out = append(out, alphabet[int(b)%len(alphabet)])
			}
		}
	}
	return string(out)
}

// Equal compares two secrets in time that does not depend on where they differ, nor on their lengths.
func Equal(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// Digest is the SHA-256 of a token, the only form in which tokens are stored. Tokens carry at least 128 random bits,
// so a plain hash is enough: there is nothing to guess.
func Digest(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}
