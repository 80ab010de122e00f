package property_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Rows the role does not see, cells it does not see, and rows that come or go unseen change no answer, not even to
// requests made to fail halfway: aggregates, orders and errors stay the same to the byte.
func TestWhatIsHiddenInfluencesNoAnswer(t *testing.T) {
	t.Parallel()
	s := start(t)
	changed := 0
	rapid.Check(t, func(t *rapid.T) {
		w := rapid.Custom(func(t *rapid.T) *world { return g{t}.hostile(4) }).Draw(t, "world")
		s.load(t, w)
		var before [][]byte
		for _, r := range w.requests {
			before = append(before, s.ask(r))
		}
		g := g{t}
		for range 3 {
			other := g.unseen(w)
			if other == nil {
				continue
			}
			changed++
			s.exec(t, w.fill(other))
			for i, r := range w.requests {
				if after := s.ask(r); string(after) != string(before[i]) {
					t.Fatalf("%v\nanswers %s\nand, after a change that it cannot see, %s\nbefore: %s\nafter: %s\nin %s", r, before[i], after, w.fill(w.rows), w.fill(other), w)
				}
			}
		}
	})
	t.Logf("%d unseen changes", changed)
}

// hostile draws a world in which one caller asks for rows, in ways that would show hidden ones if anything did.
func (g g) hostile(n int) *world {
	w := g.world(0)
	session, role := g.session(), pick(g, w.roles)
	a := asker{g: g, w: w, role: role, isHostile: true}
	for range n {
		if op := a.read(pick(g, w.tables)); op != nil {
			w.requests = append(w.requests, &request{role: role, session: session, operations: []*operation{op}, useVariables: g.chance(40)})
		}
	}
	return w
}

// unseen changes the rows in a way that the caller of w's requests cannot see; nil when none was found.
func (g g) unseen(w *world) state {
	if len(w.requests) == 0 {
		return nil
	}
	r := w.requests[0]
	view := func(s state) string {
		return (&oracle{tables: w.tables, state: s, role: r.role, session: r.session}).view()
	}
	now := view(w.rows)
	s, found := w.rows, false
	for range 12 {
		t := pick(g, w.tables)
		next := maps.Clone(s)
		rows := slices.Clone(s[t.name])
		switch n := g.n(3); {
		case n == 0 && len(rows) > 0:
			i := g.n(len(rows))
			rows = slices.Delete(rows, i, i+1)
		case n == 1 && len(rows) > 0:
			i := g.n(len(rows))
			others := slices.Delete(slices.Clone(rows), i, i+1)
			if fresh := g.row(t, others); fresh != nil {
				rows[i] = fresh
			}
		default:
			if fresh := g.row(t, rows); fresh != nil {
				rows = slices.Insert(rows, g.n(len(rows)+1), fresh)
			}
		}
		next[t.name] = rows
		if view(next) == now && w.difference(next, s) != "" {
			s, found = next, true
		}
	}
	if !found {
		return nil
	}
	return s
}

// view is all the role sees of all tables. What rows are joined by belongs to it, seen or not.
func (o *oracle) view() string {
	var b strings.Builder
	joins := map[string]bool{}
	for _, t := range o.tables {
		for _, r := range t.relations {
			for i := range r.own {
				joins[t.name+"."+r.own[i]], joins[r.target.name+"."+r.theirs[i]] = true, true
			}
		}
	}
	for _, t := range o.tables {
		for _, c := range t.computed {
			joins[t.name+"."+c.column], joins[c.target.name+".id"] = true, true
		}
	}
	for _, t := range o.tables {
		fmt.Fprintln(&b, t.name)
		for _, r := range o.state[t.name] {
			if !o.visible(t, r) {
				continue
			}
			for _, c := range t.columns {
				if joins[t.name+"."+c.name] {
					b.WriteString(literal(r[c.name]))
				}
				b.WriteString(" " + literal(o.cell(t, r, c.name)) + ",")
			}
			for i := range t.computed { // a function sees everything
				if c := &t.computed[i]; !c.isTable() {
					b.WriteString(" " + literal(o.cell(t, r, c.name)) + ",")
				}
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// A column that the role may not use and one that does not exist are refused in the same words, wherever they are named;
// so are tables and relationships.
func TestHiddenNamesAreAsAbsent(t *testing.T) {
	t.Parallel()
	s := start(t)
	rapid.Check(t, func(t *rapid.T) {
		w := rapid.Custom(func(t *rapid.T) *world { return g{t}.world(0) }).Draw(t, "world")
		s.load(t, w)
		session := g{t}.session()
		for _, r := range w.roles {
			for _, table := range w.tables {
				for _, p := range probes(r, table) {
					as := &request{role: r, session: session}
					known, unknown := s.probe(as, p.text, p.name), s.probe(as, p.text, "nowhere")
					if known != unknown {
						t.Fatalf("as %s: %s\nanswers %s\nand for a name that does not exist %s\nin %s", r.name, strings.ReplaceAll(p.text, "¤", p.name), known, unknown, w)
					}
					if !strings.Contains(known, "validation-failed") {
						t.Fatalf("as %s: %s\nis not refused: %s\nin %s", r.name, strings.ReplaceAll(p.text, "¤", p.name), known, w)
					}
				}
			}
		}
	})
}

// probe asks with a name in the place of ¤, and puts ¤ back in the answer.
func (s *server) probe(r *request, text, name string) string {
	body, err := json.Marshal(map[string]string{"query": strings.ReplaceAll(text, "¤", name)})
	if err != nil {
		panic(err)
	}
	headers := maps.Clone(r.session)
	headers["x-hasura-role"] = r.role.name
	_, answer := s.post("/v1/graphql", string(body), headers)
	return regexp.MustCompile(`\b`+name+`\b`).ReplaceAllString(string(answer), "¤")
}

type probe struct{ text, name string }

// probes are requests that name, in every place a name may stand, something of t that r may not use there.
func probes(r *role, t *table) []probe {
	var out []probe
	add := func(names []string, texts ...string) {
		for _, name := range names {
			for _, text := range texts {
				out = append(out, probe{strings.ReplaceAll(text, "T", t.name), name})
			}
		}
	}
	without := func(allowed []string) []string {
		var hidden []string
		for _, c := range t.columns {
			if !slices.Contains(allowed, c.name) {
				hidden = append(hidden, c.name)
			}
		}
		return hidden
	}
	if r.canRead(t) {
		hidden := without(r.readable(t))
		add(hidden, "{ T { ¤ } }", "{ T(where: {¤: {_is_null: true}}) { __typename } }", "{ T(where: {_not: {¤: {}}}) { __typename } }",
			"{ T(order_by: {¤: asc}) { __typename } }", "{ T(distinct_on: [¤]) { __typename } }", "{ T(distinct_on: ¤, order_by: {¤: asc}) { __typename } }",
			"query ($w: T_bool_exp = {¤: {_eq: 1}}) { T(where: $w) { __typename } }")
		if r.canAggregate(t) {
			add(hidden, "{ T_aggregate { aggregate { count(columns: [¤]) } } }", "{ T_aggregate { aggregate { count(columns: ¤, distinct: true) } } }",
				"{ T_aggregate { aggregate { max { ¤ } } } }", "{ T_aggregate { aggregate { sum { ¤ } } } }", "{ T_aggregate { nodes { ¤ } } }",
				"{ T_aggregate(where: {¤: {_eq: 1}}) { aggregate { count } } }")
		} else {
			add([]string{t.name + "_aggregate"}, "{ ¤ { aggregate { count } } }")
		}
		for i := range t.relations {
			rel := &t.relations[i]
			switch {
			case !r.canRead(rel.target):
				add([]string{rel.name}, "{ T { ¤ { __typename } } }", "{ T(where: {¤: {}}) { __typename } }", "{ T(order_by: {¤: {id: asc}}) { __typename } }")
				add([]string{rel.name + "_aggregate"}, "{ T { ¤ { __typename } } }", "{ T(where: {¤: {}}) { __typename } }", "{ T(order_by: {¤: {count: asc}}) { __typename } }")
			case rel.array && !r.canAggregate(rel.target):
				add([]string{rel.name + "_aggregate"}, "{ T { ¤ { aggregate { count } } } }", "{ T(where: {¤: {count: {predicate: {_gt: 1}}}}) { __typename } }",
					"{ T(order_by: {¤: {count: asc}}) { __typename } }")
			}
		}
	} else {
		add([]string{t.name, t.name + "_aggregate", t.name + "_by_pk"}, "{ ¤ { __typename } }", "{ ¤(where: {}) { __typename } }")
		if r.update(t) != nil {
			add(without(nil), "mutation { update_T(where: {¤: {_eq: 1}}, _set: {}) { affected_rows } }")
			add([]string{"returning"}, "mutation { update_T(where: {}) { ¤ { __typename } } }")
		}
		if r.delete(t) != nil {
			add(without(nil), "mutation { delete_T(where: {¤: {_eq: 1}}) { affected_rows } }")
			add([]string{"returning"}, "mutation { delete_T(where: {}) { ¤ { __typename } } }")
		}
	}
	if p := r.insert(t); p != nil {
		add(without(p.columns), "mutation { insert_T(objects: [{¤: null}]) { affected_rows } }")
		add(without(r.readable(t)), "mutation { insert_T(objects: []) { returning { ¤ } } }")
		if u := r.update(t); u != nil {
			on := "mutation { insert_T(objects: [], on_conflict: {constraint: T_pkey, update_columns: "
			add(without(u.columns), on+"[¤]}) { affected_rows } }")
			add(without(r.readable(t)), on+"[], where: {¤: {_eq: 1}}}) { affected_rows } }")
		} else {
			add([]string{"on_conflict"}, "mutation { insert_T(objects: [], ¤: {}) { affected_rows } }")
		}
	} else {
		add([]string{"insert_" + t.name, "insert_" + t.name + "_one"}, "mutation { ¤(objects: []) { __typename } }", "mutation { ¤ { affected_rows } }")
	}
	if u := r.update(t); u != nil && len(u.columns)+len(u.set) > 0 {
		add(without(u.columns), "mutation { update_T(where: {}, _set: {¤: null}) { affected_rows } }")
		var numbers []string
		for _, c := range u.columns {
			if t.column(c).kind == intKind {
				numbers = append(numbers, c)
			}
		}
		if len(numbers) > 0 {
			add(without(numbers), "mutation { update_T(where: {}, _inc: {¤: 1}) { affected_rows } }")
		}
	} else if u == nil {
		add([]string{"update_" + t.name, "update_" + t.name + "_by_pk", "update_" + t.name + "_many"}, "mutation { ¤(where: {}) { __typename } }")
	}
	if r.delete(t) == nil {
		add([]string{"delete_" + t.name, "delete_" + t.name + "_by_pk"}, "mutation { ¤(where: {}) { __typename } }")
	}
	return out
}

// A condition on a session variable that the caller does not have is an error, whatever the rest of the condition says,
// and nothing is written.
func TestMissingSessionVariablesAreErrors(t *testing.T) {
	t.Parallel()
	s := start(t)
	asked := 0
	rapid.Check(t, func(t *rapid.T) {
		w := rapid.Custom(func(t *rapid.T) *world { return g{t}.world(requests) }).Draw(t, "world")
		s.load(t, w)
		for _, r := range w.requests {
			for _, name := range slices.Sorted(maps.Keys(r.session)) {
				if !r.needs(variable(name)) {
					continue
				}
				lacking := *r
				lacking.session = maps.Clone(r.session)
				delete(lacking.session, name)
				asked++
				want := fmt.Sprintf(`missing session variable: \"%s\"`, name)
				if body := string(s.ask(&lacking)); !strings.Contains(body, want) || !strings.Contains(body, `"code":"not-found"`) {
					t.Fatalf("%v\nlacks %s and answers %s\nin %s", &lacking, name, body, w)
				}
				if r.isWrite() {
					if d := w.difference(s.content(t, w), w.rows); d != "" {
						t.Fatalf("%v\nlacks %s and wrote: %s", &lacking, name, d)
					}
				}
			}
		}
	})
	t.Logf("%d requests", asked)
}

// needs: the first operation cannot be decided without the variable.
func (r *request) needs(name variable) bool {
	op := r.operations[0]
	for _, op := range r.operations {
		if !r.offers(op) {
			return false
		}
	}
	switch op.kind {
	case "select", "aggregate", "by_pk":
		var filters []cond
		for _, p := range r.role.readers(op.table) {
			if all, ok := p.filter.(and); ok && len(all) == 0 {
				return false
			}
			filters = append(filters, p.filter)
		}
		return mentions(and(filters), name)
	case "insert", "insert_one":
		p := r.role.insert(op.table)
		return !op.isNested() && (mentions(p.check, name) && op.conflict == nil || presets(p.set, name))
	case "delete", "delete_by_pk":
		return mentions(r.role.delete(op.table).filter, name)
	case "function", "call":
		return false
	}
	p := r.role.update(op.table)
	return mentions(p.filter, name) || presets(p.set, name) || p.check != nil && mentions(p.check, name)
}

func presets(set []preset, name variable) bool {
	return slices.ContainsFunc(set, func(p preset) bool { return p.value == name })
}

func mentions(c cond, name variable) bool {
	any := func(cs []cond) bool { return slices.ContainsFunc(cs, func(c cond) bool { return mentions(c, name) }) }
	switch c := c.(type) {
	case and:
		return any(c)
	case or:
		return any(c)
	case not:
		return mentions(c.c, name)
	case compare:
		v, ok := c.operand.(variable)
		return ok && v == name
	case related:
		return mentions(c.c, name)
	case exists:
		return mentions(c.c, name)
	}
	return false
}
