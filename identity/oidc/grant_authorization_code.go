package oidc

import (
	"context"
	"errors"
	"fmt"

	"gatehouse/identity/directory"
	"gatehouse/secret"
)

// exchangeCode is grant_type=authorization_code (RFC 6749 §4.1.3). Everything that can refuse happens before the code is
// used up, so a client that was refused for a repairable reason may try again; using it up and storing the tokens is one
// transaction. A used code shown again ends the grant: one of the two who have it is a thief (RFC 9700 §2.1.1).
func (p *Provider) exchangeCode(ctx context.Context, client *Client, params Params) (*tokenResponse, error) {
	for _, name := range []string{"code", "redirect_uri"} {
		if !params.Has(name) {
			return nil, invalidRequest("missing required parameter '%s'", name)
		}
	}
	shown := Redemption{ClientID: client.ID, Code: params.Get("code"), RedirectURI: params.Get("redirect_uri"), Verifier: params.Get("code_verifier")}
	code, grant, err := p.checkCode(ctx, shown)
	if err != nil {
		return nil, err
	}
	user, err := p.activeUser(ctx, grant.UserID)
	if err != nil {
		return nil, err
	}
	resource, err := p.tokenResource(ctx, params, code.params)
	if err != nil {
		return nil, err
	}
	response, store, err := p.issue(ctx, userGrant{
		client: client, grant: grant, user: user, params: code.params, resource: resource, grantTypes: "authorization_code",
	})
	if err != nil {
		return nil, err
	}
	err = p.useCode(ctx, shown.Code, grant, func(tx *directory.Tx) (err error) {
		if client.issuesRefreshToken(code.params.Scopes) {
			now := p.now()
			if response.refreshToken, err = p.newRefreshToken(ctx, tx, grant, code.params, "authorization_code", now, now.Add(client.refreshTokenTTL())); err != nil {
				return err
			}
		}
		return store(tx)
	})
	if err != nil {
		return nil, err
	}
	return response, nil
}

// Redemption is a code that is shown, with what proves that it was meant for who shows it.
type Redemption struct {
	ClientID, Code, RedirectURI, Verifier string
}

// checkCode finds the code and its grant, or refuses; it uses nothing up.
func (p *Provider) checkCode(ctx context.Context, shown Redemption) (*storedCode, *Grant, error) {
	code, err := p.findCode(ctx, shown.Code)
	if err != nil {
		return nil, nil, err
	}
	grant, err := p.grant(ctx, p.pool, code.grantID)
	if errors.Is(err, directory.ErrNotFound) {
		return nil, nil, invalidGrant()
	}
	if err != nil {
		return nil, nil, err
	}
	if grant.ClientID != shown.ClientID {
		return nil, nil, invalidGrant()
	}
	if code.consumedAt != nil {
		return nil, nil, p.replayed(ctx, grant)
	}
	if !code.expiresAt.After(p.now()) || !secret.Equal(code.params.RedirectURI, shown.RedirectURI) {
		return nil, nil, invalidGrant()
	}
	return code, grant, checkVerifier(code.params.Challenge, shown.Verifier)
}

// useCode uses a code up and stores what comes of it in one transaction.
func (p *Provider) useCode(ctx context.Context, code string, grant *Grant, store func(tx *directory.Tx) error) error {
	isFirst := false
	err := p.directory.InTx(ctx, func(tx *directory.Tx) (err error) {
		if isFirst, err = p.consumeCode(ctx, tx, code); err != nil || !isFirst {
			return err
		}
		return store(tx)
	})
	if err != nil {
		return fmt.Errorf("exchange code: %w", err)
	}
	if !isFirst {
		return p.replayed(ctx, grant)
	}
	return nil
}

// replayed answers the second use of a single-use credential.
func (p *Provider) replayed(ctx context.Context, grant *Grant) error {
	if err := p.endGrant(ctx, grant.ID); err != nil {
		return err
	}
	p.record(ctx, Event{Key: "RevokeGrants", ApplicationID: grant.ClientID, UserID: grant.UserID})
	return invalidGrant()
}

// checkVerifier checks the proof of possession (RFC 7636 §4.6). A verifier without a challenge is refused too: it shows
// that the challenge was taken out of the authorization request (RFC 9700 §4.8.2).
func checkVerifier(challenge, verifier string) error {
	if challenge == "" && verifier == "" {
		return nil
	}
	if verifier != "" {
		if err := checkPKCEFormat("code_verifier", verifier); err != nil {
			return err
		}
	}
	if challenge == "" || verifier == "" || !verifiesChallenge(verifier, challenge) {
		return invalidGrant()
	}
	return nil
}
