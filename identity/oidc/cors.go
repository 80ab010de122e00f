package oidc

import (
	"net/http"
	"slices"
	"strings"
)

// crossOriginPaths are the endpoints scripts of other origins may call. Which origins is decided per client, once the
// client is known (checkOrigin).
var crossOriginPaths = []string{
	"/oidc/token", "/oidc/me", "/oidc/token/introspection", "/oidc/token/revocation", "/oidc/jwks",
	"/oidc/.well-known/openid-configuration", "/oidc/.well-known/oauth-authorization-server",
}

func isCrossOrigin(path string) bool { return slices.Contains(crossOriginPaths, path) }

// crossOrigin adds the CORS headers of the recordings. No endpoint behind it reads a cookie, so "*" gives nothing away.
func (p *Provider) crossOrigin(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Access-Control-Expose-Headers", "WWW-Authenticate")
		w.Header().Add("Vary", "Origin")
		next(w, r)
	}
}

func (p *Provider) preflight(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Add("Vary", "Origin")
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Methods", "GET,POST")
	if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
		h.Set("Access-Control-Allow-Headers", asked)
	}
	h.Set("Access-Control-Max-Age", "3600")
	w.WriteHeader(http.StatusNoContent)
}

// checkOrigin refuses a cross-origin call for a client that does not know the origin.
func (p *Provider) checkOrigin(w http.ResponseWriter, r *http.Request, c *Client) error {
	origin := r.Header.Get("Origin")
	if origin == "" || origin == p.endpoint || strings.HasPrefix(p.endpoint, origin+"/") || c.allowsOrigin(origin) {
		return nil
	}
	w.Header().Del("Access-Control-Allow-Origin")
	w.Header().Del("Access-Control-Expose-Headers")
	return invalidRequest("origin %s not allowed for client: %s", origin, c.ID)
}
