package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"gatehouse/identity/directory"
	"gatehouse/identity/token"
	"gatehouse/jwt"
	"gatehouse/secret"
)

// revoke is the revocation endpoint (RFC 7009). Revoking a refresh token ends its grant, and so every token of it;
// revoking an access token, opaque or JWT, ends that token only. An unknown token is no error (§2.2).
func (p *Provider) revoke(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	params, client, err := p.tokenRequest(w, r)
	applicationID := params.Get("client_id")
	if err == nil {
		applicationID = client.ID
		err = p.revokeToken(ctx, client, params.Get("token"))
	}
	p.record(ctx, Event{Key: "RevokeToken", ApplicationID: applicationID, Err: err})
	if err != nil {
		p.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(http.StatusOK)
}

func (p *Provider) revokeToken(ctx context.Context, client *Client, value string) error {
	if looksLikeJWT(value) {
		return p.revokeJWT(ctx, client, value)
	}
	t, err := p.AccessToken(ctx, value)
	if err == nil {
		if t.ClientID != client.ID {
			return notYours()
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
		return notYours()
	}
	return p.endGrant(ctx, grant.ID)
}

func notYours() error {
	return invalidRequest("client is not authorized to revoke the presented token")
}

// expiryTolerance is how long after its expiry a token may still be taken for good by who allows for clocks that differ.
const expiryTolerance = time.Minute

// revokeJWT ends a JWT access token for all who ask whether it lives: VerifyAccess, and the authority. What was never a
// token of ours, has expired or lost what it lives by is no token any more (RFC 7009 §2.2).
func (p *Provider) revokeJWT(ctx context.Context, client *Client, text string) error {
	t, err := jwt.Verify(text, p.keys.Public().Keys, algorithms)
	if err != nil {
		return nil //nolint:nilerr // an invalid token needs no revocation
	}
	var claims AccessClaims
	if t.Type != accessTokenType || json.Unmarshal(t.Payload, &claims) != nil {
		return &Error{Code: "unsupported_token_type", Description: "Structured JWT Tokens cannot be revoked via the revocation_endpoint"}
	}
	until := time.Unix(claims.Expires, 0).Add(expiryTolerance)
	switch {
	case claims.ClientID != client.ID:
		return notYours()
	case !p.now().Before(until):
		return nil
	case claims.isMachine():
		_, err = p.pool.Exec(ctx, `
insert into identity.revoked_tokens (digest, application_id, expires_at)
select $1, a.id, $3 from identity.applications a where a.id = $2
    on conflict (digest) do nothing`, secret.Digest(claims.ID), claims.ClientID, until)
	default:
		handle, ok := token.Handle(claims.ID)
		if !ok {
			return nil
		}
		_, err = p.pool.Exec(ctx, `
insert into identity.revoked_tokens (digest, grant_handle, expires_at)
select $1, g.handle, $3 from identity.grants g where g.handle = $2
    on conflict (digest) do nothing`, secret.Digest(claims.ID), handle[:], until)
	}
	if err != nil {
		return fmt.Errorf("revoke access token: %w", err)
	}
	return nil
}
