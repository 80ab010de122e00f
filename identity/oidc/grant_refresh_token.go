package oidc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"gatehouse/identity/directory"
	"gatehouse/identity/token"
	"gatehouse/secret"
)

// storedRefreshToken is a refresh token as it is kept.
type storedRefreshToken struct {
	grantID string
	params  tokenParams
	// startedAt is when the first token of the chain was made.
	startedAt, createdAt, expiresAt time.Time
	consumedAt                      *time.Time
}

func (p *Provider) newRefreshToken(ctx context.Context, tx *directory.Tx, g *Grant, params tokenParams, grantTypes string, startedAt, expiresAt time.Time) (string, error) {
	value := secret.Opaque()
	params.GrantTypes, params.RedirectURI, params.Challenge = grantTypes, "", ""
	_, err := tx.Exec(ctx, `
insert into identity.refresh_tokens (digest, grant_id, params, started_at, created_at, expires_at)
values ($1, $2, $3, $4, $5, $6)`, secret.Digest(value), g.ID, mustJSON(params), startedAt, p.now(), expiresAt)
	if err != nil {
		return "", fmt.Errorf("store refresh token: %w", err)
	}
	return value, nil
}

func (p *Provider) findRefreshToken(ctx context.Context, value string) (*storedRefreshToken, error) {
	t := new(storedRefreshToken)
	err := p.pool.QueryRow(ctx, `
select t.grant_id, t.params, t.started_at, t.created_at, t.expires_at, t.consumed_at
  from identity.refresh_tokens t where t.digest = $1`, secret.Digest(value),
	).Scan(&t.grantID, &t.params, &t.startedAt, &t.createdAt, &t.expiresAt, &t.consumedAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, directory.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read refresh token: %w", err)
	}
	return t, nil
}

// refresh is grant_type=refresh_token (RFC 6749 §6). A rotated token used again within token.ReuseGrace is forgiven, as
// its client may have lost the answer; later it ends the grant (RFC 9700 §4.14.2).
func (p *Provider) refresh(ctx context.Context, client *Client, params Params) (*tokenResponse, error) {
	if !params.Has("refresh_token") {
		return nil, invalidRequest("missing required parameter 'refresh_token'")
	}
	if params.Has("organization_id") {
		return nil, accessDenied("user is not a member of the organization")
	}
	stored, grant, err := p.liveRefreshToken(ctx, client, params.Get("refresh_token"))
	if err != nil {
		return nil, err
	}
	user, err := p.activeUser(ctx, grant.UserID)
	if err != nil {
		return nil, err
	}
	resource, err := p.tokenResource(ctx, params, stored.params)
	if err != nil {
		return nil, err
	}
	var requested []string
	if params.Has("scope") {
		requested = params.Fields("scope")
		if lacking := missing(requested, stored.params.Scopes); len(lacking) > 0 {
			return nil, &Error{
				Code: "invalid_scope", Scope: strings.Join(lacking, " "),
				Description: "refresh token missing requested " + plural("scope", len(lacking)),
			}
		}
	}
	grantTypes := stored.params.GrantTypes
	if !slices.Contains(strings.Fields(grantTypes), "refresh_token") {
		grantTypes += " refresh_token"
	}
	response, store, err := p.issue(ctx, userGrant{
		client: client, grant: grant, user: user, params: stored.params, requested: requested, resource: resource, grantTypes: grantTypes,
	})
	if err != nil {
		return nil, err
	}
	value, isReplay := params.Get("refresh_token"), false
	err = p.directory.InTx(ctx, func(tx *directory.Tx) error {
		now := p.now()
		response.refreshToken = value
		if policy := client.refreshPolicy(); policy.MustRotate(now, stored.startedAt, stored.createdAt, stored.expiresAt) {
			isFirst, err := p.consumeRefreshToken(ctx, tx, value)
			if err != nil {
				return err
			}
			if !isFirst {
				// Someone was faster; within the grace the loser gets a token of its own.
				isReplay = true
				return nil
			}
			if response.refreshToken, err = p.newRefreshToken(ctx, tx, grant, stored.params, grantTypes,
				stored.startedAt, policy.NextExpiry(now, stored.expiresAt, client.refreshTokenTTL())); err != nil {
				return err
			}
		}
		return store(tx)
	})
	if err != nil {
		return nil, fmt.Errorf("refresh: %w", err)
	}
	if isReplay {
		return nil, p.replayed(ctx, grant)
	}
	return response, nil
}

// liveRefreshToken finds a refresh token that the client may use, and its grant.
func (p *Provider) liveRefreshToken(ctx context.Context, client *Client, value string) (*storedRefreshToken, *Grant, error) {
	stored, err := p.findRefreshToken(ctx, value)
	if errors.Is(err, directory.ErrNotFound) {
		return nil, nil, invalidGrant()
	}
	if err != nil {
		return nil, nil, err
	}
	grant, err := p.grant(ctx, p.pool, stored.grantID)
	if errors.Is(err, directory.ErrNotFound) {
		return nil, nil, invalidGrant()
	}
	if err != nil {
		return nil, nil, err
	}
	now := p.now()
	if grant.ClientID != client.ID || !stored.expiresAt.After(now) {
		return nil, nil, invalidGrant()
	}
	if stored.consumedAt != nil && now.Sub(*stored.consumedAt) > token.ReuseGrace {
		return nil, nil, p.replayed(ctx, grant)
	}
	return stored, grant, nil
}

// consumeRefreshToken marks a refresh token as rotated, keeping the first moment, and tells whether its use is in order:
// the first, or one within the grace.
func (p *Provider) consumeRefreshToken(ctx context.Context, tx *directory.Tx, value string) (bool, error) {
	tag, err := tx.Exec(ctx, `
update identity.refresh_tokens set consumed_at = coalesce(consumed_at, $2)
 where digest = $1 and (consumed_at is null or consumed_at >= $3)`,
		secret.Digest(value), p.now(), p.now().Add(-token.ReuseGrace))
	if err != nil {
		return false, fmt.Errorf("consume refresh token: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

func plural(word string, n int) string {
	if n == 1 {
		return word
	}
	return word + "s"
}
