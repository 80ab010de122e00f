package identity_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// managementToken is a token of a machine that may use the Management API.
func (w *wing) managementToken() string {
	w.t.Helper()
	w.exec(`insert into identity.applications_roles (application_id, role_id) select $1, id from identity.roles where name = 'Logto Management API access' on conflict do nothing`, machine)
	a := w.browser().do("POST", "/oidc/token", "grant_type=client_credentials&scope=all&client_id="+machine+"&client_secret="+machineKey+"&resource=https%3A%2F%2Fdefault.logto.app%2Fapi")
	if a.status != 200 {
		w.t.Fatalf("management token: %d %s", a.status, a.body)
	}
	return a.json(w.t)["access_token"].(string)
}

type shownKey struct {
	ID, Status, SigningKeyAlgorithm string
	EffectiveAt                     int64
}

func TestKeys_areRotatedAndOldTokensLive(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	token := w.managementToken()
	call := func(method, path, body string, status int) []shownKey {
		t.Helper()
		a := w.browser().do(method, "/api/configs/oidc/"+path, body, "Authorization", "Bearer "+token)
		if a.status != status {
			t.Fatalf("%s %s: %d %s", method, path, a.status, a.body)
		}
		if strings.Contains(a.body, "PRIVATE") || strings.Contains(a.body, `"value"`) {
			t.Fatalf("%s %s shows a key: %s", method, path, a.body)
		}
		var keys []shownKey
		if status == 200 {
			if err := json.Unmarshal([]byte(a.body), &keys); err != nil {
				t.Fatal(err)
			}
		}
		return keys
	}
	statuses := func(keys []shownKey) string {
		var words []string
		for _, k := range keys {
			words = append(words, k.Status+" "+k.SigningKeyAlgorithm)
		}
		return strings.Join(words, ", ")
	}
	for path, status := range map[string]int{"session-keys": 400, "private-keys/nobody": 404} {
		method := "GET"
		if status == 404 {
			method = "DELETE"
		}
		call(method, path, "", status)
	}
	first := call("GET", "private-keys", "", 200)
	if got := statuses(first); got != "Current EC" {
		t.Fatalf("at first: %s", got)
	}
	call("DELETE", "private-keys/"+first[0].ID, "", 422)

	before := w.machineJWT()
	if got := statuses(call("POST", "private-keys/rotate", `{}`, 200)); got != "Current EC, Previous EC" {
		t.Fatalf("rotated: %s", got)
	}
	after := w.machineJWT()
	if head(before) == head(after) {
		t.Error("the new key does not sign")
	}
	if !w.lives(before) || !w.lives(after) {
		t.Error("a token of either key must be good")
	}
	staged := call("POST", "private-keys/rotate", `{"rotationGracePeriod":3600}`, 200)
	if got := statuses(staged); got != "Current EC, Next EC, Previous EC" || staged[1].EffectiveAt == 0 {
		t.Fatalf("staged: %s %d", got, staged[1].EffectiveAt)
	}
	if got := strings.Count(w.browser().do("GET", "/oidc/jwks", "").body, `"kid"`); got != 3 {
		t.Errorf("%d keys are published, want 3", got)
	}
	if head(w.machineJWT()) != head(after) {
		t.Error("a next key signs before its time")
	}
	call("DELETE", "private-keys/"+staged[0].ID, "", 422)
	call("DELETE", "private-keys/"+staged[1].ID, "", 422)

	w.clock.advance(2 * time.Hour)
	if err := w.id.ReloadKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
	token = w.managementToken()
	due := call("GET", "private-keys", "", 200)
	if due[0].ID != staged[1].ID || due[0].Status != "Current" {
		t.Fatalf("when its time has come: %+v", due)
	}
	if head(w.machineJWT()) == head(after) {
		t.Error("a next key does not sign when its time has come")
	}
	call("DELETE", "private-keys/"+due[1].ID, "", 204)

	cookies := call("POST", "cookie-keys/rotate", `{}`, 200)
	if len(cookies) != 2 || cookies[0].Status != "" {
		t.Fatalf("cookie keys: %+v", cookies)
	}
	call("DELETE", "cookie-keys/"+cookies[1].ID, "", 204)
	call("DELETE", "cookie-keys/"+cookies[0].ID, "", 422)

	var leaks int
	if err := w.pool.QueryRow(t.Context(), `select count(*) from identity.logs where key like 'Management.Config.Keys.%' and payload::text like '%PRIVATE%'`).Scan(&leaks); err != nil || leaks != 0 {
		t.Errorf("%d entries of the log hold a key (%v)", leaks, err)
	}
}

func head(jwt string) string { return strings.Split(jwt, ".")[0] }
