package identity_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// Whatever a client sends, the answer is a refusal in the surface's own shape, never a failure of the server.
func TestBadInput_isNeverAServerError(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	tokens := w.tokens(spa)
	deep := strings.Repeat(`[`, 20_000)
	odd := []string{
		"", "{", "}", "null", "[]", `""`, "0", "{}", `{"a":` + deep, `{"identifier":null}`, `{"identifier":[],"password":{}}`, `{"verificationId":1}`,
		`{"identifier":{"type":"username","value":"\ud800"},"password":"\udfff"}`, `{"identifier":{"type":"email","value":"` + strings.Repeat("é", 5000) + `"},"password":"x"}`,
		`{"identifier":{"type":"phone","value":"' or 1=1 --"},"password":"%00"}`, `{"interactionEvent":{}}`, `{"type":"username","value":"\u0000"}`,
		`{"type":"extraProfile","values":{"a":1}}`, `{"type":"social","verificationId":"x"}`, `{"type":"password","value":""}`, `{"type":"username","value":7}`,
		"\xff\xfe", "a=%zz", "%00", "grant_type=%ff", "grant_type=refresh_token&refresh_token=%00", "grant_type=authorization_code&code[]=1",
		`{"grant_type":["a","b"]}`, `{"grant_type":"refresh_token","refresh_token":"\u0000","client_id":"` + spa + `"}`, `{"grant_type":1e400}`,
		"token=" + strings.Repeat("x", 50_000) + "&client_id=" + spa, "token=a.b.c&client_id=" + spa, "client_id=" + strings.Repeat("x", 5000),
		"grant_type=client_credentials&client_id=" + machine + "&client_secret=" + machineKey + "&resource=" + strings.Repeat("x:", 5000),
		"grant_type=client_credentials&client_id=" + machine + "&client_secret=" + machineKey + "&resource=https://x.example/%2500%25ff",
		"grant_type=refresh_token&client_id=" + spa + "&refresh_token=" + fmt.Sprint(tokens["refresh_token"]) + "&scope=" + strings.Repeat("a+", 5000),
	}
	post := []string{
		"/oidc/auth", "/oidc/token", "/oidc/me", "/oidc/token/introspection", "/oidc/token/revocation", "/oidc/session/end", "/oidc/session/end/confirm",
		"/api/experience", "/api/experience/verification/password", "/api/experience/verification/new-password-identity",
		"/api/experience/identification", "/api/experience/profile", "/api/experience/submit", "/api/experience/x", "/oidc/x", "/oidc/auth/x",
	}
	get := []string{
		"/oidc/auth?", "/oidc/auth?client_id=" + spa + "&redirect_uri=%ff", "/oidc/auth/%ff", "/oidc/auth/%00", "/oidc/auth/..%2f..", "/oidc/session/end?id_token_hint=%00",
		"/consent?app_id=%ff", "/api/experience/interaction?app_id=%00", "/api/authn/hasura?resource=%ff%00&unauthorizedRole=%ff", "/api/authn/hasura?resource=a&resource=b",
		"/api/.well-known/phrases?lng=%00", "/api/.well-known/sign-in-exp?appId=%ff", "/oidc/me", "/oidc/jwks?x=%00", "/oidc/session/end?client_id=%00",
		authQuery(spa, newPKCE(), "nonce", strings.Repeat("n", 5000), "state", strings.Repeat("\u00e9", 2000), "ui_locales", `";\`, "login_hint", "\u2028"),
		authQuery(spa, newPKCE(), "max_age", "99999999999999999999"), authQuery(spa, newPKCE(), "scope", strings.Repeat("s ", 4000)),
		authQuery(spa, newPKCE(), "resource", "https://[::1"), authQuery(spa, newPKCE(), "id_token_hint", fmt.Sprint(tokens["id_token"])+"x"),
	}
	headers := [][]string{
		nil,
		{"Authorization", "Bearer"},
		{"Authorization", "Bearer \xff\xff"},
		{"Authorization", "Basic " + strings.Repeat("A", 4000)},
		{"Authorization", "x y z"},
		{"Authorization", "Bearer " + strings.Repeat("a.", 3)},
		{"Cookie", "_session=x; _session.sig=y; _interaction={; _interaction.sig="},
		{"Cookie", ";;;=;\xff=\xff"},
		{"Content-Type", "application/json; charset=\xff"},
		{"Content-Type", "application/x-www-form-urlencoded"},
		{"Content-Type", "multipart/form-data"},
		{"Origin", "null"},
		{"Origin", "http://[::1"},
		{"Expected-Role", "\xff"},
		{"Logto-App-Id", "\xff"},
		{"User-Agent", strings.Repeat("\xff", 3000)},
	}
	check := func(a *answer, format string, args ...any) {
		t.Helper()
		if a.status >= 500 {
			t.Errorf("%s: %d %s", fmt.Sprintf(format, args...), a.status, a.body)
		}
	}
	for _, path := range post {
		for _, body := range odd {
			check(w.browser().do("POST", path, body), "POST %s %.60q", path, body)
		}
	}
	for _, path := range get {
		for _, h := range headers {
			check(w.browser().do("GET", path, "", h...), "GET %.60s %.60q", path, h)
		}
	}
	// With a living interaction, so that the bodies reach what reads them.
	for _, event := range []string{"SignIn", "Register"} {
		b := w.begin(event)
		for _, path := range post {
			if !strings.HasPrefix(path, "/api/experience/") {
				continue
			}
			for _, body := range odd {
				check(b.do("POST", path, body, "Content-Type", "application/json"), "%s POST %s %.60q", event, path, body)
			}
		}
	}
	for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodOptions, http.MethodHead} {
		for _, path := range append(post, "/consent", "/api/authn/hasura") {
			check(w.browser().do(method, path, "x"), "%s %s", method, path)
		}
	}
}
