package session

import (
	"context"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"gatehouse/engine/fault"
	"gatehouse/jwt"
)

// jwtVerifier is a configured JWT secret with its keys at hand.
type jwtVerifier struct {
	*jwtSecret
	config *Config
	// keys are asked for at every token: a remote set changes.
	keys func() []jose.JSONWebKey
	// isOwn: they are the identity half's.
	isOwn bool
	// missed is called once when no key fits and tells whether the keys may be new; nil where there is nothing to fetch.
	missed     func(ctx context.Context) bool
	algorithms []jose.SignatureAlgorithm
	now        func() time.Time
	// signed remembers the claims of tokens whose signature was good, and the key set that said so.
	signed *cache[[sha256.Size]byte, *signedClaims]
}

// signedClaims are claims with a good signature, under the key set that starts at keys. They are only read.
type signedClaims struct {
	claims             map[string]any
	keys               *jose.JSONWebKey
	expires, notBefore date
	// worth is what follows from the claims alone; worked out when first asked for.
	worth func() (tokenWorth, error)
}

// date is a NumericDate among claims, or what is wrong with it.
type date struct {
	at    time.Time
	isSet bool
	err   error
}

// tokenWorth is what a token's Hasura claims say.
type tokenWorth struct {
	allowed   held
	role      string
	variables map[string]string
	// variablesErr stands in place of variables. It is told after what is wrong with the role.
	variablesErr error
}

func (r claimsRule) worth(claims map[string]any) (w tokenWorth, err error) {
	hasura, err := r.apply(claims)
	if err != nil {
		return w, err
	}
	allowed, role, err := hasura.roles()
	if err != nil {
		return w, err
	}
	w.allowed, w.role = append(held{}, allowed...), role
	w.variables, w.variablesErr = hasura.variables()
	return w, nil
}

// tokenFacts are what a token says of itself before anything is verified. They only steer which secret is to verify it.
type tokenFacts struct {
	issuer    string
	hasIssuer bool
	algorithm string
	// client is the client_id.
	client string
}

// digest is what tokens are remembered by.
type digest = [sha256.Size]byte

// factsOf reads a token's facts, or remembers them: reading costs more than all of a cached verification.
func (r *Resolver) factsOf(token string, of digest) tokenFacts {
	if len(token) > maxRemembered {
		return readFacts(token)
	}
	f, ok := r.facts.get(of)
	if !ok {
		f = readFacts(token)
		r.facts.put(of, f)
	}
	return f
}

func readFacts(token string) (f tokenFacts) {
	f.issuer, f.client, f.hasIssuer = unverified(token)
	f.algorithm = jwt.Algorithm(token)
	return f
}

var (
	rsaAlgorithms = []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512}
	ecAlgorithms  = []jose.SignatureAlgorithm{jose.ES256, jose.ES384, jose.ES512}
	// remoteAlgorithms are those of keys fetched from a URL: what is public cannot be a secret, so no HMAC.
	remoteAlgorithms = slices.Concat(rsaAlgorithms, ecAlgorithms, []jose.SignatureAlgorithm{jose.EdDSA})
)

// algorithmsOf are the algorithms a key given in the setting may be used with. They follow from the key, never from
// the token: a token signed with HMAC under a public key's text must find no door here.
func algorithmsOf(key *jose.JSONWebKey) []jose.SignatureAlgorithm {
	if _, isHMAC := key.Key.([]byte); isHMAC {
		return []jose.SignatureAlgorithm{jose.HS256, jose.HS384, jose.HS512}
	}
	return remoteAlgorithms
}

// candidate is a token found where a secret looks for one, from that secret's issuer.
type candidate struct {
	verifier *jwtVerifier
	token    string
	digest   digest
	facts    tokenFacts
}

// resolveJWT is Hasura's JWT mode: the tokens at the configured places, matched to secrets by issuer, and by algorithm
// where several secrets share one; exactly one pair must remain.
func (r *Resolver) resolveJWT(ctx context.Context, req Request) (*Session, error) {
	h := req.Header
	of, isAlone := r.authorizationOf(h)
	if isAlone {
		if c, ok := r.resolved.get(of); ok && c.verifier.isCurrent(c.signed) {
			return c.verifier.session(c.signed, h)
		}
	}
	if s, err := r.byConsoleToken(ctx, req); s != nil || err != nil {
		return s, err
	}
	var matches []candidate
	var last candidate // secrets mostly look at one place
	strangers := 0
	for _, v := range r.jwts {
		for _, value := range v.location.tokens(h) {
			raw, err := v.bare(value)
			if err != nil {
				return nil, err
			}
			if last.token != raw || last.verifier == nil {
				last = candidate{token: raw, digest: digestOf(raw)}
				if v.issuer != "" || len(r.jwts) > 1 {
					last.facts = r.factsOf(raw, last.digest)
				}
			}
			last.verifier = v
			if v.issuer != "" && last.facts.hasIssuer && last.facts.issuer != v.issuer {
				strangers++
				continue
			}
			matches = append(matches, last)
		}
	}
	if len(matches) > 1 && !slices.ContainsFunc(matches, func(c candidate) bool { return c.token != matches[0].token }) {
		matches = byAlgorithm(matches)
	}
	switch {
	case len(matches) == 1:
		c := matches[0]
		signed, err := c.verifier.verifySignature(ctx, c.token, c.digest)
		if err != nil {
			return nil, err
		}
		if isAlone {
			r.resolved.put(of, resolved{c.verifier, signed})
		}
		return c.verifier.session(signed, h)
	case len(matches) > 1:
		return nil, fault.New(fault.InvalidHeaders, "", "Could not verify JWT: Multiple JWTs found")
	case strangers > 0:
		return nil, notVerified("JWTNotInIssuer")
	case r.config.UnauthorizedRole != "":
		return r.unauthorized(fromHeaders(h)), nil
	default:
		return nil, fault.New(fault.InvalidHeaders, "", "Missing 'Authorization' or 'Cookie' header in JWT authentication mode")
	}
}

// resolved is the secret that a header's token belongs to, and its claims.
type resolved struct {
	verifier *jwtVerifier
	signed   *signedClaims
}

// authorizationOf is the digest of the header that alone decides which secret verifies which token; ok is false where
// another one may have a say.
func (r *Resolver) authorizationOf(h http.Header) (of digest, ok bool) {
	values := h[authorization]
	if !r.isAuthorization || len(values) != 1 || len(values[0]) > maxRemembered {
		return of, false
	}
	return digestOf(values[0]), true
}

func digestOf(s string) digest {
	var on [2 << 10]byte // most tokens are shorter, and need no copy on the heap
	if len(s) > len(on) {
		return sha256.Sum256([]byte(s))
	}
	return sha256.Sum256(on[:copy(on[:], s)])
}

// byAlgorithm leaves the candidates whose secret's key is of the token's algorithm; all of them when none is, so that the
// answer says more than "no key".
func byAlgorithm(all []candidate) []candidate {
	var fitting []candidate
	for _, c := range all {
		if c.verifier.mayVerify(c.facts.algorithm) {
			fitting = append(fitting, c)
		}
	}
	if len(fitting) == 0 {
		return all
	}
	return fitting // a token sent twice is still two candidates
}

// mayVerify tells whether the secret's key is of the kind that an algorithm takes. Within a kind Hasura does not hold a key
// to the one algorithm named in the setting.
func (v *jwtVerifier) mayVerify(algorithm string) bool {
	alg := jose.SignatureAlgorithm(algorithm)
	if v.key == nil {
		return slices.Contains(remoteAlgorithms, alg)
	}
	switch v.key.Key.(type) {
	case []byte:
		return slices.Contains(algorithmsOf(v.key), alg)
	case *rsa.PublicKey:
		return slices.Contains(rsaAlgorithms, alg)
	case *ecdsa.PublicKey:
		return slices.Contains(ecAlgorithms, alg)
	default:
		return alg == jose.EdDSA
	}
}

// bare takes the scheme off an Authorization value.
func (v *jwtVerifier) bare(value string) (string, error) {
	if v.location.kind != authorization {
		return value, nil
	}
	if token, ok := strings.CutPrefix(value, "Bearer "); ok && isToken(token) {
		return token, nil
	}
	words := strings.Fields(value)
	if len(words) != 2 || words[0] != "Bearer" {
		return "", malformedAuthorization()
	}
	return words[1], nil
}

// isToken tells of what every token is: visible ASCII, so nothing to split or trim.
func isToken(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return s != ""
}

func malformedAuthorization() error {
	return fault.New(fault.InvalidHeaders, "", "Malformed Authorization header")
}

// notVerified is Hasura's refusal of a token; reason in the words of its JOSE library where it has any.
func notVerified(reason string) *fault.Error {
	return fault.New(fault.InvalidJWT, "", "Could not verify JWT: %s", reason)
}

// unverified is what a token says of its issuer and client; ok is false where it names no issuer.
func unverified(token string) (issuer, client string, ok bool) {
	parts := strings.Split(token, ".")
	if len(parts) < 3 {
		return "", "", false
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return "", "", false
	}
	var c struct {
		Issuer *string `json:"iss"`
		Client any     `json:"client_id"`
	}
	if json.Unmarshal(payload, &c) != nil || c.Issuer == nil {
		return "", "", false
	}
	client, _ = c.Client.(string)
	return *c.Issuer, client, true
}

// session is what a token with a good signature is worth now.
func (v *jwtVerifier) session(signed *signedClaims, h http.Header) (*Session, error) {
	if err := v.check(signed); err != nil {
		return nil, err
	}
	worth, err := signed.worth()
	if err != nil {
		return nil, err
	}
	role := worth.role
	if requested := h.Get(roleHeader); requested != "" {
		role = requested
	}
	s, err := v.config.choose(role, worth.allowed)
	if err != nil {
		return nil, err
	}
	if worth.variablesErr != nil {
		return nil, worth.variablesErr
	}
	s.Variables, s.Expires = seal(maps.Clone(worth.variables), s.Role), signed.expires.at
	return s, nil
}

func roleNotAllowed() error {
	return fault.New(fault.AccessDenied, "", "Your requested role is not in allowed roles")
}

// check checks times, issuer and audience.
func (v *jwtVerifier) check(signed *signedClaims) error {
	now := v.now()
	switch exp, nbf := &signed.expires, &signed.notBefore; {
	case exp.err != nil:
		return exp.err
	case exp.isSet && !now.Before(exp.at.Add(v.skew)):
		return notVerified("JWTExpired")
	case nbf.err != nil:
		return nbf.err
	case nbf.isSet && now.Before(nbf.at.Add(-v.skew)):
		return notVerified("JWTNotYetValid")
	}
	if iss, _ := signed.claims["iss"].(string); v.issuer != "" && iss != v.issuer {
		return notVerified("JWTNotInIssuer")
	}
	if v.audience != nil && !slices.ContainsFunc(audienceOf(signed.claims), func(a string) bool { return slices.Contains(v.audience, a) }) {
		return notVerified("JWTNotInAudience")
	}
	return nil
}

// isCurrent tells whether the keys are those that found a token's signature good.
func (v *jwtVerifier) isCurrent(signed *signedClaims) bool {
	keys := v.keys()
	return len(keys) > 0 && signed.keys == &keys[0]
}

// verifySignature gives the claims of a token whose signature is good. It remembers them: checking one costs up to a
// millisecond. What depends on the time is not remembered, and nothing outlives a change of the keys.
func (v *jwtVerifier) verifySignature(ctx context.Context, token string, of digest) (*signedClaims, error) {
	if known, ok := v.signed.get(of); ok && v.isCurrent(known) {
		return known, nil
	}
	keys := v.keys()
	verified, err := jwt.Verify(token, keys, v.algorithms)
	if errors.Is(err, jwt.ErrNoKey) && v.missed != nil && v.missed(ctx) {
		keys = v.keys()
		verified, err = jwt.Verify(token, keys, v.algorithms)
	}
	if err != nil {
		return nil, signatureFault(token, err)
	}
	claims, err := decodeObject(verified.Payload)
	if err != nil {
		return nil, notVerified("JWTClaimsSetDecodeError " + compact(err.Error()))
	}
	signed := &signedClaims{
		claims: claims, keys: &keys[0], expires: dateOf(claims, "exp"), notBefore: dateOf(claims, "nbf"),
		worth: sync.OnceValues(func() (tokenWorth, error) { return v.claims.worth(claims) }),
	}
	if len(token) <= maxRemembered {
		v.signed.put(of, signed)
	}
	return signed, nil
}

func dateOf(claims map[string]any, name string) (d date) {
	d.at, d.isSet, d.err = timeClaim(claims, name)
	return d
}

// timeClaim reads a NumericDate (RFC 7519 §2). A claim that is there and is no number of a sane size fails the token.
func timeClaim(claims map[string]any, name string) (t time.Time, ok bool, err error) {
	value, ok := claims[name]
	if !ok {
		return time.Time{}, false, nil
	}
	number, isNumber := value.(json.Number)
	if !isNumber {
		return time.Time{}, false, notVerified(fmt.Sprintf(`JWTClaimsSetDecodeError "Error in $.%s: parsing NumericDate failed, expected Number, but encountered %s"`, name, jsonKind(value)))
	}
	seconds, err := number.Float64()
	if err != nil || math.Abs(seconds) > 1e12 {
		return time.Time{}, false, notVerified(fmt.Sprintf(`JWTClaimsSetDecodeError "Error in $.%s: not a date"`, name))
	}
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(fraction*1e9)), true, nil
}

func audienceOf(claims map[string]any) []string {
	switch aud := claims["aud"].(type) {
	case string:
		return []string{aud}
	case []any:
		var all []string
		for _, a := range aud {
			if s, ok := a.(string); ok {
				all = append(all, s)
			}
		}
		return all
	default:
		return nil
	}
}

// signatureFault words a failed verification as Hasura's JOSE library shows it.
func signatureFault(token string, err error) error {
	parts := strings.Count(token, ".") + 1
	switch {
	case parts != 3:
		return notVerified(fmt.Sprintf("JWSError (CompactDecodeError Invalid number of parts: Expected 3 parts; got %d)", parts)).WithCause(err)
	case unsigned(token):
		return notVerified("JWSError JWSNoSignatures").WithCause(err)
	case errors.Is(err, jwt.ErrMalformed):
		return notVerified(`JWSError (JSONDecodeError "the token is not a JWS")`).WithCause(err)
	default: // no key that fits, or a signature that does not: Hasura tries all keys and tells no difference
		return notVerified("JWSError JWSInvalidSignature").WithCause(err)
	}
}

// unsigned tells whether the token claims to need no signature (`alg: none`).
func unsigned(token string) bool {
	head, _, _ := strings.Cut(token, ".")
	data, err := base64.RawURLEncoding.DecodeString(head)
	if err != nil {
		return false
	}
	var h struct{ Alg string }
	return json.Unmarshal(data, &h) == nil && strings.EqualFold(h.Alg, "none")
}
