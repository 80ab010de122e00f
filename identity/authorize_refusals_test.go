package identity_test

import (
	"net/url"
	"strings"
	"testing"
)

// Before the redirect URI is known to be the client's, an error must not travel there: 400 with JSON, no Location.
func TestAuthorize_refusesWithoutRedirecting(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	w.exec(`update identity.applications set oidc_client_metadata = $2 where id = $1`, native,
		`{"redirectUris":["http://127.0.0.1/cb","com.example.app://callback"],"postLogoutRedirectUris":[]}`)
	proof := newPKCE()
	for name, c := range map[string]struct {
		target, code string
	}{
		"no client":                  {authQuery(spa, proof, "client_id", "-"), "invalid_request"},
		"unknown client":             {authQuery(spa, proof, "client_id", "nope"), "invalid_client"},
		"client twice":               {authQuery(spa, proof) + "&client_id=" + spa, "invalid_request"},
		"no redirect URI":            {authQuery(spa, proof, "redirect_uri", "-"), "invalid_request"},
		"redirect URI twice":         {authQuery(spa, proof) + "&redirect_uri=" + callback, "invalid_request"},
		"another host":               {authQuery(spa, proof, "redirect_uri", "http://evil.example/callback"), "invalid_redirect_uri"},
		"registered as prefix":       {authQuery(spa, proof, "redirect_uri", callback+"/more"), "invalid_redirect_uri"},
		"registered as user":         {authQuery(spa, proof, "redirect_uri", "http://localhost:3999@evil.example/callback"), "invalid_redirect_uri"},
		"dot segments":               {authQuery(spa, proof, "redirect_uri", "http://localhost:3999/x/../callback"), "invalid_redirect_uri"},
		"query added":                {authQuery(spa, proof, "redirect_uri", callback+"?next=http://evil.example"), "invalid_redirect_uri"},
		"fragment added":             {authQuery(spa, proof, "redirect_uri", callback+"#x"), "invalid_redirect_uri"},
		"other port":                 {authQuery(spa, proof, "redirect_uri", "http://localhost:4000/callback"), "invalid_redirect_uri"},
		"other scheme":               {authQuery(spa, proof, "redirect_uri", "https://localhost:3999/callback"), "invalid_redirect_uri"},
		"other case":                 {authQuery(spa, proof, "redirect_uri", "http://LOCALHOST:3999/callback"), "invalid_redirect_uri"},
		"backslash":                  {authQuery(spa, proof, "redirect_uri", `http://evil.example\@localhost:3999/callback`), "invalid_redirect_uri"},
		"scheme relative":            {authQuery(spa, proof, "redirect_uri", "//localhost:3999/callback"), "invalid_redirect_uri"},
		"javascript":                 {authQuery(spa, proof, "redirect_uri", "javascript:alert(1)"), "invalid_redirect_uri"},
		"line break":                 {authQuery(spa, proof, "redirect_uri", callback+"\r\nX: y"), "invalid_redirect_uri"},
		"native loopback other host": {authQuery(native, proof, "redirect_uri", "http://127.0.0.2:1/cb"), "invalid_redirect_uri"},
		"native loopback with user":  {authQuery(native, proof, "redirect_uri", "http://a@127.0.0.1:1/cb"), "invalid_redirect_uri"},
		"native loopback other path": {authQuery(native, proof, "redirect_uri", "http://127.0.0.1:1/cb/x"), "invalid_redirect_uri"},
		"machine application":        {authQuery(machine, proof), "invalid_redirect_uri"},
		"null byte":                  {authQuery(spa, proof) + "&login_hint=%00", "invalid_request"},
		"not UTF-8":                  {authQuery(spa, proof) + "&login_hint=%ff", "invalid_request"},
	} {
		a := w.browser().do("GET", c.target, "")
		if a.status != 400 || a.header.Get("Location") != "" || len(a.header.Values("Set-Cookie")) > 0 || a.json(t)["error"] != c.code {
			t.Errorf("%s: %d %q %s, want 400 %s", name, a.status, a.header.Get("Location"), a.body, c.code)
		}
	}
}

// Afterwards errors go to the client with state and iss, and nothing is stored for the request.
func TestAuthorize_refusesAtTheClient(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	proof := newPKCE()
	for name, c := range map[string]struct {
		target, code string
	}{
		"no response type":         {authQuery(spa, proof, "response_type", "-"), "invalid_request"},
		"implicit":                 {authQuery(spa, proof, "response_type", "token"), "unsupported_response_type"},
		"hybrid":                   {authQuery(spa, proof, "response_type", "code id_token"), "unsupported_response_type"},
		"response mode":            {authQuery(spa, proof, "response_mode", "web_message"), "unsupported_response_mode"},
		"no PKCE":                  {authQuery(spa, proof, "code_challenge", "-", "code_challenge_method", "-"), "invalid_request"},
		"plain PKCE":               {authQuery(spa, proof, "code_challenge_method", "plain"), "invalid_request"},
		"PKCE without method":      {authQuery(spa, proof, "code_challenge_method", "-"), "invalid_request"},
		"method without challenge": {authQuery(spa, proof, "code_challenge", "-"), "invalid_request"},
		"short challenge":          {authQuery(spa, proof, "code_challenge", "abc"), "invalid_request"},
		"challenge alphabet":       {authQuery(spa, proof, "code_challenge", strings.Repeat("!", 43)), "invalid_request"},
		"native without PKCE":      {authQuery(native, proof, "code_challenge", "-", "code_challenge_method", "-"), "invalid_request"},
		"prompt none and login":    {authQuery(spa, proof, "prompt", "none login"), "invalid_request"},
		"unknown prompt":           {authQuery(spa, proof, "prompt", "create"), "invalid_request"},
		"max_age":                  {authQuery(spa, proof, "max_age", "-1"), "invalid_request"},
		"max_age text":             {authQuery(spa, proof, "max_age", "soon"), "invalid_request"},
		"unknown resource":         {authQuery(spa, proof, "resource", "https://nope.example"), "invalid_target"},
		"resource no URI":          {authQuery(spa, proof, "resource", "nope"), "invalid_target"},
		"resource fragment":        {authQuery(spa, proof, "resource", resource+"#x"), "invalid_target"},
		"one resource unknown":     {authQuery(spa, proof, "resource", resource+",https://nope.example"), "invalid_target"},
		"request object":           {authQuery(spa, proof, "request", "eyJ"), "request_not_supported"},
		"request uri":              {authQuery(spa, proof, "request_uri", "https://evil.example"), "request_uri_not_supported"},
		"id_token_hint":            {authQuery(spa, proof, "id_token_hint", "x.y.z"), "invalid_request"},
		"prompt none, no session":  {authQuery(spa, proof, "prompt", "none"), "login_required"},
	} {
		a := w.browser().do("GET", c.target, "")
		u, err := url.Parse(a.header.Get("Location"))
		if err != nil || a.status != 303 || !strings.HasPrefix(a.header.Get("Location"), callback+"?error=") {
			t.Errorf("%s: %d %q %s", name, a.status, a.header.Get("Location"), a.body)
			continue
		}
		if q := u.Query(); q.Get("error") != c.code || q.Get("state") != "st" || q.Get("iss") != w.id.Issuer() || q.Has("code") {
			t.Errorf("%s: %s, want %s", name, u.RawQuery, c.code)
		}
	}
	var stored int
	if err := w.pool.QueryRow(t.Context(), `select count(*) from identity.interactions`).Scan(&stored); err != nil || stored != 0 {
		t.Errorf("%d interactions stored, %v", stored, err)
	}
}

func TestAuthorize_responseModes(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	b, proof := w.browser(), newPKCE()
	b.authorize(authQuery(spa, proof))
	fragment := b.do("GET", authQuery(spa, proof, "response_mode", "fragment", "prompt", "none", "scope", "openid"), "")
	if !strings.HasPrefix(fragment.header.Get("Location"), callback+"#code=") {
		t.Errorf("fragment: %s", fragment.header.Get("Location"))
	}
	post := b.do("GET", authQuery(spa, proof, "response_mode", "form_post", "prompt", "none", "scope", "openid", "state", `"><script>alert(1)</script>`), "")
	for _, part := range []string{`action="` + callback + `"`, `name="code" value="`, `value="&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"`} {
		if !strings.Contains(post.body, part) {
			t.Errorf("form_post lacks %s:\n%s", part, post.body)
		}
	}
	if post.header.Get("Cache-Control") != "no-store" || !strings.Contains(post.header.Get("Content-Security-Policy"), "script-src 'sha256-") {
		t.Errorf("form_post headers: %v", post.header)
	}
}

// first_screen and its relatives choose the page; a hint travels, an attack on the path does not.
func TestAuthorize_pages(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	proof := newPKCE()
	for _, c := range []struct{ change, value, want string }{
		{"first_screen", "register", "/register?app_id=" + spa},
		{"interaction_mode", "signUp", "/register?app_id=" + spa},
		{"first_screen", "reset_password", "/forgot-password?app_id=" + spa},
		{"first_screen", "identifier:sign_in", "/identifier-sign-in?app_id=" + spa},
		{"first_screen", "https://evil.example", "/sign-in?app_id=" + spa},
		{"login_hint", "a@b.c", "/sign-in?app_id=" + spa + "&login_hint=a%40b.c"},
		{"direct_sign_in", "social:google", "/direct/social/google?app_id=" + spa + "&fallback=sign-in"},
		{"direct_sign_in", "social:../../x", "/direct/social/..%2F..%2Fx?app_id=" + spa + "&fallback=sign-in"},
		{"direct_sign_in", "evil:x", "/sign-in?app_id=" + spa},
	} {
		if a := w.browser().do("GET", authQuery(spa, proof, c.change, c.value), ""); a.header.Get("Location") != c.want {
			t.Errorf("%s=%s leads to %s, want %s", c.change, c.value, a.header.Get("Location"), c.want)
		}
	}
}
