package property_test

import (
	"slices"
	"strconv"
	"strings"
)

// truth is SQL's: a comparison with null is neither true nor false.
type truth int8

const (
	no truth = iota
	unknown
	yes
)

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

// oracle answers for one caller over one state of the tables.
type oracle struct {
	tables  []*table
	state   state
	role    *role
	session map[string]string
}

func (o *oracle) table(name string) *table { return (&world{tables: o.tables}).table(name) }

// holds evaluates a permission's condition about r, a row of t: it sees everything.
func (o *oracle) holds(c cond, t *table, r row) truth {
	return o.eval(c, t, r, r, false)
}

// asked evaluates a condition that the caller wrote: it sees what the role sees.
func (o *oracle) asked(c cond, t *table, r row) truth {
	if c == nil {
		return yes
	}
	return o.eval(c, t, r, r, true)
}

func (o *oracle) eval(c cond, t *table, r, root row, masked bool) truth {
	cell := func(name string) value {
		if masked {
			return o.cell(t, r, name)
		}
		return r[name]
	}
	switch c := c.(type) {
	case and:
		all := yes
		for _, one := range c {
			all = min(all, o.eval(one, t, r, root, masked))
		}
		return all
	case or:
		any := no
		for _, one := range c {
			any = max(any, o.eval(one, t, r, root, masked))
		}
		return any
	case not:
		return yes - o.eval(c.c, t, r, root, masked)
	case compare:
		return o.compare(cell(c.column), c.op, t.column(c.column).kind, c.operand)
	case columns:
		from, at := r, t
		if c.root {
			from, at = root, o.rootTable(root, t, r)
		}
		if c.via != "" {
			rel := at.relation(c.via)
			targets := o.joined(rel, from)
			if len(targets) == 0 {
				return unknown
			}
			from = targets[0]
		}
		return comparison(cell(c.column), strings.Replace(c.op, "_c", "_", 1), from[c.other])
	case related:
		rel := t.relation(c.relation)
		for _, other := range o.joined(rel, r) {
			if masked && !o.visible(rel.target, other) {
				continue
			}
			if o.eval(c.c, rel.target, other, root, masked) == yes {
				return yes
			}
		}
		return no
	case nearby:
		f := t.field(c.field)
		for _, other := range o.rowsOf(f, r) {
			if o.visible(f.target, other) && o.eval(c.c, f.target, other, root, masked) == yes {
				return yes
			}
		}
		return no
	case exists:
		target := o.table(c.table)
		for _, other := range o.state[c.table] {
			if o.eval(c.c, target, other, root, masked) == yes {
				return yes
			}
		}
		return no
	case counted:
		return o.counted(c, t, r, root, masked)
	}
	panic("unknown condition")
}

// rootTable: the columns that "$" names are looked up by the generator, which only uses a via where root is this row.
func (o *oracle) rootTable(root row, t *table, r row) *table { return t }

func (o *oracle) counted(c counted, t *table, r, root row, masked bool) truth {
	rel := t.relation(c.relation)
	var rows []row
	for _, other := range o.joined(rel, r) {
		if masked && !o.visible(rel.target, other) {
			continue
		}
		if c.filter == nil || o.eval(c.filter, rel.target, other, root, masked) == yes {
			rows = append(rows, other)
		}
	}
	n := count(rows, c.columns, c.distinct, func(r row, name string) value {
		if masked {
			return o.cell(rel.target, r, name)
		}
		return r[name]
	})
	return comparison(n, c.op, c.n)
}

// count is SQL's count: of rows, of the rows where a column is not null, or of the tuples of several.
func count(rows []row, names []string, distinct bool, cell func(row, string) value) int64 {
	var n int64
	seen := map[string]bool{}
	for _, r := range rows {
		var tuple []string
		null := false
		for _, name := range names {
			v := cell(r, name)
			null = v == nil
			tuple = append(tuple, literal(v))
		}
		if len(names) == 1 && null {
			continue
		}
		id := strings.Join(tuple, ",")
		if distinct && len(names) > 0 && seen[id] {
			continue
		}
		seen[id] = true
		n++
	}
	return n
}

// joined are the rows a relationship leads to, whoever asks.
func (o *oracle) joined(rel *relation, r row) []row {
	var out []row
	for _, other := range o.state[rel.target.name] {
		if joins(rel, r, other) {
			out = append(out, other)
		}
	}
	return out
}

func joins(rel *relation, r, other row) bool {
	for i := range rel.own {
		a, b := r[rel.own[i]], other[rel.theirs[i]]
		if a == nil || b == nil || a != b {
			return false
		}
	}
	return true
}

// visible: the role sees the row.
func (o *oracle) visible(t *table, r row) bool {
	for _, p := range o.role.readers(t) {
		if o.holds(p.filter, t, r) == yes {
			return true
		}
	}
	return false
}

// cell is a cell as the role sees it: null unless a role that has the column sees the row. Where every role that can read
// the table has the column, there is nothing to hide: whoever may see the row may see the cell.
func (o *oracle) cell(t *table, r row, name string) value {
	everywhere := true
	for _, p := range o.role.readers(t) {
		has := slices.Contains(p.columns, name) || slices.Contains(p.computed, name)
		everywhere = everywhere && has
		if has && o.holds(p.filter, t, r) == yes {
			return o.raw(t, r, name, nil)
		}
	}
	if everywhere {
		return o.raw(t, r, name, nil)
	}
	return nil
}

// raw is the value of a column or scalar computed field, whoever asks.
func (o *oracle) raw(t *table, r row, name string, n *int64) value {
	if f := t.field(name); f != nil {
		return o.scalar(f, r, n)
	}
	return r[name]
}

// compare tests a value against a literal, a list, or a session variable.
func (o *oracle) compare(v value, op string, k kind, operand any) truth {
	if op == "_is_null" {
		return truthOf((v == nil) == operand.(bool))
	}
	if name, ok := operand.(variable); ok {
		text := o.session[string(name)]
		if op == "_in" || op == "_nin" {
			operand = parseList(text, k)
		} else {
			operand = parse(text, k)
		}
	}
	switch op {
	case "_in", "_nin":
		found := no
		for _, one := range operand.([]value) {
			found = max(found, comparison(v, "_eq", one))
		}
		if op == "_nin" {
			return yes - found
		}
		return found
	}
	return comparison(v, op, operand)
}

func comparison(a value, op string, b value) truth {
	if a == nil || b == nil {
		if op == "_ne" {
			return truthOf((a == nil) != (b == nil))
		}
		return unknown
	}
	switch op {
	case "_eq":
		return truthOf(a == b)
	case "_neq", "_ne":
		return truthOf(a != b)
	case "_like":
		return truthOf(like(a.(string), b.(string)))
	case "_nlike":
		return truthOf(!like(a.(string), b.(string)))
	case "_ilike":
		return truthOf(like(strings.ToLower(a.(string)), strings.ToLower(b.(string))))
	case "_nilike":
		return truthOf(!like(strings.ToLower(a.(string)), strings.ToLower(b.(string))))
	}
	d := rank(a, b)
	switch op {
	case "_gt":
		return truthOf(d > 0)
	case "_gte":
		return truthOf(d >= 0)
	case "_lt":
		return truthOf(d < 0)
	case "_lte":
		return truthOf(d <= 0)
	}
	panic("unknown operator " + op)
}

// rank orders two values of a kind that are not null.
func rank(a, b value) int {
	switch a := a.(type) {
	case int64:
		return int(a - b.(int64))
	case float64:
		switch b := b.(float64); {
		case a < b:
			return -1
		case a > b:
			return 1
		}
		return 0
	case string:
		return strings.Compare(a, b.(string))
	case bool:
		return int(truthOf(a)) - int(truthOf(b.(bool)))
	}
	panic("values of no kind")
}

// like matches a pattern of % and _; there is no escape in the patterns drawn.
func like(s, pattern string) bool {
	if pattern == "" {
		return s == ""
	}
	switch pattern[0] {
	case '%':
		for i := 0; i <= len(s); i++ {
			if like(s[i:], pattern[1:]) {
				return true
			}
		}
		return false
	case '_':
		return s != "" && like(s[1:], pattern[1:])
	}
	return s != "" && s[0] == pattern[0] && like(s[1:], pattern[1:])
}

// parse reads a session variable as a value of a kind.
func parse(text string, k kind) value {
	switch k {
	case intKind:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			panic(err)
		}
		return n
	case boolKind:
		return text == "true"
	}
	return text
}

func parseList(text string, k kind) []value {
	var out []value
	for _, item := range strings.Split(strings.Trim(text, "{}"), ",") {
		if item != "" {
			out = append(out, parse(item, k))
		}
	}
	return out
}
