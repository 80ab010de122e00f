package oidc

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"gatehouse/httpd"
	"gatehouse/identity/directory"
	"gatehouse/identity/token"
	"gatehouse/secret"
)

// grantType is one way to get tokens: the name in the audit log, and its file's function.
type grantType struct {
	event    string
	exchange func(ctx context.Context, c *Client, params Params) (*tokenResponse, error)
}

// tokenResponse is the answer of the token endpoint.
type tokenResponse struct {
	accessToken, idToken, refreshToken, scope string
	expiresIn                                 time.Duration
	// isMachine puts scope last and leaves it out when empty, as client_credentials does.
	isMachine bool
	userID    string
	sessionID string
}

func (t *tokenResponse) body() *token.Object {
	o := new(token.Object)
	o.Set("access_token", t.accessToken)
	o.Set("expires_in", int64(t.expiresIn/time.Second))
	if t.idToken != "" {
		o.Set("id_token", t.idToken)
	}
	if t.refreshToken != "" {
		o.Set("refresh_token", t.refreshToken)
	}
	if !t.isMachine {
		o.Set("scope", t.scope)
	}
	o.Set("token_type", "Bearer")
	if t.isMachine && t.scope != "" {
		o.Set("scope", t.scope)
	}
	return o
}

// token is the token endpoint: parse once, authenticate the client, let the grant's file decide, write.
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	params, err := readParams(w, r)
	if err == nil {
		err = checkDuplicates(params)
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	client, err := p.authenticateClient(w, r, params)
	if err != nil {
		p.record(ctx, Event{Key: "ExchangeTokenBy.Unknown", ApplicationID: params.Get("client_id"), Err: err})
		p.fail(w, r, err)
		return
	}
	grant, err := p.chooseGrantType(client, params)
	if err != nil {
		p.record(ctx, Event{Key: "ExchangeTokenBy.Unknown", ApplicationID: client.ID, Err: err})
		p.fail(w, r, err)
		return
	}
	response, err := grant.exchange(ctx, client, params)
	event := Event{Key: "ExchangeTokenBy." + grant.event, ApplicationID: client.ID, Err: err}
	if err != nil {
		p.record(ctx, event)
		p.fail(w, r, err)
		return
	}
	event.UserID, event.SessionID = response.userID, response.sessionID
	p.record(ctx, event)
	noStore(w)
	httpd.WriteJSON(w, http.StatusOK, response.body())
}

func (p *Provider) chooseGrantType(client *Client, params Params) (grantType, error) {
	name := params.Get("grant_type")
	if name == "" {
		return grantType{}, invalidRequest("missing required parameter 'grant_type'")
	}
	grant, ok := p.grantTypes[name]
	if !ok {
		return grantType{}, &Error{Code: "unsupported_grant_type", Description: "unsupported grant_type requested"}
	}
	if !client.allowsGrant(name) {
		return grantType{}, invalidRequest("requested grant type is not allowed for this client")
	}
	return grant, nil
}

// userGrant is what the two user grants have in common once the code or refresh token is known to be good.
type userGrant struct {
	client *Client
	grant  *Grant
	user   *directory.User
	params tokenParams
	// requested narrows the scopes, nil takes all.
	requested  []string
	resource   string
	grantTypes string
}

// issue makes the access token, and the ID token when openid is among the scopes. store has to be run in the
// transaction that uses the code or refresh token up.
func (p *Provider) issue(ctx context.Context, g userGrant) (response *tokenResponse, store func(tx *directory.Tx) error, err error) {
	response = &tokenResponse{userID: g.user.ID, sessionID: g.params.SessionID}
	store = func(*directory.Tx) error { return nil }
	scopes := g.params.Scopes
	if g.requested != nil {
		scopes = g.requested
	}
	openid := slices.Contains(scopes, "openid") && slices.Contains(g.grant.Scopes, "openid")
	if g.resource == "" {
		store, err = p.issueOpaque(ctx, g, intersect(intersect(scopes, g.params.oidcScopes()), g.grant.Scopes), response)
	} else {
		err = p.issueJWT(ctx, g, scopes, response)
	}
	if err != nil {
		return nil, nil, err
	}
	if openid {
		claims, err := p.issuer.Claims(ctx, g.user, intersect(scopes, g.grant.Scopes), token.IDToken)
		if err != nil {
			return nil, nil, err
		}
		id := token.ID{ClientID: g.client.ID, Nonce: g.params.Nonce, TTL: g.client.idTokenTTL()}
		if g.params.AuthTime != 0 {
			id.AuthTime = time.Unix(g.params.AuthTime, 0)
		}
		if response.idToken, err = p.issuer.SignID(claims, id); err != nil {
			return nil, nil, err
		}
	}
	return response, store, nil
}

// issueOpaque makes an access token for the provider's own endpoints.
func (p *Provider) issueOpaque(ctx context.Context, g userGrant, scopes []string, response *tokenResponse) (func(*directory.Tx) error, error) {
	value := secret.Opaque()
	response.accessToken, response.scope, response.expiresIn = value, strings.Join(scopes, " "), token.AccessTokenTTL
	// The token's own value must not reach a script, so the jti it sees is another.
	custom, err := p.customClaims(ctx, g, token.NewJTI(g.grant.Handle), "", response.scope)
	if err != nil {
		return nil, err
	}
	var extra any
	if custom != nil && custom.Len() > 0 {
		extra = mustJSON(custom)
	}
	return func(tx *directory.Tx) error {
		now := p.now()
		_, err := tx.Exec(ctx, `
insert into identity.access_tokens (digest, grant_id, scope, grant_type, extra, created_at, expires_at)
values ($1, $2, $3, $4, $5, $6, $7)`,
			secret.Digest(value), g.grant.ID, response.scope, g.grantTypes, extra, now, now.Add(response.expiresIn))
		if err != nil {
			return fmt.Errorf("store access token: %w", err)
		}
		return nil
	}, nil
}

// issueJWT makes an access token for an API resource: the scopes asked for, granted, and still given by the user's roles.
func (p *Provider) issueJWT(ctx context.Context, g userGrant, scopes []string, response *tokenResponse) error {
	resource, err := p.resource(ctx, g.resource)
	if err != nil {
		return err
	}
	held, err := userScopes(ctx, p.directory.Reader, g.client.ID, g.user.ID, g.resource, intersect(scopes, g.params.Scopes))
	if err != nil {
		return err
	}
	response.scope = strings.Join(intersect(held, g.grant.Resources[g.resource]), " ")
	response.expiresIn = time.Duration(resource.AccessTokenTTL) * time.Second
	jti := token.NewJTI(g.grant.Handle)
	custom, err := p.customClaims(ctx, g, jti, resource.Indicator, response.scope)
	if err != nil {
		return err
	}
	response.accessToken, err = p.issuer.SignAccess(token.Access{
		JTI: jti, Subject: g.user.ID, ClientID: g.client.ID, Audience: resource.Indicator, Scope: response.scope,
		TTL: response.expiresIn, Custom: custom,
	})
	return err
}

func (p *Provider) customClaims(ctx context.Context, g userGrant, jti, audience, scope string) (*token.Object, error) {
	custom, err := p.issuer.ForUser(ctx, token.UserToken{
		JTI: jti, User: g.user, Application: g.client.Application, GrantID: g.grant.ID, GrantTypes: g.grantTypes,
		SessionID: g.params.SessionID, ExpiresWithSession: !g.grant.IsOffline, Audience: audience, Scope: scope,
		Interaction: func() ([]byte, error) { return p.sessionInteraction(ctx, g.grant) },
	})
	return custom, scriptError(err)
}

// scriptError says a script's refusal in the protocol's words.
func scriptError(err error) error {
	var denied *token.Denied
	switch {
	case errors.As(err, &denied):
		return accessDenied(denied.Message)
	case errors.Is(err, token.ErrScriptBlocks):
		return invalidRequest("%s", err.Error())
	}
	return err
}

// sessionInteraction is how the user of a grant signed in, nil when the session is gone.
func (p *Provider) sessionInteraction(ctx context.Context, g *Grant) ([]byte, error) {
	if g.SessionID == nil {
		return nil, nil
	}
	s, err := scanSession(p.pool.QueryRow(ctx, `select `+sessionColumns+` from identity.sessions s where s.id = $1`, *g.SessionID))
	if errors.Is(err, directory.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read session of grant: %w", err)
	}
	return s.Interaction, nil
}

// tokenResource is the API resource a token request is for: the one it names, which must be among those of the
// authorization request; else the default one if that is among them; else, for a grant without openid, the only one.
func (p *Provider) tokenResource(ctx context.Context, params Params, granted tokenParams) (string, error) {
	asked := params.Resources()
	if len(asked) == 0 && len(granted.Resources) > 0 {
		switch r, err := p.directory.DefaultResource(ctx); {
		case err == nil && slices.Contains(granted.Resources, r.Indicator):
			return r.Indicator, nil
		case err != nil && !errors.Is(err, directory.ErrNotFound):
			return "", err
		}
		if slices.Contains(granted.Scopes, "openid") {
			return "", nil
		}
		asked = granted.Resources
	}
	switch {
	case len(asked) == 0:
		return "", nil
	case len(asked) > 1:
		return "", invalidTarget("only a single resource indicator value must be requested/resolved during Access Token Request")
	}
	if err := checkIndicator(asked[0]); err != nil {
		return "", err
	}
	if !slices.Contains(granted.Resources, asked[0]) {
		return "", invalidTarget("")
	}
	return asked[0], nil
}

// activeUser reads the user of a grant, who may have been suspended or deleted since.
func (p *Provider) activeUser(ctx context.Context, id string) (*directory.User, error) {
	user, err := p.directory.User(ctx, id)
	if errors.Is(err, directory.ErrNotFound) || err == nil && user.IsSuspended {
		return nil, invalidGrant()
	}
	return user, err
}
