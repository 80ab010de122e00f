package oidc

import (
	"context"
	"errors"
	"net/http"

	"gatehouse/identity/directory"
	"gatehouse/secret"
)

// resume is where the browser returns to after an interaction. It reads what is stored, uses it up and lets the
// dispatcher decide; the same request coming in twice finds nothing the second time.
func (p *Provider) resume(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	uid := r.PathValue("uid")
	if held := p.cookies.get(r, resumeCookie); held == "" || !secret.Equal(held, uid) {
		p.fail(w, r, invalidRequest("authorization request has expired"))
		return
	}
	i, err := scanInteraction(p.pool.QueryRow(ctx, `
select `+interactionColumns+` from identity.interactions i where i.id = $1 and i.expires_at > $2`, uid, p.now()))
	if errors.Is(err, directory.ErrNotFound) {
		err = invalidRequest("authorization request has expired")
	}
	if err != nil {
		p.fail(w, r, err)
		return
	}
	a := &authorization{provider: p, request: r, params: i.Params, responseMode: "query", maxAge: -1}
	if err := a.runChecks(ctx); err != nil {
		p.failAuthorization(w, r, a, err)
		return
	}
	p.dispatch(w, r, a, i)
}

// takeInteraction uses an interaction up. Of two requests with the same one, the second waits and finds it gone.
func takeInteraction(ctx context.Context, tx *directory.Tx, id string) (*Interaction, error) {
	i, err := scanInteraction(tx.QueryRow(ctx, `delete from identity.interactions i where i.id = $1 returning `+interactionColumns, id))
	if errors.Is(err, directory.ErrNotFound) {
		return nil, invalidRequest("authorization request has expired")
	}
	return i, err
}
