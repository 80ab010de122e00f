package identity

import (
	"context"
	"encoding/json"
	"errors"

	"gatehouse/identity/directory"
	"gatehouse/identity/management"
	"gatehouse/identity/token"
)

// testScript runs a custom-claims script once, for the Management API.
func (i *Identity) testScript(ctx context.Context, t management.ScriptTest) (json.RawMessage, error) {
	in := token.Input{Token: t.Token, Context: t.Context}
	if len(t.Context) == 0 {
		in.Context = struct{}{}
	}
	if t.EnvironmentVariables != nil {
		environment, err := json.Marshal(t.EnvironmentVariables)
		if err != nil {
			return nil, err
		}
		in.Environment = environment
	}
	claims, err := i.sandbox.Run(ctx, t.Script, in)
	var failed *token.ScriptError
	if errors.As(err, &failed) {
		return nil, &management.ScriptError{Message: failed.Message, Denied: failed.Kind == token.ScriptDenied, Line: failed.At.Line, Column: failed.At.Column}
	}
	if err != nil {
		return nil, err
	}
	return json.Marshal(claims)
}

// scriptContext is the context of a script for a user or an application as they are now.
func (i *Identity) scriptContext(ctx context.Context, userID, applicationID string) (json.RawMessage, error) {
	var user *directory.User
	var app *directory.Application
	var err error
	if userID != "" {
		if user, err = i.directory.User(ctx, userID); err != nil {
			return nil, err
		}
	}
	if applicationID != "" {
		if app, err = i.directory.Application(ctx, applicationID); err != nil {
			return nil, err
		}
	}
	o, err := i.issuer.ScriptContext(ctx, user, app)
	if err != nil {
		return nil, err
	}
	return json.Marshal(o)
}
