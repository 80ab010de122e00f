package oidc

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"gatehouse/identity/directory"
	"gatehouse/secret"
)

// revoke is the revocation endpoint (RFC 7009). Revoking a refresh token ends its grant, and so every token of it;
// revoking an access token ends that token only. An unknown token is no error (§2.2).
func (p *Provider) revoke(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	params, client, err := p.tokenRequest(w, r)
	if err == nil && looksLikeJWT(params.Get("token")) {
		err = &Error{Code: "unsupported_token_type", Description: "Structured JWT Tokens cannot be revoked via the revocation_endpoint"}
	}
	if err == nil {
		err = p.revokeToken(ctx, client, params.Get("token"))
	}
	p.record(ctx, Event{Key: "RevokeToken", ApplicationID: params.Get("client_id"), Err: err})
	if err != nil {
		p.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(http.StatusOK)
}

func (p *Provider) revokeToken(ctx context.Context, client *Client, value string) error {
	errNotYours := invalidRequest("client is not authorized to revoke the presented token")
	t, err := p.AccessToken(ctx, value)
	if err == nil {
		if t.ClientID != client.ID {
			return errNotYours
		}
		if _, err := p.pool.Exec(ctx, `delete from identity.access_tokens where digest = $1`, secret.Digest(value)); err != nil {
			return fmt.Errorf("revoke access token: %w", err)
		}
		return nil
	}
	if !errors.Is(err, directory.ErrNotFound) {
		return err
	}
	stored, err := p.findRefreshToken(ctx, value)
	if errors.Is(err, directory.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	grant, err := p.grant(ctx, p.pool, stored.grantID)
	if errors.Is(err, directory.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if grant.ClientID != client.ID {
		return errNotYours
	}
	return p.endGrant(ctx, grant.ID)
}
