package property_test

import (
	"slices"
)

// conditions draws conditions: for permissions (role nil), or such as a role may write in an argument.
type conditions struct {
	g
	tables []*table
	role   *role
	root   *table
	// isHostile: patterns that are errors when they are evaluated are among the operands.
	isHostile bool
}

func (c conditions) about(t *table) cond {
	c.root = t
	return c.cond(t, 2)
}

func (c conditions) cond(t *table, depth int) cond {
	if depth == 0 || c.chance(40) {
		return c.leaf(t)
	}
	switch c.n(9) {
	case 0, 1:
		return flat(and(c.list(t, depth)))
	case 2, 3:
		return or(c.list(t, depth))
	case 4:
		return not{c.cond(t, depth-1)}
	case 5, 6:
		if c.role != nil && c.chance(25) {
			if fs := c.role.tableFields(t, false); c.role.canRead(t) && len(fs) > 0 {
				f := pick(c.g, fs)
				return nearby{f.name, c.cond(f.target, depth-1)}
			}
		}
		if r := c.relationship(t, false); r != nil {
			return related{r.name, c.cond(r.target, depth-1)}
		}
	case 7, 8:
		if c.role == nil {
			target := pick(c.g, c.tables)
			return exists{target.name, c.cond(target, depth-1)}
		}
		if r := c.relationship(t, true); r != nil {
			out := counted{relation: r.name, op: pick(c.g, []string{"_eq", "_gt", "_lte", "_neq"}), n: int64(c.n(3))}
			if c.chance(40) {
				out.columns = some(c.g, c.readable(r.target))
				out.distinct = c.chance(50)
			}
			if c.chance(50) {
				out.filter = c.cond(r.target, depth-1)
			}
			return out
		}
	}
	return c.leaf(t)
}

// flat writes a conjunction one way only, so that permissions that are written differently are different: an heir
// inherits mutations that are the same.
func flat(cs and) cond {
	out := and{}
	for _, c := range cs {
		if inner, ok := c.(and); ok {
			out = append(out, inner...)
		} else {
			out = append(out, c)
		}
	}
	if len(out) == 1 {
		return out[0]
	}
	return out
}

// list has two conditions, seldom none, as a rule one that depends on the row.
func (c conditions) list(t *table, depth int) []cond {
	out := []cond{}
	if c.role != nil && c.chance(6) {
		return out
	}
	for range 1 + c.n(2) {
		out = append(out, c.cond(t, depth-1))
	}
	return out
}

func (c conditions) relationship(t *table, aggregate bool) *relation {
	var rs []*relation
	for i := range t.relations {
		r := &t.relations[i]
		if aggregate && !r.array || c.role != nil && (!c.role.canRead(t) || !c.role.canRead(r.target) || aggregate && !c.role.canAggregate(r.target)) {
			continue
		}
		rs = append(rs, r)
	}
	if len(rs) == 0 {
		return nil
	}
	return pick(c.g, rs)
}

func (c conditions) readable(t *table) []string {
	if c.role != nil {
		return c.role.readable(t)
	}
	var out []string
	for _, col := range t.columns {
		out = append(out, col.name)
	}
	return out
}

var comparisons = []string{"_eq", "_neq", "_gt", "_gte", "_lt", "_lte"}

func (c conditions) leaf(t *table) cond {
	names := c.readable(t)
	if c.role != nil {
		names = c.role.shown(t, true)
	}
	if len(names) == 0 {
		return and{}
	}
	col := t.column(pick(c.g, names))
	switch n := c.n(12); {
	case n == 0:
		return compare{col.name, "_is_null", c.chance(50)}
	case n <= 2:
		op := pick(c.g, []string{"_in", "_nin"})
		if c.role == nil && c.chance(40) {
			return compare{col.name, op, listVariables[col.kind]}
		}
		list := []value{}
		for range c.n(3) {
			list = append(list, c.value(col.kind))
		}
		return compare{col.name, op, list}
	case n <= 4 && col.kind == textKind && c.isHostile:
		return pick(c.g, []compare{
			{col.name, "_like", `a\`}, {col.name, "_nilike", `b\`}, {col.name, "_regex", "("}, {col.name, "_niregex", "a{2,1}"}, {col.name, "_similar", `a\`},
		})
	case n <= 4 && col.kind == textKind:
		return compare{col.name, pick(c.g, []string{"_like", "_nlike", "_ilike", "_nilike"}), pick(c.g, patterns)}
	case n <= 6 && c.role == nil:
		return c.columns(t, col)
	}
	op := pick(c.g, comparisons)
	if op == "_neq" && c.role == nil {
		op = "_ne" // in metadata null differs from every value; in a request it does not
	}
	if c.role == nil && c.chance(40) {
		return compare{col.name, op, scalarVariables[col.kind]}
	}
	return compare{col.name, op, c.value(col.kind)}
}

// columns compares with another column of the same kind: here, at the root, or over an object relationship.
func (c conditions) columns(t *table, col *column) cond {
	out := columns{column: col.name, op: pick(c.g, []string{"_ceq", "_cneq", "_cgt", "_cgte", "_clt", "_clte"})}
	at := t
	switch c.n(3) {
	case 1:
		out.root, at = true, c.root
	case 2:
		for i := range t.relations {
			if r := &t.relations[i]; !r.array && c.chance(50) {
				out.via, at = r.name, r.target
			}
		}
	}
	others := at.ofKind(col.kind)
	if len(others) == 0 {
		return compare{col.name, "_is_null", c.chance(50)}
	}
	out.other = pick(c.g, others)
	return out
}

func (c conditions) newRole(name string) *role {
	r := newRole(name)
	for _, t := range c.tables {
		if c.chance(88) {
			r.selects[t.name] = c.selectPermission(t)
		}
		if c.chance(60) {
			r.inserts[t.name] = c.insertPermission(t)
		}
		if c.chance(60) {
			r.updates[t.name] = c.updatePermission(t)
		}
		if c.chance(30) {
			r.deletes[t.name] = &deletePermission{filter: c.filter(t), backendOnly: c.chance(10)}
		}
		if c.chance(40) {
			r.calls[t.name] = true
		}
	}
	return r
}

// filter is a permission's condition; some hold always.
func (c conditions) filter(t *table) cond {
	if c.chance(25) {
		return and{}
	}
	return c.about(t)
}

func (c conditions) selectPermission(t *table) *selectPermission {
	p := &selectPermission{columns: c.readable(t), filter: c.filter(t), aggregations: c.chance(60)}
	if c.chance(60) {
		p.columns = some(c.g, p.columns)
		if c.chance(70) { // with the key, so that more can be asked
			for _, k := range t.unique[0].columns {
				if !slices.Contains(p.columns, k) {
					p.columns = append(p.columns, k)
				}
			}
		}
	}
	for _, f := range t.computed {
		if !f.isTable() && c.chance(60) {
			p.computed = append(p.computed, f.name)
		}
	}
	if c.chance(15) {
		p.roots = []string{}
		for _, root := range []string{"select", "select_by_pk", "select_aggregate"} {
			if c.chance(60) {
				p.roots = append(p.roots, root)
			}
		}
	}
	if c.chance(20) {
		n := c.n(4)
		p.limit = &n
	}
	return p
}

// written draws which columns a role writes, and presets among the others.
func (c conditions) written(t *table) (names []string, set []preset) {
	names = c.readable(t)
	if c.chance(40) {
		names = some(c.g, names)
	}
	for _, col := range t.columns {
		if col.name == "id" || !c.chance(15) {
			continue
		}
		names = slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == col.name })
		p := preset{column: col.name, value: c.value(col.kind)}
		if c.chance(50) {
			p.value = scalarVariables[col.kind]
		}
		set = append(set, p)
	}
	return names, set
}

func (c conditions) insertPermission(t *table) *insertPermission {
	p := &insertPermission{check: and{}, backendOnly: c.chance(10)}
	p.columns, p.set = c.written(t)
	for _, col := range t.columns { // as a rule what a row cannot do without
		isSet := slices.ContainsFunc(p.set, func(s preset) bool { return s.column == col.name })
		if col.notNull && col.deflt == nil && !isSet && !slices.Contains(p.columns, col.name) && c.chance(90) {
			p.columns = append(p.columns, col.name)
		}
	}
	p.columns = inOrder(t, p.columns)
	if c.chance(60) {
		p.check = c.about(t)
	}
	return p
}

func (c conditions) updatePermission(t *table) *updatePermission {
	p := &updatePermission{filter: c.filter(t), backendOnly: c.chance(10)}
	p.columns, p.set = c.written(t)
	if c.chance(60) {
		p.check = c.about(t)
	}
	return p
}
