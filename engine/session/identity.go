package session

import (
	"context"
	"crypto/sha256"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"

	"gatehouse/engine/fault"
	"gatehouse/jwt"
)

// verifiedTokens bounds the cache of verified tokens (two generations of this many, some hundred bytes each).
const verifiedTokens = 10_000

// maxRemembered is the length of a token, in bytes, above which it is verified every time: a cache of giants would be one.
const maxRemembered = 8 << 10

// accessTokenType is the `typ` of an access token (RFC 9068 §2.1): an ID token has none and is refused.
const accessTokenType = "at+jwt"

// ownAlgorithms are what our own tokens are signed with.
var ownAlgorithms = []jose.SignatureAlgorithm{jose.ES384, jose.RS256}

// identity is built-in identity: access tokens of the identity half in this process, and what their subjects may do now.
type identity struct {
	Identity
	config         *Config
	defaultRole    string
	allowAdminRole bool
	now            func() time.Time
	public         func() []jose.JSONWebKey
	// verified remembers signatures and claims, nothing about roles: those are asked for at every request.
	verified *cache[[sha256.Size]byte, *verifiedToken]
}

// verifiedToken is a token whose signature and claims have been checked once.
type verifiedToken struct {
	token AccessToken
	keyID string
	// variables are the token's own x-hasura-* claims that may become session variables.
	variables map[string]string
	// last are the session variables of the role that was asked for last.
	last atomic.Pointer[map[string]string]
}

func newIdentity(c *Config, id Identity, now func() time.Time) *identity {
	return &identity{
		Identity: id, config: c, defaultRole: c.DefaultRole, allowAdminRole: c.AllowAdminRole, now: now, public: publicOf(id.Keys),
		verified: newCache[[sha256.Size]byte, *verifiedToken](verifiedTokens),
	}
}

// concerns tells whether the request carries something for built-in identity to judge: any Authorization header. In
// open mode, where Hasura does not look at that header, only a token that says it is ours.
func (i *identity) concerns(h http.Header, isOpen bool) bool {
	values := h[authorization]
	if !isOpen || len(values) == 0 {
		return len(values) > 0
	}
	token, err := bearer(h)
	if err != nil {
		return false
	}
	iss, _, ok := unverified(token)
	return ok && iss == i.Issuer
}

// resolveOwn is built-in identity: the session of an access token of our own, a member's of the console or anybody's.
func (r *Resolver) resolveOwn(ctx context.Context, req Request) (*Session, error) {
	raw, err := bearer(req.Header)
	if err != nil {
		return nil, err
	}
	t, err := r.identity.verify(raw)
	if err != nil {
		return nil, err
	}
	if r.isConsoles(t.token) {
		return r.asMember(ctx, t.token, req)
	}
	return r.identity.resolve(ctx, req.Header, t)
}

func (i *identity) resolve(ctx context.Context, h http.Header, t *verifiedToken) (*Session, error) {
	standing, err := i.Authority.Standing(ctx, t.token)
	if err != nil {
		return nil, fault.New(fault.Unexpected, "", "the directory cannot be asked right now").
			WithStatus(http.StatusServiceUnavailable).WithCause(err)
	}
	if err := refusal(standing); err != nil {
		return nil, err
	}
	s, err := i.choose(h, standing.Roles)
	if err != nil {
		return nil, err
	}
	s.Variables, s.Expires = t.as(s.Role), t.token.Expires
	if !standing.Until.IsZero() && standing.Until.Before(s.Expires) {
		s.Expires = standing.Until
	}
	return s, nil
}

// as are the session variables of the token's caller in a role, the same map as long as the role is.
func (t *verifiedToken) as(role string) map[string]string {
	if last := t.last.Load(); last != nil && (*last)[roleVariable] == role {
		return *last
	}
	vars := make(map[string]string, len(t.variables)+2)
	for name, value := range t.variables {
		vars[name] = value
	}
	vars[userIDVariable] = t.token.Subject
	seal(vars, role)
	t.last.Store(&vars)
	return vars
}

// bearer takes the one bearer token (RFC 6750 §2.1).
func bearer(h http.Header) (string, error) {
	values := h[authorization]
	if len(values) != 1 {
		return "", malformedAuthorization()
	}
	if scheme, token, _ := strings.Cut(values[0], " "); token != "" && strings.EqualFold(scheme, "Bearer") &&
		strings.IndexByte(token, ' ') < 0 && strings.IndexByte(token, '\t') < 0 {
		return token, nil
	}
	words := strings.Fields(values[0])
	if len(words) != 2 || !strings.EqualFold(words[0], "Bearer") {
		return "", malformedAuthorization()
	}
	return words[1], nil
}

// verify checks what does not change while the token lives, and remembers it: the signature, and the claims that say
// it is an access token of ours. A remembered token ends with its expiry or with its key.
func (i *identity) verify(raw string) (*verifiedToken, error) {
	digest := digestOf(raw)
	if t, ok := i.verified.get(digest); ok {
		if !i.now().Before(t.token.Expires) {
			i.verified.remove(digest)
			return nil, notVerified("JWTExpired")
		}
		if i.hasKey(t.keyID) {
			return t, nil
		}
		i.verified.remove(digest)
	}
	t, err := i.verifyOnce(raw)
	if err != nil {
		return nil, err
	}
	if len(raw) <= maxRemembered {
		i.verified.put(digest, t)
	}
	return t, nil
}

func (i *identity) hasKey(id string) bool {
	return slices.ContainsFunc(i.Keys.Keys(), func(k jose.JSONWebKey) bool { return k.KeyID == id })
}

func (i *identity) verifyOnce(raw string) (*verifiedToken, error) {
	verified, err := jwt.Verify(raw, i.public(), ownAlgorithms)
	if err != nil {
		return nil, signatureFault(raw, err)
	}
	if verified.Type != accessTokenType {
		return nil, notVerified("not an access token")
	}
	if verified.KeyID == "" {
		return nil, notVerified("the token names no key")
	}
	claims, err := decodeObject(verified.Payload)
	if err != nil {
		return nil, notVerified("JWTClaimsSetDecodeError").WithCause(err)
	}
	t, err := i.accessToken(claims)
	if err != nil {
		return nil, err
	}
	vars, err := tokenVariables(claims)
	if err != nil {
		return nil, err
	}
	return &verifiedToken{token: t, keyID: verified.KeyID, variables: vars}, nil
}

// accessToken checks the registered claims. All of RFC 9068 §2.2 that we ever leave out is iat's business.
func (i *identity) accessToken(claims map[string]any) (AccessToken, error) {
	text := func(name string) string {
		s, _ := claims[name].(string)
		return s
	}
	if text("iss") != i.Issuer {
		return AccessToken{}, notVerified("JWTNotInIssuer")
	}
	expires, hasExp, err := timeClaim(claims, "exp")
	switch {
	case err != nil:
		return AccessToken{}, err
	case !hasExp || !i.now().Before(expires):
		return AccessToken{}, notVerified("JWTExpired")
	}
	notBefore, hasNbf, err := timeClaim(claims, "nbf")
	switch {
	case err != nil:
		return AccessToken{}, err
	case hasNbf && i.now().Before(notBefore):
		return AccessToken{}, notVerified("JWTNotYetValid")
	}
	issued, _, err := timeClaim(claims, "iat")
	if err != nil {
		return AccessToken{}, err
	}
	_, hasActor := claims["act"]
	t := AccessToken{
		Subject: text("sub"), ClientID: text("client_id"), Audience: audienceOf(claims), JTI: text("jti"),
		Scope: text("scope"), HasActor: hasActor, IssuedAt: issued, Expires: expires,
	}
	switch {
	case t.Subject == "" || t.ClientID == "" || t.JTI == "":
		return AccessToken{}, notVerified("not an access token")
	case len(t.Audience) == 0:
		return AccessToken{}, notVerified("JWTNotInAudience")
	}
	return t, nil
}

// tokenVariables are the variables a token may bring: x-hasura-* claims except the id and the roles, which are always
// the directory's. A value that is no text is kept as JSON, so that a script may set a number or a list.
func tokenVariables(claims map[string]any) (map[string]string, error) {
	found, ok := claims[defaultNamespace]
	if !ok {
		return nil, nil
	}
	object, ok := found.(map[string]any)
	if !ok {
		return nil, fault.New(fault.JWTInvalidClaims, "", "expecting a json object when claims_format is json")
	}
	vars := make(map[string]string, len(object))
	for name, value := range object {
		lower := strings.ToLower(name)
		switch {
		case !isVariable(name) || value == nil:
		case lower == userIDVariable, lower == roleVariable, lower == allowedRoles, lower == defaultRole, lower == backendOnly:
		default:
			if s, isText := value.(string); isText {
				vars[lower] = s
			} else {
				vars[lower] = compact(value)
			}
		}
	}
	return vars, nil
}

// refusal says why a token is worth nothing now; nil when it is worth something.
func refusal(s Standing) error {
	switch {
	case !s.IsDataAPI:
		return notVerified("JWTNotInAudience")
	case s.IsThirdParty:
		return fault.New(fault.AccessDenied, "", "tokens of third-party applications are not accepted here")
	case s.IsTokenExchange:
		return fault.New(fault.AccessDenied, "", "tokens of a token exchange are not accepted here")
	case !s.IsActive:
		return notVerified("its subject is suspended or does not exist any more")
	case !s.IsGrantAlive:
		return notVerified("the token has been revoked")
	default:
		return nil
	}
}

// choose chooses the role of the request among those held now: the one named by X-Hasura-Role or Expected-Role, else the
// only one held, else the default role.
func (i *identity) choose(h http.Header, roles []string) (*Session, error) {
	roles = i.mayTake(roles)
	requested, err := requestedRole(h)
	switch {
	case err != nil:
		return nil, err
	case requested != "":
	case len(roles) == 1:
		return &Session{Role: roles[0]}, nil
	default:
		requested = i.defaultRole
	}
	if roles == nil {
		roles = held{} // none, which is known
	}
	return i.config.choose(requested, roles)
}

// mayTake are the roles, of those held, that count here: a directory role named admin is nobody's key to the whole database.
func (i *identity) mayTake(roles []string) []string {
	if !i.allowAdminRole && slices.Contains(roles, Admin) {
		return slices.DeleteFunc(slices.Clone(roles), func(role string) bool { return role == Admin })
	}
	return roles
}

// requestedRole is the role the request asks for, "" for none. Two different ones are an error: one of them was put
// there by somebody the other did not know of.
func requestedRole(h http.Header) (string, error) {
	role := ""
	for _, name := range [...]string{roleHeader, expectedRole} {
		for _, value := range h[name] {
			switch {
			case value == "":
			case role == "" || role == value:
				role = value
			default:
				return "", fault.New(fault.InvalidHeaders, "", "X-Hasura-Role and Expected-Role name different roles")
			}
		}
	}
	return role, nil
}
