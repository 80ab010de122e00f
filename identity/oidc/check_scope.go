package oidc

import (
	"context"
	"slices"

	"gatehouse/identity/directory"
	"gatehouse/identity/token"
)

// checkScope sorts the scopes into the provider's own and those of API resources. What is neither disappears later, when
// the user's roles are known; offline_access disappears here unless consent is asked for (OpenID Connect Core §11).
func checkScope(_ context.Context, a *authorization) error {
	for _, scope := range a.params.Fields("scope") {
		switch {
		case scope == "offline_access" && !slices.Contains(a.prompts, promptConsent):
		case token.IsOIDCScope(scope):
			a.scopes = append(a.scopes, scope)
		default:
			a.apiScopes = append(a.apiScopes, scope)
		}
	}
	return nil
}

// userScopes are the requested scopes that a user's roles give on a resource now. Inside a transaction read is that of
// the transaction: waiting there for a second connection could wait for ever.
func userScopes(ctx context.Context, read directory.Reader, clientID, userID, indicator string, requested []string) ([]string, error) {
	scopes, err := read.UserScopes(ctx, userID, indicator)
	if err != nil {
		return nil, err
	}
	held := scopeNames(scopes)
	if clientID == directory.ConsoleClient && indicator == directory.ManagementAPI {
		more, err := consoleScopes(ctx, read, userID)
		if err != nil {
			return nil, err
		}
		held = append(held, more...)
	}
	return intersect(requested, held), nil
}

func scopeNames(scopes []directory.Scope) []string {
	names := make([]string, len(scopes))
	for i, s := range scopes {
		names[i] = s.Name
	}
	return names
}
