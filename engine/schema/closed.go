package schema

import "slices"

// A permission that cannot be honoured is closed, and so is what would be inherited from it: an inherited role has a
// mutation only where all its members that may do it may do the same, and of a closed permission nobody knows what it
// says.

// close remembers that a role's permission of a kind on t cannot be honoured; "" is some role.
func (t *Table) close(kind, role string) {
	if t.closed == nil {
		t.closed = map[string]map[string]bool{}
	}
	if t.closed[kind] == nil {
		t.closed[kind] = map[string]bool{}
	}
	t.closed[kind][role] = true
}

// mayInherit tells whether all that the members of an inherited role may do of a kind to t is known.
func (m *Model) mayInherit(t *Table, kind, role string) bool {
	return !slices.ContainsFunc(m.inherited[role], func(member string) bool { return m.isClosed(t, kind, member) })
}

func (m *Model) isClosed(t *Table, kind, role string) bool {
	own := t.explicit[role]
	switch {
	case own != nil && (kind == "insert" && own.Insert != nil || kind == "update" && own.Update != nil || kind == "delete" && own.Delete != nil):
		return false
	case t.closed[kind][role], t.closed[kind][""], m.closed[role], m.closed[""]:
		return true
	}
	return !m.mayInherit(t, kind, role)
}
