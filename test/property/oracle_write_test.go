package property_test

import (
	"fmt"
	"maps"
	"slices"
)

// refusal says that a request must fail, with one of the codes, and change nothing.
type refusal struct {
	why   string
	codes []string
}

var (
	// A statement that writes one row twice, and what only Postgres' internals word, is an unexpected error.
	constraintCodes = []string{"constraint-violation", "unexpected"}
	checkCodes      = []string{"permission-error"}
	absentCodes     = []string{"validation-failed"}
	// What hangs on a row that was not written may be refused before that is noticed.
	nestedCodes = []string{"not-supported", "permission-error", "constraint-violation", "unexpected"}
)

func refuse(codes []string, format string, args ...any) *refusal {
	return &refusal{why: fmt.Sprintf(format, args...), codes: codes}
}

// outcome is what a request must give: the fields by alias and the state afterwards, or a refusal. Either: both will do,
// because the order in which Postgres visits rows decides.
type outcome struct {
	fields  object
	state   state
	refused *refusal
	either  bool
}

func alias(i int) string { return fmt.Sprintf("f%d", i) }

// run works a request out over a state, which it leaves as it was.
func (w *world) run(req *request, s state) outcome {
	out := outcome{fields: object{}, state: s}
	for _, op := range req.operations {
		if !req.offers(op) {
			return outcome{state: s, refused: refuse(absentCodes, "%s of %s is not there", op.kind, op.table.name)}
		}
	}
	for i, op := range req.operations {
		o := &oracle{tables: w.tables, state: out.state, role: req.role, session: req.session}
		if !op.isWrite() {
			out.fields[alias(i)] = o.read(op)
			continue
		}
		answer, next, refused, either := o.write(op)
		out.either = out.either || either
		if refused != nil {
			return outcome{state: s, refused: refused, either: out.either}
		}
		out.fields[alias(i)], out.state = answer, next
	}
	return out
}

func (o *oracle) write(op *operation) (answer expected, next state, refused *refusal, either bool) {
	var written []row
	switch op.kind {
	case "insert", "insert_one":
		if op.isNested() {
			return o.insertNested(op)
		}
		written, next, refused = o.insertRows(op.table, values(op.objects), nil, op.conflict)
	case "call":
		return o.call(op)
	case "update", "update_by_pk":
		written, next, refused, either = o.update(op, op.updates[0])
	case "update_many":
		answers := []expected{}
		at := *o
		for _, c := range op.updates {
			one, after, refused, risky := at.update(op, c)
			either = either || risky
			if refused != nil {
				return nil, nil, refused, either
			}
			answers = append(answers, at.response(op, one, after))
			at.state = after
		}
		out := list{take: -1}
		for _, a := range answers {
			out.pools = append(out.pools, pool{items: []expected{a}, n: 1})
		}
		return out, at.state, nil, either
	default:
		written, next, refused, either = o.delete(op)
	}
	if refused != nil {
		return nil, nil, refused, either
	}
	return o.response(op, written, next), next, nil, either
}

// response is the answer of a write: what it wrote, in the columns the role may read. Rows that the select permission's
// filter hides are shown too, as Hasura does; what relationships lead to is read, and hidden, in the state afterwards.
func (o *oracle) response(op *operation, written []row, next state) expected {
	at := *o
	at.state = next
	rows := list{take: -1}
	for _, r := range written {
		rows.pools = append(rows.pools, pool{items: []expected{at.fields(op.table, op.returning, r)}, n: 1})
	}
	switch op.kind {
	case "insert_one", "update_by_pk", "delete_by_pk":
		if len(written) == 0 {
			return scalar{nil}
		}
		return rows.pools[0].items[0]
	}
	out := object{"affected_rows": scalar{int64(len(written))}}
	if op.returning != nil {
		out["returning"] = rows.unordered()
	}
	return out
}

// unordered is the list in any order.
func (l list) unordered() list {
	p := pool{}
	for _, one := range l.pools {
		p.items = append(p.items, one.items...)
		p.n += one.n
	}
	return list{pools: []pool{p}, take: -1}
}

func (o *oracle) presetValue(t *table, p preset) value {
	if v, ok := p.value.(variable); ok {
		return parse(o.session[string(v)], t.column(p.column).kind)
	}
	return p.value
}

func missing(t *table, r row) *refusal {
	for _, c := range t.columns {
		if c.notNull && r[c.name] == nil {
			return refuse(constraintCodes, "%s.%s is null", t.name, c.name)
		}
	}
	return nil
}

// same: both rows have the same key, null being like nothing.
func same(k key, a, b row) bool {
	for _, c := range k.columns {
		if a[c] == nil || a[c] != b[c] {
			return false
		}
	}
	return true
}

func find(rows []row, k key, r row) int {
	return slices.IndexFunc(rows, func(other row) bool { return same(k, other, r) })
}

// insertRows is an insert of one statement. decided are columns that a related row decides.
func (o *oracle) insertRows(t *table, objects []row, decided row, c *conflict) (written []row, next state, refused *refusal) {
	p := o.role.insert(t)
	rows := slices.Clone(o.state[t.name])
	mine := map[int]bool{} // rows this statement wrote
	isNew := map[int]bool{}
	for _, given := range objects {
		r := row{}
		for _, c := range t.columns {
			r[c.name] = c.deflt
		}
		maps.Copy(r, decided)
		maps.Copy(r, given)
		for _, s := range p.set {
			r[s.column] = o.presetValue(t, s)
		}
		if refused := missing(t, r); refused != nil {
			return nil, nil, refused
		}
		if c != nil {
			if at := find(rows, c.key, r); at >= 0 {
				changed, refused := o.conflict(t, c, rows, at, r, mine)
				if refused != nil {
					return nil, nil, refused
				}
				if changed {
					mine[at] = true
				}
				continue
			}
		}
		for _, k := range t.unique {
			if find(rows, k, r) >= 0 {
				return nil, nil, refuse(constraintCodes, "%s twice", k.name)
			}
		}
		mine[len(rows)], isNew[len(rows)] = true, true
		rows = append(rows, r)
	}
	u := o.role.update(t)
	for i := range rows {
		if !mine[i] {
			continue
		}
		check := p.check
		if !isNew[i] && u.check != nil {
			check = u.check
		}
		if o.holds(check, t, rows[i]) != yes {
			return nil, nil, refuse(checkCodes, "check of %v", rows[i])
		}
		written = append(written, rows[i])
	}
	next, refused, _ = o.settle(o.state, o.with(t, rows), false)
	return written, next, refused
}

// conflict changes the row that is in the way, where the update permission and the caller's condition say so.
func (o *oracle) conflict(t *table, c *conflict, rows []row, at int, given row, mine map[int]bool) (changed bool, refused *refusal) {
	u := o.role.update(t)
	if len(c.columns) == 0 {
		return false, nil
	}
	if mine[at] {
		return false, refuse(constraintCodes, "a row written twice")
	}
	if o.holds(u.filter, t, rows[at]) != yes || o.asked(c.where, t, rows[at]) != yes {
		return false, nil
	}
	next := maps.Clone(rows[at])
	for _, name := range c.columns {
		next[name] = given[name]
	}
	for _, s := range u.set {
		next[s.column] = o.presetValue(t, s)
	}
	if refused := missing(t, next); refused != nil {
		return false, refused
	}
	for _, k := range t.unique {
		for i, other := range rows {
			if i != at && same(k, other, next) {
				return false, refuse(constraintCodes, "%s twice", k.name)
			}
		}
	}
	rows[at] = next
	return true, nil
}

func (o *oracle) with(t *table, rows []row) state {
	next := maps.Clone(o.state)
	next[t.name] = rows
	return next
}

// update gives either when rows swap keys on the way: whether that collides depends on the order Postgres takes them in.
func (o *oracle) update(op *operation, c change) (written []row, next state, refused *refusal, either bool) {
	t, p := op.table, o.role.update(op.table)
	rows := slices.Clone(o.state[t.name])
	for i, r := range rows {
		if o.holds(p.filter, t, r) != yes || o.asked(c.where, t, r) != yes || op.key != nil && !o.hasKey(t, r, op.key) {
			continue
		}
		after := maps.Clone(r)
		maps.Copy(after, c.set)
		for name, by := range c.inc {
			if after[name] != nil {
				after[name] = after[name].(int64) + by.(int64)
			}
		}
		for _, s := range p.set {
			after[s.column] = o.presetValue(t, s)
		}
		if refused := missing(t, after); refused != nil {
			return nil, nil, refused, false
		}
		rows[i] = after
		written = append(written, after)
	}
	for _, k := range t.unique {
		for i, r := range rows {
			if at := find(rows[:i], k, r); at >= 0 {
				return nil, nil, refuse(constraintCodes, "%s twice", k.name), false
			}
			if at := find(o.state[t.name], k, r); at >= 0 && at != i {
				either = true
			}
		}
	}
	for _, r := range written {
		if p.check != nil && o.holds(p.check, t, r) != yes {
			return nil, nil, refuse(append(checkCodes, constraintCodes...), "check of %v", r), false
		}
	}
	next, refused, _ = o.settle(o.state, o.with(t, rows), false)
	return written, next, refused, either
}

func (o *oracle) delete(op *operation) (written []row, next state, refused *refusal, either bool) {
	t, p := op.table, o.role.delete(op.table)
	var kept []row
	where := op.updates[0].where
	for _, r := range o.state[t.name] {
		if o.holds(p.filter, t, r) == yes && o.asked(where, t, r) == yes && (op.key == nil || o.hasKey(t, r, op.key)) {
			written = append(written, r)
		} else {
			kept = append(kept, r)
		}
	}
	next, refused, either = o.settle(o.state, o.with(t, kept), true)
	return written, next, refused, either
}
