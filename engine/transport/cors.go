package transport

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

// CORS is Hasura's cross-origin policy. The zero value allows no origin.
type CORS struct {
	any       bool
	origins   map[string]bool
	wildcards []wildcard
}

// wildcard allows the direct subdomains of a domain: https://*.example.com:8443.
type wildcard struct{ scheme, rest string }

var corsDomain = regexp.MustCompile(`^https?://(\*\.)?([a-zA-Z0-9_-]+\.)*[a-zA-Z0-9_-]+(:[0-9]+)?$`)

// ParseCORS reads HASURA_GRAPHQL_CORS_DOMAIN: "*" (or "") for every origin, else a comma-separated list of origins with
// scheme and port, where the first label may be "*". disabled is HASURA_GRAPHQL_DISABLE_CORS.
func ParseCORS(domains string, disabled bool) (*CORS, error) {
	c := &CORS{origins: make(map[string]bool)}
	domains = strings.TrimSpace(domains)
	switch {
	case disabled:
		return c, nil
	case domains == "" || domains == "*":
		c.any = true
		return c, nil
	}
	for domain := range strings.SplitSeq(domains, ",") {
		domain = strings.TrimSpace(domain)
		if !corsDomain.MatchString(domain) {
			return nil, fmt.Errorf("invalid domain: '%s'", domain)
		}
		if scheme, rest, ok := strings.Cut(domain, "://*."); ok {
			c.wildcards = append(c.wildcards, wildcard{scheme, strings.ToLower(rest)})
		} else {
			c.origins[strings.ToLower(domain)] = true
		}
	}
	return c, nil
}

// Allows tells whether a page of that origin may read answers.
func (c *CORS) Allows(origin string) bool {
	origin = strings.ToLower(origin)
	if c.any || c.origins[origin] {
		return true
	}
	scheme, host, ok := strings.Cut(origin, "://")
	if !ok {
		return false
	}
	label, rest, ok := strings.Cut(host, ".")
	if !ok || label == "" {
		return false
	}
	for _, w := range c.wildcards {
		if w.scheme == scheme && w.rest == rest {
			return true
		}
	}
	return false
}

// Wrap answers preflights and adds the headers (Hasura: Server/Middleware). An origin that is not allowed gets none of
// them: the browser keeps the answer from the page.
func (c *CORS) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := r.Header.Get("Origin")
		if origin == "" || !c.Allows(origin) {
			next.ServeHTTP(w, r)
			return
		}
		out := w.Header()
		out.Set("Access-Control-Allow-Origin", origin)
		out.Set("Access-Control-Allow-Credentials", "true")
		out.Set("Access-Control-Allow-Methods", "GET,POST,PUT,PATCH,DELETE,OPTIONS")
		out.Set("Access-Control-Expose-Headers", "X-Hasura-Query-Cache-Key,X-Hasura-Query-Family-Cache-Key,Warning")
		out.Add("Vary", "Origin")
		if r.Method != http.MethodOptions {
			next.ServeHTTP(w, r)
			return
		}
		out.Set("Access-Control-Max-Age", "1728000")
		if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
			out.Set("Access-Control-Allow-Headers", asked)
		}
		w.WriteHeader(http.StatusNoContent)
	})
}
