package oidc

import (
	"context"
	"errors"

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
