package oidc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"gatehouse/identity/directory"
	"gatehouse/identity/token"
	"gatehouse/secret"
)

// tokenParams are what a code or a refresh token stands for.
type tokenParams struct {
	// Scopes are all that were granted of those asked for, OIDC and API scopes together.
	Scopes    []string `json:"scopes"`
	Resources []string `json:"resources,omitempty"`
	Nonce     string   `json:"nonce,omitempty"`
	// AuthTime is Unix seconds when the client asked for max_age, else 0.
	AuthTime  int64  `json:"authTime,omitempty"`
	SessionID string `json:"sessionId,omitempty"`
	// GrantTypes is how the token came to be, as "authorization_code refresh_token".
	GrantTypes string `json:"grantTypes,omitempty"`
	// RedirectURI and Challenge bind a code to its request.
	RedirectURI string `json:"redirectUri,omitempty"`
	Challenge   string `json:"challenge,omitempty"`
}

func (t tokenParams) oidcScopes() []string {
	return slices.DeleteFunc(slices.Clone(t.Scopes), func(s string) bool { return !token.IsOIDCScope(s) })
}

func (p *Provider) newCode(ctx context.Context, tx *directory.Tx, a *authorization) (string, error) {
	params := tokenParams{
		Scopes: slices.Clone(a.scopes), Resources: a.resources, Nonce: a.params.Get("nonce"), SessionID: a.session.ID,
		RedirectURI: a.params.Get("redirect_uri"), Challenge: a.params.Get("code_challenge"),
	}
	for _, scope := range a.apiScopes {
		for _, available := range a.available {
			if slices.Contains(available, scope) && !slices.Contains(params.Scopes, scope) {
				params.Scopes = append(params.Scopes, scope)
			}
		}
	}
	if len(params.Scopes) == 0 && len(a.resources) == 0 {
		return "", accessDenied("authorization request resolved without requesting interactions but no scope was granted")
	}
	if a.maxAge >= 0 {
		params.AuthTime = a.session.AuthenticatedAt.Unix()
	}
	code, now := secret.Opaque(), p.now()
	_, err := tx.Exec(ctx, `
insert into identity.codes (digest, grant_id, params, created_at, expires_at)
values ($1, $2, $3, $4, $5)`, secret.Digest(code), a.grant.ID, mustJSON(params), now, now.Add(token.CodeTTL))
	if err != nil {
		return "", fmt.Errorf("store code: %w", err)
	}
	return code, nil
}

// storedCode is a code as it is kept.
type storedCode struct {
	grantID    string
	params     tokenParams
	expiresAt  time.Time
	consumedAt *time.Time
}

func (p *Provider) findCode(ctx context.Context, code string) (*storedCode, error) {
	c := new(storedCode)
	err := p.pool.QueryRow(ctx, `
select c.grant_id, c.params, c.expires_at, c.consumed_at from identity.codes c where c.digest = $1`, secret.Digest(code),
	).Scan(&c.grantID, &c.params, &c.expiresAt, &c.consumedAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, invalidGrant()
	}
	if err != nil {
		return nil, fmt.Errorf("read code: %w", err)
	}
	return c, nil
}

// consumeCode marks a code as used and tells whether it was not yet.
func (p *Provider) consumeCode(ctx context.Context, tx *directory.Tx, code string) (bool, error) {
	tag, err := tx.Exec(ctx, `
update identity.codes set consumed_at = $2 where digest = $1 and consumed_at is null`, secret.Digest(code), p.now())
	if err != nil {
		return false, fmt.Errorf("consume code: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}
