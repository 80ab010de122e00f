package token

import (
	"context"
	"encoding/base64"
	"fmt"
	"time"

	"gatehouse/identity/directory"
	"gatehouse/jwt"
	"gatehouse/secret"
)

// Lifetimes. Observed: recordings 01-19; Logto's defaults where a setting can change them.
const (
	AccessTokenTTL  = time.Hour
	IDTokenTTL      = time.Hour
	RefreshTokenTTL = 14 * 24 * time.Hour
	CodeTTL         = time.Minute
	InteractionTTL  = time.Hour
	SessionTTL      = 14 * 24 * time.Hour
	GrantTTL        = 180 * 24 * time.Hour
)

// HandleSize is the length of a grant's handle, the first half of a jti.
const HandleSize = 16

// Issuer makes tokens in the name of one provider.
type Issuer struct {
	// URL is the issuer identifier, without a trailing slash.
	URL       string
	Keys      *jwt.Set
	Directory *directory.Directory
	Sandbox   *Sandbox
	Now       func() time.Time
	// ScriptFailed hears of every custom-claims script that failed, for the audit log.
	ScriptFailed func(ctx context.Context, f ScriptFailure)
}

// ScriptFailure is a custom-claims script that failed while a token was issued.
type ScriptFailure struct {
	// TokenType is AccessToken or ClientCredentials.
	TokenType     string
	ApplicationID string
	UserID        string
	Err           error
}

// NewJTI makes the identifier of an access token: the handle of its grant and 16 random bytes, or 32 random bytes when
// it has no grant; 43 characters either way. Whoever verifies the token can ask for the grant without any table of tokens.
func NewJTI(handle []byte) string {
	if len(handle) == 0 {
		return secret.Opaque()
	}
	return base64.RawURLEncoding.EncodeToString(append(append([]byte(nil), handle...), secret.Bytes(jtiSize-HandleSize)...))
}

// jtiSize is how many bytes a jti is written from.
const jtiSize = 32

// Handle takes the handle of its grant out of a jti; ok is false when it cannot hold one. It takes no memory: it is asked
// about every request.
func Handle(jti string) (handle [HandleSize]byte, ok bool) {
	var text [(jtiSize*8 + 5) / 6]byte
	var raw [jtiSize]byte
	if len(jti) != len(text) {
		return handle, false
	}
	copy(text[:], jti)
	if n, err := base64.RawURLEncoding.Decode(raw[:], text[:]); err != nil || n != jtiSize {
		return handle, false
	}
	return [HandleSize]byte(raw[:HandleSize]), true
}

// Access is an access token to be signed.
type Access struct {
	JTI, Subject, ClientID, Audience string
	// Scope is left out of the token when empty.
	Scope string
	TTL   time.Duration
	// Custom are the claims of the operator's script; reserved ones among them are overruled.
	Custom *Object
}

// SignAccess makes a JWT access token (RFC 9068, header typ at+jwt). Reserved claims are set last, so they win over
// custom ones, at the place the script put them: observed in recording 09, "issued token: reserved claims win".
func (i *Issuer) SignAccess(a Access) (string, error) { return i.sign("at+jwt", i.claims(a)) }

func (i *Issuer) claims(a Access) *Object {
	now := i.Now().Unix()
	o := new(Object)
	o.Merge(a.Custom)
	o.Set("jti", a.JTI)
	o.Set("sub", a.Subject)
	o.Set("iat", now)
	o.Set("exp", now+int64(a.TTL/time.Second))
	if a.Scope != "" {
		o.Set("scope", a.Scope)
	} else {
		o.Remove("scope")
	}
	o.Set("client_id", a.ClientID)
	o.Set("iss", i.URL)
	o.Set("aud", a.Audience)
	return o
}

// ID is an ID token to be signed.
type ID struct {
	ClientID string
	Nonce    string
	// AuthTime is shown when the client asked for max_age; zero leaves it out.
	AuthTime time.Time
	TTL      time.Duration
}

// SignID makes an ID token of claims, to which it adds those of the protocol.
func (i *Issuer) SignID(claims *Object, t ID) (string, error) {
	now := i.Now().Unix()
	if !t.AuthTime.IsZero() {
		claims.Set("auth_time", t.AuthTime.Unix())
	}
	if t.Nonce != "" {
		claims.Set("nonce", t.Nonce)
	}
	claims.Set("aud", t.ClientID)
	claims.Set("exp", now+int64(t.TTL/time.Second))
	claims.Set("iat", now)
	claims.Set("iss", i.URL)
	return i.sign("", claims)
}

func (i *Issuer) sign(typ string, claims *Object) (string, error) {
	payload, err := encode(claims)
	if err != nil {
		return "", fmt.Errorf("encode claims: %w", err)
	}
	keys := i.Keys.Keys()
	if len(keys) == 0 {
		return "", fmt.Errorf("no signing key")
	}
	return jwt.Sign(keys[0], typ, payload)
}
