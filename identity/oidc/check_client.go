package oidc

import "context"

func checkClient(ctx context.Context, a *authorization) error {
	if !a.params.Has("client_id") {
		return invalidRequest("missing required parameter 'client_id'")
	}
	client, err := a.provider.client(ctx, a.params.Get("client_id"))
	if err != nil {
		return err
	}
	a.client = client
	return nil
}
