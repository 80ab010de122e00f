package management_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"gatehouse/identity/directory"
	"gatehouse/identity/management"
)

// want fails the test unless the answer has this status, and returns it.
func (a *api) want(status int, got answer) answer {
	a.t.Helper()
	if got.status != status {
		a.t.Fatalf("got %d %s, want %d", got.status, got.raw, status)
	}
	return got
}

// each collects one text field of every item of a list.
func each(got answer, field string) string {
	var out []string
	list, _ := got.body.([]any)
	for _, item := range list {
		out = append(out, fmt.Sprint(item.(object)[field]))
	}
	return strings.Join(out, " ")
}

func TestRolesOfUsers_allTheWays(t *testing.T) {
	t.Parallel()
	a := serve(t)
	user := a.id(a.call(http.MethodPost, "/api/users", object{"username": "alice"}))
	reader := a.id(a.call(http.MethodPost, "/api/roles", object{"name": "user:reader", "description": "reads"}))
	maintainer := a.id(a.call(http.MethodPost, "/api/roles", object{"name": "user:maintainer", "description": "writes"}))
	path := "/api/users/" + user + "/roles"
	held := func() string { return each(a.want(200, a.call(http.MethodGet, path, nil)), "name") }

	a.want(201, a.call(http.MethodPost, path, object{"roleNames": []string{"user:reader"}}))
	if got := held(); got != "user:reader" {
		t.Errorf("given by name: %s", got)
	}
	put := a.want(200, a.call(http.MethodPut, path, object{"roleIds": []string{maintainer}}))
	if got := held(); got != "user:maintainer" || put.raw != `{"roleIds":["`+maintainer+`"]}` {
		t.Errorf("replaced: %s, answer %s", got, put.raw)
	}
	if got := a.want(201, a.call(http.MethodPost, "/api/roles/"+reader+"/users", object{"userIds": []string{user}})); got.raw != "Created" {
		t.Errorf("given from the role's side: %q", got.raw)
	}
	if got := a.call(http.MethodPost, "/api/roles/"+reader+"/users", object{"userIds": []string{user}}); got.code() != "role.user_exists" {
		t.Errorf("given twice: %s", got.raw)
	}
	if got := each(a.call(http.MethodGet, "/api/roles/"+reader+"/users", nil), "id"); got != user {
		t.Errorf("users of the role: %s", got)
	}
	list := a.call(http.MethodGet, "/api/roles?search=user:reader", nil).body.([]any)[0].(object)
	if list["usersCount"] != 1.0 || !equal(list["featuredUsers"], []any{object{"id": user, "avatar": nil, "name": nil}}) {
		t.Errorf("summary of the role: %v", list)
	}
	if got := each(a.call(http.MethodGet, "/api/roles?type=User&excludeUserId="+user, nil), "name"); got != "" {
		t.Errorf("roles the user does not have: %s", got)
	}
	a.want(204, a.call(http.MethodDelete, "/api/roles/"+reader+"/users/"+user, nil))
	a.want(204, a.call(http.MethodDelete, path+"/"+maintainer, nil))
	if got := held(); got != "" {
		t.Errorf("after taking both: %s", got)
	}
	a.want(204, a.call(http.MethodDelete, "/api/roles/"+reader, nil))
	a.want(404, a.call(http.MethodGet, "/api/roles/"+reader, nil))
}

func TestUsers_patchClearsAndReplaces(t *testing.T) {
	t.Parallel()
	a := serve(t)
	user := a.id(a.call(http.MethodPost, "/api/users", object{
		"username": "alice", "primaryEmail": "alice@example.com", "name": "Alice", "avatar": "https://x/y.png",
		"customData": object{"a": 1, "b": 2}, "profile": object{"nickname": "al", "unknown": "dropped"},
	}))
	a.id(a.call(http.MethodPost, "/api/users", object{"username": "bob", "primaryEmail": "Bob@Example.com"}))
	path := "/api/users/" + user
	got := a.want(200, a.call(http.MethodPatch, path, object{"primaryEmail": nil, "name": "", "customData": object{"c": 3}, "id": "other"}))
	for field, want := range map[string]any{
		"id": user, "username": "alice", "primaryEmail": nil, "name": nil, "avatar": "https://x/y.png",
		"customData": object{"c": 3}, "profile": object{"nickname": "al"}, "hasPassword": false,
	} {
		if !equal(got.field(field), want) {
			t.Errorf("%s is %v, want %v", field, got.field(field), want)
		}
	}
	if got := a.want(200, a.call(http.MethodPatch, path+"/custom-data", object{"customData": object{"d": 4}})); got.raw != `{"c":3,"d":4}` {
		t.Errorf("merged custom data: %s", got.raw)
	}
	if got := a.call(http.MethodPatch, path, object{"primaryEmail": "bob@example.COM"}); got.code() != "user.email_already_in_use" {
		t.Errorf("an e-mail taken in other letters: %s", got.raw)
	}
	a.want(200, a.call(http.MethodPatch, path+"/password", object{"password": "Zk9_fjq!w2"}))
	a.want(204, a.call(http.MethodPost, path+"/password/verify", object{"password": "Zk9_fjq!w2"}))
	plain := a.call(http.MethodGet, path, nil)
	if strings.Contains(plain.raw, "argon2") {
		t.Errorf("the hash is shown unasked: %s", plain.raw)
	}
	if got := a.call(http.MethodGet, path+"?includePasswordHash=true", nil); got.field("passwordAlgorithm") != "Argon2id" {
		t.Errorf("asked for the hash: %s", got.raw)
	}
	a.want(204, a.call(http.MethodDelete, path, nil))
	a.want(404, a.call(http.MethodDelete, path, nil))
	if got := a.call(http.MethodGet, "/api/dashboard/users/total", nil); got.raw != `{"totalUserCount":1}` {
		t.Errorf("total: %s", got.raw)
	}
}

func TestResources_dataAPIAndDefault(t *testing.T) {
	t.Parallel()
	a := serve(t)
	create := func(indicator string, extra object) answer {
		body := object{"name": "r", "indicator": indicator}
		for k, v := range extra {
			body[k] = v
		}
		return a.want(201, a.call(http.MethodPost, "/api/resources", body))
	}
	first := create("https://no.example", object{"isDataApi": false})
	second := create("https://hasura.api", nil)
	third := create("https://*.hasura.app/api", object{"isDataApi": true})
	for i, c := range []struct {
		got  answer
		want bool
	}{{first, false}, {second, false}, {third, true}} {
		if c.got.field("isDataApi") != c.want {
			t.Errorf("resource %d: %s", i, c.got.raw)
		}
	}
	patched := a.want(200, a.call(http.MethodPatch, "/api/resources/"+a.id(second), object{"isDataApi": true, "indicator": "https://other"}))
	if patched.field("isDataApi") != true || patched.field("indicator") != "https://hasura.api" {
		t.Errorf("patched: %s", patched.raw)
	}
	for _, r := range []answer{first, second} {
		a.want(200, a.call(http.MethodPatch, "/api/resources/"+a.id(r)+"/is-default", object{"isDefault": true}))
	}
	if got := each(a.call(http.MethodGet, "/api/resources", nil), "isDefault"); got != "false false true false" {
		t.Errorf("defaults: %s, want only the last one set", got)
	}
	a.want(204, a.call(http.MethodDelete, "/api/resources/"+a.id(second), nil))
}

func TestApplications_secretsAndAdminAccess(t *testing.T) {
	t.Parallel()
	a := serve(t)
	app := a.id(a.call(http.MethodPost, "/api/applications", object{"name": "m", "type": "MachineToMachine"}))
	path := "/api/applications/" + app
	soon := time.Now().Add(time.Hour).UnixMilli()
	a.want(201, a.call(http.MethodPost, path+"/secrets", object{"name": "short-lived", "expiresAt": soon}))
	a.want(200, a.call(http.MethodPatch, path+"/secrets/short-lived", object{"name": "renamed"}))
	a.want(204, a.call(http.MethodDelete, path+"/secrets/Default%20secret", nil))
	got := a.want(200, a.call(http.MethodGet, path+"/secrets", nil))
	if each(got, "name") != "renamed" || each(got, "expiresAt") != fmt.Sprint(float64(soon)) {
		t.Errorf("secrets: %s", got.raw)
	}
	a.want(200, a.call(http.MethodPatch, path, object{"isAdmin": true, "customClientMetadata": object{"idTokenTtl": 60}}))
	patched := a.want(200, a.call(http.MethodPatch, path, object{"customClientMetadata": object{"rotateRefreshToken": false}}))
	if !equal(patched.field("customClientMetadata"), object{"idTokenTtl": 60, "rotateRefreshToken": false}) {
		t.Errorf("metadata is merged: %s", patched.raw)
	}
	if got := a.call(http.MethodGet, path, nil); got.field("isAdmin") != true {
		t.Errorf("admin access: %s", got.raw)
	}
	// Replacing the visible roles leaves the hidden one.
	a.want(200, a.call(http.MethodPut, path+"/roles", object{"roleIds": []string{}}))
	scopes, err := a.directory.ApplicationScopes(t.Context(), app, directory.ManagementAPI)
	if err != nil || len(scopes) != 1 {
		t.Errorf("scopes with admin access: %v %v", scopes, err)
	}
	a.want(200, a.call(http.MethodPatch, path, object{"isAdmin": false}))
	if scopes, _ := a.directory.ApplicationScopes(t.Context(), app, directory.ManagementAPI); len(scopes) != 0 {
		t.Errorf("scopes without: %v", scopes)
	}
	if got := a.call(http.MethodPatch, path+"/custom-data", object{"plan": "pro"}); got.raw != `{"plan":"pro"}` {
		t.Errorf("custom data: %s", got.raw)
	}
	a.want(204, a.call(http.MethodDelete, path, nil))
}

func TestRedirectURIs(t *testing.T) {
	t.Parallel()
	a := serve(t)
	for uri, want := range map[string]int{
		"http://localhost:3000/callback": 200, "https://*.preview.example.com/cb": 200, "https://app.example.com/*/cb": 200,
		"io.gatehouse://callback": 200, "com.example.app:/cb": 200, "http://[::1]:8080/cb?x=1": 200,
		"javascript:alert(1)": 400, "JavaScript:alert(1)": 400, "data:text/html,x": 400, "https://": 400, "/relative": 400, "": 400,
		"https://*.com/cb": 400, "https://*/cb": 400, "https://app.example.*/cb": 400, "https://x.example.com:*/cb": 400,
		"https://x.example.com/cb?y=*": 400, "https://x.example.com/cb#frag": 400, "*://x.example.com": 400,
		"https://user@x.example.com/": 400, "https://a b.example.com": 400, `https://x.example.com\@evil.example`: 400,
	} {
		got := a.call(http.MethodPost, "/api/applications", object{
			"name": "s", "type": "SPA", "oidcClientMetadata": object{"redirectUris": []string{uri}, "postLogoutRedirectUris": []string{}},
		})
		if got.status != want {
			t.Errorf("%q: %d %s, want %d", uri, got.status, got.raw, want)
		}
	}
}

func TestSessions_comeFromTheProvider(t *testing.T) {
	t.Parallel()
	var ended []string
	a := serve(t, func(h *management.Handler) {
		h.Sessions = &management.Sessions{
			List: func(_ context.Context, user string) ([]json.RawMessage, error) {
				return []json.RawMessage{json.RawMessage(`{"accountId":"` + user + `"}`)}, nil
			},
			Grants: func(context.Context, string, string) ([]json.RawMessage, error) { return nil, nil },
			End: func(_ context.Context, _ *directory.Tx, user, session, target string) error {
				if session == "gone" {
					return directory.ErrNotFound
				}
				ended = append(ended, user+" "+session+" "+target)
				return nil
			},
		}
	})
	user := a.id(a.call(http.MethodPost, "/api/users", object{"username": "alice"}))
	path := "/api/users/" + user
	if got := a.want(200, a.call(http.MethodGet, path+"/sessions", nil)); got.raw != `{"sessions":[{"accountId":"`+user+`"}]}` {
		t.Errorf("sessions: %s", got.raw)
	}
	if got := a.want(200, a.call(http.MethodGet, path+"/grants?appType=firstParty", nil)); got.raw != `{"grants":[]}` {
		t.Errorf("grants: %s", got.raw)
	}
	a.want(400, a.call(http.MethodGet, path+"/grants?appType=x", nil))
	a.want(404, a.call(http.MethodGet, "/api/users/nope/sessions", nil))
	a.want(404, a.call(http.MethodDelete, path+"/sessions/gone", nil))
	a.want(204, a.call(http.MethodDelete, path+"/sessions/s1?revokeGrantsTarget=all", nil))
	if want := []string{user + " s1 all"}; !slices.Equal(ended, want) {
		t.Errorf("ended %v, want %v", ended, want)
	}
	if got := a.call(http.MethodGet, "/api/logs?logKey=Management.User.Session.%25", nil); len(got.body.([]any)) != 1 {
		t.Errorf("audit: %s", got.raw)
	}
}

func TestUnlock(t *testing.T) {
	t.Parallel()
	a := serve(t)
	a.want(200, a.call(http.MethodPatch, "/api/sign-in-exp", object{"sentinelPolicy": object{"maxAttempts": 1}}))
	_, err := a.directory.RecordAttempt(t.Context(), directory.Attempt{Identifier: "alice", Pool: directory.PoolIdentifier, Action: "Password", Failed: true})
	if err != nil {
		t.Fatal(err)
	}
	if until, _ := a.directory.BlockedUntil(t.Context(), "alice", directory.PoolIdentifier); until.IsZero() {
		t.Fatal("not blocked")
	}
	a.want(204, a.call(http.MethodPost, "/api/sentinel-activities/delete", object{"targetType": "User", "targets": []string{"alice"}}))
	if until, _ := a.directory.BlockedUntil(t.Context(), "alice", directory.PoolIdentifier); !until.IsZero() {
		t.Error("still blocked")
	}
}
