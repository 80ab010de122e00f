package articles_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// browser walks the sign-in flow as the SDK and the sign-in page do together: redirects followed by hand, cookies kept.
type browser struct {
	t        *testing.T
	s        *system
	cookies  map[string]cookie
	app      application
	resource string
	verifier string
	// isOnline leaves offline_access out: the grant ends with the session, and the code is exchanged for the resource.
	isOnline bool
	// tokens as the SDK keeps them
	refreshToken, idToken, onlineToken string
}

type application struct{ id, redirect, secret string }

func newBrowser(t *testing.T, s *system, app application, resource string) *browser {
	t.Helper()
	return &browser{t: t, s: s, app: app, resource: resource, cookies: map[string]cookie{}}
}

// cookie is kept as browsers do it: net/http's own jar refuses the JSON that Logto's cookies hold.
type cookie struct{ value, path string }

func (b *browser) keep(h http.Header) {
	for _, line := range h.Values("Set-Cookie") {
		parts := strings.Split(line, ";")
		name, value, _ := strings.Cut(parts[0], "=")
		c := cookie{value: value, path: "/"}
		isGone := value == ""
		for _, attribute := range parts[1:] {
			k, v, _ := strings.Cut(strings.TrimSpace(attribute), "=")
			switch strings.ToLower(k) {
			case "path":
				c.path = v
			case "expires":
				if t, err := http.ParseTime(v); err == nil && t.Before(time.Now()) {
					isGone = true
				}
			}
		}
		if isGone {
			delete(b.cookies, name+c.path)
			continue
		}
		b.cookies[name+c.path] = cookie{value: name + "=" + value, path: c.path}
	}
}

func (b *browser) cookieHeader(path string) string {
	var sent []string
	for _, c := range b.cookies {
		if strings.HasPrefix(path, c.path) {
			sent = append(sent, c.value)
		}
	}
	return strings.Join(sent, "; ")
}

func randomText() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

func (b *browser) do(method, address string, body any) answer {
	b.t.Helper()
	reader := bytes.NewReader(nil)
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			b.t.Fatal(err)
		}
		reader = bytes.NewReader(text)
	}
	req, err := http.NewRequest(method, address, reader)
	if err != nil {
		b.t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Origin", b.s.identity)
	}
	req.Header.Set("Cookie", b.cookieHeader(req.URL.Path))
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		b.t.Fatal(err)
	}
	b.keep(resp.Header)
	return read(b.t, resp)
}

// api calls the sign-in page's API and wants a status.
func (b *browser) api(want int, method, path string, body any) answer {
	b.t.Helper()
	a := b.do(method, b.s.identity+"/api/experience"+path, body)
	if a.status != want {
		b.t.Fatalf("%s /api/experience%s: status %d, want %d: %s", method, path, a.status, want, a.body)
	}
	return a
}

// authorize opens the sign-in page as the SDK does: code, PKCE, prompt=consent, offline_access, the resource.
func (b *browser) authorize(scopes ...string) {
	b.t.Helper()
	b.verifier = randomText()
	sum := sha256.Sum256([]byte(b.verifier))
	if !b.isOnline {
		scopes = append(scopes, "offline_access")
	}
	q := url.Values{
		"client_id": {b.app.id}, "redirect_uri": {b.app.redirect}, "response_type": {"code"}, "state": {"s-" + b.app.id},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}, "prompt": {"consent"},
		"scope": {strings.Join(append([]string{"openid", "profile"}, scopes...), " ")},
	}
	if b.resource != "" {
		q.Set("resource", b.resource)
	}
	a := b.do("GET", b.s.identity+"/oidc/auth?"+q.Encode(), nil)
	if location := a.header.Get("Location"); a.status != 303 || !strings.HasPrefix(location, "/sign-in") {
		b.t.Fatalf("authorize: status %d, location %q: %s", a.status, location, a.body)
	}
}

// signIn signs an existing user in.
func (b *browser) signIn(username, password string, scopes ...string) {
	b.t.Helper()
	b.authorize(scopes...)
	b.api(204, "PUT", "", map[string]any{"interactionEvent": "SignIn"})
	v := b.api(200, "POST", "/verification/password", map[string]any{"identifier": map[string]any{"type": "username", "value": username}, "password": password})
	b.api(204, "POST", "/identification", map[string]any{"verificationId": v.text("verificationId")})
	b.finish(b.api(200, "POST", "/submit", nil).text("redirectTo"))
}

// signUp registers a new user, as the registration page does.
func (b *browser) signUp(username, password string, scopes ...string) {
	b.t.Helper()
	b.authorize(scopes...)
	b.api(204, "PUT", "", map[string]any{"interactionEvent": "Register"})
	v := b.api(200, "POST", "/verification/new-password-identity", map[string]any{"identifier": map[string]any{"type": "username", "value": username}, "password": password})
	b.api(201, "POST", "/identification", map[string]any{"verificationId": v.text("verificationId")})
	b.finish(b.api(200, "POST", "/submit", nil).text("redirectTo"))
}

// finish follows the redirects to the application's callback and exchanges the code.
func (b *browser) finish(location string) {
	b.t.Helper()
	for range 10 {
		if strings.HasPrefix(location, "/") {
			location = b.s.identity + location
		}
		if strings.HasPrefix(location, b.app.redirect) {
			b.exchange(location)
			return
		}
		a := b.do("GET", location, nil)
		if location = a.header.Get("Location"); a.status/100 != 3 || location == "" {
			b.t.Fatalf("redirects end at status %d: %s", a.status, a.body)
		}
	}
	b.t.Fatal("more than 10 redirects")
}

func (b *browser) exchange(callback string) {
	b.t.Helper()
	u, err := url.Parse(callback)
	if err != nil {
		b.t.Fatal(err)
	}
	if u.Query().Get("code") == "" || u.Query().Get("state") != "s-"+b.app.id {
		b.t.Fatalf("callback without code or with another state: %s", callback)
	}
	form := url.Values{"grant_type": {"authorization_code"}, "code": {u.Query().Get("code")}, "redirect_uri": {b.app.redirect}, "code_verifier": {b.verifier}}
	if b.isOnline {
		form.Set("resource", b.resource)
	}
	a := b.token(form)
	if a.status != 200 || a.text("refresh_token") == "" != b.isOnline {
		b.t.Fatalf("code exchange: status %d: %s", a.status, a.body)
	}
	if b.isOnline {
		b.onlineToken = a.text("access_token")
	}
	b.refreshToken, b.idToken = a.text("refresh_token"), a.text("id_token")
}

func (b *browser) token(form url.Values) answer {
	b.t.Helper()
	form.Set("client_id", b.app.id)
	req, err := http.NewRequest("POST", b.s.identity+"/oidc/token", strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if b.app.secret != "" {
		req.SetBasicAuth(b.app.id, b.app.secret)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	return read(b.t, resp)
}

// accessToken is the SDK's getAccessToken(resource).
func (b *browser) accessToken() string {
	b.t.Helper()
	if b.isOnline {
		return b.onlineToken
	}
	a := b.token(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {b.refreshToken}, "resource": {b.resource}})
	if a.status != 200 {
		b.t.Fatalf("getAccessToken: status %d: %s", a.status, a.body)
	}
	if rotated := a.text("refresh_token"); rotated != "" {
		b.refreshToken = rotated
	}
	return a.text("access_token")
}

// claims reads a token's payload without judging it.
func claims(t *testing.T, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("not a JWT: %s", token)
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// expiredToken is a good access token whose second has passed.
func (b *browser) expiredToken() string {
	b.t.Helper()
	resources := b.s.manage(200, "GET", "/resources", nil)
	for i := range 20 {
		if resources.text(i, "indicator") != b.resource {
			continue
		}
		id := resources.text(i, "id")
		b.s.manage(200, "PATCH", "/resources/"+id, map[string]any{"accessTokenTtl": 1})
		token := b.accessToken()
		b.s.manage(200, "PATCH", "/resources/"+id, map[string]any{"accessTokenTtl": 3600})
		expires, _ := claims(b.t, token)["exp"].(float64)
		waitFor(b.t, "expiry", func() bool { return time.Now().After(time.Unix(int64(expires), 0)) })
		return token
	}
	b.t.Fatalf("no resource %s in %s", b.resource, resources.body)
	return ""
}
