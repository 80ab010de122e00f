package identity_test

import (
	"errors"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"gatehouse/identity/oidc"
)

// holdings are the tokens of one sign-in, to see which of them live.
type grantTokens struct {
	w                    *wing
	client               string
	opaque, jwt, refresh string
}

func (w *wing) grantTokens(b *browser, client string, changes ...string) grantTokens {
	w.t.Helper()
	proof := newPKCE()
	a := w.exchange(client, b.authorize(authQuery(client, proof, changes...)).Get("code"), proof.verifier)
	if a.status != 200 {
		w.t.Fatalf("exchange: %d %s", a.status, a.body)
	}
	g := grantTokens{w: w, client: client, opaque: a.json(w.t)["access_token"].(string)}
	if refresh, ok := a.json(w.t)["refresh_token"].(string); ok {
		a = w.refresh(client, refresh, "resource", resource)
		if a.status != 200 {
			w.t.Fatalf("refresh: %d %s", a.status, a.body)
		}
		g.jwt, g.refresh = a.json(w.t)["access_token"].(string), a.json(w.t)["refresh_token"].(string)
		return g
	}
	// Without offline access: another code of the same grant, exchanged for the resource.
	a = w.exchange(client, b.authorize(authQuery(client, proof, changes...)).Get("code"), proof.verifier, "resource", resource)
	if a.status != 200 {
		w.t.Fatalf("exchange for resource: %d %s", a.status, a.body)
	}
	g.jwt = a.json(w.t)["access_token"].(string)
	return g
}

// live names what of the grant lives.
func (g grantTokens) live() string {
	g.w.t.Helper()
	var out []string
	if g.w.userinfo(g.opaque).status == 200 {
		out = append(out, "opaque")
	}
	if _, err := g.w.id.Provider().VerifyAccess(g.w.t.Context(), g.jwt); err == nil {
		out = append(out, "jwt")
	}
	hook := g.w.browser().do("GET", "/api/authn/hasura?resource="+url.QueryEscape(resource), "", "Authorization", "Bearer "+g.jwt, "Expected-Role", "user")
	if hook.status == 200 {
		out = append(out, "webhook")
	}
	if g.refresh != "" && g.w.refresh(g.client, g.refresh).status == 200 {
		out = append(out, "refresh")
	}
	return strings.Join(out, " ")
}

const alive = "opaque jwt webhook refresh"

var (
	offline = []string{"scope", "openid offline_access read:todos"}
	online  = []string{"scope", "openid read:todos"}
)

func TestEnds_everythingOfAGrantDiesTogether(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(w *wing, g grantTokens){
		"refresh token revoked": func(w *wing, g grantTokens) {
			w.form("/oidc/token/revocation", url.Values{"token": {g.refresh}, "client_id": {spa}})
		},
		"user suspended": func(w *wing, _ grantTokens) {
			w.exec(`update identity.users set is_suspended = true where id = $1`, alice)
		},
		"user suspended and restored": func(w *wing, _ grantTokens) {
			w.exec(`update identity.users set is_suspended = true where id = $1`, alice)
			w.exec(`update identity.users set is_suspended = false where id = $1`, alice)
		},
		"user deleted":        func(w *wing, _ grantTokens) { w.exec(`delete from identity.users where id = $1`, alice) },
		"application deleted": func(w *wing, _ grantTokens) { w.exec(`delete from identity.applications where id = $1`, spa) },
		"grant ended by an operator": func(w *wing, _ grantTokens) {
			operator := managementToken(w.t, w)
			list := w.browser().do("GET", "/api/users/"+alice+"/grants", "", "Authorization", "Bearer "+operator)
			id := regexp.MustCompile(`"id":"([^"]+)"`).FindStringSubmatch(list.body)
			if id == nil {
				w.t.Fatalf("grants: %d %s", list.status, list.body)
			}
			if a := w.browser().do("DELETE", "/api/users/"+alice+"/grants/"+id[1], "", "Authorization", "Bearer "+operator); a.status != 204 {
				w.t.Fatalf("end grant: %d %s", a.status, a.body)
			}
		},
		"session and all grants ended by an operator": func(w *wing, _ grantTokens) {
			operator := managementToken(w.t, w)
			list := w.browser().do("GET", "/api/users/"+alice+"/sessions", "", "Authorization", "Bearer "+operator)
			id := regexp.MustCompile(`"uid":"([^"]+)"`).FindStringSubmatch(list.body)
			if id == nil {
				w.t.Fatalf("sessions: %d %s", list.status, list.body)
			}
			if a := w.browser().do("DELETE", "/api/users/"+alice+"/sessions/"+id[1]+"?revokeGrantsTarget=all", "", "Authorization", "Bearer "+operator); a.status != 204 {
				w.t.Fatalf("end session: %d %s", a.status, a.body)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWing(t)
			g := w.grantTokens(w.browser(), spa, offline...)
			end(w, g)
			if live := g.live(); live != "" {
				t.Errorf("still live: %s", live)
			}
		})
	}
}

// Signing out ends the session and the grants that were to last only as long; offline grants go on.
func TestEnds_sessionEndKeepsOfflineGrants(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	b := w.browser()
	kept := w.grantTokens(b, spa, offline...)
	ended := w.grantTokens(b, "9laqjsfhf1nyhyrsuan2n", append([]string{"prompt", "-"}, online...)...)
	if live := ended.live(); live != "opaque jwt webhook" {
		t.Fatalf("before: %s", live)
	}
	page := b.do("GET", "/oidc/session/end?client_id="+spa+"&post_logout_redirect_uri=http://localhost:3999/&state=s1", "")
	xsrf := regexp.MustCompile(`name="xsrf" value="([^"]+)"`).FindStringSubmatch(page.body)[1]

	if a := w.browser().do("POST", "/oidc/session/end/confirm", "logout=yes&xsrf="+xsrf); a.status != 400 {
		t.Errorf("confirmed by another browser: %d", a.status)
	}
	if a := b.do("POST", "/oidc/session/end/confirm", "logout=yes&xsrf=guess"); a.status != 400 || a.json(t)["error_description"] != "xsrf token invalid" {
		t.Errorf("confirmed with a guess: %d %s", a.status, a.body)
	}
	a := b.do("POST", "/oidc/session/end/confirm", "logout=yes&xsrf="+xsrf)
	if a.status != 303 || a.header.Get("Location") != "http://localhost:3999/?state=s1" {
		t.Errorf("confirmed: %d %s %s", a.status, a.header.Get("Location"), a.body)
	}
	if live := ended.live(); live != "" {
		t.Errorf("grant without offline access: %s lives", live)
	}
	if live := kept.live(); live != alive {
		t.Errorf("offline grant: only %q lives", live)
	}
	if a := b.do("GET", authQuery(spa, newPKCE(), "prompt", "none"), ""); !strings.Contains(a.header.Get("Location"), "error=login_required") {
		t.Errorf("the session lives: %s", a.header.Get("Location"))
	}
}

func TestEndSession_refusesForeignRedirects(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	for name, query := range map[string]string{
		"not registered":   "client_id=" + spa + "&post_logout_redirect_uri=http://evil.example/",
		"prefix":           "client_id=" + spa + "&post_logout_redirect_uri=http://localhost:3999/x",
		"unknown client":   "client_id=nope&post_logout_redirect_uri=http://localhost:3999/",
		"hint not a token": "id_token_hint=x.y.z&post_logout_redirect_uri=http://localhost:3999/",
	} {
		if a := w.browser().do("GET", "/oidc/session/end?"+query, ""); a.status != 400 || a.header.Get("Location") != "" {
			t.Errorf("%s: %d %s", name, a.status, a.header.Get("Location"))
		}
	}
	// Without a client nothing says whose the URI is: it is not used.
	b := w.browser()
	page := b.do("GET", "/oidc/session/end?post_logout_redirect_uri=http://evil.example/", "")
	xsrf := regexp.MustCompile(`name="xsrf" value="([^"]+)"`).FindStringSubmatch(page.body)[1]
	if a := b.do("POST", "/oidc/session/end/confirm", "logout=yes&xsrf="+xsrf); a.header.Get("Location") != w.url+"/oidc/session/end/success" {
		t.Errorf("leads to %s", a.header.Get("Location"))
	}
	// An ID token, even an expired one, names the client.
	tokens := w.tokens(spa)
	w.clock.advance(2 * time.Hour)
	page = b.do("GET", "/oidc/session/end?id_token_hint="+tokens["id_token"].(string)+"&post_logout_redirect_uri=http://localhost:3999/", "")
	if page.status != 200 {
		t.Errorf("with an expired hint: %d %s", page.status, page.body)
	}
}

// A role taken away narrows at the next refresh; one given widens only at the next authorization.
func TestScopes_followRolesWithinTheGrant(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	scope := func(client, refresh string) string {
		a := w.refresh(client, refresh, "resource", resource)
		if a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		return a.json(t)["scope"].(string)
	}
	b := w.browser()
	g := w.grantTokens(b, traditional, "scope", "openid offline_access read:todos write:todos delete:todos")
	if got := scope(traditional, g.refresh); got != "read:todos write:todos" {
		t.Errorf("at first %q", got)
	}
	w.exec(`delete from identity.users_roles where role_id = 'hgwfstq7c0kpif62o2wh1'`)
	if got := scope(traditional, g.refresh); got != "read:todos" {
		t.Errorf("after the role was taken %q", got)
	}
	w.exec(`insert into identity.roles_scopes (role_id, scope_id) values ('editor000000000000000', 'delete0000000000000000')`)
	w.exec(`insert into identity.users_roles (user_id, role_id) values ($1, 'editor000000000000000')`, alice)
	if got := scope(traditional, g.refresh); got != "read:todos" {
		t.Errorf("after a role was given %q", got)
	}
	g = w.grantTokens(b, traditional, "scope", "openid offline_access read:todos write:todos delete:todos")
	if got := scope(traditional, g.refresh); got != "read:todos delete:todos" {
		t.Errorf("after authorizing again %q", got)
	}
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	b := w.browser()
	g := w.grantTokens(b, traditional, offline...)
	w.clock.advance(61 * time.Minute)
	if a := w.userinfo(g.opaque); a.status != 401 {
		t.Errorf("access token after an hour: %d", a.status)
	}
	w.clock.advance(15 * 24 * time.Hour)
	if a := b.do("GET", authQuery(spa, newPKCE(), "prompt", "none"), ""); !strings.Contains(a.header.Get("Location"), "login_required") {
		t.Errorf("session after 15 days: %s", a.header.Get("Location"))
	}
	w.clock.advance(180 * 24 * time.Hour)
	if err := w.id.Provider().Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"sessions", "grants", "interactions", "codes", "access_tokens", "refresh_tokens", "revoked_tokens"} {
		var n int
		if err := w.pool.QueryRow(t.Context(), `select count(*) from identity.`+table).Scan(&n); err != nil || n != 0 {
			t.Errorf("%d rows left in %s, %v", n, table, err)
		}
	}
}

// Nothing that opens a door is stored readably.
func TestStorage_holdsDigestsOnly(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	b, proof := w.browser(), newPKCE()
	code := b.authorize(authQuery(spa, proof)).Get("code")
	tokens := w.exchange(spa, code, proof.verifier).json(t)
	secrets := []string{code, tokens["access_token"].(string), tokens["refresh_token"].(string)}
	for _, c := range b.jar {
		if c.name == "_session" {
			secrets = append(secrets, c.value)
		}
	}
	if len(secrets) != 4 {
		t.Fatal("no session cookie")
	}
	for _, table := range []string{"sessions", "grants", "interactions", "codes", "access_tokens", "refresh_tokens", "logs"} {
		for _, s := range secrets {
			var n int
			if err := w.pool.QueryRow(t.Context(), `select count(*) from identity.`+table+` x where strpos(x::text, $1) > 0`, s).Scan(&n); err != nil || n != 0 {
				t.Errorf("%s holds a secret readably (%d rows, %v)", table, n, err)
			}
		}
	}
}

// A jti begins with the handle of its grant.
func TestAccessToken_carriesItsGrantsHandle(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	g := w.grantTokens(w.browser(), spa, offline...)
	jti := decodeJWT(t, g.jwt)["jti"].(string)
	var n int
	err := w.pool.QueryRow(t.Context(), `
select count(*) from identity.grants where handle = substring(decode(translate($1, '-_', '+/') || '=', 'base64') from 1 for 16)`, jti).Scan(&n)
	if err != nil || n != 1 || len(jti) != 43 {
		t.Errorf("jti %s names %d grants, %v", jti, n, err)
	}
	grants, err := w.id.Provider().Grants(t.Context(), alice)
	if err != nil || len(grants) != 1 || !grants[0].IsOffline {
		t.Errorf("grants %+v, %v", grants, err)
	}
	if _, err := w.id.Provider().VerifyAccess(t.Context(), g.jwt[:len(g.jwt)-4]+"AAAA"); err == nil || errors.Is(err, oidc.ErrEnded) {
		t.Errorf("a tampered token gives %v", err)
	}
}
