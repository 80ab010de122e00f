package session_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gatehouse/engine/session"
)

// several is settings under which callers may act in several roles.
func several(s session.Settings) session.Settings {
	s.SeveralRoles = true
	return s
}

func manyRoles(n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf("r%02d", i))
	}
	return out
}

const notAllowed = "Your requested role is not in allowed roles"

// Nobody acts in a role not held, nor in admin among others, nor in more roles than there may be.
func TestSeveral_refusals(t *testing.T) {
	t.Parallel()
	f := builtIn(t, several(session.Settings{AdminSecrets: []session.AdminSecret{{Secret: "s"}}, AllowAdminRole: true}), session.Standing{})
	token := sign(t, f.key, "at+jwt", ownClaims())
	for _, c := range []struct {
		held, requested, code, message string
	}{
		{"a,b", `["a","c"]`, "access-denied", notAllowed},
		{"a,b", `["a","admin"]`, "access-denied", notAllowed},
		{"a,admin", `["a","admin"]`, "access-denied", "x-hasura-role: the role admin is not one of several"},
		{"", `*`, "access-denied", notAllowed},
		{"admin", `*`, "access-denied", notAllowed},
		{"a,b", `[]`, "invalid-headers", "x-hasura-role: expected names of roles in the array"},
		{"a,b", `["a",""]`, "invalid-headers", "x-hasura-role: expected names of roles in the array"},
		{"a,b", `["a"`, "invalid-headers", `x-hasura-role: expected a role, a JSON array of roles, or "*"`},
		{"a,b", `["a",1]`, "invalid-headers", `x-hasura-role: expected a role, a JSON array of roles, or "*"`},
		{"a,b", `[["a"]]`, "invalid-headers", `x-hasura-role: expected a role, a JSON array of roles, or "*"`},
		{"a,b", `**`, "access-denied", notAllowed},
		{strings.Join(manyRoles(17), ","), `*`, "access-denied", "x-hasura-role: at most 16 roles at once"},
	} {
		f.directory.standing = goodStanding(slices.DeleteFunc(strings.Split(c.held, ","), func(s string) bool { return s == "" })...)
		_, err := f.resolve(t, token, "X-Hasura-Role", c.requested)
		if err == nil {
			t.Errorf("%s of %s was let in", c.requested, c.held)
			continue
		}
		refused(t, err, 400, c.code, c.message)
	}
	r := resolver(t, several(session.Settings{AdminSecrets: []session.AdminSecret{{Secret: "s"}}}), session.Deps{})
	_, err := r.Resolve(t.Context(), session.Request{Header: headers("X-Hasura-Admin-Secret", "s", "X-Hasura-Role", "*")})
	refused(t, err, 400, "access-denied", `x-hasura-role: which roles "*" stands for is not known here; name them`)
}

// Where it is not switched on, what would name several roles is the name of one, as in Hasura.
func TestSeveral_off(t *testing.T) {
	t.Parallel()
	f := builtIn(t, closed, goodStanding("a", "b"))
	token := sign(t, f.key, "at+jwt", ownClaims())
	for _, requested := range []string{`["a","b"]`, `["a"]`, `*`} {
		_, err := f.resolve(t, token, "X-Hasura-Role", requested)
		refused(t, err, 400, "access-denied", notAllowed)
	}
	r := resolver(t, closed, session.Deps{})
	s, err := r.Resolve(t.Context(), session.Request{Header: headers("X-Hasura-Admin-Secret", "s", "X-Hasura-Role", `["a","b"]`)})
	is(t, s, err, `["a","b"]`, map[string]string{"x-hasura-role": `["a","b"]`})
	if s.Roles != nil {
		t.Errorf("several roles: %v", s.Roles)
	}
}

func TestSeveral_roles(t *testing.T) {
	t.Parallel()
	hook := startHook(t, 200, `{"x-hasura-role":"[\"b\",\"a\"]"}`)
	token := sign(t, hmac, "", hasuraClaims())
	f := builtIn(t, several(closed), goodStanding("c", "a", "b", "admin"))
	own := sign(t, f.key, "at+jwt", ownClaims())
	for name, c := range map[string]struct {
		r      *session.Resolver
		header []string
		role   string
		roles  string
	}{
		"identity, all held":      {f.Resolver, []string{"Authorization", "Bearer " + own, "X-Hasura-Role", "*"}, `["a","b","c"]`, "[a b c]"},
		"identity, in order":      {f.Resolver, []string{"Authorization", "Bearer " + own, "X-Hasura-Role", ` ["b", "a", "b"]`}, `["b","a"]`, "[b a]"},
		"identity, the hook's":    {f.Resolver, []string{"Authorization", "Bearer " + own, "Expected-Role", `["b","a"]`}, `["b","a"]`, "[b a]"},
		"identity, one":           {f.Resolver, []string{"Authorization", "Bearer " + own, "X-Hasura-Role", `["b"]`}, "b", "[]"},
		"JWT, all allowed":        {resolver(t, several(session.Settings{AdminSecrets: []session.AdminSecret{{Secret: "s"}}, JWTSecrets: []string{setting("")}}), session.Deps{}), []string{"Authorization", "Bearer " + token, "X-Hasura-Role", "*"}, `["editor","user"]`, "[editor user]"},
		"an auth hook's answer":   {resolver(t, several(hookSettings(hook.URL)), session.Deps{}), nil, `["b","a"]`, "[b a]"},
		"an administrator's word": {resolver(t, several(closed), session.Deps{}), []string{"X-Hasura-Admin-Secret", "s", "X-Hasura-Role", `["x","y"]`}, `["x","y"]`, "[x y]"},
	} {
		s, err := c.r.Resolve(t.Context(), session.Request{Header: headers(c.header...)})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if s.Role != c.role || fmt.Sprint(s.Roles) != c.roles || s.Variables["x-hasura-role"] != c.role || s.IsAdmin() {
			t.Errorf("%s: %s %v %v", name, s.Role, s.Roles, s.Variables)
		}
	}
}

// An open socket's caller is worth what the roles held now give: one taken away from "*" or from a list changes it.
func TestSeveral_renew(t *testing.T) {
	t.Parallel()
	f := builtIn(t, several(closed), goodStanding("a", "b"))
	token := sign(t, f.key, "at+jwt", ownClaims())
	for requested, want := range map[string]string{"*": "a", `["a","b"]`: ""} {
		f.directory.standing = goodStanding("a", "b")
		req := session.Request{Header: headers("Authorization", "Bearer "+token, "X-Hasura-Role", requested)}
		was, err := f.Resolve(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		f.directory.standing = goodStanding("a")
		now, err := f.Renew(t.Context(), req, was)
		if want == "" {
			refused(t, err, 400, "access-denied", notAllowed)
		} else if err != nil || now.Role != want || now.Roles != nil {
			t.Errorf("%s: %+v, %v", requested, now, err)
		}
	}
}
