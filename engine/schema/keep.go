package schema

import (
	"maps"
	"reflect"
	"slices"
)

// A role's schema outlives its model when nothing it shows or relies on is different in the next one. That is so when, for
// the role and every role it inherits from, no table that was made anew, gone or come grants anything before or after,
// no table's permission changed, nothing else it may reach did, and nothing that concerns all roles did. What a schema derives later,
// from the facts it was made of, is then what it would derive from the new ones.

// keepSchemas takes the schemas over that the change does not concern.
func (b *builder) keepSchemas() {
	if b.prev == nil || b.m.hasOtherGround(b.prev) {
		return
	}
	d := b.m.differences(b.prev)
	b.prev.mu.Lock()
	defer b.prev.mu.Unlock()
	for key, s := range b.prev.schemas {
		if !d.concern(key.role) {
			b.m.schemas[key] = s
		}
	}
	for _, s := range b.prev.combinations {
		if !slices.ContainsFunc(s.several.roles, d.concern) {
			b.m.combinations = append(b.m.combinations, s)
		}
	}
	for role, variables := range b.prev.variables {
		if !d.concern(role) {
			b.m.variables[role] = variables
		}
	}
}

// hasOtherGround tells whether something is different that may concern every role: the sources, the order of things, names
// that two objects want, or, where types of Gatehouse's own make way for tables' types, the names of those.
func (m *Model) hasOtherGround(prev *Model) bool {
	if m.names.hasClash || prev.names.hasClash || !slices.EqualFunc(m.sources, prev.sources, func(a, b *content) bool { return a.Source == b.Source }) {
		return true
	}
	makesWay := slices.ContainsFunc(m.sources, func(c *content) bool { return c.features.GroupBy || c.features.NestedUpdates })
	for i, c := range m.sources {
		old := prev.sources[i]
		if c == old {
			continue
		}
		if makesWay && !slices.Equal(c.tables, old.tables) || !slices.Equal(c.natives, old.natives) && makesWay {
			return true
		}
		if !inSameOrder(c.tables, old.tables) || !inSameOrder(c.functions, old.functions) || !inSameOrder(c.scalars, old.scalars) {
			return true
		}
	}
	return false
}

// inSameOrder tells whether what two lists have in common stands in the same order.
func inSameOrder[T comparable](a, b []T) bool {
	if slices.Equal(a, b) {
		return true
	}
	at := make(map[T]int, len(b))
	for i, v := range b {
		at[v] = i
	}
	last := -1
	for _, v := range a {
		if i, ok := at[v]; ok {
			if i < last {
				return false
			}
			last = i
		}
	}
	return true
}

// differences are the roles that something different concerns.
type differences struct {
	m, prev *Model
	roles   map[string]bool
	// forAdmin: more is different than what roles may do.
	forAdmin bool
	// isInheritance: what inherited roles have may be different.
	isInheritance bool
}

// inheritsOtherThan tells whether inherited roles are others, or made of others.
func (m *Model) inheritsOtherThan(prev *Model) bool {
	return !maps.EqualFunc(m.inherited, prev.inherited, slices.Equal) || !maps.Equal(m.closed, prev.closed)
}

func (m *Model) differences(prev *Model) *differences {
	d := &differences{m: m, prev: prev, roles: map[string]bool{}, isInheritance: m.inheritsOtherThan(prev)}
	isRemoteSame := maps.EqualFunc(m.remote, prev.remote, slices.Equal)
	for i, c := range m.sources {
		if old := prev.sources[i]; c != old || !isRemoteSame {
			d.content(c, old)
		}
	}
	return d
}

func (d *differences) content(c, old *content) {
	for _, t := range c.tables {
		d.table(t)
	}
	for _, t := range old.tables {
		d.table(t)
	}
	if !slices.Equal(c.functions, old.functions) {
		for _, f := range append(slices.Clone(c.functions), old.functions...) {
			if slices.Contains(c.functions, f) && slices.Contains(old.functions, f) {
				continue
			}
			d.forAdmin = true
			d.callers(f)
			d.readers(f.Returns) // who may read its rows may call it, where that is so
		}
	}
	if !slices.Equal(c.scalars, old.scalars) {
		d.forAdmin = true
		for _, f := range append(slices.Clone(c.scalars), old.scalars...) {
			d.callers(f.Function)
		}
	}
	if !slices.Equal(c.natives, old.natives) {
		d.forAdmin = true
		for _, n := range append(slices.Clone(c.natives), old.natives...) {
			d.readers(n.Returns)
		}
	}
}

// table notes whom a table concerns that is not what it was.
func (d *differences) table(t *Table) {
	is, was := d.m.details[t], d.prev.details[t]
	isRemoteSame := slices.Equal(d.m.remote[t], d.prev.remote[t])
	switch {
	case is == was && isRemoteSame:
	case is == nil || was == nil || !isRemoteSame || !slices.Equal(is.relations, was.relations) || !slices.Equal(is.computed, was.computed):
		d.forAdmin = true
		d.readers(t)
		d.isInheritance = d.isInheritance || is != nil && is.closed != nil || was != nil && was.closed != nil
	default:
		for role, p := range is.explicit {
			if was.explicit[role] != p {
				d.roles[role] = true
			}
		}
		for role := range was.explicit {
			if is.explicit[role] == nil {
				d.roles[role] = true
			}
		}
		d.isInheritance = d.isInheritance || !reflect.DeepEqual(is.closed, was.closed)
	}
}

// readers are concerned: whoever may do anything with t, before or after.
func (d *differences) readers(t *Table) {
	for _, f := range []*facts{d.m.facts, d.prev.facts} {
		for role := range f.of(t).explicit {
			d.roles[role] = true
		}
	}
}

func (d *differences) callers(f *Function) {
	for role := range f.permissions {
		d.roles[role] = true
	}
}

// concern tells whether a role's schema may be different.
func (d *differences) concern(role string) bool {
	if role == AdminRole {
		return d.forAdmin
	}
	if d.isInheritance && (d.m.inherited[role] != nil || d.prev.inherited[role] != nil) {
		return true
	}
	return d.roles[role] || slices.ContainsFunc(d.m.inherited[role], d.concern)
}
