package schema

import (
	"slices"

	"gatehouse/engine/metadata"
)

// A permission that cannot be honoured is closed, and so is what would be inherited from it: an inherited role has a
// mutation only where all its members that may do it may do the same, and of a closed permission nobody knows what it
// says.

// closedOnes are the permissions on a table that cannot be honoured, by kind and role; "" is some role.
func closedOnes(list []resolved, stored [len(mutationKinds)][]string) map[string]map[string]bool {
	var out map[string]map[string]bool
	closeOne := func(kind, role string) {
		if out == nil {
			out = map[string]map[string]bool{}
		}
		if out[kind] == nil {
			out[kind] = map[string]bool{}
		}
		out[kind][role] = true
	}
	for i, roles := range stored {
		for _, role := range roles {
			closeOne(mutationKinds[i], role)
		}
	}
	for _, one := range list {
		if one.problem != nil {
			closeOne(one.kind, one.role)
		}
	}
	return out
}

var mutationKinds = [...]string{"insert", "update", "delete"}

// storedClosed are the roles whose mutation permissions on a table are stored in a form that cannot be honoured.
func storedClosed(t *metadata.Table) (out [len(mutationKinds)][]string) {
	for i, kind := range mutationKinds {
		out[i] = t.ClosedRoles(kind)
	}
	return out
}

// mayInherit tells whether all that the members of an inherited role may do of a kind to t is known.
func (f *facts) mayInherit(t *Table, kind, role string) bool {
	return !slices.ContainsFunc(f.inherited[role], func(member string) bool { return f.isClosed(t, kind, member) })
}

func (f *facts) isClosed(t *Table, kind, role string) bool {
	d := f.of(t)
	own := d.explicit[role]
	switch {
	case own != nil && (kind == "insert" && own.Insert != nil || kind == "update" && own.Update != nil || kind == "delete" && own.Delete != nil):
		return false
	case d.closed[kind][role], d.closed[kind][""], f.closed[role], f.closed[""]:
		return true
	}
	return !f.mayInherit(t, kind, role)
}
