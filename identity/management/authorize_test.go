package management_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"gatehouse/identity/directory"
	"gatehouse/identity/management"
	"gatehouse/jwt"
)

func (a answer) code() string {
	m, _ := a.body.(map[string]any)
	code, _ := m["code"].(string)
	return code
}

// dataCode is the JOSE library's code in the data of a 401.
func (a answer) dataCode() string {
	m, _ := a.body.(map[string]any)
	data, _ := m["data"].(map[string]any)
	return fmt.Sprint(data["code"], " ", data["claim"])
}

func TestAuthorize_refusals(t *testing.T) {
	t.Parallel()
	a := serve(t)
	stranger, err := jwt.GenerateES384()
	if err != nil {
		t.Fatal(err)
	}
	payload, _ := json.Marshal(map[string]any{"sub": a.machine, "client_id": a.machine, "iss": issuer, "aud": directory.ManagementAPI, "scope": "all", "exp": time.Now().Add(time.Hour).Unix()})
	foreign, err := jwt.Sign(stranger, "at+jwt", payload)
	if err != nil {
		t.Fatal(err)
	}
	sameKid := stranger
	sameKid.KeyID = a.keys.Keys()[0].KeyID
	forged, err := jwt.Sign(sameKid, "at+jwt", payload)
	if err != nil {
		t.Fatal(err)
	}
	good := a.token(nil)
	parts := strings.Split(good, ".")
	for name, c := range map[string]struct {
		token  string
		status int
		code   string
		data   string
	}{
		"foreign key":         {foreign, 401, "auth.unauthorized", "ERR_JWKS_NO_MATCHING_KEY <nil>"},
		"forged kid":          {forged, 401, "auth.unauthorized", "ERR_JWS_SIGNATURE_VERIFICATION_FAILED <nil>"},
		"signature stripped":  {parts[0] + "." + parts[1] + ".", 401, "auth.unauthorized", "ERR_JWS"},
		"alg none":            {"eyJhbGciOiJub25lIn0." + parts[1] + ".", 401, "auth.unauthorized", "ERR_JW"},
		"wrong audience":      {a.token(map[string]any{"aud": "https://hasura.api"}), 401, "auth.unauthorized", "ERR_JWT_CLAIM_VALIDATION_FAILED aud"},
		"no audience":         {a.token(map[string]any{"aud": nil}), 401, "auth.unauthorized", "ERR_JWT_CLAIM_VALIDATION_FAILED aud"},
		"foreign issuer":      {a.token(map[string]any{"iss": "https://evil.example/oidc"}), 401, "auth.unauthorized", "ERR_JWT_CLAIM_VALIDATION_FAILED iss"},
		"expired":             {a.token(map[string]any{"exp": time.Now().Add(-time.Minute).Unix()}), 401, "auth.unauthorized", "ERR_JWT_EXPIRED exp"},
		"never expires":       {a.token(map[string]any{"exp": nil}), 401, "auth.unauthorized", "ERR_JWT_CLAIM_VALIDATION_FAILED exp"},
		"not yet valid":       {a.token(map[string]any{"nbf": time.Now().Add(time.Hour).Unix()}), 401, "auth.unauthorized", "ERR_JWT_CLAIM_VALIDATION_FAILED nbf"},
		"ID token":            {a.tokenOf("", nil), 401, "auth.unauthorized", "ERR_JWT_CLAIM_VALIDATION_FAILED typ"},
		"no subject":          {a.token(map[string]any{"sub": nil}), 401, "auth.jwt_sub_missing", "<nil>"},
		"no scope":            {a.token(map[string]any{"scope": nil}), 403, "auth.forbidden", "<nil>"},
		"scope inside a word": {a.token(map[string]any{"scope": "allmost call"}), 403, "auth.forbidden", "<nil>"},
		"unknown machine":     {a.token(map[string]any{"sub": "gone", "client_id": "gone"}), 403, "auth.forbidden", "<nil>"},
		"unknown user":        {a.token(map[string]any{"sub": "gone"}), 403, "auth.forbidden", "<nil>"},
		"claims of odd types": {a.token(map[string]any{"scope": []string{"all"}}), 401, "auth.unauthorized", "ERR_JWT_INVALID <nil>"},
	} {
		got := a.do(http.MethodGet, "/api/roles", nil, "Authorization", "Bearer "+c.token)
		if got.status != c.status || got.code() != c.code || !strings.HasPrefix(got.dataCode(), c.data) {
			t.Errorf("%s: got %d %s, want %d %s %s", name, got.status, got.raw, c.status, c.code, c.data)
		}
	}
	if got := a.call(http.MethodGet, "/api/roles", nil); got.status != http.StatusOK {
		t.Errorf("a good token: %d %s", got.status, got.raw)
	}
	list := a.token(map[string]any{"aud": []string{"https://hasura.api", directory.ManagementAPI}, "scope": "read all"})
	if got := a.do(http.MethodGet, "/api/roles", nil, "Authorization", "Bearer "+list); got.status != http.StatusOK {
		t.Errorf("several audiences and scopes: %d %s", got.status, got.raw)
	}
}

func TestAuthorize_adminSecret(t *testing.T) {
	t.Parallel()
	a := serve(t)
	const header = "X-Hasura-Admin-Secret"
	for _, wrong := range []string{"", "nope", "myadminsecretkey "} {
		// A wrong secret is an error even beside a good token. net/http trims the last one's space.
		if strings.TrimSpace(wrong) == "myadminsecretkey" {
			continue
		}
		got := a.do(http.MethodGet, "/api/roles", nil, header, wrong, "Authorization", "Bearer "+a.token(nil))
		if got.status != http.StatusUnauthorized || got.code() != "auth.unauthorized" {
			t.Errorf("secret %q: %d %s", wrong, got.status, got.raw)
		}
	}
	if got := a.do(http.MethodPost, "/api/users", map[string]any{"username": "alice"}, header, "myadminsecretkey"); got.status != http.StatusOK {
		t.Errorf("right secret: %d %s", got.status, got.raw)
	}
	logs := a.call(http.MethodGet, "/api/logs?logKey=Management.User.Created", nil)
	if !strings.Contains(logs.raw, `"actor":{"type":"adminSecret"}`) {
		t.Errorf("the audit log does not say that the secret was used: %s", logs.raw)
	}

	if got := a.do(http.MethodPost, "/api/users", map[string]any{"username": "bob"}, header, "named"); got.status != http.StatusOK {
		t.Errorf("named secret: %d %s", got.status, got.raw)
	}
	logs = a.call(http.MethodGet, "/api/logs?logKey=Management.User.Created", nil)
	if !strings.Contains(logs.raw, `"actor":{"id":"deploy","type":"adminSecret"}`) {
		t.Errorf("the audit log does not say which secret was used: %s", logs.raw)
	}

	off := serve(t, func(h *management.Handler) { h.AdminSecret = nil })
	got := off.do(http.MethodGet, "/api/roles", nil, header, "myadminsecretkey")
	if got.status != http.StatusUnauthorized || got.code() != "auth.authorization_header_missing" {
		t.Errorf("switched off: %d %s", got.status, got.raw)
	}
}

func TestAuthorize_accessEndsWithTheRoleOrMembership(t *testing.T) {
	t.Parallel()
	a := serve(t)
	machine := a.call(http.MethodPost, "/api/applications", map[string]any{"name": "m", "type": "MachineToMachine"}).body.(map[string]any)["id"].(string)
	management, err := a.directory.RoleByName(t.Context(), directory.RoleManagementAccess)
	if err != nil {
		t.Fatal(err)
	}
	user, err := a.directory.CreateUser(t.Context(), directory.NewUser{Username: "ada"})
	if err != nil {
		t.Fatal(err)
	}
	asMachine := a.token(map[string]any{"sub": machine, "client_id": machine})
	asUser := a.token(map[string]any{"sub": user.ID, "client_id": "console"})
	may := func(method, path, token string) bool {
		got := a.do(method, path, map[string]any{}, "Authorization", "Bearer "+token)
		if got.status == http.StatusForbidden && got.code() == "auth.forbidden" {
			return false
		}
		if got.status >= 500 {
			t.Errorf("%s %s: %s", method, path, got.raw)
		}
		return true
	}
	member := func(role string) {
		t.Helper()
		err := a.directory.InTx(t.Context(), func(tx *directory.Tx) error {
			if role == "" {
				return tx.DeleteConsoleRole(t.Context(), user.ID)
			}
			return tx.SetConsoleRole(t.Context(), user.ID, role)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	expect := func(what, method, path, token string, want bool) {
		t.Helper()
		if got := may(method, path, token); got != want {
			t.Errorf("%s: %s %s allowed %v, want %v", what, method, path, got, want)
		}
	}
	expect("machine without role", http.MethodGet, "/api/users", asMachine, false)
	if got := a.call(http.MethodPost, "/api/applications/"+machine+"/roles", map[string]any{"roleIds": []string{management.ID}}); got.status != http.StatusCreated {
		t.Fatal(got.raw)
	}
	expect("machine with role", http.MethodGet, "/api/users", asMachine, true)
	if got := a.call(http.MethodDelete, "/api/applications/"+machine+"/roles/"+management.ID, nil); got.status != http.StatusNoContent {
		t.Fatal(got.raw)
	}
	expect("machine whose role was taken", http.MethodGet, "/api/users", asMachine, false)

	expect("user who is no member", http.MethodGet, "/api/users", asUser, false)
	member(directory.ConsoleSupport)
	expect("support", http.MethodGet, "/api/users", asUser, true)
	expect("support", http.MethodPost, "/api/users", asUser, false)
	expect("support", http.MethodGet, "/api/applications/"+machine+"/secrets", asUser, false)
	expect("support", http.MethodGet, "/api/users/"+user.ID+"?includePasswordHash=1", asUser, false)
	expect("support", http.MethodGet, "/api/configs/jwt-customizer", asUser, false)
	member(directory.ConsoleDeveloper)
	expect("developer", http.MethodPost, "/api/roles", asUser, true)
	member("")
	expect("former member", http.MethodGet, "/api/users", asUser, false)
	member(directory.ConsoleOwner)
	expect("owner", http.MethodPatch, "/api/users/"+user.ID, asUser, true)
	if got := a.do(http.MethodDelete, "/api/users/"+user.ID, nil, "Authorization", "Bearer "+asUser); got.code() != "user.cannot_delete_self" {
		t.Errorf("deleting oneself: %s", got.raw)
	}
	if got := a.call(http.MethodPatch, "/api/users/"+user.ID+"/is-suspended", map[string]any{"isSuspended": true}); got.status != http.StatusOK {
		t.Fatal(got.raw)
	}
	expect("suspended owner", http.MethodGet, "/api/users", asUser, false)
}
