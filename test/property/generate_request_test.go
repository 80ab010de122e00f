package property_test

import (
	"slices"
)

// request draws what one role asks; nil when the role drawn may do nothing of the kind drawn.
func (g g) request(w *world) *request {
	a := asker{g: g, w: w, role: pick(g, w.roles)}
	r := &request{role: a.role, session: g.session(), useVariables: g.chance(40), isBackend: g.chance(60)}
	write := g.chance(50)
	n := 1
	if g.chance(20) {
		n = 2
	}
	for range n {
		first := g.n(len(w.tables))
		for i := range w.tables { // the first table from there on with which something can be done
			t := w.tables[(first+i)%len(w.tables)]
			op := a.read(t)
			if write {
				op = a.write(t)
			}
			if op != nil {
				r.operations = append(r.operations, op)
				break
			}
		}
	}
	if len(r.operations) == 0 {
		return nil
	}
	return r
}

// asker draws requests that a role's schema allows.
type asker struct {
	g
	w    *world
	role *role
	// isHostile: conditions that Postgres cannot evaluate are among those drawn.
	isHostile bool
}

func (a asker) where(t *table) cond {
	c := conditions{g: a.g, tables: a.w.tables, role: a.role, root: t, isHostile: a.isHostile}
	return c.cond(t, 2)
}

// hasKey: the role reads the whole primary key, so that rows can be asked for by it.
func (a asker) hasKey(t *table) bool {
	readable := a.role.readable(t)
	return !slices.ContainsFunc(t.unique[0].columns, func(c string) bool { return !slices.Contains(readable, c) })
}

func (a asker) key(t *table) row {
	r := row{}
	for _, c := range t.unique[0].columns {
		r[c] = int64(a.n(6))
	}
	return r
}

func (a asker) read(t *table) *operation {
	if !a.role.canRead(t) {
		return nil
	}
	op := &operation{kind: "select", table: t}
	offered := func(kind string) bool { // or asked for all the same, now and then
		return (&request{role: a.role}).offers(&operation{kind: kind, table: t}) || a.chance(10)
	}
	switch n := a.n(12); {
	case n >= 10 || !offered("select"):
		op.kind, op.low, op.isMine = "function", int64(a.n(5)), a.chance(30)
		if a.role.canAggregate(t) && a.chance(40) {
			op.aggregate = a.aggregate(t, 1)
		} else {
			op.rows = a.selection(t, 2)
		}
	case n == 1 && a.hasKey(t) && offered("by_pk"):
		op.kind, op.key, op.returning = "by_pk", a.key(t), a.fields(t, 2)
	case n <= 4 && a.role.canAggregate(t) && offered("aggregate"):
		op.kind, op.aggregate = "aggregate", a.aggregate(t, 1)
	default:
		op.rows = a.selection(t, 2)
	}
	return op
}

func (a asker) selection(t *table, depth int) *selection {
	return &selection{table: t, args: a.arguments(t), fields: a.fields(t, depth)}
}

func (a asker) fields(t *table, depth int) []field {
	var out []field
	for _, name := range some(a.g, a.role.shown(t, false)) {
		f := field{alias: alias(len(out)), column: name}
		if c := t.field(name); c != nil && c.kind == plus && a.chance(60) {
			n := int64(a.n(9))
			f.n = &n
		}
		out = append(out, f)
	}
	for _, c := range a.role.tableFields(t, false) {
		if depth == 0 || !a.chance(30) {
			continue
		}
		f := field{alias: alias(len(out)), computed: c}
		if a.role.canAggregate(c.target) && a.chance(40) {
			f.aggregate = a.aggregate(c.target, depth-1)
		} else {
			f.rows = a.selection(c.target, depth-1)
		}
		out = append(out, f)
	}
	for i := range t.relations {
		r := &t.relations[i]
		if depth == 0 || !a.chance(35) || !a.role.canRead(r.target) {
			continue
		}
		f := field{alias: alias(len(out)), relation: r}
		switch {
		case !r.array:
			f.rows = &selection{table: r.target, fields: a.fields(r.target, depth-1)}
		case a.role.canAggregate(r.target) && a.chance(40):
			f.aggregate = a.aggregate(r.target, depth-1)
		default:
			f.rows = a.selection(r.target, depth-1)
		}
		out = append(out, f)
	}
	return out
}

var directions = []string{"asc", "desc", "asc_nulls_first", "asc_nulls_last", "desc_nulls_first", "desc_nulls_last"}

func (a asker) arguments(t *table) arguments {
	var args arguments
	readable := a.role.readable(t)
	if a.chance(50) {
		args.where = a.where(t)
	}
	if a.chance(20) && len(readable) > 0 {
		args.distinctOn = some(a.g, readable)[:1]
		if len(readable) > 1 && a.chance(30) {
			args.distinctOn = slices.Clone(readable[:2])
		}
		for _, name := range args.distinctOn {
			args.orderBy = append(args.orderBy, order{column: name, direction: pick(a.g, directions)})
		}
		if len(args.orderBy) == 2 && a.chance(50) {
			slices.Reverse(args.orderBy)
		}
	}
	if a.chance(60) {
		for range 1 + a.n(2) {
			if o := a.order(t, 2); o != nil {
				args.orderBy = append(args.orderBy, *o)
			}
		}
		if a.hasKey(t) && a.chance(60) {
			for _, name := range t.unique[0].columns {
				args.orderBy = append(args.orderBy, order{column: name, direction: "asc"})
			}
		}
	}
	if a.chance(30) {
		n := a.n(4)
		args.limit = &n
	}
	if a.chance(15) {
		n := a.n(3)
		args.offset = &n
	}
	return args
}

func (a asker) order(t *table, depth int) *order {
	direction := pick(a.g, directions)
	if depth > 0 && a.chance(50) {
		r := &t.relations[a.n(len(t.relations))]
		if !a.role.canRead(r.target) {
			return nil
		}
		if !r.array {
			if o := a.order(r.target, depth-1); o != nil {
				o.via = append([]string{r.name}, o.via...)
				return o
			}
			return nil
		}
		if !a.role.canAggregate(r.target) {
			return nil
		}
		item := a.item(r.target, a.role.readable(r.target))
		out := &order{relation: r.name, fn: item.fn, direction: direction}
		if item.fn != "count" {
			out.column = item.columns[0]
		}
		return out
	}
	shown := a.role.shown(t, true)
	if len(shown) == 0 {
		return nil
	}
	return &order{column: pick(a.g, shown), direction: direction}
}

// item draws an aggregate other than count(columns), over some of the names.
func (a asker) item(t *table, names []string) aggregateItem {
	numbers, comparable := []string{}, []string{}
	for _, name := range names {
		switch t.column(name).kind {
		case intKind:
			numbers, comparable = append(numbers, name), append(comparable, name)
		case textKind:
			comparable = append(comparable, name)
		}
	}
	switch n := a.n(5); {
	case n <= 1 && len(numbers) > 0:
		return aggregateItem{fn: []string{"sum", "avg"}[n], columns: some(a.g, numbers)}
	case n <= 3 && len(comparable) > 0:
		return aggregateItem{fn: []string{"min", "max"}[n%2], columns: some(a.g, comparable)}
	}
	return aggregateItem{fn: "count"}
}

func (a asker) aggregate(t *table, depth int) *aggregate {
	out := &aggregate{table: t, args: a.arguments(t)}
	for range 1 + a.n(3) {
		item := a.item(t, a.role.shown(t, true))
		if item.fn == "count" && a.chance(50) {
			item.columns, item.distinct = some(a.g, a.role.readable(t)), a.chance(50)
			if len(item.columns) > 2 {
				item.columns = item.columns[:2]
			}
		}
		item.alias = alias(len(out.items))
		out.items = append(out.items, item)
	}
	if a.chance(50) {
		out.nodes = a.fields(t, depth)
	}
	return out
}

func (a asker) write(t *table) *operation {
	insert, update, remove := a.role.insert(t), a.role.update(t), a.role.delete(t)
	op := &operation{table: t}
	if a.role.canRead(t) && a.chance(80) {
		op.returning = a.fields(t, 1)
	}
	one := a.role.canRead(t) && a.chance(30)
	asOne := func() {
		if op.returning == nil {
			op.returning = a.fields(t, 1)
		}
	}
	var kinds []string
	if insert != nil {
		kinds = append(kinds, "insert", "insert", "insert")
	}
	if update != nil && len(update.columns)+len(update.set) > 0 {
		kinds = append(kinds, "update", "update")
	}
	if remove != nil {
		kinds = append(kinds, "delete")
	}
	if a.role.calls[t.name] && a.role.canRead(t) {
		kinds = append(kinds, "call")
	}
	if len(kinds) == 0 {
		return nil
	}
	op.kind = pick(a.g, kinds)
	switch op.kind {
	case "call":
		op.low, op.rows, op.returning = int64(a.n(8)), a.selection(t, 1), nil
	case "insert":
		count := 1 + a.n(3)
		if one {
			op.kind, count = "insert_one", 1
			asOne()
		}
		if update != nil && a.chance(65) {
			op.conflict = a.conflict(t, update)
		}
		for range count {
			op.objects = append(op.objects, a.newRow(t, op.conflict != nil, nil, 2))
		}
	case "update":
		op.updates = []change{a.change(t, update)}
		if one && a.hasKey(t) {
			op.kind, op.key = "update_by_pk", a.key(t)
			op.updates[0].where = nil
			asOne()
		} else if a.chance(20) {
			op.kind = "update_many"
			op.updates = append(op.updates, a.change(t, update))
		}
	case "delete":
		op.updates = []change{{where: a.where(t)}}
		if one && a.hasKey(t) {
			op.kind, op.key = "delete_by_pk", a.key(t)
			op.updates[0].where = nil
			asOne()
		}
	}
	if op.updates != nil && op.kind != "delete" && op.kind != "delete_by_pk" {
		for _, c := range op.updates {
			if len(c.set)+len(c.inc)+len(update.set) == 0 {
				return nil // refused: nothing to change
			}
		}
	}
	return op
}

// newRow draws a new row and sometimes rows related to it. decided are columns that a row around it decides.
func (a asker) newRow(t *table, mayMeet bool, decided []string, depth int) *newRow {
	out := &newRow{values: a.object(t, a.role.insert(t), mayMeet)}
	for _, c := range decided {
		delete(out.values, c)
	}
	taken := slices.Clone(decided)
	for i := range t.relations {
		r := &t.relations[i]
		p := a.role.insert(r.target)
		if depth == 0 || p == nil || !a.chance(15) {
			continue
		}
		var theirs []string
		if r.isAfter {
			theirs = r.theirs
		} else {
			if slices.ContainsFunc(r.own, func(c string) bool { return slices.Contains(taken, c) }) {
				continue
			}
			taken = append(taken, r.own...)
			for _, c := range r.own {
				delete(out.values, c)
			}
		}
		n := nested{relation: r}
		if u := a.role.update(r.target); u != nil && a.chance(40) {
			n.conflict = a.conflict(r.target, u)
		}
		count := 1
		if r.array {
			count = a.n(3)
		}
		for range count {
			n.objects = append(n.objects, a.newRow(r.target, n.conflict != nil, theirs, depth-1))
		}
		out.nested = append(out.nested, n)
	}
	return out
}

// object draws a new row; one that mayMeet another has its key more often than not.
func (a asker) object(t *table, p *insertPermission, mayMeet bool) row {
	r := row{}
	for _, name := range p.columns {
		c := t.column(name)
		switch {
		case name == "id":
			r[name] = int64(6 + a.n(6))
			if mayMeet == a.chance(75) {
				r[name] = int64(a.n(6))
			}
		case !c.notNull && a.chance(15):
			r[name] = nil
		case c.notNull && c.deflt == nil || a.chance(70):
			r[name] = a.value(c.kind)
		}
	}
	return r
}

func (a asker) conflict(t *table, p *updatePermission) *conflict {
	c := &conflict{key: t.unique[0]}
	if a.chance(20) {
		c.key = pick(a.g, t.unique)
	}
	if a.chance(80) && len(p.columns) > 0 {
		c.columns = some(a.g, p.columns)
	}
	if a.chance(40) {
		c.where = a.where(t)
	}
	return c
}

func (a asker) change(t *table, p *updatePermission) change {
	c := change{where: a.where(t)}
	for _, name := range p.columns {
		col := t.column(name)
		isKey := slices.ContainsFunc(t.unique, func(k key) bool { return slices.Contains(k.columns, name) })
		if !a.chance(50) || isKey && !a.chance(15) {
			continue
		}
		if col.kind == intKind && a.chance(30) {
			if c.inc == nil {
				c.inc = row{}
			}
			c.inc[name] = int64(a.n(3))
			continue
		}
		if c.set == nil {
			c.set = row{}
		}
		c.set[name] = a.value(col.kind)
		if a.chance(15) && !col.notNull {
			c.set[name] = nil
		}
	}
	return c
}
