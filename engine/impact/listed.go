package impact

import (
	"slices"

	"gatehouse/engine/allowlist"
	"gatehouse/engine/metadata"
	"gatehouse/engine/schema"
)

// everyone is how the roles of an entry without roles are named.
const everyone = "*"

// listing is a collection of the allow list: its operations in their normal form, for roles. Admin is none of them: the list
// does not hold for it.
type listing struct {
	collection string
	roles      []string
	operations []string
}

// allowed are the allow list's collections in the order of the document. What cannot be parsed allows nothing.
func allowed(m *metadata.Metadata) (list []listing) {
	for _, e := range m.Allowlist {
		l := listing{collection: e.Collection, roles: []string{everyone}}
		if e.Roles != nil {
			l.roles = listedRoles(e)
		}
		for _, c := range m.QueryCollections {
			if c.Name != e.Collection {
				continue
			}
			for _, q := range c.Queries {
				if form, ok := allowlist.Normal(q.Query); ok && !slices.Contains(l.operations, form) {
					l.operations = append(l.operations, form)
				}
			}
		}
		list = append(list, l)
	}
	return list
}

// listedRoles are the roles that an entry names and concerns.
func listedRoles(e *metadata.AllowlistEntry) []string {
	return slices.DeleteFunc(slices.Clone(*e.Roles), func(role string) bool { return role == schema.AdminRole })
}

// mayRun are the operations that a role may run, by their normal form.
func mayRun(list []listing, role string) map[string]bool {
	out := map[string]bool{}
	for _, l := range list {
		if slices.Contains(l.roles, role) || slices.Contains(l.roles, everyone) {
			for _, form := range l.operations {
				out[form] = true
			}
		}
	}
	return out
}

// allowList compares what roles may run where only listed operations may be run. An operation that goes from one collection
// to another is still the same right.
func (c *rightsComparison) allowList() {
	was, is := allowed(c.before.Document), allowed(c.after.Document)
	c.listed(is, was, Wider, "%d more operations may be run")
	c.listed(was, is, Narrower, "%d operations may no longer be run")
}

// listed reports what each collection gives its roles that other does not.
func (c *rightsComparison) listed(list, other []listing, direction, format string) {
	for _, l := range list {
		for _, role := range l.roles {
			elsewhere, count := mayRun(other, role), 0
			for _, form := range l.operations {
				if !elsewhere[form] {
					count++
				}
			}
			if count > 0 {
				c.say(role, "collection "+l.collection, "run", direction, format, count)
			}
		}
	}
}
