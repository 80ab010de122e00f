package oidc

import (
	"context"
	"slices"
)

var responseModes = []string{"form_post", "fragment", "query"}

func checkResponseMode(_ context.Context, a *authorization) error {
	mode := a.params.Get("response_mode")
	if mode == "" {
		return nil
	}
	if !slices.Contains(responseModes, mode) {
		return &Error{Code: "unsupported_response_mode", Description: "unsupported response_mode requested"}
	}
	a.responseMode = mode
	return nil
}

func checkResponseType(_ context.Context, a *authorization) error {
	if !a.params.Has("response_type") {
		return invalidRequest("missing required parameter 'response_type'")
	}
	if a.params.Get("response_type") != "code" {
		return &Error{Code: "unsupported_response_type", Description: "unsupported response_type requested"}
	}
	if !a.client.allowsGrant("authorization_code") {
		return &Error{Code: "unauthorized_client", Description: "requested response_type is not allowed for this client"}
	}
	return nil
}

// checkUnsupported refuses what must not be ignored: a request object could carry different parameters than the ones
// that were checked.
func checkUnsupported(_ context.Context, a *authorization) error {
	for _, u := range []struct{ param, code string }{
		{"request", "request_not_supported"}, {"request_uri", "request_uri_not_supported"}, {"registration", "registration_not_supported"},
	} {
		if a.params.Has(u.param) {
			return &Error{Code: u.code, Description: u.param + " parameter provided but not supported"}
		}
	}
	return nil
}
