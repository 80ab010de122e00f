package schema

import (
	"fmt"

	"gatehouse/engine/metadata"
)

// inheritedConflicts lists the mutations that an inherited role does not get because its members may do them
// differently and nothing is said for the role itself (Hasura: ConflictingInheritedPermission). It tells of a
// permission that is not there rather than of an object that is broken, so it is about no object.
func (b *builder) inheritedConflicts() {
	for _, r := range b.in.Metadata.InheritedRoles {
		if b.m.inherited[r.Name] == nil {
			continue
		}
		for _, s := range b.m.Sources {
			for _, t := range s.Tables {
				own := t.explicit[r.Name]
				if own == nil {
					own = &Permissions{}
				}
				members := b.m.members(t, r.Name)
				if own.Insert == nil && differ(members.inserts) {
					b.conflict(r.Name, "insert", t)
				}
				if own.Update == nil && differ(members.updates) {
					b.conflict(r.Name, "update", t)
				}
				if own.Delete == nil && differ(members.deletes) {
					b.conflict(r.Name, "delete", t)
				}
			}
		}
	}
}

func differ[T any](ps []*T) bool { return len(ps) > 1 && same(ps) == nil }

func (b *builder) conflict(role, kind string, t *Table) {
	const about = "inherited role permission inconsistency"
	reason := fmt.Sprintf("Could not inherit permission for the role '%s' for the entity: '%s permission, table: %s, source: '%s''",
		role, kind, text(t.Name), t.Source.Name)
	b.m.inconsistencies = append(b.m.inconsistencies, metadata.Inconsistency{
		Type: about, Name: role, Reason: reason, About: []metadata.ObjectID{},
		Form: map[string]any{
			"reason": reason, "name": role, "type": about,
			"entity": map[string]any{"permission_type": kind, "source": t.Source.Name, "table": tableDefinition(t.Name)},
		},
	})
}
