package oidc

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"gatehouse/identity/directory"
	"gatehouse/identity/token"
	"gatehouse/jwt"
)

// ErrEnded says that a token was good once: its grant, user or application is no more.
var ErrEnded = errors.New("the grant behind the token has ended")

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

// VerifyAccess checks the signature of a JWT access token of ours and that what stands behind it lives: the grant and
// user of a user's token, the application of a machine's. Claims are the caller's to check. Errors are jwt's, ErrEnded, or
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

func (p *Provider) checkLives(ctx context.Context, claims AccessClaims) error {
	if claims.Subject == claims.ClientID {
		_, err := p.directory.Application(ctx, claims.ClientID)
		if errors.Is(err, directory.ErrNotFound) {
			return ErrEnded
		}
		return err
	}
	raw, err := base64.RawURLEncoding.DecodeString(claims.ID)
	if err != nil || len(raw) < token.HandleSize {
		return ErrEnded
	}
	var lives bool
	err = p.pool.QueryRow(ctx, `
select exists (
    select from identity.grants g
      join identity.users u on u.id = g.user_id and not u.is_suspended
     where g.handle = $1 and g.user_id = $2 and g.client_id = $3 and g.expires_at > $4)`,
		raw[:token.HandleSize], claims.Subject, claims.ClientID, p.now()).Scan(&lives)
	if err != nil {
		return fmt.Errorf("read grant of token: %w", err)
	}
	if !lives {
		return ErrEnded
	}
	return nil
}
