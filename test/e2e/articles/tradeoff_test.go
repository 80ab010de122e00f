package articles_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"gatehouse/internal/testpg"
)

// The articles end on a trade-off: the webhook sees permission changes at once, a JWT saves the call. These tests hold
// the third way, built-in identity, to both: no hook and no JWT secret are configured.

// builtIn is a Gatehouse with its directory in a database of its own, a table that two roles see differently, and a
// signed-in user who holds both roles.
func builtIn(t *testing.T) (s *system, b *browser, identityDatabase string) {
	t.Helper()
	identityDatabase = testpg.Database(t)
	s = oneProcess(t, map[string]string{"DB_URL": identityDatabase, "USER_DEFAULT_ROLE_NAMES": "user,good_user"})
	s.manage(201, "POST", "/resources", map[string]any{"name": "Hasura", "indicator": "https://hasura.api"})
	s.sql(`create table note (id serial primary key, owner text, body text not null, public boolean not null);
	       insert into note (body, public) values ('seen by all', true), ('kept back', false)`)
	s.metadata(
		command("pg_track_table", map[string]any{"source": "default", "table": "note"}),
		command("pg_create_select_permission", map[string]any{
			"source": "default", "table": "note", "role": "user",
			"permission": map[string]any{"columns": []string{"id", "body"}, "filter": map[string]any{"public": map[string]any{"_eq": true}}},
		}),
		command("pg_create_select_permission", map[string]any{
			"source": "default", "table": "note", "role": "good_user",
			"permission": map[string]any{"columns": []string{"id", "body"}, "filter": map[string]any{}},
		}),
	)
	b = newBrowser(t, s, s.application("SPA"), "https://hasura.api")
	b.signUp("ada", password, "roles")
	return s, b, identityDatabase
}

const (
	allNotes    = `{"data":{"note":[{"body":"seen by all"},{"body":"kept back"}]}}`
	publicNotes = `{"data":{"note":[{"body":"seen by all"}]}}`
	notes       = `{ note(order_by: {id: asc}) { body } }`
)

func bearer(token string, more ...string) map[string]string {
	h := map[string]string{"Authorization": "Bearer " + token}
	for i := 0; i < len(more); i += 2 {
		h[more[i]] = more[i+1]
	}
	return h
}

func TestBuiltInIdentity_whoIsTheCaller(t *testing.T) {
	s, b, _ := builtIn(t)
	token := b.accessToken()
	sub, _ := claims(t, token)["sub"].(string)

	refusals := map[string]struct {
		header map[string]string
		code   string
	}{
		"no credential":              {map[string]string{}, "access-denied"},
		"a role not held":            {bearer(token, "X-Hasura-Role", "boss"), "access-denied"},
		"admin without holding it":   {bearer(token, "X-Hasura-Role", "admin"), "access-denied"},
		"two different role headers": {bearer(token, "X-Hasura-Role", "user", "Expected-Role", "good_user"), "invalid-headers"},
		"an ID token":                {bearer(b.idToken), "invalid-jwt"},
		"an opaque token":            {bearer(randomText()), "invalid-jwt"},
		"an expired token":           {bearer(b.expiredToken()), "invalid-jwt"},
		"a tampered token":           {bearer(tampered(token)), "invalid-jwt"},
		"an unsigned token":          {bearer(unsigned(token)), "invalid-jwt"},
		"not a bearer token":         {map[string]string{"Authorization": "Basic YTpi"}, "invalid-headers"},
		"a wrong admin secret":       {map[string]string{"X-Hasura-Admin-Secret": "wrong", "Authorization": "Bearer " + token}, "access-denied"},
		"a name of one's own":        {map[string]string{"X-Hasura-User-Id": sub, "X-Hasura-Role": "user"}, "access-denied"},
		"a token for another API":    {bearer(s.foreignToken(b), "X-Hasura-Role", "user"), "invalid-jwt"},
		"a token of a third party":   {bearer(s.thirdPartyToken(t, b), "X-Hasura-Role", "user"), "access-denied"},
		"a machine without a role":   {bearer(s.machineToken("https://hasura.api"), "X-Hasura-Role", "user"), "access-denied"},
	}
	for name, c := range refusals {
		a := s.graphql(c.header, notes, nil)
		if a.get("data") != nil || a.text("errors", 0, "extensions", "code") != c.code {
			t.Errorf("%s: %d %s, want code %s", name, a.status, a.body, c.code)
		}
	}

	// A directory role named admin gives nothing here.
	s.manage(200, "POST", "/roles", map[string]any{"name": "admin", "description": "not Hasura's", "type": "User"})
	s.manage(201, "POST", "/users/"+sub+"/roles", map[string]any{"roleIds": []string{s.roleID("admin")}})
	if a := s.graphql(bearer(token, "X-Hasura-Role", "admin"), notes, nil); a.get("data") != nil {
		t.Errorf("a held role named admin: %s", a.body)
	}

	// The grants: role by either header, the default role among several, and no say in one's own identity.
	for name, c := range map[string]struct {
		header map[string]string
		want   string
	}{
		"X-Hasura-Role":                 {bearer(token, "X-Hasura-Role", "good_user"), allNotes},
		"Expected-Role":                 {bearer(token, "Expected-Role", "good_user"), allNotes},
		"both, the same":                {bearer(token, "X-Hasura-Role", "good_user", "Expected-Role", "good_user"), allNotes},
		"the default role":              {bearer(token), publicNotes},
		"headers about oneself dropped": {bearer(token, "X-Hasura-User-Id", "bob", "X-Hasura-Allowed-Roles", "admin"), publicNotes},
	} {
		if a := s.graphql(c.header, notes, nil); a.body != c.want {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
}

func unsigned(token string) string {
	parts := strings.Split(token, ".")
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"at+jwt"}`)) + "." + parts[1] + "."
}

// foreignToken is the user's token for an API resource that is not the data API.
func (s *system) foreignToken(b *browser) string {
	s.t.Helper()
	s.manage(201, "POST", "/resources", map[string]any{"name": "Another", "indicator": "https://another.api"})
	other := newBrowser(s.t, s, b.app, "https://another.api")
	other.signIn("ada", password)
	return other.accessToken()
}

// thirdPartyToken is made first-party and becomes third-party afterwards: consent pages for third parties come later.
func (s *system) thirdPartyToken(t *testing.T, b *browser) string {
	t.Helper()
	app := s.application("SPA")
	other := newBrowser(t, s, app, b.resource)
	other.signIn("ada", password)
	token := other.accessToken()
	s.inIdentity(t, "update identity.applications set is_third_party = true where id = $1", app.id)
	return token
}

// inIdentity changes the directory behind Gatehouse's back, and waits until the change must have been heard.
func (s *system) inIdentity(t *testing.T, sql string, args ...any) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.identityDatabase)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
	// Any change through the API is answered after everything before it has been heard.
	s.manage(200, "POST", "/roles", map[string]any{"name": "marker " + randomText(), "description": "d", "type": "User"})
}

func (s *system) machineToken(resource string) string {
	s.t.Helper()
	app := s.manage(200, "POST", "/applications", map[string]any{
		"name": "robot", "type": "MachineToMachine", "description": "",
		"oidcClientMetadata": map[string]any{"redirectUris": []string{}, "postLogoutRedirectUris": []string{}},
	}).text("id")
	secret := s.manage(200, "GET", "/applications/"+app+"/secrets", nil).text(0, "value")
	resp, err := http.PostForm(s.identity+"/oidc/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {app}, "client_secret": {secret}, "resource": {resource}})
	if err != nil {
		s.t.Fatal(err)
	}
	return read(s.t, resp).text("access_token")
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within 20 s", what)
		}
	}
}

func (b *browser) revoke() {
	b.t.Helper()
	resp, err := http.PostForm(b.s.identity+"/oidc/token/revocation", url.Values{"client_id": {b.app.id}, "token": {b.refreshToken}})
	if err != nil {
		b.t.Fatal(err)
	}
	if a := read(b.t, resp); a.status != 200 {
		b.t.Fatalf("revocation: %d %s", a.status, a.body)
	}
}

// endSession signs out: the provider's page posts its form by itself.
func (b *browser) endSession() {
	b.t.Helper()
	page := b.do("GET", b.s.identity+"/oidc/session/end?"+url.Values{"client_id": {b.app.id}, "post_logout_redirect_uri": {"http://localhost:3999/"}}.Encode(), nil)
	_, rest, found := strings.Cut(page.body, `name="xsrf" value="`)
	if !found {
		b.t.Fatalf("sign-out page: %d %s", page.status, page.body)
	}
	xsrf, _, _ := strings.Cut(rest, `"`)
	a := b.form(b.s.identity+"/oidc/session/end/confirm", url.Values{"xsrf": {xsrf}, "logout": {"yes"}})
	if a.status/100 != 3 {
		b.t.Fatalf("sign-out: %d %s", a.status, a.body)
	}
}

func (b *browser) form(address string, form url.Values) answer {
	b.t.Helper()
	req, err := http.NewRequest("POST", address, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Cookie", b.cookieHeader(req.URL.Path))
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		b.t.Fatal(err)
	}
	b.keep(resp.Header)
	return read(b.t, resp)
}

// TestBuiltInIdentity_asksNobodyOnceWarm counts the transactions that the identity database sees.
func TestBuiltInIdentity_asksNobodyOnceWarm(t *testing.T) {
	s, b, database := builtIn(t)
	header := bearer(b.accessToken(), "X-Hasura-Role", "good_user")
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	ask := func(n int) {
		for range n {
			if a := s.graphql(header, notes, nil); a.body != allNotes {
				t.Fatalf("%d %s", a.status, a.body)
			}
		}
	}
	ask(10)
	// Server processes report their counts with up to a second's delay (PG docs: monitoring-stats), also those of the
	// sign-up before.
	settled := time.Now().Add(2500 * time.Millisecond)
	waitFor(t, "statistics", func() bool { return time.Now().After(settled) })
	began, before := time.Now(), transactions(t, conn)
	const requests = 2000
	ask(requests)
	settled = time.Now().Add(2500 * time.Millisecond)
	waitFor(t, "statistics", func() bool { return time.Now().After(settled) })
	// The feed's heartbeat, twice and a half a second, and our own questions are all that may be seen, with what idle
	// connections of the sign-up still report: they may take ten seconds to. One statement a request would be far more.
	allowed := int64(time.Since(began)/(200*time.Millisecond)) + requests/10
	if n := transactions(t, conn) - before; n > allowed {
		t.Errorf("%d transactions in the identity database for %d requests, want at most %d", n, requests, allowed)
	}
}

func transactions(t *testing.T, conn *pgx.Conn) (n int64) {
	t.Helper()
	sql := "select xact_commit + xact_rollback from pg_stat_database where datname = current_database()"
	if err := conn.QueryRow(t.Context(), sql).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestBuiltInIdentity_tokenVariables: what a script puts beside the roles becomes session variables; id and roles stay
// the directory's.
func TestBuiltInIdentity_tokenVariables(t *testing.T) {
	s, b, _ := builtIn(t)
	s.manage(201, "PUT", "/configs/jwt-customizer/access-token", map[string]any{"script": `const getCustomJwtClaims = async () => ({
	  'https://hasura.io/jwt/claims': { 'x-hasura-user-id': 'somebody else', 'x-hasura-allowed-roles': ['admin'], 'x-hasura-default-role': 'admin', 'x-hasura-team': 'red' } })`})
	s.sql(`create table player (id int primary key, team text, owner text); insert into player values (1, 'red', ''), (2, 'blue', '')`)
	sub, _ := claims(t, b.accessToken())["sub"].(string)
	s.sql(fmt.Sprintf("update player set owner = '%s'", sub))
	s.metadata(
		command("pg_track_table", map[string]any{"source": "default", "table": "player"}),
		command("pg_create_select_permission", map[string]any{
			"source": "default", "table": "player", "role": "user",
			"permission": map[string]any{"columns": []string{"id"}, "filter": map[string]any{
				"team": map[string]any{"_eq": "X-Hasura-Team"}, "owner": map[string]any{"_eq": "X-Hasura-User-Id"},
			}},
		}),
	)
	a := s.graphql(bearer(b.accessToken()), `{ player { id } }`, nil)
	if a.body != `{"data":{"player":[{"id":1}]}}` {
		t.Errorf("%d %s", a.status, a.body)
	}
}
