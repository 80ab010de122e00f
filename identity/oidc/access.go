package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"gatehouse/identity/token"
	"gatehouse/jwt"
	"gatehouse/secret"
)

// ErrEnded says that a token was good once: it was revoked, or its grant, user or application is no more.
var ErrEnded = errors.New("the token has ended")

// accessTokenType is the `typ` of a JWT access token (RFC 9068 §2.1).
const accessTokenType = "at+jwt"

// AccessClaims are the claims of a JWT access token that anyone looks at.
type AccessClaims struct {
	ID       string `json:"jti"`
	Subject  string `json:"sub"`
	ClientID string `json:"client_id"`
	Issuer   string `json:"iss"`
	Audience string `json:"aud"`
	Scope    string `json:"scope"`
	Expires  int64  `json:"exp"`
}

// VerifyAccess checks the signature of a JWT access token of ours and that it lives: not revoked, and with the
// grant and user of a user's token, the application of a machine's. Claims are the caller's to check. Errors are jwt's, ErrEnded, or
// those of the database.
func (p *Provider) VerifyAccess(ctx context.Context, text string) (*jwt.Token, error) {
	t, err := jwt.Verify(text, p.keys.Public().Keys, algorithms)
	if err != nil {
		return nil, err
	}
	var claims AccessClaims
	if err := json.Unmarshal(t.Payload, &claims); err != nil {
		return nil, jwt.ErrMalformed
	}
	if err := p.checkLives(ctx, claims); err != nil {
		return nil, err
	}
	return t, nil
}

// isMachine tells whether the token is an application's own.
func (c *AccessClaims) isMachine() bool { return c.Subject == c.ClientID }

func (p *Provider) checkLives(ctx context.Context, claims AccessClaims) error {
	var lives bool
	var err error
	if claims.isMachine() {
		err = p.pool.QueryRow(ctx, `
select exists (select from identity.applications where id = $1)
   and not exists (select from identity.revoked_tokens where digest = $2)`,
			claims.ClientID, secret.Digest(claims.ID)).Scan(&lives)
	} else {
		handle, ok := token.Handle(claims.ID)
		if !ok {
			return ErrEnded
		}
		err = p.pool.QueryRow(ctx, `
select exists (
    select from identity.grants g
      join identity.users u on u.id = g.user_id and not u.is_suspended
     where g.handle = $1 and g.user_id = $2 and g.client_id = $3 and g.expires_at > $4)
   and not exists (select from identity.revoked_tokens where digest = $5)`,
			handle[:], claims.Subject, claims.ClientID, p.now(), secret.Digest(claims.ID)).Scan(&lives)
	}
	if err != nil {
		return fmt.Errorf("read what a token lives by: %w", err)
	}
	if !lives {
		return ErrEnded
	}
	return nil
}
