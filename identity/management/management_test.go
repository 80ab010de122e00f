package management_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"gatehouse/identity/directory"
)

func (a answer) field(name string) any {
	m, _ := a.body.(map[string]any)
	return m[name]
}

func (a *api) id(got answer) string {
	a.t.Helper()
	id, ok := got.field("id").(string)
	if !ok {
		a.t.Fatalf("no id in %d %s", got.status, got.raw)
	}
	return id
}

type object = map[string]any

func equal(a, b any) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}

func TestRefusals_ofWhatMustNotChange(t *testing.T) {
	t.Parallel()
	a := serve(t)
	internal, err := a.directory.RoleByName(t.Context(), directory.RoleInternalAdmin)
	if err != nil {
		t.Fatal(err)
	}
	own := a.id(a.call(http.MethodPost, "/api/resources", object{"name": "r", "indicator": "https://hasura.api"}))
	scope := a.id(a.call(http.MethodPost, "/api/resources/"+own+"/scopes", object{"name": "read:user"}))
	userRole := a.id(a.call(http.MethodPost, "/api/roles", object{"name": "user:reader", "description": "x", "scopeIds": []string{scope}}))
	spa := a.id(a.call(http.MethodPost, "/api/applications", object{"name": "s", "type": "SPA"}))
	machine := a.id(a.call(http.MethodPost, "/api/applications", object{"name": "m", "type": "MachineToMachine"}))
	user := a.id(a.call(http.MethodPost, "/api/users", object{"username": "alice"}))
	management := "/api/resources/" + directory.ManagementAPIID
	all := []string{directory.ManagementScopeID}
	for _, c := range []struct {
		method, path string
		body         any
		status       int
		code         string
	}{
		{http.MethodDelete, management, nil, 400, "resource.cannot_delete_management_api"},
		{http.MethodPatch, management, object{"name": "x"}, 400, "resource.cannot_modify_management_api"},
		{http.MethodPatch, management, object{"isDataApi": true}, 400, "resource.cannot_modify_management_api"},
		{http.MethodPost, management + "/scopes", object{"name": "x"}, 400, "resource.cannot_modify_management_api"},
		{http.MethodDelete, management + "/scopes/" + directory.ManagementScopeID, nil, 400, "resource.cannot_modify_management_api"},
		{http.MethodPatch, management + "/scopes/" + directory.ManagementScopeID, object{"name": "x"}, 400, "resource.cannot_modify_management_api"},
		// A scope is reached through its own resource only.
		{http.MethodDelete, "/api/resources/" + own + "/scopes/" + directory.ManagementScopeID, nil, 404, "entity.not_found"},
		{http.MethodPost, "/api/resources", object{"name": "x", "indicator": directory.OrganizationsResource}, 400, "guard.invalid_input"},
		{http.MethodPost, "/api/resources", object{"name": "x", "indicator": "no-uri"}, 400, "guard.invalid_input"},

		{http.MethodPost, "/api/roles", object{"name": "x", "description": "x", "scopeIds": all}, 400, "role.management_api_scopes_not_assignable_to_user_role"},
		{http.MethodPost, "/api/roles/" + userRole + "/scopes", object{"scopeIds": all}, 400, "role.management_api_scopes_not_assignable_to_user_role"},
		{http.MethodPost, "/api/roles/" + userRole + "/scopes", object{"scopeIds": []string{scope}}, 422, "role.scope_exists"},
		{http.MethodPost, "/api/roles/" + userRole + "/scopes", object{"scopeIds": []string{"nope"}}, 404, "entity.not_exists_with_id"},
		{http.MethodPost, "/api/roles", object{"name": "#internal:x", "description": "x"}, 403, "role.internal_role_violation"},
		{http.MethodPatch, "/api/roles/" + userRole, object{"name": "#internal:x"}, 403, "role.internal_role_violation"},
		{http.MethodPatch, "/api/roles/" + internal.ID, object{"name": "x"}, 403, "role.internal_role_violation"},
		{http.MethodDelete, "/api/roles/" + internal.ID, nil, 403, "role.internal_role_violation"},
		{http.MethodPost, "/api/roles/" + internal.ID + "/applications", object{"applicationIds": []string{machine}}, 403, "role.internal_role_violation"},
		{http.MethodPost, "/api/applications/" + machine + "/roles", object{"roleIds": []string{internal.ID}}, 422, "application.invalid_role_type"},
		{http.MethodPost, "/api/users/" + user + "/roles", object{"roleIds": []string{internal.ID}}, 422, "user.invalid_role_type"},
		{http.MethodPut, "/api/users/" + user + "/roles", object{"roleIds": []string{internal.ID}}, 422, "user.invalid_role_type"},
		{http.MethodPost, "/api/users/" + user + "/roles", object{"roleIds": []string{"nope"}}, 404, "entity.not_exists_with_id"},
		{http.MethodPost, "/api/users/" + user + "/roles", object{"roleNames": []string{"nope"}}, 404, "entity.not_exists_with_id"},
		{http.MethodPost, "/api/users/nope/roles", object{"roleIds": []string{userRole}}, 404, "entity.not_found"},
		{http.MethodDelete, "/api/users/" + user + "/roles/" + userRole, nil, 404, "entity.not_found"},
		{http.MethodPost, "/api/roles/" + userRole + "/users", object{"userIds": []string{"nope"}}, 404, "entity.not_exists_with_id"},
		{http.MethodPost, "/api/roles/" + userRole + "/users", object{"userIds": []string{}}, 400, "guard.invalid_input"},

		{http.MethodGet, "/api/applications/" + spa + "/roles", nil, 422, "application.invalid_type"},
		{http.MethodPatch, "/api/applications/" + spa, object{"isAdmin": true}, 422, "application.invalid_type"},
		{http.MethodPatch, "/api/applications/" + spa, object{"appLevelAccessControlEnabled": true}, 400, "request.invalid_input"},
		{http.MethodDelete, "/api/applications/" + machine + "/legacy-secret", nil, 400, "application.no_legacy_secret_found"},
		{http.MethodPost, "/api/applications/" + machine + "/secrets", object{"name": "Default secret"}, 422, "application.secret_name_exists"},
		{http.MethodPost, "/api/applications/" + machine + "/secrets", object{"name": "old", "expiresAt": 1}, 400, "request.invalid_input"},
		{http.MethodGet, "/api/applications/nope", nil, 404, "entity.not_exists_with_id"},

		{http.MethodPost, "/api/users", object{"password": "x", "passwordDigest": "x"}, 400, "user.password_and_digest"},
		{http.MethodPost, "/api/users", object{"passwordDigest": "x"}, 400, "user.password_algorithm_required"},
		{http.MethodPost, "/api/users", object{"passwordDigest": "x", "passwordAlgorithm": "Bcrypt"}, 400, "request.invalid_input"},
		{http.MethodPatch, "/api/users/" + user + "/password", object{"password": ""}, 400, "guard.invalid_input"},
		{http.MethodPatch, "/api/sign-in-exp", object{"signIn": object{"methods": []any{}}}, 400, "sign_in_experiences.miss_sign_up_identifier_in_sign_in"},
	} {
		if got := a.call(c.method, c.path, c.body); got.status != c.status || got.code() != c.code {
			t.Errorf("%s %s %v: got %d %s, want %d %s", c.method, c.path, c.body, got.status, got.raw, c.status, c.code)
		}
	}
}

func TestMalformedRequests_areAnsweredClearly(t *testing.T) {
	t.Parallel()
	a := serve(t)
	big := `{"name":"` + strings.Repeat("x", 1<<20) + `"}`
	deep := strings.Repeat(`{"a":`, 200) + `1` + strings.Repeat(`}`, 200)
	for _, c := range []struct {
		method, path, body string
		status             int
		code               string
	}{
		{http.MethodPost, "/api/users", `{`, 400, "request.invalid_input"},
		{http.MethodPost, "/api/users", `{} {}`, 400, "request.invalid_input"},
		{http.MethodPost, "/api/users", `nonsense`, 400, "request.invalid_input"},
		{http.MethodPost, "/api/users", `[]`, 400, "guard.invalid_input"},
		{http.MethodPost, "/api/users", `null`, 400, "guard.invalid_input"},
		{http.MethodPost, "/api/users", `"x"`, 400, "guard.invalid_input"},
		{http.MethodPost, "/api/users", big, 413, "request.invalid_input"},
		{http.MethodPost, "/api/users", `{"name":"a\u0000b"}`, 400, "request.invalid_input"},
		{http.MethodPost, "/api/users", `{"customData":{"\u0000":1}}`, 400, "request.invalid_input"},
		{http.MethodPost, "/api/users", `{"customData":` + deep + `}`, 400, "request.invalid_input"},
		{http.MethodPost, "/api/users", `{"customData":{"n":1e999}}`, 400, "request.invalid_input"},
		{http.MethodPost, "/api/users", `{"customData":[]}`, 400, "guard.invalid_input"},
		{http.MethodPost, "/api/users", `{"username":null}`, 400, "guard.invalid_input"},
		{http.MethodPost, "/api/users", `{"name":"` + strings.Repeat("x", 129) + `"}`, 400, "guard.invalid_input"},
		{http.MethodPost, "/api/users", `{"password":"` + strings.Repeat("é", 1025) + `"}`, 400, "guard.invalid_input"},
		{http.MethodPost, "/api/users", `{"avatar":"no url"}`, 400, "guard.invalid_input"},
		{http.MethodPost, "/api/resources", `{"name":"x","indicator":"https://x","accessTokenTtl":0}`, 400, "guard.invalid_input"},
		{http.MethodPost, "/api/resources", `{"name":"x","indicator":"https://x","accessTokenTtl":1.5}`, 400, "guard.invalid_input"},
		{http.MethodPost, "/api/resources", `{"name":"x","indicator":"https://x","accessTokenTtl":1e30}`, 400, "guard.invalid_input"},
		{http.MethodPost, "/api/applications", `{"name":"x","type":"SPA","oidcClientMetadata":{"redirectUris":["javascript:alert(1)"],"postLogoutRedirectUris":[]}}`, 400, "guard.invalid_input"},
		{http.MethodGet, "/api/users?page=0", "", 400, "guard.invalid_pagination"},
		{http.MethodGet, "/api/users?page=x", "", 400, "guard.invalid_pagination"},
		{http.MethodGet, "/api/users?page=99999999999999999999", "", 400, "guard.invalid_pagination"},
		{http.MethodGet, "/api/users?page_size=101", "", 400, "guard.invalid_pagination"},
		{http.MethodGet, "/api/users?search=", "", 400, "request.invalid_input"},
		{http.MethodGet, "/api/users?search=%00", "", 400, "request.invalid_input"},
		{http.MethodGet, "/api/users?search=%ff", "", 400, "request.invalid_input"},
		{http.MethodGet, "/api/users?search=%zz", "", 400, "request.invalid_input"},
		{http.MethodGet, "/api/users?search.password=x", "", 400, "request.invalid_input"},
		{http.MethodGet, "/api/users?search=(&mode=posix", "", 400, "request.invalid_input"},
		{http.MethodGet, "/api/users?search=a&mode=sql", "", 400, "request.invalid_input"},
		{http.MethodGet, "/api/users?search=a&mode=similar_to", "", 400, "request.invalid_input"},
		{http.MethodGet, "/api/users?search=a&joint=xor", "", 400, "request.invalid_input"},
		{http.MethodGet, "/api/users/%00", "", 404, "entity.not_found"},
		{http.MethodGet, "/api/users/%ff", "", 404, "entity.not_found"},
		{http.MethodGet, "/api/users/" + strings.Repeat("x", 5000), "", 404, "entity.not_found"},
		{http.MethodGet, "/api/roles?type=Robot", "", 400, "guard.invalid_input"},
		{http.MethodGet, "/api/applications?types=X", "", 400, "guard.invalid_input"},
		{http.MethodGet, "/api/logs?start_time=NaN", "", 400, "request.invalid_input"},
		{http.MethodGet, "/api/logs?start_time=2&end_time=1", "", 400, "request.invalid_input"},
	} {
		var body any
		if c.body != "" {
			body = c.body
		}
		if got := a.call(c.method, c.path, body); got.status != c.status || got.code() != c.code {
			t.Errorf("%s %.80s %.80s: got %d %.300s, want %d %s", c.method, c.path, c.body, got.status, got.raw, c.status, c.code)
		}
	}
	got := a.do(http.MethodPost, "/api/users", `{}`, "Authorization", "Bearer "+a.token(nil), "Content-Type", "text/plain")
	if got.status != http.StatusBadRequest {
		t.Errorf("a text body: %d %s", got.status, got.raw)
	}
}

func TestMethods(t *testing.T) {
	t.Parallel()
	a := serve(t)
	for _, c := range []struct {
		method, path string
		status       int
		body         string
	}{
		{http.MethodDelete, "/api/users", 405, "Method Not Allowed"}, // before any authorization, as recorded for the hook
		{http.MethodPut, "/api/roles/x", 405, "Method Not Allowed"},
		{"PROPFIND", "/api/users", 501, "Not Implemented"},
		{http.MethodGet, "/api/status", 204, ""},
	} {
		if got := a.do(c.method, c.path, nil); got.status != c.status || got.raw != c.body {
			t.Errorf("%s %s: got %d %q, want %d %q", c.method, c.path, got.status, got.raw, c.status, c.body)
		}
	}
}

func TestCORS_onlyForConfiguredOrigins(t *testing.T) {
	t.Parallel()
	a := serve(t)
	for origin, want := range map[string]string{"https://console.example": "https://console.example", "https://evil.example": "", "null": ""} {
		got := a.do(http.MethodOptions, "/api/users", nil, "Origin", origin, "Access-Control-Request-Method", "POST")
		if got.header.Get("Access-Control-Allow-Origin") != want || (got.header.Get("Access-Control-Allow-Methods") != "") != (want != "") {
			t.Errorf("preflight from %s: %v", origin, got.header)
		}
		if got.header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("credentials allowed for %s", origin)
		}
	}
}

func TestChanges_areAuditedInTheirTransactionAndReported(t *testing.T) {
	t.Parallel()
	a := serve(t)
	var mu sync.Mutex
	var reported []string
	a.directory.OnChange = func(kind, id string) {
		mu.Lock()
		defer mu.Unlock()
		reported = append(reported, kind+":"+id)
	}
	user := a.id(a.call(http.MethodPost, "/api/users", object{"username": "alice"}))
	if !slices.Contains(reported, "user:"+user) { // before the answer, not some time later
		t.Errorf("reported %v, want user:%s among them", reported, user)
	}
	logs := a.call(http.MethodGet, "/api/logs?userId="+user, nil)
	var entries []struct {
		Key     string
		Payload struct {
			Result, UserID, IP string
			Actor              struct{ Type, ID string }
			Target             struct{ Type, ID string }
		}
	}
	if err := json.Unmarshal([]byte(logs.raw), &entries); err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 || entries[0].Key != "Management.User.Created" || entries[0].Payload.Actor.ID != a.machine ||
		entries[0].Payload.Target.ID != user || entries[0].Payload.Result != "Success" || entries[0].Payload.IP == "" {
		t.Errorf("audit log of the user: %s", logs.raw)
	}

	// Without its audit entry a change does not happen.
	if _, err := a.pool.Exec(t.Context(), `
create function identity.fault() returns trigger language plpgsql as $$ begin raise exception 'injected'; end $$;
create trigger fault before insert on identity.logs for each row execute function identity.fault()`); err != nil {
		t.Fatal(err)
	}
	if got := a.call(http.MethodPatch, "/api/users/"+user+"/is-suspended", object{"isSuspended": true}); got.status != http.StatusInternalServerError || got.raw != `{"message":"Internal server error."}` {
		t.Errorf("a fault: %d %s", got.status, got.raw)
	}
	if u, err := a.directory.User(t.Context(), user); err != nil || u.IsSuspended {
		t.Errorf("user after the fault: %+v %v", u, err)
	}
}

func TestConcurrentCreation_yieldsOne(t *testing.T) {
	t.Parallel()
	a := serve(t)
	for _, c := range []struct {
		path string
		body object
		ok   int
	}{
		{"/api/users", object{"username": "alice", "primaryEmail": "alice@example.com"}, 200},
		{"/api/resources", object{"name": "r", "indicator": "https://hasura.api"}, 201},
		{"/api/roles", object{"name": "user", "description": "x"}, 200},
	} {
		var mu sync.Mutex
		statuses := map[int]int{}
		var all sync.WaitGroup
		for range 6 {
			all.Go(func() {
				got := a.call(http.MethodPost, c.path, c.body)
				mu.Lock()
				defer mu.Unlock()
				statuses[got.status]++
			})
		}
		all.Wait()
		if statuses[c.ok] != 1 || statuses[422] != 5 {
			t.Errorf("%s: %v, want one %d and five 422", c.path, statuses, c.ok)
		}
	}
}

func TestPaging_walksTheWholeList(t *testing.T) {
	t.Parallel()
	a := serve(t)
	for i := range 5 {
		a.id(a.call(http.MethodPost, "/api/users", object{"username": fmt.Sprintf("user_%d", i)}))
	}
	var seen []string
	for page := 1; page <= 3; page++ {
		got := a.call(http.MethodGet, fmt.Sprintf("/api/users?page_size=2&page=%d", page), nil)
		for _, u := range got.body.([]any) {
			seen = append(seen, u.(object)["username"].(string))
		}
		links := strings.Join(got.header.Values("Link"), " ")
		for rel, want := range map[string]bool{"first": true, "prev": page > 1, "next": page < 3, "last": true} {
			if strings.Contains(links, `rel="`+rel+`"`) != want {
				t.Errorf("page %d: links %s", page, links)
			}
		}
		if got.header.Get("Total-Number") != "5" {
			t.Errorf("page %d: total %s", page, got.header.Get("Total-Number"))
		}
	}
	if want := []string{"user_4", "user_3", "user_2", "user_1", "user_0"}; !slices.Equal(seen, want) {
		t.Errorf("saw %v, want %v", seen, want)
	}
}

func TestSearch_modes(t *testing.T) {
	t.Parallel()
	a := serve(t)
	for _, u := range []object{
		{"username": "alice", "primaryEmail": "alice@example.com", "name": "Alice"},
		{"username": "ALAN", "primaryEmail": "alan@example.org", "name": "Alan"},
		{"username": "bob", "primaryEmail": "bob@example.com", "name": "al_ice's friend"},
	} {
		a.id(a.call(http.MethodPost, "/api/users", u))
	}
	for query, want := range map[string]string{
		"search=%25al%25":                                                           "ALAN alice bob",
		"search.username=al%25":                                                     "ALAN alice",
		"search.username=al%25&isCaseSensitive=true":                                "alice",
		"search.username=ALICE&mode.username=exact":                                 "alice",
		"search.username=alice&search.username=bob&mode.username=exact":             "alice bob",
		"search.username=al%25&search.primaryEmail=%25.com&joint=and":               "alice",
		"search.username=al%25&search.primaryEmail=%25.com":                         "ALAN alice bob",
		"search.name=%5Eal&mode=posix":                                              "ALAN alice bob",
		"search.username=(alice%7Cbob)&mode=similar_to&isCaseSensitive=true":        "alice bob",
		"search.username=%27%3B+drop+table+identity.users%3B--&mode.username=exact": "",
	} {
		got := a.call(http.MethodGet, "/api/users?"+query, nil)
		var names []string
		list, _ := got.body.([]any)
		for _, u := range list {
			names = append(names, u.(object)["username"].(string))
		}
		slices.Sort(names)
		if got.status != http.StatusOK || strings.Join(names, " ") != want {
			t.Errorf("%s: %d %v, want %s", query, got.status, names, want)
		}
	}
}

func TestIfNoneMatch(t *testing.T) {
	t.Parallel()
	a := serve(t)
	path := "/api/resources/" + directory.ManagementAPIID
	tag := a.call(http.MethodGet, path, nil).header.Get("ETag")
	got := a.do(http.MethodGet, path, nil, "Authorization", "Bearer "+a.token(nil), "If-None-Match", tag)
	if got.status != http.StatusNotModified || got.raw != "" {
		t.Errorf("with its own tag: %d %q", got.status, got.raw)
	}
}
