package oidc

import (
	"context"
	"errors"
	"net/http"

	"gatehouse/identity/directory"
)

// consent is GET /consent. A first-party application needs nobody's consent: what it asked for, within the user's roles,
// is granted and the browser sent back. A third-party one must ask; until that page exists its request is refused.
func (p *Provider) consent(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	redirectTo, err := p.giveConsent(ctx, r)
	if errors.Is(err, errSessionNotFound) {
		// A person looks at this, for instance after going back: the page explains it.
		redirect(w, http.StatusFound, "/unknown-session")
		return
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	redirect(w, http.StatusFound, redirectTo)
}

func (p *Provider) giveConsent(ctx context.Context, r *http.Request) (redirectTo string, err error) {
	n := p.Interactions()
	waiting, err := n.Find(ctx, r)
	if err != nil {
		return "", err
	}
	a := &authorization{provider: p, request: r, params: waiting.Params, responseMode: "query", maxAge: -1}
	if err := a.runChecks(ctx); err != nil {
		return "", err
	}
	err = n.Update(ctx, r, func(tx *directory.Tx, i *Interaction) error {
		if i.ID != waiting.ID || i.Prompt.Name != promptConsent {
			return errSessionNotFound
		}
		result, err := p.consentResult(ctx, tx, a, i)
		if err != nil {
			return err
		}
		redirectTo = n.Finish(i, result)
		return nil
	})
	return redirectTo, err
}

func (p *Provider) consentResult(ctx context.Context, tx *directory.Tx, a *authorization, i *Interaction) (result Result, err error) {
	if a.session, err = p.session(ctx, tx, a.request); err != nil {
		return result, err
	}
	if a.session == nil || i.SessionID == nil || a.session.ID != *i.SessionID {
		return result, invalidRequest("interaction session and authentication session mismatch")
	}
	if a.client.IsThirdParty {
		return Result{Error: &ErrorResult{Code: "access_denied", Description: "third-party applications are not supported"}}, nil
	}
	available, err := a.availableScopes(ctx, tx.Reader)
	if err != nil {
		return result, err
	}
	grant, err := p.saveGrant(ctx, tx, a.session, a.client.ID, a.scopes, available)
	if err != nil {
		return result, err
	}
	return Result{Consent: &ConsentResult{GrantID: grant.ID}}, nil
}
