package session_test

import (
	"strings"
	"testing"

	"gatehouse/engine/session"
)

func TestParseAdminSecrets_refuses(t *testing.T) {
	t.Parallel()
	for setting, want := range map[string]string{
		`x`:                                      "not a JSON array",
		`{"secret":"hidden"}`:                    "not a JSON array",
		`["hidden",1]`:                           "element 1: expected a text or",
		`[null]`:                                 "element 0: expected a text or",
		`[{"name":"a"}]`:                         "element 0: expected a text or",
		`[{"secret":"hidden","x":1}]`:            "element 0: expected a text or",
		`[{"secret":"hidden","scope":["sql"]}]`:  "element 0: expected a text or",
		`[{"secret":"hidden","scopes":[]}]`:      `element 0: "scopes" is empty`,
		`[{"secret":"hidden","scopes":["SQL"]}]`: `element 0: there is no scope "SQL"; there are graphql, metadata`,
		`[{"secret":"hidden","roles":[]}]`:       `element 0: "roles" names no role`,
		`[{"secret":"hidden","roles":[""]}]`:     `element 0: "roles" names no role`,
		`[{"name":"a","secret":"hidden"},{"name":"a","secret":"hidden too"}]`: `element 1: the name "a" is there twice`,
	} {
		_, err := session.ParseAdminSecrets(setting)
		if err == nil || !strings.HasPrefix(err.Error(), want) && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", setting, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: the error shows a secret: %v", setting, err)
		}
	}
}

func TestAdminSecrets(t *testing.T) {
	t.Parallel()
	secrets, err := session.ParseAdminSecrets(`["plain",
		{"secret":"full","name":"ops"},
		{"secret":"ci","name":"deploy","scopes":["metadata","sql"]},
		{"secret":"job","scopes":["graphql"],"roles":["worker"]},
		{"secret":"two","roles":["worker","editor"]}]`)
	if err != nil {
		t.Fatal(err)
	}
	r := resolver(t, session.Settings{AdminSecrets: secrets}, session.Deps{})
	resolve := func(secret string, more ...string) (*session.Session, error) {
		return r.Resolve(t.Context(), session.Request{Header: headers(append([]string{"X-Hasura-Admin-Secret", secret}, more...)...)})
	}

	// What is refused.
	const notAllowed = "Your requested role is not in allowed roles"
	for _, c := range [][]string{{"job", "X-Hasura-Role", "admin"}, {"job", "X-Hasura-Role", "editor"}, {"two"}, {"two", "X-Hasura-Role", "user"}} {
		_, err := resolve(c[0], c[1:]...)
		refused(t, err, 400, "access-denied", notAllowed)
	}
	ci, err := resolve("ci", "X-Hasura-Role", "user")
	is(t, ci, err, "user", map[string]string{"x-hasura-role": "user"})
	for _, part := range []session.Scope{session.ScopeGraphQL, session.ScopeManagement, session.ScopeOperations} {
		if ci.May(part) {
			t.Errorf("%s is open", part)
		}
		refused(t, ci.Require(part), 403, "access-denied", `this admin secret does not open "`+string(part)+`"`)
	}

	// What is granted.
	for _, part := range []session.Scope{session.ScopeMetadata, session.ScopeMetadataRead, session.ScopeSQL} {
		if !ci.May(part) || ci.Require(part) != nil {
			t.Errorf("%s is closed", part)
		}
	}
	if ci.SecretName() != "deploy" {
		t.Errorf("name %q", ci.SecretName())
	}
	for _, secret := range []string{"plain", "full"} {
		s, err := resolve(secret)
		is(t, s, err, "admin", map[string]string{"x-hasura-role": "admin"})
		if !s.May(session.ScopeManagement) || !s.May(session.ScopeSQL) {
			t.Errorf("%s does not open everything", secret)
		}
	}
	s, err := resolve("job", "X-Hasura-User-Id", "7")
	is(t, s, err, "worker", map[string]string{"x-hasura-role": "worker", "x-hasura-user-id": "7"})
	for _, part := range []session.Scope{session.ScopeManagement, session.ScopeOperations} {
		if secrets[4].Opens(part) {
			t.Errorf("a secret for roles without admin opens %s", part)
		}
		if held := (&session.AdminSecret{Roles: []string{"worker", "admin"}}); !held.Opens(part) {
			t.Errorf("a secret for admin does not open %s", part)
		}
	}
	s, err = resolve("two", "X-Hasura-Role", "editor")
	is(t, s, err, "editor", map[string]string{"x-hasura-role": "editor"})
}

// What was begun under one caller must not go on under another who may less.
func TestSession_SameAs(t *testing.T) {
	t.Parallel()
	secrets, err := session.ParseAdminSecrets(`["plain", {"secret":"job","scopes":["graphql"]}, {"secret":"ci","scopes":["metadata"]}]`)
	if err != nil {
		t.Fatal(err)
	}
	r := resolver(t, session.Settings{AdminSecrets: secrets, UnauthorizedRole: "user"}, session.Deps{})
	callers := [][]string{
		{"X-Hasura-Admin-Secret", "plain"},
		{"X-Hasura-Admin-Secret", "job"},
		{"X-Hasura-Admin-Secret", "ci"},
		{"X-Hasura-Admin-Secret", "plain", "X-Hasura-Role", "user"},
		{"X-Hasura-Admin-Secret", "plain", "X-Hasura-Role", "user", "X-Hasura-User-Id", "1"},
		{"X-Hasura-Admin-Secret", "plain", "X-Hasura-Role", "user", "X-Hasura-Use-Backend-Only-Permissions", "true"},
		{},
	}
	for i := range callers {
		for j := range callers {
			a, errA := r.Resolve(t.Context(), session.Request{Header: headers(callers[i]...)})
			b, errB := r.Resolve(t.Context(), session.Request{Header: headers(callers[j]...)})
			if errA != nil || errB != nil {
				t.Fatal(errA, errB)
			}
			if a.SameAs(b) != (i == j) {
				t.Errorf("%v and %v: %v", callers[i], callers[j], a.SameAs(b))
			}
		}
	}
}
