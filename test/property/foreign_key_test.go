package property_test

import (
	"fmt"
	"maps"
	"slices"
)

// foreignKey is a foreign key of a table, of one column, to a primary key.
type foreignKey struct {
	table    *table
	relation *relation
}

func foreignKeys(tables []*table) []foreignKey {
	var out []foreignKey
	for _, t := range tables {
		for i := range t.relations {
			if r := &t.relations[i]; r.foreign && !r.array {
				out = append(out, foreignKey{t, r})
			}
		}
	}
	return out
}

// foreignKeys puts a foreign key behind some object relationships, and a relationship back.
func (g g) foreignKeys(tables []*table) {
	for _, t := range tables {
		used := map[string]bool{}
		for i := range t.relations {
			r := &t.relations[i]
			isKey := slices.ContainsFunc(t.unique, func(k key) bool { return slices.Contains(k.columns, r.own[0]) })
			if r.array || len(r.own) > 1 || isKey || used[r.own[0]] || !g.chance(50) {
				continue
			}
			used[r.own[0]] = true
			r.foreign, r.isAfter, r.onDelete = true, false, pick(g, []string{"", "", "cascade", "set null"})
		}
	}
	for _, f := range foreignKeys(tables) {
		to := f.relation.target
		to.relations = append(to.relations, relation{
			name: f.table.name + "_by_" + f.relation.name, array: true, target: f.table, isAfter: true,
			own: f.relation.theirs, theirs: f.relation.own, foreign: true,
		})
	}
}

// dangles: r refers to a row that is not there.
func (f foreignKey) dangles(s state, r row) bool {
	if r[f.relation.own[0]] == nil {
		return false
	}
	return !slices.ContainsFunc(s[f.relation.target.name], func(other row) bool { return joins(f.relation, r, other) })
}

func (f foreignKey) sql() string {
	out := fmt.Sprintf("alter table %s add constraint %s_%s_fkey foreign key (%s) references %s (%s)",
		f.table.name, f.table.name, f.relation.name, f.relation.own[0], f.relation.target.name, f.relation.theirs[0])
	if f.relation.onDelete != "" {
		out += " on delete " + f.relation.onDelete
	}
	return out + ";\n"
}

// settle is what the foreign keys make of a state that a statement left: what referred to rows that were deleted follows
// them, or the statement is refused. Either: it depends on which of several keys acts first.
func (o *oracle) settle(before, after state, isDelete bool) (next state, refused *refusal, either bool) {
	keys := foreignKeys(o.tables)
	next = maps.Clone(after)
	gone := func(f foreignKey, r row) bool { // r lost the row it referred to
		return f.dangles(next, r) && !f.dangles(before, r)
	}
	for moved := isDelete; moved; {
		moved = false
		for _, f := range keys {
			var kept []row
			for _, r := range next[f.table.name] {
				switch {
				case !gone(f, r):
				case f.relation.onDelete == "cascade":
					moved = true
					continue
				case f.relation.onDelete == "set null":
					moved = true
					if f.table.column(f.relation.own[0]).notNull {
						return nil, refuse(constraintCodes, "%s of %v would be null", f.relation.own[0], r), either
					}
					r = maps.Clone(r)
					r[f.relation.own[0]] = nil
				default:
					either = true // unless it stays so
				}
				kept = append(kept, r)
			}
			next[f.table.name] = kept
		}
	}
	for _, f := range keys {
		for _, r := range next[f.table.name] {
			if f.dangles(next, r) {
				return nil, refuse(constraintCodes, "%v of %s dangles", r, f.table.name), false
			}
		}
	}
	return next, nil, either
}
