package management_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// names are the values of a key in a list, sorted.
func (a *api) names(path, key string) []string {
	a.t.Helper()
	got := a.want(http.StatusOK, a.call(http.MethodGet, path, nil))
	names := []string{}
	for _, item := range got.body.([]any) {
		names = append(names, item.(object)[key].(string))
	}
	slices.Sort(names)
	return names
}

func TestFilters_ofGatehousesOwn(t *testing.T) {
	t.Parallel()
	a := serve(t)
	users := map[string]string{}
	for _, name := range []string{"alice", "bob"} {
		users[name] = a.id(a.call(http.MethodPost, "/api/users", object{"username": name, "name": `100%_"` + name + `"`}))
	}
	a.want(http.StatusOK, a.call(http.MethodPatch, "/api/users/"+users["bob"]+"/is-suspended", object{"isSuspended": true}))
	resource := a.id(a.call(http.MethodPost, "/api/resources", object{"name": "R", "indicator": "https://r.example"}))
	scope := a.id(a.call(http.MethodPost, "/api/resources/"+resource+"/scopes", object{"name": "read"}))
	for _, name := range []string{"reader", "other"} {
		role := object{"name": name, "description": name}
		if name == "reader" {
			role["scopeIds"] = []string{scope}
		}
		a.id(a.call(http.MethodPost, "/api/roles", role))
	}
	a.want(http.StatusNoContent, a.call(http.MethodDelete, "/api/users/"+users["alice"], nil))

	for path, want := range map[string]string{
		"/api/users?isSuspended=true":              "bob",
		"/api/users?isSuspended=false":             "",
		"/api/users?isSuspended=true&search=alice": "",
	} {
		if got := strings.Join(a.names(path, "username"), " "); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	for path, want := range map[string]string{
		"/api/roles?scopeId=" + scope: "reader",
		"/api/roles?scopeId=none":     "",
	} {
		if got := strings.Join(a.names(path, "name"), " "); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	for query, want := range map[string]string{
		"text=BOB":                                                 "Management.User.Created",
		"text=100%25_&userId=" + users["alice"]:                    "Management.User.Created Management.User.Deleted",
		"text=100__&userId=" + users["alice"]:                      "", // no pattern
		"text=%5C%5C&userId=" + users["alice"]:                     "",
		"logKey=%25Deleted&text=alice":                             "Management.User.Deleted",
		"result=Error&logKey=Management.%25":                       "",
		"result=Success&text=bob&logKey=%25Created":                "Management.User.Created",
		"text=%27%29+or+true+--&result=Success":                    "",
		"start_time=99999999999999&text=bob":                       "",
		"userId=" + users["alice"] + "&result=Success&text=DELETE": "Management.User.Deleted",
	} {
		if got := strings.Join(a.names("/api/logs?"+query, "key"), " "); got != want {
			t.Errorf("logs %s: %q, want %q", query, got, want)
		}
	}
	for _, path := range []string{"/api/users?isSuspended=yes", "/api/logs?result=Maybe", "/api/logs?text=" + strings.Repeat("x", 257)} {
		if got := a.call(http.MethodGet, path, nil); got.status != http.StatusBadRequest || got.code() != "guard.invalid_input" {
			t.Errorf("%.60s: %d %s", path, got.status, got.raw)
		}
	}
}
