package property_test

import (
	"slices"
)

// What an answer must be.
type (
	expected any
	// scalar is a value; floats are compared with a tolerance.
	scalar struct{ value any }
	object map[string]expected
	// list is a list whose rows are known up to ties: position offset+i holds one of its pool's items, each used once.
	list struct {
		pools        []pool
		offset, take int // take -1: all
	}
	pool struct {
		items []expected
		n     int // how many of the items are in the list
	}
	// anything is what ties leave open.
	anything struct{}
)

// read is what a reading root field must give.
func (o *oracle) read(op *operation) expected {
	switch op.kind {
	case "select":
		return o.selection(op.rows, o.state[op.table.name])
	case "aggregate":
		return o.aggregate(op.aggregate, o.state[op.table.name])
	case "function":
		if op.aggregate != nil {
			return o.aggregate(op.aggregate, o.found(op))
		}
		return o.selection(op.rows, o.found(op))
	}
	for _, r := range o.state[op.table.name] {
		if o.visible(op.table, r) && o.hasKey(op.table, r, op.key) {
			return o.fields(op.table, op.returning, r)
		}
	}
	return scalar{nil}
}

// hasKey: the row is found by its key, as the role sees it.
func (o *oracle) hasKey(t *table, r, key row) bool {
	for name, v := range key {
		if comparison(o.cell(t, r, name), "_eq", v) != yes {
			return false
		}
	}
	return true
}

func (o *oracle) fields(t *table, fields []field, r row) expected {
	out := object{}
	for _, f := range fields {
		switch {
		case f.column != "":
			v := o.cell(t, r, f.column)
			if v != nil && f.n != nil {
				v = o.raw(t, r, f.column, f.n)
			}
			out[f.alias] = scalar{v}
		case f.computed != nil && f.aggregate != nil:
			out[f.alias] = o.aggregate(f.aggregate, o.rowsOf(f.computed, r))
		case f.computed != nil:
			out[f.alias] = o.selection(f.rows, o.rowsOf(f.computed, r))
		case f.aggregate != nil:
			out[f.alias] = o.aggregate(f.aggregate, o.joined(f.relation, r))
		case f.relation.array:
			out[f.alias] = o.selection(f.rows, o.joined(f.relation, r))
		default:
			out[f.alias] = scalar{nil}
			for _, other := range o.joined(f.relation, r) {
				if o.visible(f.relation.target, other) {
					out[f.alias] = o.fields(f.relation.target, f.rows.fields, other)
				}
			}
		}
	}
	return out
}

// ranked is rows in the order asked for, up to ties: every group comes before the next one. pick is how many of each
// group count (all, or one with distinct_on).
type ranked struct {
	groups [][]row
	pick   []int
}

// rank filters, orders and thins out the rows of a table by a field's arguments; limit and offset come later.
func (o *oracle) rank(t *table, a *arguments, from []row) ranked {
	var rows []row
	for _, r := range from {
		if o.visible(t, r) && o.asked(a.where, t, r) == yes {
			rows = append(rows, r)
		}
	}
	before := func(x, y row) int { return o.order(t, a.orderBy, x, y) }
	slices.SortStableFunc(rows, before)
	var out ranked
	for i, r := range rows {
		if i > 0 && before(rows[i-1], r) == 0 {
			last := len(out.groups) - 1
			out.groups[last] = append(out.groups[last], r)
			out.pick[last]++
			continue
		}
		out.groups = append(out.groups, []row{r})
		out.pick = append(out.pick, 1)
	}
	if len(a.distinctOn) == 0 {
		return out
	}
	// The first row of each set of distinct values; the order begins with them, so a group has one set only, unless it is
	// not ordered at all.
	var thin ranked
	seen := map[string]int{}
	for _, g := range out.groups {
		for _, r := range g {
			id := ""
			for _, name := range a.distinctOn {
				id += literal(o.cell(t, r, name)) + ","
			}
			at, again := seen[id]
			if !again {
				seen[id] = len(thin.groups)
				thin.groups = append(thin.groups, []row{r})
				thin.pick = append(thin.pick, 1)
			} else if before(thin.groups[at][0], r) == 0 {
				thin.groups[at] = append(thin.groups[at], r)
			}
		}
	}
	if len(a.orderBy) == 0 && len(thin.groups) > 0 {
		// Sets in any order, one row of each: told apart by merging them only when every set has one row.
		one := ranked{groups: [][]row{nil}, pick: []int{len(thin.groups)}}
		for _, g := range thin.groups {
			one.groups[0] = append(one.groups[0], g...)
		}
		return one
	}
	return thin
}

func (o *oracle) order(t *table, by []order, x, y row) int {
	for _, term := range by {
		a, b := o.orderValue(t, term, x), o.orderValue(t, term, y)
		desc := term.direction[:1] == "d"
		nullsFirst := desc
		if term.direction == "asc_nulls_first" {
			nullsFirst = true
		}
		if term.direction == "desc_nulls_last" {
			nullsFirst = false
		}
		d := 0
		switch {
		case a == nil && b == nil:
		case a == nil || b == nil:
			d = 1
			if (a == nil) == nullsFirst {
				d = -1
			}
		default:
			d = rank(a, b)
			if desc {
				d = -d
			}
		}
		if d != 0 {
			return d
		}
	}
	return 0
}

func (o *oracle) orderValue(t *table, term order, r row) value {
	if len(term.via) > 0 {
		rel := t.relation(term.via[0])
		term.via = term.via[1:]
		for _, other := range o.joined(rel, r) {
			if o.visible(rel.target, other) {
				return o.orderValue(rel.target, term, other)
			}
		}
		return nil
	}
	if term.relation == "" {
		return o.cell(t, r, term.column)
	}
	rel := t.relation(term.relation)
	var rows []row
	for _, other := range o.joined(rel, r) {
		if o.visible(rel.target, other) {
			rows = append(rows, other)
		}
	}
	item := aggregateItem{fn: term.fn}
	if term.column != "" {
		item.columns = []string{term.column}
	}
	return o.aggregateValue(rel.target, item, rows)
}

func (o *oracle) selection(s *selection, from []row) expected {
	ranked := o.rank(s.table, &s.args, from)
	out := list{take: -1}
	for i, g := range ranked.groups {
		p := pool{n: ranked.pick[i]}
		for _, r := range g {
			p.items = append(p.items, o.fields(s.table, s.fields, r))
		}
		out.pools = append(out.pools, p)
	}
	if s.args.offset != nil {
		out.offset = *s.args.offset
	}
	if s.args.limit != nil {
		out.take = *s.args.limit
	}
	if most := o.role.limit(s.table); most >= 0 && (out.take < 0 || most < out.take) {
		out.take = most
	}
	return out
}

// aggregate: the arguments say which rows are aggregated, the permission's limit only how many nodes are shown.
func (o *oracle) aggregate(a *aggregate, from []row) expected {
	ranked := o.rank(a.table, &a.args, from)
	l := list{take: -1}
	if a.args.offset != nil {
		l.offset = *a.args.offset
	}
	if a.args.limit != nil {
		l.take = *a.args.limit
	}
	// rows are the aggregated ones; open when ties leave open which they are.
	var rows []row
	open, at, n := false, 0, 0
	end := func() int {
		if l.take < 0 {
			return 1 << 30
		}
		return l.offset + l.take
	}()
	for i, g := range ranked.groups {
		inside := max(0, min(at+ranked.pick[i], end)-max(at, l.offset))
		at += ranked.pick[i]
		n += inside
		open = open || inside > 0 && inside < len(g)
		if inside > 0 {
			rows = append(rows, g...)
		}
		p := pool{n: ranked.pick[i]}
		for _, r := range g {
			p.items = append(p.items, o.fields(a.table, a.nodes, r))
		}
		l.pools = append(l.pools, p)
	}
	body := object{}
	for _, item := range a.items {
		switch {
		case item.fn == "count" && len(item.columns) == 0:
			body[item.alias] = scalar{int64(n)}
		case open:
			body[item.alias] = anything{}
		case item.fn == "count":
			body[item.alias] = scalar{o.aggregateValue(a.table, item, rows)}
		default:
			cells := object{}
			for _, name := range item.columns {
				one := item
				one.columns = []string{name}
				cells[name] = scalar{o.aggregateValue(a.table, one, rows)}
			}
			body[item.alias] = cells
		}
	}
	out := object{"aggregate": body}
	if a.nodes != nil {
		if most := o.role.limit(a.table); most >= 0 && (l.take < 0 || most < l.take) {
			l.take = most
		}
		out["nodes"] = l
	}
	return out
}

func (o *oracle) aggregateValue(t *table, item aggregateItem, rows []row) value {
	cell := func(r row, name string) value { return o.cell(t, r, name) }
	if item.fn == "count" {
		return count(rows, item.columns, item.distinct, cell)
	}
	var values []value
	for _, r := range rows {
		if v := cell(r, item.columns[0]); v != nil {
			values = append(values, v)
		}
	}
	if len(values) == 0 {
		return nil
	}
	switch item.fn {
	case "min":
		return slices.MinFunc(values, rank)
	case "max":
		return slices.MaxFunc(values, rank)
	}
	var sum int64
	for _, v := range values {
		sum += v.(int64)
	}
	if item.fn == "avg" {
		return float64(sum) / float64(len(values))
	}
	return sum
}
