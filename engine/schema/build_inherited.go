package schema

import (
	"fmt"
	"maps"
	"slices"

	"gatehouse/engine/metadata"
)

// inheritedConflicts lists the mutations that an inherited role does not get because its members may do them
// differently and nothing is said for the role itself (Hasura: ConflictingInheritedPermission). It tells of a
// permission that is not there rather than of an object that is broken, so it is about no object.
func (b *builder) inheritedConflicts() {
	if len(b.m.inherited) == 0 {
		return
	}
	isSame := b.prev != nil && maps.EqualFunc(b.m.inherited, b.prev.inherited, slices.Equal)
	b.m.conflicts = map[*Table]map[string][]string{}
	for _, c := range b.m.sources {
		for _, t := range c.tables {
			found := map[string][]string(nil)
			if isSame && b.prev.details[t] == b.m.details[t] {
				found = b.prev.conflicts[t]
			} else {
				found = b.m.conflictsOn(t)
			}
			if found != nil {
				b.m.conflicts[t] = found
			}
		}
	}
	for _, r := range b.in.Metadata.InheritedRoles {
		if b.m.inherited[r.Name] == nil {
			continue
		}
		for _, c := range b.m.sources {
			for _, t := range c.tables {
				for _, kind := range b.m.conflicts[t][r.Name] {
					b.conflict(r.Name, kind, t)
				}
			}
		}
	}
}

// conflictsOn are the kinds of permissions on t that inherited roles do not get, by role; nil when there are none.
func (f *facts) conflictsOn(t *Table) map[string][]string {
	var out map[string][]string
	for role := range f.inherited {
		own := f.of(t).explicit[role]
		if own == nil {
			own = &Permissions{}
		}
		members := f.members(t, role)
		var kinds []string
		for _, one := range []struct {
			kind string
			is   bool
		}{
			{"insert", own.Insert == nil && differ(members.inserts)},
			{"update", own.Update == nil && differ(members.updates)},
			{"delete", own.Delete == nil && differ(members.deletes)},
		} {
			if one.is {
				kinds = append(kinds, one.kind)
			}
		}
		if kinds != nil {
			if out == nil {
				out = map[string][]string{}
			}
			out[role] = kinds
		}
	}
	return out
}

func differ[T any](ps []*T) bool { return len(ps) > 1 && same(ps) == nil }

func (b *builder) conflict(role, kind string, t *Table) {
	const about = "inherited role permission inconsistency"
	reason := fmt.Sprintf("Could not inherit permission for the role '%s' for the entity: '%s permission, table: %s, source: '%s''",
		role, kind, text(t.Name), t.Source.Name)
	b.problems = append(b.problems, metadata.Inconsistency{
		Type: about, Name: role, Reason: reason, About: []metadata.ObjectID{},
		Form: map[string]any{
			"reason": reason, "name": role, "type": about,
			"entity": map[string]any{"permission_type": kind, "source": t.Source.Name, "table": tableDefinition(t.Name)},
		},
	})
}
