package oidc

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func cookiesWith(secure bool, keys ...string) *cookies {
	c := &cookies{secure: secure}
	c.keys.Store(&keys)
	return c
}

// jar turns Set-Cookie lines into a Cookie header.
func jar(lines []string) string {
	var out []string
	for _, line := range lines {
		pair, _, _ := strings.Cut(line, ";")
		out = append(out, pair)
	}
	return strings.Join(out, "; ")
}

func TestCookies_onlySignedValuesCount(t *testing.T) {
	t.Parallel()
	old, present := cookiesWith(false, "old"), cookiesWith(false, "new", "old")
	const value = `{"app":"x","_legacy":"x"}`
	w := httptest.NewRecorder()
	old.set(w, cookie{name: "_interaction", value: value, path: "/"})
	signed := jar(w.Header().Values("Set-Cookie"))
	get := func(c *cookies, header string) string {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Cookie", header)
		return c.get(r, "_interaction")
	}
	if got := get(present, signed); got != value {
		t.Errorf("after a rotation of the keys: %q", got)
	}
	signature := signed[strings.Index(signed, "_interaction.sig=")+len("_interaction.sig="):]
	for name, header := range map[string]string{
		"no signature":                 "_interaction=" + value,
		"empty signature":              "_interaction=" + value + "; _interaction.sig=",
		"another value":                "_interaction=" + strings.Replace(value, "x", "y", 1) + "; _interaction.sig=" + signature,
		"signature of another cookie":  "_interaction=" + value + "; _interaction.sig=" + sign("new", "_session", value),
		"signature by an unknown key":  "_interaction=" + value + "; _interaction.sig=" + sign("other", "_interaction", value),
		"the signature of a dead key":  "_interaction=" + value + "; _interaction.sig=" + sign("", "_interaction", value),
		"the value in another cookie":  "_session=" + value + "; _interaction.sig=" + signature,
		"a planted cookie before ours": "_interaction=evil; " + signed,
	} {
		if got := get(present, header); got != "" {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := get(cookiesWith(false, "new"), signed); got != "" {
		t.Errorf("after the key is gone: %q", got)
	}
}

func TestCookies_attributes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		secure bool
		cookie cookie
		want   string
	}{
		{false, cookie{name: "a", value: "v", path: "/", expires: time.Unix(0, 0)}, "a=v; path=/; expires=Thu, 01 Jan 1970 00:00:00 GMT; samesite=lax; httponly"},
		{true, cookie{name: "a", value: "v", path: "/x"}, "a=v; path=/x; samesite=lax; secure; httponly"},
		{true, cookie{name: "a", value: "v", path: "/", readable: true}, "a=v; path=/; samesite=lax; secure"},
	} {
		w := httptest.NewRecorder()
		cookiesWith(c.secure, "k").set(w, c.cookie)
		if got := w.Header().Values("Set-Cookie"); len(got) != 2 || got[0] != c.want || !strings.HasPrefix(got[1], "a.sig=") {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

// A browser signing in to many applications keeps the latest; the cookie stays small.
func TestInteractionMap_isBounded(t *testing.T) {
	t.Parallel()
	p := &Provider{}
	p.SetCookieKeys([]string{"k"})
	header := ""
	for n := range 30 {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Cookie", header)
		value := p.interactionMap(r, &Interaction{ID: fmt.Sprintf("interaction-%d", n), ClientID: fmt.Sprintf("client-%d", n)})
		header = "_interaction=" + value + "; _interaction.sig=" + sign("k", "_interaction", value)
		if !strings.Contains(value, fmt.Sprintf(`"client-%d":"interaction-%d","_legacy":"interaction-%d"`, n, n, n)) {
			t.Fatalf("%s", value)
		}
		if len(value) > 500 {
			t.Fatalf("%d bytes", len(value))
		}
	}
}

func TestParams_resources(t *testing.T) {
	t.Parallel()
	p := Params{"resource": {"https://a.example, https://b.example", "https://a.example", ""}}
	if got := strings.Join(p.Resources(), " "); got != "https://a.example https://b.example" {
		t.Errorf("%q", got)
	}
}

func TestCheckIndicator(t *testing.T) {
	t.Parallel()
	for indicator, want := range map[string]bool{
		"https://api.example": true, "https://*.hasura.app/api": true, "urn:example:api": true, "api://x": true,
		"api": false, "/api": false, "": false, "https://api.example#x": false, "//api.example": false,
	} {
		if err := checkIndicator(indicator); (err == nil) != want {
			t.Errorf("%q: %v", indicator, err)
		}
	}
}
