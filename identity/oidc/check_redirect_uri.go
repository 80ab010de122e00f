package oidc

import "context"

// checkRedirectURI is what stands between the provider and an open redirector. The parameter is always required: with
// one registered URI RFC 6749 would let it default, but Logto does not.
func checkRedirectURI(_ context.Context, a *authorization) error {
	if !a.params.Has("redirect_uri") {
		return invalidRequest("missing required parameter 'redirect_uri'")
	}
	if !a.client.allowsRedirect(a.params.Get("redirect_uri")) {
		return &Error{Code: "invalid_redirect_uri", Description: "redirect_uri did not match any of the client's registered redirect_uris"}
	}
	a.isTrusted = true
	return nil
}
