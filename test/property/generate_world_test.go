package property_test

import (
	"fmt"
	"slices"
	"strings"

	"pgregory.net/rapid"
)

// g draws choices. Every domain is small on purpose: rows meet, keys collide, conditions are true about half the time.
type g struct{ *rapid.T }

// n is one of 0 … k-1, all about as likely: rapid's own integers and samples prefer small ones. It shrinks to 0.
func (g g) n(k int) int {
	const bits = 7
	v := 0
	for range bits {
		v *= 2
		if coin.Draw(g.T, "coin") {
			v++
		}
	}
	return v * k >> bits
}

var coin = rapid.Bool()

// chance is true in so many cases of a hundred; it shrinks to false.
func (g g) chance(percent int) bool { return g.n(100) >= 100-percent }

func pick[T any](g g, from []T) T { return from[g.n(len(from))] }

// some is a part of a list, in its order, never empty unless the list is.
func some[T any](g g, from []T) []T {
	if len(from) == 0 {
		return nil
	}
	var out []T
	for _, one := range from {
		if g.chance(60) {
			out = append(out, one)
		}
	}
	if len(out) == 0 {
		out = append(out, pick(g, from))
	}
	return out
}

var (
	texts    = []value{"a", "b", "ab", "A", "", "ba"}
	patterns = []value{"a%", "%b", "_", "a", "%", "A%", "_b%"}
)

func (g g) value(k kind) value {
	switch k {
	case intKind:
		return int64(g.n(4))
	case textKind:
		return pick(g, texts)
	}
	return g.chance(50)
}

// The session variables of every caller, by the kind of value they hold.
var scalarVariables = map[kind]variable{intKind: "x-hasura-int", textKind: "x-hasura-text", boolKind: "x-hasura-flag"}

var listVariables = map[kind]variable{intKind: "x-hasura-ints", textKind: "x-hasura-texts", boolKind: "x-hasura-flags"}

func (g g) session() map[string]string {
	listOf := func(k kind) string {
		var items []string
		for range g.n(3) {
			items = append(items, fmt.Sprint(pick(g, map[kind][]value{
				intKind: {int64(0), int64(1), int64(2), int64(3)}, textKind: {"a", "b", "ab"}, boolKind: {true, false},
			}[k])))
		}
		return "{" + strings.Join(items, ",") + "}"
	}
	return map[string]string{
		"x-hasura-int": fmt.Sprint(g.n(4)), "x-hasura-text": pick(g, []string{"a", "b", "ab"}), "x-hasura-flag": fmt.Sprint(g.chance(50)),
		"x-hasura-ints": listOf(intKind), "x-hasura-texts": listOf(textKind), "x-hasura-flags": listOf(boolKind),
	}
}

func (g g) tables() []*table {
	var tables []*table
	for i := range 2 + g.n(2) {
		tables = append(tables, g.tableColumns([]string{"alpha", "beta", "gamma"}[i]))
	}
	for _, t := range tables {
		g.relations(t, tables)
		g.computedFields(t, tables)
	}
	g.foreignKeys(tables)
	return tables
}

func (g g) tableColumns(name string) *table {
	t := &table{name: name, columns: []column{{name: "id", kind: intKind, notNull: true}}}
	primary := key{name + "_pkey", []string{"id"}}
	for _, c := range []column{{name: "amount", kind: intKind}, {name: "budget", kind: intKind}, {name: "slug", kind: textKind}, {name: "usage", kind: textKind}, {name: "flag", kind: boolKind}} {
		if c.name != "amount" && g.chance(25) {
			continue
		}
		c.notNull = g.chance(20)
		if g.chance(20) {
			c.deflt = g.value(c.kind)
		}
		t.columns = append(t.columns, c)
	}
	if g.chance(15) {
		primary.columns = []string{"id", "amount"}
		t.columns[1].notNull = true
	}
	t.unique = []key{primary}
	if g.chance(30) {
		t.unique = append(t.unique, key{name + "_second_key", []string{pick(g, t.columns[1:]).name}})
	}
	return t
}

func (t *table) ofKind(k kind) []string {
	var out []string
	for _, c := range t.columns {
		if c.kind == k {
			out = append(out, c.name)
		}
	}
	return out
}

func (g g) relations(t *table, tables []*table) {
	ints := t.ofKind(intKind)
	for i := range 1 + g.n(2) {
		target := pick(g, tables)
		r := relation{name: fmt.Sprintf("one%d", i), target: target}
		for _, c := range target.unique[0].columns {
			r.own, r.theirs = append(r.own, pick(g, ints)), append(r.theirs, c)
		}
		if len(r.own) == 2 && r.own[0] == r.own[1] {
			r.own = []string{"id", "amount"}
		}
		r.isAfter = g.chance(15)
		t.relations = append(t.relations, r)
	}
	for i := range 1 + g.n(2) {
		target := pick(g, tables)
		t.relations = append(t.relations, relation{
			name: fmt.Sprintf("many%d", i), array: true, target: target, isAfter: true,
			own: []string{pick(g, ints)}, theirs: []string{pick(g, target.ofKind(intKind))},
		})
	}
}

// row draws a row whose key is free, or gives up.
func (g g) row(t *table, others []row) row {
	for range 4 {
		r := row{}
		for _, c := range t.columns {
			if !c.notNull && g.chance(25) {
				r[c.name] = nil
				continue
			}
			r[c.name] = g.value(c.kind)
		}
		r["id"] = int64(g.n(6))
		if !slices.ContainsFunc(t.unique, func(k key) bool { return find(others, k, r) >= 0 }) {
			return r
		}
	}
	return nil
}

func (g g) state(tables []*table) state {
	s := state{}
	for _, t := range tables {
		s[t.name] = nil
		for range 2 + g.n(5) {
			if r := g.row(t, s[t.name]); r != nil {
				s[t.name] = append(s[t.name], r)
			}
		}
	}
	for dangling := true; dangling; { // until every foreign key is kept
		dangling = false
		for _, f := range foreignKeys(tables) {
			s[f.table.name] = slices.DeleteFunc(s[f.table.name], func(r row) bool {
				if !f.dangles(s, r) {
					return false
				}
				dangling = true
				c := f.relation.own[0]
				if f.table.column(c).notNull {
					return true
				}
				r[c] = nil
				return false
			})
		}
	}
	return s
}

// world draws a case with n requests.
func (g g) world(n int) *world {
	w := &world{tables: g.tables()}
	w.rows = g.state(w.tables)
	c := conditions{g: g, tables: w.tables}
	for i := range 3 {
		w.roles = append(w.roles, c.newRole(fmt.Sprintf("role%d", i)))
	}
	for i := range 2 {
		r := newRole(fmt.Sprintf("heir%d", i))
		r.members = []*role{w.roles[i], w.roles[i+1]}
		if i == 1 && g.chance(30) {
			r.members = []*role{w.roles[3], w.roles[2]} // inherits from an heir
		}
		w.roles = append(w.roles, r)
	}
	for range n {
		if r := g.request(w); r != nil {
			w.requests = append(w.requests, r)
		}
	}
	return w
}

// String shows a case without its requests.
func (w *world) String() string {
	var b strings.Builder
	b.WriteString(w.sql())
	fmt.Fprintf(&b, "metadata: %s\n", show(w.metadata()))
	return b.String()
}

// GoString is String: rapid shows what was drawn with %#v.
func (w *world) GoString() string { return "the case below" }

func (r *request) String() string {
	return fmt.Sprintf("as %s %v\n  %s", r.role.name, r.session, r.body())
}
