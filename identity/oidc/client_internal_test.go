package oidc

import (
	"testing"

	"gatehouse/identity/directory"
)

func clientWith(typ string, redirectURIs ...string) *Client {
	return &Client{Application: &directory.Application{ID: "c", Type: typ}, redirectURIs: redirectURIs}
}

func TestAllowsRedirect(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		typ, registered, uri string
		want                 bool
	}{
		{directory.AppSPA, "https://app.example/cb", "https://app.example/cb", true},
		{directory.AppSPA, "https://app.example/cb", "https://app.example/cb?", false},
		{directory.AppSPA, "https://app.example/cb", "https://app.example/cb/", false},
		{directory.AppSPA, "https://app.example/cb", "https://app.example:443/cb", false},
		{directory.AppNative, "com.example.app://cb", "com.example.app://cb", true},
		{directory.AppNative, "com.example.app://cb", "com.example.app://cb2", false},

		{directory.AppNative, "http://127.0.0.1/cb", "http://127.0.0.1:51004/cb", true},
		{directory.AppNative, "http://127.0.0.1:3000/cb", "http://127.0.0.1:51004/cb", true},
		{directory.AppNative, "http://[::1]/cb", "http://[::1]:51004/cb", true},
		{directory.AppNative, "http://localhost/cb", "http://localhost:1/cb", true},
		{directory.AppNative, "http://localhost/cb", "http://127.0.0.1:1/cb", false},
		{directory.AppNative, "http://127.0.0.1/cb", "https://127.0.0.1:51004/cb", false},
		{directory.AppNative, "http://127.0.0.1/cb", "http://127.0.0.1:51004/cb?x=1", false},
		{directory.AppNative, "http://127.0.0.1/cb", "http://127.0.0.1.evil.example:51004/cb", false},
		{directory.AppNative, "https://app.example/cb", "https://app.example:8443/cb", false},
		{directory.AppSPA, "http://127.0.0.1/cb", "http://127.0.0.1:51004/cb", false},

		{directory.AppSPA, "https://*.app.example/cb", "https://pr-12.app.example/cb", true},
		{directory.AppSPA, "https://pr-*.app.example/cb", "https://pr-12.app.example/cb", true},
		{directory.AppSPA, "https://*.app.example/cb", "https://a.b.app.example/cb", false},
		{directory.AppSPA, "https://*.app.example/cb", "https://app.example/cb", false},
		{directory.AppSPA, "https://*.app.example/cb", "https://.app.example/cb", false},
		{directory.AppSPA, "https://*.app.example/cb", "https://evil.example/.app.example/cb", false},
		{directory.AppSPA, "https://*.app.example/cb", "https://evil.example#.app.example/cb", false},
		{directory.AppSPA, "https://*.app.example/cb", "https://evil.example?.app.example/cb", false},
		{directory.AppSPA, "https://*.app.example/cb", `https://evil.example\.app.example/cb`, false},
		{directory.AppSPA, "https://*.app.example/cb", "https://u@x.app.example/cb", false},
		{directory.AppSPA, "https://*.app.example/cb", "https://x.app.example:444/cb", false},
		{directory.AppSPA, "https://*.app.example/cb", "http://x.app.example/cb", false},
		{directory.AppSPA, "https://*.app.example/cb", "https://x.app.example/cb?y", false},
		{directory.AppSPA, "https://*.app.example/cb", "https://x.appXexample/cb", false},
		{directory.AppSPA, "https://*.example/cb", "https://evil.example/cb", false},
		{directory.AppSPA, "https://x.*.example/cb", "https://x.evil.example/cb", false},
		{directory.AppSPA, "https://*/cb", "https://evil/cb", false},
		{directory.AppSPA, "https://app.example/*/cb", "https://app.example/de/cb", true},
		{directory.AppSPA, "https://app.example/*/cb", "https://app.example/de/x/cb", false},
		{directory.AppSPA, "https://app.example/*/cb", "https://app.example/../cb", false},
		{directory.AppSPA, "https://app.example/*/cb", "https://app.example/%2e%2E/cb", false},
		{directory.AppSPA, "https://app.example/*", "https://app.example/cb?next=x", false},
		{directory.AppSPA, "https://app.example/*", "https://app.example/*", true},
		{directory.AppSPA, "https://app.example/cb?x=*", "https://app.example/cb?x=1", false},
		{directory.AppSPA, "*://app.example/cb", "https://app.example/cb", false},
	} {
		if got := clientWith(c.typ, c.registered).allowsRedirect(c.uri); got != c.want {
			t.Errorf("%s, registered %s: %s allowed %v, want %v", c.typ, c.registered, c.uri, got, c.want)
		}
	}
}

func TestAllowsOrigin(t *testing.T) {
	t.Parallel()
	c := clientWith(directory.AppSPA, "https://app.example/cb", "https://*.pages.example/cb", "http://localhost:3000", "com.example://cb")
	c.CustomClientMetadata.CORSAllowedOrigins = []string{"https://other.example"}
	for origin, want := range map[string]bool{
		"https://app.example": true, "https://other.example": true, "https://x.pages.example": true, "http://localhost:3000": true,
		"https://app.example.evil": false, "http://app.example": false, "https://evil.example": false, "null": false, "": false,
		"https://a.b.pages.example": false, "http://localhost:3001": false, "com.example://": false, "https://app.example/cb": false,
	} {
		if got := c.allowsOrigin(origin); got != want {
			t.Errorf("%q allowed %v, want %v", origin, got, want)
		}
	}
}
