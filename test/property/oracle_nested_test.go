package property_test

import (
	"maps"
	"slices"
)

// offers: the root field is in the schema of the request's role, as are the arguments used.
func (r *request) offers(op *operation) bool {
	insert, update, remove := r.role.insert(op.table), r.role.update(op.table), r.role.delete(op.table)
	switch op.kind {
	case "select", "by_pk", "aggregate":
		root := map[string]string{"select": "select", "by_pk": "select_by_pk", "aggregate": "select_aggregate"}[op.kind]
		for _, p := range r.role.readers(op.table) {
			if p.roots == nil || slices.Contains(p.roots, root) {
				return true
			}
		}
		return false
	case "insert", "insert_one":
		return (!insert.backendOnly || r.isBackend) && r.offersObjects(op.table, op.objects, op.conflict)
	case "update", "update_by_pk", "update_many":
		return !update.backendOnly || r.isBackend
	case "delete", "delete_by_pk":
		return !remove.backendOnly || r.isBackend
	}
	return true
}

func (r *request) offersObjects(t *table, objects []*newRow, c *conflict) bool {
	if p := r.role.insert(t); p.backendOnly && !r.isBackend {
		return false
	}
	if u := r.role.update(t); c != nil && u.backendOnly && !r.isBackend {
		return false
	}
	for _, o := range objects {
		for _, n := range o.nested {
			if !r.offersObjects(n.relation.target, n.objects, n.conflict) {
				return false
			}
		}
	}
	return true
}

func values(objects []*newRow) []row {
	var out []row
	for _, o := range objects {
		out = append(out, o.values)
	}
	return out
}

func isNested(objects []*newRow) bool {
	return slices.ContainsFunc(objects, func(o *newRow) bool {
		return slices.ContainsFunc(o.nested, func(n nested) bool { return len(n.objects) > 0 })
	})
}

func (o *operation) isNested() bool { return isNested(o.objects) }

// insertNested is an insert with related rows: row by row, those that others need first. What it returns is read when all
// is written.
func (o *oracle) insertNested(op *operation) (answer expected, next state, refused *refusal, either bool) {
	at := *o
	written, affected, refused := at.insertTree(op.table, op.objects, op.conflict, nil)
	if refused != nil {
		return nil, nil, refused, false
	}
	rows := list{take: -1}
	for _, w := range written {
		if w == nil {
			continue
		}
		if i := find(at.state[op.table.name], op.table.unique[0], w); i >= 0 {
			rows.pools = append(rows.pools, pool{items: []expected{at.fields(op.table, op.returning, at.state[op.table.name][i])}, n: 1})
		}
	}
	if op.kind == "insert_one" {
		if len(rows.pools) == 0 {
			return scalar{nil}, at.state, nil, false
		}
		return rows.pools[0].items[0], at.state, nil, false
	}
	out := object{"affected_rows": scalar{int64(affected)}}
	if op.returning != nil {
		out["returning"] = rows.unordered()
	}
	return out, at.state, nil, false
}

// insertTree writes objects and what hangs on them, moving o's state on. written has for each object its row, or nil when
// a conflict kept it out.
func (o *oracle) insertTree(t *table, objects []*newRow, c *conflict, decided row) (written []row, affected int, refused *refusal) {
	if !isNested(objects) && len(objects) != 1 {
		rows, next, refused := o.insertRows(t, values(objects), decided, c)
		if refused != nil {
			return nil, 0, refused
		}
		o.state = next
		return rows, len(rows), nil
	}
	for _, object := range objects {
		given := maps.Clone(decided)
		if given == nil {
			given = row{}
		}
		for _, n := range object.nested {
			if n.relation.isAfter || len(n.objects) == 0 {
				continue
			}
			parents, count, refused := o.insertTree(n.relation.target, n.objects, n.conflict, nil)
			if refused != nil {
				return nil, 0, refused
			}
			affected += count
			if len(parents) == 0 || parents[0] == nil {
				return nil, 0, refuse(nestedCodes, "no row of %s was written", n.relation.target.name)
			}
			for i, own := range n.relation.own {
				given[own] = parents[0][n.relation.theirs[i]]
			}
		}
		rows, next, refused := o.insertRows(t, []row{object.values}, given, c)
		if refused != nil {
			return nil, 0, refused
		}
		o.state = next
		affected += len(rows)
		var mine row
		if len(rows) > 0 {
			mine = rows[0]
		}
		written = append(written, mine)
		for _, n := range object.nested {
			if !n.relation.isAfter || len(n.objects) == 0 {
				continue
			}
			if mine == nil {
				return nil, 0, refuse(nestedCodes, "no row of %s was written", t.name)
			}
			theirs := row{}
			for i, own := range n.relation.own {
				theirs[n.relation.theirs[i]] = mine[own]
			}
			_, count, refused := o.insertTree(n.relation.target, n.objects, n.conflict, theirs)
			if refused != nil {
				return nil, 0, refused
			}
			affected += count
		}
	}
	return written, affected, nil
}

// call is a function that adds one to amount and gives the rows it changed, which the role's filter is asked about. It is
// one statement, so what relationships lead to is what was there before.
func (o *oracle) call(op *operation) (answer expected, next state, refused *refusal, either bool) {
	t := op.table
	rows := slices.Clone(o.state[t.name])
	var changed []row
	for i, r := range rows {
		if r["id"].(int64) < op.low {
			continue
		}
		r = maps.Clone(r)
		if r["amount"] != nil {
			r["amount"] = r["amount"].(int64) + 1
		}
		rows[i] = r
		changed = append(changed, r)
	}
	for _, k := range t.unique {
		for i, r := range rows {
			if find(rows[:i], k, r) >= 0 {
				return nil, nil, refuse(constraintCodes, "%s twice", k.name), false
			}
			if at := find(o.state[t.name], k, r); at >= 0 && at != i {
				either = true
			}
		}
	}
	next, refused, _ = o.settle(o.state, o.with(t, rows), false)
	if refused != nil {
		return nil, nil, refused, either
	}
	return o.selection(op.rows, changed), next, nil, either
}
