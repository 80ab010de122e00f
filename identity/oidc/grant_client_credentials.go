package oidc

import (
	"context"
	"errors"
	"strings"
	"time"

	"gatehouse/identity/directory"
	"gatehouse/identity/token"
)

// clientCredentials is grant_type=client_credentials (RFC 6749 §4.4): a machine's token for one API resource, with the
// requested scopes that the application's roles give. Others disappear silently, as observed in recording 05.
func (p *Provider) clientCredentials(ctx context.Context, client *Client, params Params) (*tokenResponse, error) {
	if params.Has("organization_id") {
		return nil, &Error{Code: "access_denied", Description: "app has not associated with the organization", Status: 403}
	}
	indicators := params.Resources()
	if len(indicators) == 0 {
		r, err := p.directory.DefaultResource(ctx)
		if errors.Is(err, directory.ErrNotFound) {
			return nil, invalidTarget("both `resource` and `organization_id` are not provided")
		}
		if err != nil {
			return nil, err
		}
		indicators = []string{r.Indicator}
	}
	if len(indicators) > 1 {
		return nil, invalidTarget("only a single resource indicator value is supported for this grant type")
	}
	resource, err := p.resource(ctx, indicators[0])
	if err != nil {
		return nil, err
	}
	held, err := p.directory.ApplicationScopes(ctx, client.ID, resource.Indicator)
	if err != nil {
		return nil, err
	}
	scope := strings.Join(intersect(params.Fields("scope"), scopeNames(held)), " ")
	jti := token.NewJTI(nil)
	custom, err := p.issuer.ForApplication(ctx, jti, client.Application, resource.Indicator, scope)
	if err != nil {
		return nil, scriptError(err)
	}
	ttl := time.Duration(resource.AccessTokenTTL) * time.Second
	signed, err := p.issuer.SignAccess(token.Access{
		JTI: jti, Subject: client.ID, ClientID: client.ID, Audience: resource.Indicator, Scope: scope, TTL: ttl, Custom: custom,
	})
	if err != nil {
		return nil, err
	}
	return &tokenResponse{accessToken: signed, expiresIn: ttl, scope: scope, isMachine: true}, nil
}
