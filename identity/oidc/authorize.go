package oidc

import (
	"context"
	"net/http"
	"net/url"
)

// authorization is one authorization request on its way through the checks and prompts.
type authorization struct {
	provider *Provider
	request  *http.Request
	params   Params
	client   *Client
	// isTrusted is true once the redirect URI is known to be the client's: until then no error may be sent there.
	isTrusted    bool
	responseMode string
	// scopes are the OIDC scopes asked for; apiScopes everything else. resources are the API resources asked for.
	scopes, apiScopes []string
	resources         []string
	// available are, per resource, the requested scopes that the user's roles give now; filled once there is a user.
	available map[string][]string
	prompts   []string
	maxAge    int // seconds; -1 when not asked for
	hintedSub string

	session *Session
	grant   *Grant
	// result is what the interaction this request comes back from has brought.
	result   *Result
	resolved []string
}

// checks are the rules for an authorization request, in order. They run when a request comes in, and again when it comes
// back from an interaction, because the client may have changed meanwhile.
var checks = []struct {
	name, source string
	check        func(ctx context.Context, a *authorization) error
}{
	{"no parameter twice", "RFC 6749 §3.1", checkNoDuplicates},
	{"client", "RFC 6749 §3.1.2.4", checkClient},
	{"redirect URI", "RFC 6749 §3.1.2.3, RFC 9700 §2.1", checkRedirectURI},
	{"response mode", "OAuth 2.0 Multiple Response Types §2.1", checkResponseMode},
	{"unsupported parameters", "OpenID Connect Core §3.1.2.6", checkUnsupported},
	{"response type", "RFC 6749 §3.1.1", checkResponseType},
	{"PKCE", "RFC 7636 §4.3, RFC 9700 §2.1.1", checkPKCE},
	{"prompt", "OpenID Connect Core §3.1.2.1", checkPrompt},
	{"max_age", "OpenID Connect Core §3.1.2.1", checkMaxAge},
	{"resource", "RFC 8707 §2", checkResource},
	{"scope", "RFC 6749 §3.3, OpenID Connect Core §11", checkScope},
	{"id_token_hint", "OpenID Connect Core §3.1.2.1", checkIDTokenHint},
}

// authorize is the authorization endpoint.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	params, err := readParams(w, r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	if r.Method == http.MethodPost {
		// The session cookie is SameSite=Lax and so not sent with another site's POST; the same request as GET carries it.
		noStore(w)
		redirect(w, http.StatusSeeOther, mount+"/auth?"+url.Values(params).Encode())
		return
	}
	a := &authorization{provider: p, request: r, params: params, responseMode: "query", maxAge: -1}
	if err := a.runChecks(r.Context()); err != nil {
		p.failAuthorization(w, r, a, err)
		return
	}
	p.dispatch(w, r, a, nil)
}

func (a *authorization) runChecks(ctx context.Context) error {
	for _, c := range checks {
		if err := c.check(ctx, a); err != nil {
			return err
		}
	}
	return nil
}

func checkNoDuplicates(_ context.Context, a *authorization) error { return checkDuplicates(a.params) }
