package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"gatehouse/identity/directory"
	"gatehouse/identity/token"
)

// Client is an application in its part as OAuth client.
type Client struct {
	*directory.Application
	// redirectURIs and postLogoutURIs are the registered ones, and those of a built-in page on our own origin.
	redirectURIs, postLogoutURIs []string
}

// builtInPages are the paths built-in clients return to on our own origin, whatever that is called today.
var builtInPages = map[string]struct{ redirect, postLogout []string }{
	directory.ConsoleClient: {[]string{"/console/callback"}, []string{"/console"}},
	"demo-app":              {[]string{"/demo-app", "/demo", "/demo/callback"}, []string{"/demo-app", "/demo"}},
}

// Client loads a client, a built-in one too; an *Error invalid_client says that there is none.
func (p *Provider) Client(ctx context.Context, id string) (*Client, error) { return p.client(ctx, id) }

// client loads a client, or fails with invalid_client.
func (p *Provider) client(ctx context.Context, id string) (*Client, error) {
	app, err := p.directory.Application(ctx, id)
	if errors.Is(err, directory.ErrNotFound) {
		own, ok := builtIn[id]
		if !ok {
			return nil, invalidClient(id)
		}
		own.CustomData = json.RawMessage("{}")
		app, err = &own, nil
	}
	if err != nil {
		return nil, err
	}
	c := &Client{Application: app, redirectURIs: app.OIDCClientMetadata.RedirectURIs, postLogoutURIs: app.OIDCClientMetadata.PostLogoutRedirectURIs}
	bases := []string{p.endpoint}
	if id == directory.ConsoleClient {
		bases = append(bases, p.consoleBases...)
	}
	for _, base := range bases {
		for _, path := range builtInPages[id].redirect {
			c.redirectURIs = append(slices.Clip(c.redirectURIs), base+path)
		}
		for _, path := range builtInPages[id].postLogout {
			c.postLogoutURIs = append(slices.Clip(c.postLogoutURIs), base+path)
		}
	}
	return c, nil
}

// IsPublic tells whether the client cannot keep a secret (RFC 6749 §2.1).
func (c *Client) IsPublic() bool {
	return c.Type == directory.AppNative || c.Type == directory.AppSPA
}

// allowsGrant tells whether the client's type may use a grant type.
func (c *Client) allowsGrant(grant string) bool {
	switch c.Type {
	case directory.AppMachineToMachine:
		return grant == "client_credentials"
	case directory.AppNative, directory.AppSPA, directory.AppTraditional:
		return grant == "authorization_code" || grant == "refresh_token"
	}
	return false
}

// issuesRefreshToken tells whether a code exchange with these scopes gives a refresh token.
func (c *Client) issuesRefreshToken(scopes []string) bool {
	return slices.Contains(scopes, "offline_access") ||
		c.Type == directory.AppTraditional && isTrue(c.CustomClientMetadata.AlwaysIssueRefreshToken)
}

func (c *Client) refreshTokenTTL() time.Duration {
	switch m := c.CustomClientMetadata; {
	case m.RefreshTokenTTLInDays != nil && *m.RefreshTokenTTLInDays > 0:
		return time.Duration(*m.RefreshTokenTTLInDays) * 24 * time.Hour
	case m.RefreshTokenTTL != nil && *m.RefreshTokenTTL > 0:
		return time.Duration(*m.RefreshTokenTTL) * time.Second
	}
	return token.RefreshTokenTTL
}

func (c *Client) idTokenTTL() time.Duration {
	if ttl := c.CustomClientMetadata.IDTokenTTL; ttl != nil && *ttl > 0 {
		return time.Duration(*ttl) * time.Second
	}
	return token.IDTokenTTL
}

func (c *Client) refreshPolicy() token.RefreshPolicy {
	rotate := c.CustomClientMetadata.RotateRefreshToken
	return token.RefreshPolicy{IsPublic: c.IsPublic(), IsSPA: c.Type == directory.AppSPA, Rotate: rotate == nil || *rotate}
}

func isTrue(b *bool) bool { return b != nil && *b }

// allowsRedirect compares a redirect URI with the registered ones: as text (RFC 9700 §2.1), by wildcard where one is
// registered, and for native applications without the port of a loopback address (RFC 8252 §7.3).
func (c *Client) allowsRedirect(uri string) bool {
	return slices.ContainsFunc(c.redirectURIs, func(registered string) bool {
		return uri == registered || matchesWildcard(registered, uri) ||
			c.Type == directory.AppNative && matchesLoopback(registered, uri)
	})
}

func (c *Client) allowsPostLogout(uri string) bool {
	return slices.ContainsFunc(c.postLogoutURIs, func(registered string) bool {
		return uri == registered || matchesWildcard(registered, uri) ||
			c.Type == directory.AppNative && matchesLoopback(registered, uri)
	})
}

// allowsOrigin tells whether scripts of an origin may call the provider for this client.
func (c *Client) allowsOrigin(origin string) bool {
	if slices.Contains(c.CustomClientMetadata.CORSAllowedOrigins, origin) {
		return true
	}
	return slices.ContainsFunc(c.redirectURIs, func(registered string) bool {
		at, path, ok := cutOrigin(registered)
		return ok && (at == origin || strings.Contains(at, "*") && matchesWildcard(at+"/", origin+"/") || path == "" && at == origin)
	})
}

// cutOrigin splits an http(s) URI text into origin and rest, without parsing it: a registered one may hold wildcards.
func cutOrigin(uri string) (origin, rest string, ok bool) {
	scheme, after, ok := strings.Cut(uri, "://")
	if !ok || scheme != "http" && scheme != "https" {
		return "", "", false
	}
	end := strings.IndexAny(after, "/?#")
	if end < 0 {
		end = len(after)
	}
	return scheme + "://" + after[:end], after[end:], true
}

func matchesLoopback(registered, uri string) bool {
	a, err := url.Parse(registered)
	if err != nil {
		return false
	}
	b, err := url.Parse(uri)
	if err != nil || b.User != nil || a.Scheme != "http" || b.Scheme != "http" || a.Hostname() != b.Hostname() {
		return false
	}
	if !slices.Contains([]string{"127.0.0.1", "::1", "localhost"}, a.Hostname()) {
		return false
	}
	return a.EscapedPath() == b.EscapedPath() && a.RawQuery == b.RawQuery && a.Fragment == b.Fragment
}

// matchesWildcard matches a registered pattern with * in labels of the host, though not in the last two, and in
// segments of the path. A star stands for characters of one label or one segment, never for a dot segment.
func matchesWildcard(pattern, uri string) bool {
	if !strings.Contains(pattern, "*") || strings.ContainsAny(uri, "\\@*") || strings.Contains(strings.ToLower(uri), "%2e") {
		return false
	}
	wantOrigin, wantRest, ok := cutOrigin(pattern)
	if !ok {
		return false
	}
	origin, rest, ok := cutOrigin(uri)
	if !ok {
		return false
	}
	if u, err := url.Parse(uri); err != nil || u.Scheme+"://"+u.Host != origin {
		return false
	}
	if strings.Contains(wantOrigin, "*") {
		_, host, _ := strings.Cut(wantOrigin, "://")
		labels := strings.Split(host, ".")
		if len(labels) < 3 || strings.Contains(labels[len(labels)-1]+labels[len(labels)-2], "*") {
			return false
		}
	}
	path, query := cutQuery(rest)
	wantPath, wantQuery := cutQuery(wantRest)
	if query != wantQuery || strings.Contains(wantQuery, "*") {
		return false
	}
	for _, segment := range strings.Split(path, "/") {
		if segment == "." || segment == ".." {
			return false
		}
	}
	return matchesStars(wantOrigin, origin, `[A-Za-z0-9-]+`) && matchesStars(wantPath, path, `[^/?#]*`)
}

func cutQuery(rest string) (path, query string) {
	at := strings.IndexAny(rest, "?#")
	if at < 0 {
		return rest, ""
	}
	return rest[:at], rest[at:]
}

func matchesStars(pattern, text, star string) bool {
	re, err := regexp.Compile("^(?:" + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, star) + ")$")
	return err == nil && re.MatchString(text)
}
