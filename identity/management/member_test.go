package management_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"gatehouse/identity/console"
	"gatehouse/identity/directory"
	"gatehouse/identity/management"
)

// serveMembers serves requests that say in a header which membership their console session has.
func serveMembers(t *testing.T) *api {
	t.Helper()
	return serve(t, func(h *management.Handler) {
		h.Console = func(_ context.Context, h http.Header) (*console.Caller, error) {
			switch role := h.Get("X-Test-Member"); role {
			case "":
				return nil, nil
			case "ended":
				return nil, console.ErrEnded
			default:
				return &console.Caller{By: console.ByMember, UserID: "u_" + role, Role: role, Operations: directory.OperationsOf(role)}, nil
			}
		}
	})
}

func TestConsole_aDeadSessionIsRefusedAndAnotherCredentialCounts(t *testing.T) {
	t.Parallel()
	a := serveMembers(t)
	if got := a.do(http.MethodGet, "/api/roles", nil, "X-Test-Member", "ended"); got.status != 401 || got.code() != "auth.unauthorized" {
		t.Errorf("ended: %d %s", got.status, got.raw)
	}
	if got := a.do(http.MethodGet, "/api/roles", nil, "X-Test-Member", "ended", "Authorization", "Bearer "+a.token(nil)); got.status != 200 {
		t.Errorf("beside a token: %d %s", got.status, got.raw)
	}
	if got := a.do(http.MethodGet, "/api/roles", nil, "X-Test-Member", "owner", "X-Hasura-Admin-Secret", "nope"); got.status != 401 {
		t.Errorf("beside a wrong secret: %d %s", got.status, got.raw)
	}
	if got := a.do(http.MethodGet, "/api/roles", nil); got.status != 401 || got.code() != "auth.authorization_header_missing" {
		t.Errorf("none: %d %s", got.status, got.raw)
	}
}

// A developer shapes access, but cannot make herself a machine that does what her membership does not.
func TestConsole_aDeveloperGetsNoManagementAPI(t *testing.T) {
	t.Parallel()
	a := serveMembers(t)
	developer := func(method, path string, body any) answer {
		t.Helper()
		return a.do(method, path, body, "X-Test-Member", "developer")
	}
	machine := a.id(developer(http.MethodPost, "/api/applications", object{"name": "m", "type": "MachineToMachine"}))
	ready, err := a.directory.RoleByName(t.Context(), directory.RoleManagementAccess)
	if err != nil {
		t.Fatal(err)
	}
	own := a.id(developer(http.MethodPost, "/api/roles", object{"name": "own", "description": "x", "type": "MachineToMachine"}))
	full := a.id(developer(http.MethodPost, "/api/roles", object{"name": "full", "description": "x", "type": "MachineToMachine", "scopeIds": []string{directory.ManagementScopeID}}))
	a.want(201, developer(http.MethodPost, "/api/applications/"+machine+"/roles", object{"roleIds": []string{own}}))
	for name, got := range map[string]answer{
		"the ready role":                developer(http.MethodPost, "/api/applications/"+machine+"/roles", object{"roleIds": []string{ready.ID}}),
		"the ready role, replacing":     developer(http.MethodPut, "/api/applications/"+machine+"/roles", object{"roleIds": []string{own, ready.ID}}),
		"the ready role, from its side": developer(http.MethodPost, "/api/roles/"+ready.ID+"/applications", object{"applicationIds": []string{machine}}),
		"a role of her own":             developer(http.MethodPost, "/api/applications/"+machine+"/roles", object{"roleIds": []string{full}}),
		"a scope for a role it holds":   developer(http.MethodPost, "/api/roles/"+own+"/scopes", object{"scopeIds": []string{directory.ManagementScopeID}}),
		"the internal role":             developer(http.MethodPatch, "/api/applications/"+machine, object{"isAdmin": true}),
		"its secrets":                   developer(http.MethodGet, "/api/applications/"+machine+"/secrets", nil),
		"a new secret":                  developer(http.MethodPost, "/api/applications/"+machine+"/secrets", object{"name": "x"}),
		"users of a role":               developer(http.MethodGet, "/api/roles/"+own+"/users", nil),
		"what a user holds":             developer(http.MethodGet, "/api/roles?excludeUserId=x", nil),
		"a user's password policy":      developer(http.MethodPost, "/api/sign-in-exp/default/check-password", object{"password": "x", "userId": "u"}),
	} {
		if got.status != http.StatusForbidden {
			t.Errorf("%s: %d %s", name, got.status, got.raw)
		}
	}
	if apps, err := a.directory.ManagementApplications(t.Context()); err != nil || len(apps) != 1 {
		t.Errorf("with the Management API: %v %v", apps, err)
	}
	if got := a.do(http.MethodPost, "/api/applications/"+machine+"/roles", object{"roleIds": []string{ready.ID}}, "X-Test-Member", "owner"); got.status != 201 {
		t.Errorf("an owner may: %d %s", got.status, got.raw)
	}
	a.want(200, developer(http.MethodPatch, "/api/applications/"+machine, object{"name": "still hers to name"}))
}

func TestConsole_whoSeesNoUsersIsShownNone(t *testing.T) {
	t.Parallel()
	a := serveMembers(t)
	role := a.id(a.call(http.MethodPost, "/api/roles", object{"name": "reader", "description": "x"}))
	user := a.id(a.call(http.MethodPost, "/api/users", object{"username": "alice", "name": "Alice Liddell"}))
	a.want(201, a.call(http.MethodPost, "/api/roles/"+role+"/users", object{"userIds": []string{user}}))
	for member, sees := range map[string]bool{"developer": false, "support": true, "owner": true} {
		if got := a.do(http.MethodGet, "/api/roles", nil, "X-Test-Member", member); strings.Contains(got.raw, "Alice") != sees {
			t.Errorf("%s: %s", member, got.raw)
		}
	}
	if got := a.do(http.MethodGet, "/api/users/"+user+"?includePasswordHash=true", nil, "X-Test-Member", "support"); got.status != 403 {
		t.Errorf("a password's hash: %d %s", got.status, got.raw)
	}
}

// Whoever may write a script that is given a secret has the secret.
func TestConsole_aScriptWithSecretsIsNotTheDevelopers(t *testing.T) {
	t.Parallel()
	a := serveMembers(t)
	const path = "/api/configs/jwt-customizer/access-token"
	developer := func(method string, body any) answer {
		t.Helper()
		return a.do(method, path, body, "X-Test-Member", "developer")
	}
	a.want(201, developer(http.MethodPut, object{"script": "const getCustomJwtClaims = () => ({})"}))
	withSecret := object{"script": "const getCustomJwtClaims = () => ({a: 1})", "environmentVariables": object{"KEY": "hunter2"}}
	a.want(403, developer(http.MethodPut, withSecret))
	a.want(200, a.do(http.MethodPut, path, withSecret, "X-Test-Member", "owner"))
	for method, body := range map[string]any{
		http.MethodPut:    object{"script": "leak", "environmentVariables": object{"KEY": "(secret)"}},
		http.MethodPatch:  object{"script": "leak"},
		http.MethodDelete: nil,
	} {
		if got := developer(method, body); got.status != 403 {
			t.Errorf("%s: %d %s", method, got.status, got.raw)
		}
	}
	for _, p := range []string{path, "/api/configs/jwt-customizer"} {
		got := a.do(http.MethodGet, p, nil, "X-Test-Member", "developer")
		if got.status != 200 || strings.Contains(got.raw, "hunter2") || !strings.Contains(got.raw, `"KEY":"(secret)"`) {
			t.Errorf("%s: %d %s", p, got.status, got.raw)
		}
	}
	if got := a.do(http.MethodGet, path, nil, "X-Test-Member", "owner"); !strings.Contains(got.raw, "hunter2") {
		t.Errorf("an owner: %s", got.raw)
	}
}

func TestAudit_saysWhoAndWhatWasBeforeAndAfter(t *testing.T) {
	t.Parallel()
	a := serveMembers(t)
	owner := func(method, path string, body any) answer {
		t.Helper()
		return a.do(method, path, body, "X-Test-Member", "owner")
	}
	user := a.id(owner(http.MethodPost, "/api/users", object{"username": "alice", "password": "Corr3ct-horse"}))
	a.want(200, owner(http.MethodPatch, "/api/users/"+user, object{"name": "Alice"}))
	a.want(200, owner(http.MethodPatch, "/api/users/"+user+"/password", object{"password": "An0ther-horse"}))
	role := a.id(owner(http.MethodPost, "/api/roles", object{"name": "reader", "description": "x"}))
	a.want(201, owner(http.MethodPost, "/api/users/"+user+"/roles", object{"roleIds": []string{role}}))
	app := a.id(owner(http.MethodPost, "/api/applications", object{"name": "m", "type": "MachineToMachine"}))
	made := a.want(201, owner(http.MethodPost, "/api/applications/"+app+"/secrets", object{"name": "second"}))
	secret, _ := made.field("value").(string)
	a.want(200, owner(http.MethodPatch, "/api/sign-in-exp", object{"color": object{"primaryColor": "#112233", "isDarkModeEnabled": false, "darkPrimaryColor": "#445566"}}))
	a.want(201, owner(http.MethodPut, "/api/configs/jwt-customizer/access-token", object{"script": "const getCustomJwtClaims = () => ({})", "environmentVariables": object{"KEY": "hunter2"}}))
	a.want(204, owner(http.MethodDelete, "/api/users/"+user, nil))
	for key, want := range map[string][]string{
		"User.Created":               {`"actor":{"id":"u_owner","type":"user","clientId":"admin-console"}`, `"before":null`, `"username":"alice"`, `"password":"(secret)"`},
		"User.Data.Updated":          {`"before":{"name":null}`, `"after":{"name":"Alice"}`, `"before":{"password":"(secret)"}`},
		"Roles.Added":                {`"before":{"roles":[]}`, `"after":{"roles":["reader"]}`},
		"Application.Secret.Created": {`"second":"(secret)"`},
		"SignInExperience.Updated":   {`#112233`},
		"Config.Updated":             {`"KEY":"(secret)"`},
		"User.Deleted":               {`"after":null`, `"username":"alice"`},
	} {
		logs := a.call(http.MethodGet, "/api/logs?logKey=Management."+key, nil)
		for _, part := range want {
			if !strings.Contains(logs.raw, part) {
				t.Errorf("%s: no %s in\n%s", key, part, logs.raw)
			}
		}
		for _, hidden := range []string{"hunter2", secret, "argon2", "Corr3ct", "An0ther"} {
			if hidden == "" || strings.Contains(logs.raw, hidden) {
				t.Errorf("%s: %q is in the log", key, hidden)
			}
		}
	}
}
