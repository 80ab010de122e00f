package management_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"

	"gatehouse/identity/console"
	"gatehouse/identity/directory"
	"gatehouse/identity/management"
)

// What a script sees of a user is shown to those who may read users; of an application to those who may read settings.
func TestScriptContext_ofAUserNeedsUsersRead(t *testing.T) {
	t.Parallel()
	a := serve(t, func(h *management.Handler) {
		h.Console = func(_ context.Context, h http.Header) (*console.Caller, error) {
			role := h.Get("X-Test-Member")
			return &console.Caller{By: console.ByMember, UserID: "u", Role: role, Operations: directory.OperationsOf(role)}, nil
		}
		h.ScriptContext = func(_ context.Context, userID, applicationID string) (json.RawMessage, error) {
			if userID == "nobody" {
				return nil, directory.ErrNotFound
			}
			return json.Marshal(object{"user": userID, "application": applicationID})
		}
	})
	get := func(role, query string) answer {
		return a.do(http.MethodGet, "/api/configs/jwt-customizer/context?"+query, nil, "X-Test-Member", role)
	}
	for _, c := range []struct {
		role, query string
		status      int
	}{
		{"developer", "userId=u1", 403},
		{"support", "userId=u1", 403},
		{"support", "applicationId=a1", 403},
		{"developer", "applicationId=a1", 200},
		{"owner", "userId=nobody", 404},
		{"owner", "userId=u1&applicationId=a1", 200},
	} {
		if got := get(c.role, c.query); got.status != c.status {
			t.Errorf("%s %s: %d %s", c.role, c.query, got.status, got.raw)
		}
	}
}
