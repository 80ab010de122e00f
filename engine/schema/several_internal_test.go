package schema

import (
	"fmt"
	"testing"
)

// A client who names combination after combination fills no memory, and unknown roles make none.
func TestSeveral_combinationsAreBounded(t *testing.T) {
	t.Parallel()
	m := &Model{facts: &facts{}, roles: map[string]bool{}, variables: map[string]map[string]bool{}, schemas: map[schemaKey]*Schema{}}
	for i := range 200 {
		m.roles[fmt.Sprint(i)] = true
	}
	has := func(string) bool { return true }
	first := m.Several([]string{"0", "1"}, has, false, false)
	for i := range 199 {
		m.Several([]string{fmt.Sprint(i), fmt.Sprint(i + 1)}, has, false, false)
		if m.Several([]string{"0", "1", "stranger", "admin"}, has, false, false) != first {
			t.Fatal("a combination in use was forgotten")
		}
	}
	if n := len(m.combinations); n != maxCombinations {
		t.Errorf("%d combinations are kept", n)
	}
	for i := range 200 {
		m.Several([]string{fmt.Sprint("stranger", i), "admin"}, has, false, false)
	}
	if n := len(m.schemas); n != 1 {
		t.Errorf("%d schemas for strangers", n)
	}
	if s := m.Several([]string{"admin"}, has, false, false); s.Role == AdminRole || s.Roles() != nil {
		t.Errorf("admin as one of several is %q", s.Role)
	}
	m.roles[first.Role] = true
	if m.Role(first.Role, false) == first || m.Role(first.Role, false).Role == first.Role {
		t.Error("a role has the name of a combination")
	}
}
