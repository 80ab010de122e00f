package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// browser is a page whose requests go where their address says, with the cookies that a browser would send there: those of
// the host, whatever its port (RFC 6265 §8.5), and by https as a proxy in front of Gatehouse passes them on.
type browser struct {
	*page
	// origin is the console's own, as the browser has it; what is below it is sent to the process.
	origin string
	// set are the last attributes each cookie was set with.
	set map[string]string
}

func (b *browser) get(target string, headers ...string) answer {
	b.Helper()
	if strings.HasPrefix(target, "/") {
		target = b.origin + target
	}
	u, err := url.Parse(target)
	if err != nil {
		b.Fatal(err)
	}
	if rest, ok := strings.CutPrefix(target, b.origin+"/"); ok && !strings.HasPrefix(b.origin, b.base) {
		target = b.base + "/" + rest
		headers = append([]string{"Host", u.Host, "X-Forwarded-Proto", u.Scheme}, headers...)
	}
	got := b.send(http.MethodGet, target, "", headers...)
	for _, line := range got.header.Values("Set-Cookie") {
		name, _, _ := strings.Cut(line, "=")
		b.set[name] = line
	}
	return got
}

// through follows redirects from the console's sign-in until the browser is on a page of the console's, and gives all
// addresses on the way.
func (b *browser) through(name, from string) (way []string) {
	b.Helper()
	for target := from; ; {
		way = append(way, target)
		if len(way) > 15 {
			b.Fatalf("redirects without end: %s", strings.Join(way, "\n"))
		}
		if u, err := url.Parse(target); err == nil && len(way) > 1 && strings.HasPrefix(u.Path, "/console") && u.Path != "/console/callback" && u.Path != "/console/sign-in" {
			return way
		}
		if u, err := url.Parse(target); err == nil && u.Path == "/sign-in" {
			b.get(target, "Sec-Fetch-Site", "none")
			target = b.proveAt(name)
			continue
		}
		got := b.get(target, "Sec-Fetch-Site", "none")
		if target = got.header.Get("Location"); target == "" {
			b.Fatalf("%d %s on the way of %s", got.status, got.raw, strings.Join(way, "\n"))
		}
		if u, err := url.Parse(target); err == nil && u.Host == "" { // as a browser does
			last, _ := url.Parse(way[len(way)-1])
			target = last.ResolveReference(u).String()
		}
	}
}

// proveAt is prove for whatever origin the browser has the sign-in page at.
func (b *browser) proveAt(name string) (to string) {
	b.Helper()
	ask := func(method, path, body string) answer {
		headers := []string{}
		if u, err := url.Parse(b.origin); err == nil && !strings.HasPrefix(b.origin, b.base) {
			headers = []string{"Host", u.Host, "X-Forwarded-Proto", u.Scheme}
		}
		return b.send(method, path, body, headers...)
	}
	ask(http.MethodPut, "/api/experience", `{"interactionEvent":"SignIn"}`)
	proof := ask(http.MethodPost, "/api/experience/verification/password", `{"identifier":{"type":"username","value":"`+name+`"},"password":"`+password+`"}`)
	ask(http.MethodPost, "/api/experience/identification", proof.raw)
	to, _ = ask(http.MethodPost, "/api/experience/submit", "").json(b)["redirectTo"].(string)
	return to
}

// With a port of its own the identity half signs members in there, and the console is on the main port.
func TestMember_signsInWithAnIdentityPort(t *testing.T) {
	identityPort := freePort(t)
	p := fresh(t).start("GATEHOUSE_IDENTITY_PORT=" + identityPort)
	p.user("ann", "owner")
	b := &browser{page: p.page(), origin: p.base, set: map[string]string{}}
	way := b.through("ann", p.base+"/console/sign-in?to=/console/data")
	if last := way[len(way)-1]; last != p.base+"/console/data" {
		t.Errorf("sent to %s", last)
	}
	if provider := "http://localhost:" + identityPort; !strings.HasPrefix(way[1], provider+"/oidc/auth?") {
		t.Errorf("the provider is at %s", way[1])
	}
	if got := b.session(); got["signedIn"] != true || got["role"] != "owner" {
		t.Errorf("%v", got)
	}
	b.wants("data", b.metadata("export_metadata", object{}), 200, "sources")
	b.wants("identity on the main port", b.send(http.MethodGet, "/api/users", ""), 200, "ann")
	// The other port is another origin: the cookie comes along, and counts for nothing there from the console's page.
	at := "http://localhost:" + identityPort
	b.wants("identity on its own port", b.send(http.MethodGet, at+"/api/users", "", "Sec-Fetch-Site", "same-site", "Origin", p.base), 401, "")
	b.wants("no console there", b.send(http.MethodGet, at+"/console/api/session", ""), 404, "")
	b.wants("no metadata there", b.send(http.MethodPost, at+"/v1/metadata", `{"type":"export_metadata","args":{}}`), 404, "")
}

// Behind a public https name the cookie has the name that browsers keep to that host, and all addresses are public ones.
func TestMember_signsInBehindHTTPS(t *testing.T) {
	const public = "https://gate.example"
	for name, env := range map[string][]string{"a name that is known": {"ENDPOINT=" + public}, "and a proxy that is trusted": {"ENDPOINT=" + public, "TRUST_PROXY_HEADER=true"}} {
		p := fresh(t).start(env...)
		p.user("ann", "owner")
		b := &browser{page: p.page(), origin: public, set: map[string]string{}}
		way := b.through("ann", public+"/console/sign-in?to=/console/data")
		for _, at := range way {
			if !strings.HasPrefix(at, public+"/") {
				t.Errorf("%s: the browser is sent to %s", name, at)
			}
		}
		if last := way[len(way)-1]; last != public+"/console/data" {
			t.Errorf("%s: sent to %s", name, last)
		}
		session := b.set["__Host-gatehouse_console"]
		for _, part := range []string{"; Path=/;", "; HttpOnly", "; Secure", "; SameSite=Strict"} {
			if !strings.Contains(session+";", part) {
				t.Errorf("%s: no %q in %s", name, part, session)
			}
		}
		if strings.Contains(session, "Domain") || b.set["gatehouse_console"] != "" {
			t.Errorf("%s: %v", name, b.set)
		}
		if pending := b.set["__Host-gatehouse_console_sign_in"]; !strings.Contains(pending, "Secure") || !strings.Contains(pending, "Max-Age=0") {
			t.Errorf("%s: the sign-in's cookie stays: %s", name, pending)
		}
		behind := []string{"Host", "gate.example", "X-Forwarded-Proto", "https"}
		b.wants(name, b.metadata("export_metadata", object{}, behind...), 200, "sources")
		b.wants(name, b.send(http.MethodGet, "/console/api/session", "", behind...), 200, `"graphql":"https://gate.example/v1/graphql"`)
		b.wants(name+": its own origin", b.metadata("export_metadata", object{}, append(behind, "Sec-Fetch-Site", "", "Origin", public)...), 200, "sources")
		for what, foreign := range map[string]string{"http": "http://gate.example", "a subdomain": "https://x.gate.example", "another port": "https://gate.example:8443"} {
			b.wants(name+": "+what, b.metadata("export_metadata", object{}, append(behind, "Sec-Fetch-Site", "", "Origin", foreign)...), 401, "")
		}
		// Who can set a cookie of the plain name, from a subdomain or past TLS, has no session with it.
		tossed := p.page()
		tossed.cookies["gatehouse_console"] = b.cookies["__Host-gatehouse_console"]
		tossed.wants(name+": the plain name", tossed.metadata("export_metadata", object{}, behind...), 401, "required, but not found")
		b.cookies["gatehouse_console"] = "m1.x"
		b.wants(name+": beside another", b.metadata("export_metadata", object{}, behind...), 200, "sources")
	}
}
