package oidc

import (
	"context"
	"slices"
	"strconv"
)

func checkPrompt(_ context.Context, a *authorization) error {
	a.prompts = a.params.Fields("prompt")
	for _, prompt := range a.prompts {
		if !slices.Contains([]string{"none", promptLogin, promptConsent}, prompt) {
			return invalidRequest("unsupported prompt value requested")
		}
	}
	if slices.Contains(a.prompts, "none") && len(a.prompts) > 1 {
		return invalidRequest("prompt none must only be used alone")
	}
	return nil
}

func checkMaxAge(_ context.Context, a *authorization) error {
	if !a.params.Has("max_age") {
		return nil
	}
	seconds, err := strconv.Atoi(a.params.Get("max_age"))
	if err != nil || seconds < 0 {
		return invalidRequest("invalid max_age parameter value")
	}
	a.maxAge = seconds
	return nil
}
