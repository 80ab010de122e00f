package property_test

import (
	"fmt"
	"slices"
)

// computed is a computed field: a function of a row's column. A function sees every row, whatever permissions say.
type computed struct {
	name   string
	kind   computedKind
	column string
	target *table
}

type computedKind int

const (
	twice   computedKind = iota // the column twice
	plus                        // the column and an argument, 1 by default
	matches                     // how many rows of target have an id that is not smaller
	near                        // the rows of target with an id that is not greater
)

func (c *computed) isTable() bool { return c.kind == near }

func (g g) computedFields(t *table, tables []*table) {
	for kind, name := range []string{"twice", "plus", "matches", "near"} {
		if g.chance(50) {
			t.computed = append(t.computed, computed{name: name, kind: computedKind(kind), column: pick(g, t.ofKind(intKind)), target: pick(g, tables)})
		}
	}
}

func (t *table) field(name string) *computed {
	for i := range t.computed {
		if t.computed[i].name == name {
			return &t.computed[i]
		}
	}
	return nil
}

func (c *computed) sql(t *table) string {
	head := fmt.Sprintf("create function %s_%s(r %s", t.name, c.name, t.name)
	switch c.kind {
	case twice:
		return fmt.Sprintf("%s) returns int language sql immutable as $$ select r.%s * 2 $$;\n", head, c.column)
	case plus:
		return fmt.Sprintf("%s, n int default 1) returns int language sql stable as $$ select r.%s + n $$;\n", head, c.column)
	case matches:
		return fmt.Sprintf("%s) returns int language sql stable as $$ select count(*)::int from %s o where o.id >= r.%s $$;\n", head, c.target.name, c.column)
	}
	return fmt.Sprintf("%s) returns setof %s language sql stable as $$ select * from %s o where o.id <= r.%s $$;\n", head, c.target.name, c.target.name, c.column)
}

// scalar is the value of a scalar computed field of r; n is the argument, nil for the default.
func (o *oracle) scalar(c *computed, r row, n *int64) value {
	v, ok := r[c.column].(int64)
	switch {
	case c.kind == matches:
		count := int64(0)
		for _, other := range o.state[c.target.name] {
			if ok && other["id"].(int64) >= v {
				count++
			}
		}
		return count
	case !ok:
		return nil
	case c.kind == twice:
		return v * 2
	case n != nil:
		return v + *n
	}
	return v + 1
}

// rowsOf are the rows of a table computed field of r, whoever asks.
func (o *oracle) rowsOf(c *computed, r row) []row {
	var out []row
	for _, other := range o.state[c.target.name] {
		if v, ok := r[c.column].(int64); ok && other["id"].(int64) <= v {
			out = append(out, other)
		}
	}
	return out
}

// tableFields are the table computed fields of t that the role may follow, and aggregate if that is asked.
func (r *role) tableFields(t *table, aggregate bool) []*computed {
	var out []*computed
	for i := range t.computed {
		c := &t.computed[i]
		if c.isTable() && r.canRead(c.target) && (!aggregate || r.canAggregate(c.target)) {
			out = append(out, c)
		}
	}
	return out
}

// shown are the columns and scalar computed fields of t that the role may read in some row at least; usable ones of the
// latter have no argument, and may be compared and ordered by.
func (r *role) shown(t *table, usable bool) []string {
	out := r.readable(t)
	for i := range t.computed {
		c := &t.computed[i]
		if c.isTable() || usable && c.kind == plus {
			continue
		}
		for _, p := range r.readers(t) {
			if slices.Contains(p.computed, c.name) {
				out = append(out, c.name)
				break
			}
		}
	}
	return out
}

// The functions of a table: find gives the rows whose id is not smaller than its argument, mine those whose id is not
// smaller than the caller's x-hasura-int, and bump adds one to amount where id is not smaller.
func functionsSQL(t *table) string {
	return fmt.Sprintf(`create function find_%[1]s(low int) returns setof %[1]s language sql stable as $$ select * from %[1]s where id >= low $$;
create function mine_%[1]s(hasura_session json) returns setof %[1]s language sql stable as $$ select * from %[1]s where id >= (hasura_session ->> 'x-hasura-int')::int $$;
create function bump_%[1]s(low int) returns setof %[1]s language sql volatile as $$ update %[1]s set amount = amount + 1 where id >= low returning * $$;
`, t.name)
}

// found are the rows a reading function gives, whoever asks.
func (o *oracle) found(op *operation) []row {
	low := op.low
	if op.isMine {
		low = parse(o.session["x-hasura-int"], intKind).(int64)
	}
	var out []row
	for _, r := range o.state[op.table.name] {
		if r["id"].(int64) >= low {
			out = append(out, r)
		}
	}
	return out
}
