package oidc

import (
	"context"
	"errors"
	"net/http"

	"gatehouse/identity/directory"
)

// builtIn are the clients that exist without a row in the directory, as in Logto. Their pages are on our own origin.
var builtIn = map[string]directory.Application{
	directory.ConsoleClient: {ID: directory.ConsoleClient, Name: "Admin Console", Type: directory.AppSPA},
	"demo-app":              {ID: "demo-app", Name: "Live Preview", Type: directory.AppSPA},
}

// consoleScopes are the scopes of the Management API that a console membership gives in the console: directory roles
// cannot carry them, so that nobody becomes an operator by a role meant for the product.
func consoleScopes(ctx context.Context, read directory.Reader, userID string) ([]string, error) {
	_, err := read.ConsoleRole(ctx, userID)
	if errors.Is(err, directory.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return []string{directory.ManagementScope}, nil
}

// SignIn is what a sign-in to a page of our own rests on: it ends with the first of them.
type SignIn struct {
	UserID, SessionID, GrantID string
}

// Redeem takes a code that came back to a page of our own, without a request to the token endpoint, and without a token:
// store keeps, in the transaction that uses the code up, what the page makes of it. An *Error refuses.
func (p *Provider) Redeem(ctx context.Context, shown Redemption, store func(tx *directory.Tx, s SignIn) error) error {
	grant, err := p.redeem(ctx, shown, store)
	event := Event{Key: "ExchangeTokenBy.AuthorizationCode", ApplicationID: shown.ClientID, Err: err}
	if grant != nil {
		event.UserID = grant.UserID
	}
	p.record(ctx, event)
	return err
}

func (p *Provider) redeem(ctx context.Context, shown Redemption, store func(tx *directory.Tx, s SignIn) error) (*Grant, error) {
	_, grant, err := p.checkCode(ctx, shown)
	if err != nil {
		return nil, err
	}
	if grant.SessionID == nil {
		return grant, invalidGrant()
	}
	return grant, p.useCode(ctx, shown.Code, grant, func(tx *directory.Tx) error {
		return store(tx, SignIn{UserID: grant.UserID, SessionID: *grant.SessionID, GrantID: grant.ID})
	})
}

// Begin signs a user who has just been made in to a page of our own, in the transaction of whoever made the user. The
// browser is signed in at the provider with the cookies that keep writes once that is committed.
func (p *Provider) Begin(ctx context.Context, tx *directory.Tx, clientID, userID string) (s SignIn, keep func(w http.ResponseWriter), err error) {
	session, value, err := p.signIn(ctx, tx, nil, &LoginResult{UserID: userID, At: p.now()})
	if err != nil {
		return s, nil, err
	}
	grant, err := p.saveGrant(ctx, tx, session, clientID, []string{"openid", "profile"}, nil)
	if err != nil {
		return s, nil, err
	}
	keep = func(w http.ResponseWriter) { p.setSessionCookie(w, value, session.ExpiresAt) }
	return SignIn{UserID: userID, SessionID: session.ID, GrantID: grant.ID}, keep, nil
}
