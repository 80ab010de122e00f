package schema

import "reflect"

// AdminRole sees everything; no permission objects exist for it.
const AdminRole = "admin"

// Permissions are what one role may do with one table. A nil part: nothing of the kind.
type Permissions struct {
	Select *SelectPermission
	Insert *InsertPermission
	Update *UpdatePermission
	Delete *DeletePermission
}

// SelectPermission is what a role sees of a table.
type SelectPermission struct {
	// Columns maps the readable columns to the condition under which a row's cell is visible; nil is always. Only
	// inherited roles have conditions.
	Columns map[*Column]Predicate
	// Computed is the same for scalar computed fields.
	Computed map[*ComputedField]Predicate
	// Filter selects the visible rows.
	Filter Predicate
	// Limit is the most rows of one selection; nil is any.
	Limit        *int
	Aggregations bool
	// QueryRoot and SubscriptionRoot name the root fields offered ("select", "select_by_pk", …); nil is all.
	QueryRoot, SubscriptionRoot map[string]bool
}

// InsertPermission is what a role may insert.
type InsertPermission struct {
	Columns     map[*Column]bool
	Check       Predicate
	Set         []Preset
	BackendOnly bool
	// ValidateInput is the input validation to call first; nil is none.
	ValidateInput *Validation
}

// UpdatePermission is what a role may update. Check may be nil.
type UpdatePermission struct {
	Columns       map[*Column]bool
	Filter        Predicate
	Check         Predicate
	Set           []Preset
	BackendOnly   bool
	ValidateInput *Validation
}

// DeletePermission is what a role may delete.
type DeletePermission struct {
	Filter        Predicate
	BackendOnly   bool
	ValidateInput *Validation
}

// Preset is a column whose value the permission decides.
type Preset struct {
	Column *Column
	Value  Value
}

// Permissions are what role may do with t, inherited roles worked out. Never nil.
func (f *facts) Permissions(t *Table, role string) *Permissions {
	d := f.of(t)
	switch own := d.explicit[role]; {
	case role == AdminRole:
		return d.all
	case f.inherited[role] != nil:
		return f.inherit(t, role)
	case own != nil:
		return own
	}
	return &Permissions{}
}

// memberPermissions are what an inherited role's members may do with a table.
type memberPermissions struct {
	selects []*SelectPermission
	inserts []*InsertPermission
	updates []*UpdatePermission
	deletes []*DeletePermission
}

func (f *facts) members(t *Table, role string) memberPermissions {
	var out memberPermissions
	for _, member := range f.inherited[role] {
		p := f.Permissions(t, member)
		if p.Select != nil {
			out.selects = append(out.selects, p.Select)
		}
		if p.Insert != nil {
			out.inserts = append(out.inserts, p.Insert)
		}
		if p.Update != nil {
			out.updates = append(out.updates, p.Update)
		}
		if p.Delete != nil {
			out.deletes = append(out.deletes, p.Delete)
		}
	}
	return out
}

// inherit unites the permissions of an inherited role's members; what is set on the role itself wins.
func (f *facts) inherit(t *Table, role string) *Permissions {
	members := f.members(t, role)
	// A mutation is inherited only when every member that may do it may do exactly the same.
	out := &Permissions{Select: unite(members.selects)}
	if f.mayInherit(t, "insert", role) {
		out.Insert = same(members.inserts)
	}
	if f.mayInherit(t, "update", role) {
		out.Update = same(members.updates)
	}
	if f.mayInherit(t, "delete", role) {
		out.Delete = same(members.deletes)
	}
	if own := f.of(t).explicit[role]; own != nil {
		if own.Select != nil {
			out.Select = own.Select
		}
		if own.Insert != nil {
			out.Insert = own.Insert
		}
		if own.Update != nil {
			out.Update = own.Update
		}
		if own.Delete != nil {
			out.Delete = own.Delete
		}
	}
	return out
}

func same[T any](ps []*T) *T {
	for _, p := range ps {
		if !reflect.DeepEqual(p, ps[0]) {
			return nil
		}
	}
	if len(ps) == 0 {
		return nil
	}
	return ps[0]
}

// unite is the union of select permissions: rows visible to any, a cell visible where a role that has the column
// sees the row, the largest limit.
func unite(ps []*SelectPermission) *SelectPermission {
	switch len(ps) {
	case 0:
		return nil
	case 1:
		return ps[0]
	}
	out := &SelectPermission{Columns: map[*Column]Predicate{}, Computed: map[*ComputedField]Predicate{}}
	filters := Or{}
	unlimited := false
	for _, p := range ps {
		filters = append(filters, p.Filter)
		out.Aggregations = out.Aggregations || p.Aggregations
		switch {
		case p.Limit == nil:
			unlimited = true
		case out.Limit == nil || *p.Limit > *out.Limit:
			out.Limit = p.Limit
		}
	}
	if unlimited {
		out.Limit = nil
	}
	out.Filter = AnyOf(filters)
	out.QueryRoot = uniteRoots(ps, func(p *SelectPermission) map[string]bool { return p.QueryRoot })
	out.SubscriptionRoot = uniteRoots(ps, func(p *SelectPermission) map[string]bool { return p.SubscriptionRoot })
	uniteCells(out.Columns, ps, func(p *SelectPermission) map[*Column]Predicate { return p.Columns })
	uniteCells(out.Computed, ps, func(p *SelectPermission) map[*ComputedField]Predicate { return p.Computed })
	return out
}

func uniteRoots(ps []*SelectPermission, of func(*SelectPermission) map[string]bool) map[string]bool {
	all := map[string]bool{}
	for _, p := range ps {
		roots := of(p)
		if roots == nil {
			return nil
		}
		for r := range roots {
			all[r] = true
		}
	}
	return all
}

// uniteCells: when every role has the cell, whoever sees the row sees it; otherwise only rows of the roles that have it.
func uniteCells[K comparable](out map[K]Predicate, ps []*SelectPermission, of func(*SelectPermission) map[K]Predicate) {
	for _, p := range ps {
		for k := range of(p) {
			if _, done := out[k]; done {
				continue
			}
			everywhere := true
			var where Or
			for _, q := range ps {
				visible, has := of(q)[k]
				if !has {
					everywhere = false
					continue
				}
				if visible != nil {
					everywhere = false
				}
				where = append(where, AllOf(q.Filter, visible))
			}
			out[k] = nil
			if cell := AnyOf(where); !everywhere && !Always(cell) {
				out[k] = cell
			}
		}
	}
}

// AnyOf is a disjunction, or always when one of them always holds.
func AnyOf(ps Or) Predicate {
	for _, p := range ps {
		if Always(p) {
			return And{}
		}
	}
	if len(ps) == 1 {
		return ps[0]
	}
	return ps
}
