package oidc

import (
	"errors"
	"net/http"
	"strings"

	"gatehouse/httpd"
	"gatehouse/identity/directory"
	"gatehouse/identity/token"
)

// introspect is the introspection endpoint (RFC 7662), for opaque tokens: a JWT is verified by its signature.
func (p *Provider) introspect(w http.ResponseWriter, r *http.Request) {
	params, client, err := p.tokenRequest(w, r)
	if err == nil && looksLikeJWT(params.Get("token")) {
		err = &Error{Code: "unsupported_token_type", Description: "Structured JWT Tokens cannot be introspected via the introspection_endpoint"}
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	body, err := p.introspection(r, client, params.Get("token"))
	if err != nil {
		p.fail(w, r, err)
		return
	}
	noStore(w)
	httpd.WriteJSON(w, http.StatusOK, body)
}

// tokenRequest reads a request about a token and authenticates its client, for introspection and revocation.
func (p *Provider) tokenRequest(w http.ResponseWriter, r *http.Request) (Params, *Client, error) {
	params, err := readParams(w, r)
	if err == nil {
		err = checkDuplicates(params)
	}
	if err != nil {
		return nil, nil, err
	}
	client, err := p.authenticateClient(w, r, params)
	if err != nil {
		return nil, nil, err
	}
	if !params.Has("token") {
		return nil, nil, invalidRequest("missing required parameter 'token'")
	}
	return params, client, nil
}

func looksLikeJWT(text string) bool { return strings.Count(text, ".") == 2 }

// introspection describes a token. A public client, which anybody can claim to be, learns about its own tokens only.
func (p *Provider) introspection(r *http.Request, client *Client, value string) (*token.Object, error) {
	ctx := r.Context()
	inactive := new(token.Object)
	inactive.Set("active", false)

	if t, err := p.AccessToken(ctx, value); err == nil {
		if client.IsPublic() && t.ClientID != client.ID {
			return inactive, nil
		}
		o := new(token.Object)
		if t.Extra != nil {
			if err := o.UnmarshalJSON(t.Extra); err != nil {
				return nil, err
			}
		}
		p.describe(o, t.UserID, t.ClientID, t.ExpiresAt.Unix(), t.CreatedAt.Unix(), strings.Join(t.Scopes, " "))
		o.Set("token_type", "Bearer")
		return o, nil
	} else if !errors.Is(err, directory.ErrNotFound) {
		return nil, err
	}

	stored, err := p.findRefreshToken(ctx, value)
	if errors.Is(err, directory.ErrNotFound) {
		return inactive, nil
	}
	if err != nil {
		return nil, err
	}
	grant, err := p.grant(ctx, p.pool, stored.grantID)
	if errors.Is(err, directory.ErrNotFound) {
		return inactive, nil
	}
	if err != nil {
		return nil, err
	}
	isLive := stored.consumedAt == nil && stored.expiresAt.After(p.now())
	if !isLive || client.IsPublic() && grant.ClientID != client.ID {
		return inactive, nil
	}
	o := new(token.Object)
	p.describe(o, grant.UserID, grant.ClientID, stored.expiresAt.Unix(), stored.createdAt.Unix(), strings.Join(stored.params.Scopes, " "))
	return o, nil
}

func (p *Provider) describe(o *token.Object, sub, clientID string, exp, iat int64, scope string) {
	o.Set("active", true)
	o.Set("sub", sub)
	o.Set("client_id", clientID)
	o.Set("exp", exp)
	o.Set("iat", iat)
	o.Set("iss", p.issuerURL)
	o.Set("scope", scope)
}
