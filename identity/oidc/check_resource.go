package oidc

import (
	"context"
	"errors"
	"net/url"

	"gatehouse/identity/directory"
)

// checkResource wants every resource to be registered, but for the one SDKs ask for beside organization scopes. Without any, the default resource is meant, if there is one.
func checkResource(ctx context.Context, a *authorization) error {
	for _, indicator := range a.params.Resources() {
		if indicator == directory.OrganizationsResource {
			continue
		}
		if _, err := a.provider.resource(ctx, indicator); err != nil {
			return err
		}
		a.resources = append(a.resources, indicator)
	}
	if len(a.resources) == 0 {
		r, err := a.provider.directory.DefaultResource(ctx)
		if errors.Is(err, directory.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		a.resources = []string{r.Indicator}
	}
	return nil
}

// resource finds a registered API resource by a syntactically sound indicator (RFC 8707 §2).
func (p *Provider) resource(ctx context.Context, indicator string) (*directory.Resource, error) {
	if err := checkIndicator(indicator); err != nil {
		return nil, err
	}
	r, err := p.directory.ResourceByIndicator(ctx, indicator)
	if errors.Is(err, directory.ErrNotFound) {
		return nil, invalidTarget("")
	}
	return r, err
}

func checkIndicator(indicator string) error {
	u, err := url.Parse(indicator)
	if (err != nil || u.Scheme == "") && !isWildcardHost(indicator) {
		return invalidTarget("resource indicator must be an absolute URI")
	}
	if u != nil && (u.Fragment != "" || u.RawFragment != "") {
		return invalidTarget("resource indicator must not contain a fragment component")
	}
	return nil
}

// isWildcardHost accepts indicators such as https://*.hasura.app/api, whatever the URL parser thinks of the star.
func isWildcardHost(indicator string) bool {
	_, _, ok := cutOrigin(indicator)
	return ok
}
