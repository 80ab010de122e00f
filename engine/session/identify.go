package session

import (
	"context"
	"net/http"
	"slices"

	"gatehouse/engine/fault"
)

// Identify says whose access token of our own the request carries, without choosing a role: for pages of ours that act
// for a signed-in user. Everything Resolve refuses is refused here, except a subject without any role.
func (r *Resolver) Identify(ctx context.Context, h http.Header, audience string) (AccessToken, error) {
	if r.identity == nil {
		return AccessToken{}, fault.New(fault.AccessDenied, "", "the identity half does not run here").WithStatus(http.StatusUnauthorized)
	}
	raw, err := bearer(h)
	if err != nil {
		return AccessToken{}, err
	}
	t, err := r.identity.verify(raw)
	if err != nil {
		return AccessToken{}, err
	}
	standing, err := r.identity.Authority.Standing(ctx, t.token)
	if err != nil {
		return AccessToken{}, err
	}
	if err := refusal(standing); err != nil {
		return AccessToken{}, err
	}
	if !slices.Contains(t.token.Audience, audience) {
		return AccessToken{}, notVerified("JWTNotInAudience")
	}
	return t.token, nil
}
