package oidc

import (
	"errors"
	"net/http"

	"gatehouse/identity/directory"
)

// consent is GET /consent. A first-party application needs nobody's consent: what it asked for, within the user's roles,
// is granted and the browser sent back. A third-party one must ask; until that page exists its request is refused.
func (p *Provider) consent(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	n := p.Interactions()
	var redirectTo string
	err := n.Update(ctx, r, func(tx *directory.Tx, i *Interaction) error {
		if i.Prompt.Name != promptConsent {
			return errSessionNotFound
		}
		result, err := p.giveConsent(r, tx, i)
		if err != nil {
			return err
		}
		redirectTo = n.Finish(i, result)
		return nil
	})
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

func (p *Provider) giveConsent(r *http.Request, tx *directory.Tx, i *Interaction) (Result, error) {
	ctx := r.Context()
	session, err := p.session(ctx, tx, r)
	if err != nil {
		return Result{}, err
	}
	if session == nil || i.SessionID == nil || session.ID != *i.SessionID {
		return Result{}, invalidRequest("interaction session and authentication session mismatch")
	}
	a := &authorization{provider: p, request: r, params: i.Params, responseMode: "query", maxAge: -1, session: session}
	if err := a.runChecks(ctx); err != nil {
		return Result{}, err
	}
	if a.client.IsThirdParty {
		return Result{Error: &ErrorResult{Code: "access_denied", Description: "third-party applications are not supported"}}, nil
	}
	available, err := a.availableScopes(ctx)
	if err != nil {
		return Result{}, err
	}
	grant, err := p.saveGrant(ctx, tx, session, a.client.ID, a.scopes, available)
	if err != nil {
		return Result{}, err
	}
	return Result{Consent: &ConsentResult{GrantID: grant.ID}}, nil
}
