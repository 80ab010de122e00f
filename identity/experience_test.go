package identity_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"gatehouse/identity"
	"gatehouse/identity/token"
)

const (
	passwordPath = "/api/experience/verification/password"
	aliceBody    = `{"identifier":{"type":"username","value":"alice"},"password":"` + password + `"}`
)

// begin opens an authorization request and starts its interaction.
func (w *wing) begin(event string) *browser {
	w.t.Helper()
	b := w.browser()
	b.do("GET", authQuery(spa, newPKCE()), "")
	if a := b.do("PUT", "/api/experience", `{"interactionEvent":"`+event+`"}`); a.status != 204 {
		w.t.Fatalf("begin: %d %s", a.status, a.body)
	}
	return b
}

func (a *answer) code(t *testing.T) string {
	t.Helper()
	code, _ := a.json(t)["code"].(string)
	return code
}

func TestExperience_refusals(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	w.exec(`insert into identity.users (id, username, is_suspended, password_algorithm, password_digest) select 'suspended', 'mallory', true, password_algorithm, password_digest from identity.users`)
	w.exec(`insert into identity.users (id, username) values ('nopassword', 'nopassword')`)
	verified := func(b *browser, body string) string {
		a := b.do("POST", passwordPath, body)
		if a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		return a.body
	}
	for name, c := range map[string]struct {
		send   func() *answer
		status int
		code   string
	}{
		"no interaction": {func() *answer { return w.browser().do("POST", passwordPath, aliceBody) }, 400, "session.not_found"},
		"not begun": {func() *answer {
			b := w.browser()
			b.do("GET", authQuery(spa, newPKCE()), "")
			return b.do("POST", passwordPath, aliceBody)
		}, 404, "session.interaction_not_found"},
		"unsigned cookie": {func() *answer {
			b := w.begin("SignIn")
			for n := range b.jar {
				if b.jar[n].name == "_interaction.sig" {
					b.jar[n].value = strings.Repeat("A", 43)
				}
			}
			return b.do("POST", passwordPath, aliceBody)
		}, 400, "session.not_found"},
		"cookie for another interaction": {func() *answer {
			a, b := w.begin("SignIn"), w.begin("SignIn")
			for n := range a.jar {
				if a.jar[n].name == "_interaction" {
					a.jar[n].value = b.cookieValue("_interaction")
				}
			}
			return a.do("POST", passwordPath, aliceBody)
		}, 400, "session.not_found"},
		"wrong password": {func() *answer {
			return w.begin("SignIn").do("POST", passwordPath, strings.Replace(aliceBody, password, "x", 1))
		}, 422, "session.invalid_credentials"},
		"user without password": {func() *answer {
			return w.begin("SignIn").do("POST", passwordPath, strings.Replace(aliceBody, "alice", "nopassword", 1))
		}, 422, "session.invalid_credentials"},
		"password of 5000 bytes": {func() *answer {
			return w.begin("SignIn").do("POST", passwordPath, strings.Replace(aliceBody, password, strings.Repeat("x", 5000), 1))
		}, 422, "session.invalid_credentials"},
		"oversized": {func() *answer {
			return w.begin("SignIn").do("POST", passwordPath, strings.Replace(aliceBody, password, strings.Repeat("x", 70_000), 1))
		}, 413, "request.invalid_input"},
		"not JSON": {func() *answer { return w.begin("SignIn").do("POST", passwordPath, "{") }, 400, "guard.invalid_input"},
		"null byte": {func() *answer {
			return w.begin("SignIn").do("POST", passwordPath, strings.Replace(aliceBody, "alice", `al\u0000ice`, 1))
		}, 400, "guard.invalid_input"},
		"unknown kind": {func() *answer {
			return w.begin("SignIn").do("POST", passwordPath, strings.Replace(aliceBody, "username", "userId", 1))
		}, 400, "guard.invalid_input"},
		"wrong event":     {func() *answer { return w.begin("SignIn").do("PUT", "/api/experience", `{"interactionEvent":"Steal"}`) }, 400, "guard.invalid_input"},
		"forgot password": {func() *answer { return w.begin("ForgotPassword").do("POST", "/api/experience/identification", `{}`) }, 403, "auth.forbidden"},
		"submit at once":  {func() *answer { return w.begin("SignIn").do("POST", "/api/experience/submit", "") }, 404, "session.identifier_not_found"},
		"no proof":        {func() *answer { return w.begin("SignIn").do("POST", "/api/experience/identification", `{}`) }, 400, "guard.invalid_target"},
		"invented proof": {func() *answer {
			return w.begin("SignIn").do("POST", "/api/experience/identification", `{"verificationId":"x"}`)
		}, 404, "session.verification_session_not_found"},
		"unknown route": {func() *answer { return w.begin("SignIn").do("POST", "/api/experience/verification/totp/verify", `{}`) }, 404, "entity.not_found"},
		"another's proof": {func() *answer {
			return w.begin("SignIn").do("POST", "/api/experience/identification", verified(w.begin("SignIn"), aliceBody))
		}, 404, "session.verification_session_not_found"},
		"suspended": {func() *answer {
			b := w.begin("SignIn")
			return b.do("POST", "/api/experience/identification", verified(b, strings.Replace(aliceBody, "alice", "mallory", 1)))
		}, 401, "user.suspended"},
		"sign-in to sign up": {func() *answer {
			b := w.begin("Register")
			return b.do("POST", "/api/experience/identification", verified(b, aliceBody))
		}, 400, "session.verification_failed"},
		"forged page": {func() *answer {
			return w.begin("SignIn").do("POST", passwordPath, aliceBody, "Origin", "https://evil.example")
		}, 403, "auth.forbidden"},
		"cross-site": {func() *answer {
			return w.begin("SignIn").do("POST", "/api/experience/submit", "", "Sec-Fetch-Site", "cross-site")
		}, 403, "auth.forbidden"},
		"opaque origin": {func() *answer { return w.begin("SignIn").do("POST", "/api/experience/submit", "", "Origin", "null") }, 403, "auth.forbidden"},
		"username policy": {func() *answer {
			return w.begin("Register").do("POST", "/api/experience/verification/new-password-identity", `{"identifier":{"type":"username","value":"1 bad"},"password":"Zk9_fjq!w2"}`)
		}, 422, "user.invalid_username"},
		"registration without a profile": {func() *answer { return w.begin("Register").do("POST", "/api/experience/identification", `{}`) }, 422, "user.missing_profile"},
		"profile before identification": {func() *answer {
			return w.begin("SignIn").do("POST", "/api/experience/profile", `{"type":"username","value":"bob"}`)
		}, 404, "session.identifier_not_found"},
	} {
		if a := c.send(); a.status != c.status || a.code(t) != c.code {
			t.Errorf("%s: %d %s, want %d %s", name, a.status, a.body, c.status, c.code)
		}
	}
}

func (b *browser) cookieValue(name string) string {
	for _, c := range b.jar {
		if c.name == name {
			return c.value
		}
	}
	return ""
}

// The settings decide who may come in: registration closed, sign-in closed, a method not offered.
func TestExperience_settingsCloseDoors(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	set := func(data string) { w.exec(`update identity.sign_in_experience set data = $1`, data) }
	register := func() *answer {
		b := w.begin("Register")
		proof := b.do("POST", "/api/experience/verification/new-password-identity", `{"identifier":{"type":"username","value":"newcomer"},"password":"Zk9_fjq!w2"}`)
		return b.do("POST", "/api/experience/identification", proof.body)
	}
	signIn := func() *answer {
		b := w.begin("SignIn")
		return b.do("POST", "/api/experience/identification", b.do("POST", passwordPath, aliceBody).body)
	}
	set(`{"signInMode":"SignIn"}`)
	if a := register(); a.status != 403 || a.code(t) != "auth.forbidden" {
		t.Errorf("registration when closed: %d %s", a.status, a.body)
	}
	if a := w.begin("SignIn").do("PUT", "/api/experience/interaction-event", `{"interactionEvent":"Register"}`); a.status != 403 {
		t.Errorf("switching to registration when closed: %d %s", a.status, a.body)
	}
	set(`{"signInMode":"Register"}`)
	if a := signIn(); a.status != 403 {
		t.Errorf("sign-in when closed: %d %s", a.status, a.body)
	}
	set(`{"signIn":{"methods":[{"identifier":"email","password":true}]}}`)
	if a := signIn(); a.status != 422 || a.code(t) != "user.sign_in_method_not_enabled" {
		t.Errorf("sign-in by a method not offered: %d %s", a.status, a.body)
	}
	set(`{}`)
	if a := register(); a.status != 201 {
		t.Errorf("registration when open: %d %s", a.status, a.body)
	}
	if a := signIn(); a.status != 204 {
		t.Errorf("sign-in when open: %d %s", a.status, a.body)
	}
}

// After too many failures the right password is refused too, and so are guesses that were in flight.
func TestExperience_lockout(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	w.exec(`update identity.sign_in_experience set data = '{"sentinelPolicy":{"maxAttempts":5,"lockoutDuration":60}}'`)
	b := w.begin("SignIn")
	var wg sync.WaitGroup
	answers := make([]*answer, 12)
	for n := range answers {
		wg.Go(func() {
			answers[n] = b.fork().do("POST", passwordPath, strings.Replace(aliceBody, password, "guess", 1))
		})
	}
	wg.Wait()
	told := 0
	for _, a := range answers {
		if a.code(t) == "session.invalid_credentials" {
			told++
		}
	}
	if told >= 5 {
		t.Errorf("%d guesses were answered under a limit of 5", told)
	}
	if a := b.do("POST", passwordPath, aliceBody); a.status != 400 || a.code(t) != "session.verification_blocked_too_many_attempts" {
		t.Errorf("the right password during the lockout: %d %s", a.status, a.body)
	}
	if a := b.do("POST", passwordPath, strings.Replace(aliceBody, "alice", "nobody", 1)); a.code(t) != "session.invalid_credentials" {
		t.Errorf("another identifier: %d %s", a.status, a.body)
	}
}

// fork is the same browser in another tab.
func (b *browser) fork() *browser {
	return &browser{w: b.w, jar: append([]held(nil), b.jar...)}
}

// A browser that did not make the authorization request cannot go on with it, even knowing its address.
func TestResume_isBoundToTheBrowser(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	victim := w.browser()
	victim.do("GET", authQuery(spa, newPKCE()), "")
	redirectTo := victim.signIn("alice", password)
	if a := w.browser().do("GET", redirectTo, ""); a.status != 400 || len(a.header.Values("Set-Cookie")) > 0 {
		t.Errorf("another browser: %d %s", a.status, a.body)
	}
	if a := victim.do("GET", redirectTo, ""); a.status != 303 {
		t.Fatalf("the rightful browser: %d %s", a.status, a.body)
	}
	if a := victim.do("GET", redirectTo, ""); a.status != 400 {
		t.Errorf("a second time: %d %s", a.status, a.body)
	}
}

// The session's cookie changes at sign-in, so one planted before is worth nothing.
func TestSession_fixation(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	b := w.browser()
	b.authorize(authQuery(spa, newPKCE()))
	before := b.fork()
	b.do("GET", authQuery(spa, newPKCE(), "prompt", "login"), "")
	b.follow(b.signIn("alice", password))
	if b.cookieValue("_session") == before.cookieValue("_session") {
		t.Error("the cookie did not change")
	}
	if a := before.do("GET", authQuery(spa, newPKCE(), "prompt", "none", "scope", "openid"), ""); !strings.Contains(a.header.Get("Location"), "login_required") {
		t.Errorf("the old cookie still works: %s", a.header.Get("Location"))
	}
}

func TestPrompts(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	b := w.browser()
	b.authorize(authQuery(spa, newPKCE()))
	location := func(changes ...string) string {
		return b.fork().do("GET", authQuery(changes[0], newPKCE(), changes[1:]...), "").header.Get("Location")
	}
	for name, c := range map[string]struct{ got, want string }{
		"login again":                 {location(spa, "prompt", "login"), "/sign-in?app_id=" + spa},
		"consent again":               {location(spa), "/consent?app_id=" + spa},
		"nothing needed":              {location(spa, "prompt", "-"), callback + "?code="},
		"max_age in time":             {location(spa, "prompt", "-", "max_age", "3600"), callback + "?code="},
		"none, another client":        {location("9laqjsfhf1nyhyrsuan2n", "prompt", "none"), callback + "?error=consent_required"},
		"none, native":                {location(native, "prompt", "none"), callback + "?error=interaction_required"},
		"none, more scopes":           {location(spa, "prompt", "none", "scope", "openid email"), callback + "?error=consent_required"},
		"none, other resource scopes": {location(spa, "prompt", "none", "scope", "openid"), callback + "?code="},
	} {
		if !strings.HasPrefix(c.got, c.want) {
			t.Errorf("%s: %s, want %s…", name, c.got, c.want)
		}
	}
	w.clock.advance(2 * 60 * 60 * 1e9)
	if got := location(spa, "prompt", "-", "max_age", "3600"); !strings.HasPrefix(got, "/sign-in") {
		t.Errorf("max_age passed: %s", got)
	}
	if got := location(spa, "prompt", "none", "max_age", "3600"); !strings.Contains(got, "error=login_required") {
		t.Errorf("max_age passed, none: %s", got)
	}
}

// The sign-in goes on in another process, from what is stored.
func TestExperience_anotherProcessGoesOn(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	b := w.begin("SignIn")
	proof := b.do("POST", passwordPath, aliceBody)

	id, handler := startIdentity(t, w)
	other := httptest.NewServer(handler)
	defer other.Close()
	first := w.url
	w.url = other.URL // where requests go; the issuer stays the first one's address
	if a := b.do("POST", "/api/experience/identification", proof.body); a.status != 204 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	a := b.do("POST", "/api/experience/submit", "")
	if a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	w.url = first
	if got := b.follow(a.json(t)["redirectTo"].(string)); !strings.HasPrefix(got.header.Get("Location"), callback+"?code=") {
		t.Errorf("%d %s %s", got.status, got.header.Get("Location"), got.body)
	}
	if id.Keys().Keys()[0].KeyID != w.id.Keys().Keys()[0].KeyID {
		t.Error("the processes sign with different keys")
	}
}

// Of several processes starting at once on an empty database all end up with one key.
func TestNew_severalAtOnce(t *testing.T) {
	t.Parallel()
	w := newEmptyWing(t)
	var wg sync.WaitGroup
	kids := make([]string, 4)
	for n := range kids {
		wg.Go(func() {
			id, err := identity.New(context.Background(), identity.Config{Endpoint: "http://localhost:3001", Pool: w.pool, Log: discard()})
			if err != nil {
				t.Error(err)
				return
			}
			defer id.Close()
			kids[n] = id.Keys().Keys()[0].KeyID
		})
	}
	wg.Wait()
	for _, kid := range kids {
		if kid == "" || kid != kids[0] {
			t.Errorf("key ids %q", kids)
		}
	}
}

func TestCreateAdministrator(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	if _, err := w.id.CreateAdministrator(t.Context(), identity.NewAdministrator{Username: "root", Password: "12345678"}); err == nil {
		t.Error("a weak password is accepted")
	}
	if _, err := w.id.CreateAdministrator(t.Context(), identity.NewAdministrator{Username: "alice", Password: "Zk9_fjq!w2"}); err == nil {
		t.Error("a taken name is accepted")
	}
	user, err := w.id.CreateAdministrator(t.Context(), identity.NewAdministrator{Username: "root", Password: "Zk9_fjq!w2"})
	if err != nil {
		t.Fatal(err)
	}
	if role, err := w.id.Directory().ConsoleRole(t.Context(), user.ID); err != nil || role != "owner" {
		t.Errorf("console membership %q, %v", role, err)
	}
	roles, err := w.id.Directory().UserRoles(t.Context(), user.ID)
	names := ""
	for _, r := range roles {
		names += r.Name + " "
	}
	if err != nil || !strings.Contains(names, "admin ") {
		t.Errorf("roles %q, %v", names, err)
	}
}

// The console is a built-in client: its members get the Management API's scope there, others do not, and nobody gets it
// through a client of their own.
func TestConsole_scopeFollowsMembership(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	if _, err := w.id.CreateAdministrator(t.Context(), identity.NewAdministrator{Username: "root", Password: "Zk9_fjq!w2"}); err != nil {
		t.Fatal(err)
	}
	w.exec(`update identity.users set username = 'plain' where id = $1`, alice)
	scope := func(username, pass, client, redirect string) string {
		b, proof := w.browser(), newPKCE()
		b.do("GET", authQuery(client, proof, "redirect_uri", redirect, "resource", "https://default.logto.app/api", "scope", "openid offline_access all"), "")
		target := b.signIn(username, pass)
		for range 3 {
			a := b.do("GET", target, "")
			target = a.header.Get("Location")
		}
		_, query, _ := strings.Cut(target, "code=")
		code, _, _ := strings.Cut(query, "&")
		a := w.exchange(client, code, proof.verifier, "redirect_uri", redirect, "resource", "https://default.logto.app/api")
		if a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		token := a.json(t)["access_token"].(string)
		api := w.browser().do("GET", "/api/roles", "", "Authorization", "Bearer "+token)
		return a.json(t)["scope"].(string) + " " + http.StatusText(api.status)
	}
	page := w.url + "/console/callback"
	if got := scope("root", "Zk9_fjq!w2", "admin-console", page); got != "all OK" {
		t.Errorf("an owner in the console: %q", got)
	}
	if got := scope("plain", password, "admin-console", page); got != " Forbidden" {
		t.Errorf("somebody else in the console: %q", got)
	}
	if got := scope("root", "Zk9_fjq!w2", spa, callback); got != " Forbidden" {
		t.Errorf("an owner in another application: %q", got)
	}
}

// A third-party application gets nothing until consent can name what it asks for.
func TestThirdParty_isRefused(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	w.exec(`update identity.applications set is_third_party = true where id = $1`, traditional)
	b := w.browser()
	a := b.follow(authQuery(traditional, newPKCE()))
	if strings.HasPrefix(a.header.Get("Location"), "/sign-in") {
		a = b.follow(b.signIn("alice", password))
	}
	if !strings.HasPrefix(a.header.Get("Location"), callback+"?error=access_denied") {
		t.Errorf("%d %s", a.status, a.header.Get("Location"))
	}
}

func TestWellKnown(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	for path, want := range map[string]string{
		"/api/.well-known/sign-in-exp": "SignInAndRegister", "/api/.well-known/experience": "SignInAndRegister",
	} {
		a := w.browser().do("GET", path, "")
		body := a.json(t)
		if a.status != 200 || body["signInMode"] != want || body["socialConnectors"] == nil || body["forgotPassword"] == nil {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	// Observed: recording 13, "admin well-known sign-in-exp".
	const members = "tenantId id color branding hideLogtoBranding languageInfo termsOfUseUrl privacyPolicyUrl agreeToTermsPolicy signIn signUp " +
		"socialSignIn socialSignInConnectorTargets signInMode customCss customContent customUiAssets customUiCsp passwordPolicy mfa adaptiveMfa " +
		"singleSignOnEnabled supportEmail supportWebsiteUrl unknownSessionRedirectUrl captchaPolicy sentinelPolicy verificationCodePolicy " +
		"passkeySignIn signUpProfileFields passwordExpiration usernamePolicy socialConnectors ssoConnectors forgotPassword isDevelopmentTenant " +
		"customProfileFields customProfileFieldCatalog"
	var settings token.Object
	if err := settings.UnmarshalJSON([]byte(w.browser().do("GET", "/api/.well-known/sign-in-exp", "").body)); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(settings.Keys(), " "); got != members {
		t.Errorf("members\n got      %s\n recorded %s", got, members)
	}
	if a := w.browser().do("GET", "/api/.well-known/phrases?lng=de", ""); a.status != 200 || !json.Valid([]byte(a.body)) {
		t.Errorf("phrases: %d %s", a.status, a.body)
	}
}
