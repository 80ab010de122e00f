// Package jwt signs and verifies JSON Web Tokens (RFC 7515, RFC 7519) and keeps key sets, ours and remote ones.
//
// It checks signatures only; what the claims must say is its callers' business. The JOSE work is go-jose's.
package jwt

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/go-jose/go-jose/v4"
)

// Why a token was not accepted.
var (
	// ErrMalformed: not a compact JWS, or a header that cannot be read.
	ErrMalformed = errors.New("malformed token")
	// ErrNoKey: no key with the token's kid and a fitting algorithm.
	ErrNoKey = errors.New("no suitable key")
	// ErrSignature: the signature does not match.
	ErrSignature = errors.New("invalid signature")
)

// maxToken bounds the text of a token that is parsed at all.
const maxToken = 64 << 10

// Token is a token whose signature has been verified.
type Token struct {
	Algorithm, KeyID, Type string
	// Payload is the JSON text of the claims.
	Payload []byte
}

// Set is a set of keys that can be replaced while others read it.
type Set struct {
	keys    atomic.Pointer[[]jose.JSONWebKey]
	changes atomic.Uint64
}

// NewSet makes a set of keys, the first of which is the one to sign with.
func NewSet(keys ...jose.JSONWebKey) *Set {
	s := &Set{}
	s.Replace(keys...)
	return s
}

// Replace puts other keys in place.
func (s *Set) Replace(keys ...jose.JSONWebKey) {
	s.keys.Store(&keys)
	s.changes.Add(1)
}

// Changes counts how often the keys have been replaced. What was verified at a count holds while the count is the same.
func (s *Set) Changes() uint64 { return s.changes.Load() }

// Keys are the present keys; the slice is not to be changed.
func (s *Set) Keys() []jose.JSONWebKey { return *s.keys.Load() }

// Public is the set without private halves, fit to be published.
func (s *Set) Public() jose.JSONWebKeySet {
	var out jose.JSONWebKeySet
	for _, k := range s.Keys() {
		if !k.IsPublic() {
			k = k.Public()
		}
		out.Keys = append(out.Keys, k)
	}
	return out
}

// GenerateES384 makes a signing key; its kid is the thumbprint (RFC 7638).
func GenerateES384() (jose.JSONWebKey, error) {
	private, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		return jose.JSONWebKey{}, fmt.Errorf("generate key: %w", err)
	}
	key := jose.JSONWebKey{Key: private, Algorithm: string(jose.ES384), Use: "sig"}
	return WithThumbprint(key)
}

// WithThumbprint sets the key's kid to its SHA-256 thumbprint (RFC 7638).
func WithThumbprint(key jose.JSONWebKey) (jose.JSONWebKey, error) {
	sum, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		return jose.JSONWebKey{}, fmt.Errorf("thumbprint: %w", err)
	}
	key.KeyID = base64.RawURLEncoding.EncodeToString(sum)
	return key, nil
}

// Sign makes a compact JWS of payload with a private key. typ is left out of the header when empty.
func Sign(key jose.JSONWebKey, typ string, payload []byte) (string, error) {
	opts := &jose.SignerOptions{}
	if typ != "" {
		opts = opts.WithType(jose.ContentType(typ))
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(key.Algorithm), Key: key}, opts)
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	return signed.CompactSerialize()
}

// Verify checks a compact JWS against keys and gives its payload. Only the named algorithms are accepted, and a key only
// for the algorithm of its kind, so that a public key can never serve as an HMAC secret. A token with a kid is checked
// against keys of that kid or without one; a token without a kid against all fitting keys.
func Verify(token string, keys []jose.JSONWebKey, algorithms []jose.SignatureAlgorithm) (*Token, error) {
	if len(token) > maxToken || strings.Count(token, ".") != 2 {
		return nil, ErrMalformed
	}
	parsed, err := jose.ParseSignedCompact(token, algorithms)
	if err != nil {
		var unexpected *jose.ErrUnexpectedSignatureAlgorithm
		if errors.As(err, &unexpected) {
			return nil, fmt.Errorf("%w: algorithm not accepted", ErrNoKey)
		}
		return nil, ErrMalformed
	}
	header := parsed.Signatures[0].Protected
	typ, _ := header.ExtraHeaders[jose.HeaderType].(string)
	fitting := 0
	for _, k := range keys {
		if k.KeyID != "" && header.KeyID != "" && k.KeyID != header.KeyID || !fits(k, header.Algorithm) {
			continue
		}
		fitting++
		if _, symmetric := k.Key.([]byte); !symmetric && !k.IsPublic() {
			k = k.Public() // an issuer's own set holds its private keys
		}
		if payload, err := parsed.Verify(k.Key); err == nil {
			return &Token{Algorithm: header.Algorithm, KeyID: header.KeyID, Type: typ, Payload: payload}, nil
		}
	}
	if fitting == 0 {
		return nil, ErrNoKey
	}
	return nil, ErrSignature
}

// fits tells whether the key may verify the algorithm: its own alg, when it states one, and its kind.
func fits(k jose.JSONWebKey, algorithm string) bool {
	if k.Algorithm != "" && k.Algorithm != algorithm || k.Use != "" && k.Use != "sig" {
		return false
	}
	_, symmetric := k.Key.([]byte)
	return symmetric == strings.HasPrefix(algorithm, "HS")
}

// Algorithm is what a token's header says it is signed with, unverified: for choosing the keys to verify with. "" when it
// cannot be read.
func Algorithm(token string) string {
	if len(token) > maxToken || strings.Count(token, ".") != 2 {
		return ""
	}
	parsed, err := jose.ParseSignedCompact(token, AllAlgorithms)
	if err != nil {
		return ""
	}
	return parsed.Signatures[0].Protected.Algorithm
}

// AllAlgorithms are the signature algorithms that can be configured at all; "none" is not among them.
var AllAlgorithms = []jose.SignatureAlgorithm{
	jose.HS256, jose.HS384, jose.HS512, jose.RS256, jose.RS384, jose.RS512,
	jose.ES256, jose.ES384, jose.ES512, jose.PS256, jose.PS384, jose.PS512, jose.EdDSA,
}
