package articles_test

import (
	"slices"
	"strings"
	"testing"
)

const (
	password = "Zk9_fjq!w2"
	hookPath = "/api/authn/hasura?resource=https://hasura.api"
)

// TestWebhookArticle follows "Logto x Hasura".
func TestWebhookArticle(t *testing.T) {
	both(t, map[string]string{"USER_DEFAULT_ROLE_NAMES": "user,good_user"}, webhookArticle)
}

func webhookArticle(t *testing.T, s *system) {
	// "Set up API in Logto": + Create API Resource, name Hasura, identifier https://hasura.api.
	created := s.manage(201, "POST", "/resources", map[string]any{"name": "Hasura", "indicator": "https://hasura.api"})
	if created.text("indicator") != "https://hasura.api" {
		t.Fatalf("created resource: %s", created.body)
	}

	// "Enable webhook authentication in Hasura": admin secret and auth hook.
	s.restart(map[string]string{"HASURA_GRAPHQL_AUTH_HOOK": s.identity + hookPath})

	// A schema to protect: everybody reads public notes, good users all of them; each writes as themselves.
	s.sql(`create table note (id serial primary key, owner text not null, body text not null, public boolean not null default false);
	       insert into note (owner, body, public) values ('nobody', 'seen by all', true), ('nobody', 'kept back', false)`)
	s.metadata(
		command("pg_track_table", map[string]any{"source": "default", "table": "note"}),
		command("pg_create_select_permission", map[string]any{
			"source": "default", "table": "note", "role": "user",
			"permission": map[string]any{"columns": []string{"id", "owner", "body"}, "filter": map[string]any{"_or": []any{
				map[string]any{"public": map[string]any{"_eq": true}}, map[string]any{"owner": map[string]any{"_eq": "X-Hasura-User-Id"}},
			}}},
		}),
		command("pg_create_select_permission", map[string]any{
			"source": "default", "table": "note", "role": "good_user",
			"permission": map[string]any{"columns": "*", "filter": map[string]any{}},
		}),
		command("pg_create_insert_permission", map[string]any{
			"source": "default", "table": "note", "role": "user",
			"permission": map[string]any{"columns": []string{"body"}, "check": map[string]any{}, "set": map[string]any{"owner": "x-hasura-user-id"}},
		}),
	)

	// "Set default roles in Logto": USER_DEFAULT_ROLE_NAMES made both roles, before anybody signed up.
	var names []string
	for i := range 10 {
		names = append(names, s.manage(200, "GET", "/roles", nil).text(i, "name"))
	}
	if !slices.Contains(names, "user") || !slices.Contains(names, "good_user") {
		t.Fatalf("roles at start: %v", names)
	}

	// "Integrate Logto SDK": an application with resources: ['https://hasura.api']; sign up through the page's API.
	app := s.application("SPA")
	b := newBrowser(t, s, app, "https://hasura.api")
	b.signUp("ada", password, "roles")
	if roles, _ := claims(t, b.idToken)["roles"].([]any); !slices.Contains(roles, any("user")) || !slices.Contains(roles, any("good_user")) {
		t.Errorf("roles in the ID token: %v", claims(t, b.idToken))
	}

	// "Send requests": getAccessToken('https://hasura.api'), Authorization and Expected-Role.
	token := b.accessToken()
	if c := claims(t, token); c["aud"] != "https://hasura.api" || c["iss"] != s.identity+"/oidc" {
		t.Errorf("claims of the access token: %v", c)
	}
	webhookRefusals(s, b, token)
	as := func(role string) map[string]string {
		return map[string]string{"Authorization": "Bearer " + token, "Expected-Role": role}
	}
	const notes = `{ note(order_by: {id: asc}) { body } }`
	if got := s.graphql(as("user"), notes, nil); got.body != `{"data":{"note":[{"body":"seen by all"}]}}` {
		t.Errorf("as user: %s", got.body)
	}
	if got := s.graphql(as("good_user"), notes, nil); got.body != `{"data":{"note":[{"body":"seen by all"},{"body":"kept back"}]}}` {
		t.Errorf("as good_user: %s", got.body)
	}
	sub, _ := claims(t, token)["sub"].(string)
	got := s.graphql(as("user"), `mutation ($b: String!) { insert_note_one(object: {body: $b}) { owner body } }`, map[string]any{"b": "mine"})
	if got.body != `{"data":{"insert_note_one":{"owner":"`+sub+`","body":"mine"}}}` {
		t.Errorf("insert as user: %s", got.body)
	}

	// The webhook's half of the trade-off: permission changes are seen at once.
	s.takeRole(sub, "good_user")
	if got := s.graphql(as("good_user"), notes, nil); !isRefused(got) {
		t.Errorf("good_user after the role was taken: %d %s", got.status, got.body)
	}
	if got := s.graphql(as("user"), notes, nil); !strings.Contains(got.body, "mine") {
		t.Errorf("user keeps working: %s", got.body)
	}
	s.manage(200, "PATCH", "/users/"+sub+"/is-suspended", map[string]any{"isSuspended": true})
	if a := b.tokenRefresh(); a.status != 400 || a.text("error") != "invalid_grant" {
		t.Errorf("refresh of a suspended user: %d %s", a.status, a.body)
	}
}

// webhookRefusals: what must not get through, before what may.
func webhookRefusals(s *system, b *browser, token string) {
	s.t.Helper()
	const notes = `{ note { body } }`
	for name, header := range map[string]map[string]string{
		"no token":                             {"Expected-Role": "user"},
		"a role not held":                      {"Authorization": "Bearer " + token, "Expected-Role": "admin"},
		"a role that does not exist":           {"Authorization": "Bearer " + token, "Expected-Role": "superuser"},
		"no role":                              {"Authorization": "Bearer " + token},
		"an expired token":                     {"Authorization": "Bearer " + b.expiredToken(), "Expected-Role": "user"},
		"a tampered token":                     {"Authorization": "Bearer " + tampered(token), "Expected-Role": "user"},
		"an ID token":                          {"Authorization": "Bearer " + b.idToken, "Expected-Role": "user"},
		"an opaque token":                      {"Authorization": "Bearer " + randomText(), "Expected-Role": "user"},
		"a wrong admin secret":                 {"X-Hasura-Admin-Secret": "wrong"},
		"claims of one's own":                  {"X-Hasura-Role": "admin", "X-Hasura-User-Id": "ada"},
		"a role asked for the Hasura way only": {"Authorization": "Bearer " + token, "X-Hasura-Role": "admin"},
	} {
		if got := s.graphql(header, notes, nil); !isRefused(got) {
			s.t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	other := newBrowser(s.t, s, b.app, "")
	s.manage(201, "POST", "/resources", map[string]any{"name": "Another", "indicator": "https://another.api"})
	other.resource = "https://another.api"
	other.signIn("ada", password)
	foreign := map[string]string{"Authorization": "Bearer " + other.accessToken(), "Expected-Role": "user"}
	if got := s.graphql(foreign, notes, nil); !isRefused(got) {
		s.t.Errorf("a token for another API: %d %s", got.status, got.body)
	}
	// The hook itself, as curl shows it: 401 and Logto's code without the expected role.
	hook := s.request("GET", s.identity+hookPath, map[string]string{"Authorization": "Bearer " + token, "Expected-Role": "boss"}, nil)
	if hook.status != 401 || hook.text("code") != "auth.expected_role_not_found" {
		s.t.Errorf("hook without the role: %d %s", hook.status, hook.body)
	}
}

// isRefused: an error and no data, whatever the words.
func isRefused(a answer) bool {
	return a.get("data") == nil && (a.get("errors") != nil || a.get("error") != nil) && a.status < 500
}

// tampered changes the payload's last characters and keeps the signature.
func tampered(token string) string {
	parts := strings.Split(token, ".")
	payload := []byte(parts[1])
	i := len(payload) / 2
	if payload[i] == 'A' {
		payload[i] = 'B'
	} else {
		payload[i] = 'A'
	}
	return parts[0] + "." + string(payload) + "." + parts[2]
}

func (s *system) application(kind string) application {
	s.t.Helper()
	const redirect = "http://localhost:3999/callback"
	a := s.manage(200, "POST", "/applications", map[string]any{
		"name": "app", "type": kind, "description": "",
		"oidcClientMetadata": map[string]any{"redirectUris": []string{redirect}, "postLogoutRedirectUris": []string{"http://localhost:3999/"}},
	})
	app := application{id: a.text("id"), redirect: redirect}
	if kind == "Traditional" {
		app.secret = s.manage(200, "GET", "/applications/"+app.id+"/secrets", nil).text(0, "value")
	}
	return app
}

// roleID finds a role by name.
func (s *system) roleID(name string) string {
	s.t.Helper()
	all := s.manage(200, "GET", "/roles", nil)
	for i := range 50 {
		if all.text(i, "name") == name {
			return all.text(i, "id")
		}
	}
	s.t.Fatalf("no role %s in %s", name, all.body)
	return ""
}

func (s *system) takeRole(userID, name string) {
	s.t.Helper()
	s.manage(204, "DELETE", "/users/"+userID+"/roles/"+s.roleID(name), nil)
}

func (b *browser) tokenRefresh() answer {
	b.t.Helper()
	return b.token(map[string][]string{"grant_type": {"refresh_token"}, "refresh_token": {b.refreshToken}})
}
