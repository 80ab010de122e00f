package management

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"gatehouse/identity/console"
	"gatehouse/identity/directory"
)

// Every route is one operation, and no operation is named for a route that is not there: a new route without one is seen
// here before it is open to every member.
func TestOperations_areNamedForEveryRoute(t *testing.T) {
	t.Parallel()
	h := &Handler{Sessions: &Sessions{}, Keys: &Keys{}, ScriptContext: func(context.Context, string, string) (json.RawMessage, error) { return nil, nil }, TestScript: func(context.Context, ScriptTest) (json.RawMessage, error) { return nil, nil }}
	seen := map[string]bool{}
	for path, methods := range h.routes() {
		for method := range methods {
			route := method + " " + path
			if seen[route] = true; operations[route] == "" {
				t.Errorf("%s has no operation", route)
			}
		}
	}
	for route, op := range operations {
		if !seen[route] {
			t.Errorf("%s (%s) is no route", route, op)
		}
		isRead := strings.HasPrefix(route, http.MethodGet)
		if hasRead := strings.HasSuffix(string(op), ":read"); hasRead && !isRead && route != "POST /api/sign-in-exp/default/check-password" {
			t.Errorf("%s changes something and is %s", route, op)
		}
	}
}

// Whoever holds a membership reaches the routes of its operations and no other.
func TestOperations_areEnforced(t *testing.T) {
	t.Parallel()
	reached := map[string]int{}
	for _, role := range []string{directory.ConsoleOwner, directory.ConsoleDeveloper, directory.ConsoleSupport, "nobody"} {
		h := &Handler{Console: func(context.Context, http.Header) (*console.Caller, error) {
			return &console.Caller{By: console.ByMember, UserID: "u", Role: role, Operations: directory.OperationsOf(role)}, nil
		}}
		for route, op := range operations {
			method, path, _ := strings.Cut(route, " ")
			w := httptest.NewRecorder()
			h.guarded(path, map[string]endpoint{method: func(c *call) error { return c.noContent() }})(w, httptest.NewRequestWithContext(t.Context(), method, "/x", nil))
			may := directory.OperationsOf(role).Has(op)
			if got := w.Code == http.StatusNoContent; got != may || !got && (w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "auth.forbidden")) {
				t.Errorf("%s, %s: %d %s", role, route, w.Code, w.Body)
			}
			if may {
				reached[role]++
			}
		}
	}
	if reached[directory.ConsoleOwner] != len(operations) || reached["nobody"] != 0 || reached[directory.ConsoleSupport] == 0 || reached[directory.ConsoleDeveloper] == 0 {
		t.Errorf("routes that are reached: %v", reached)
	}
}
