package property_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"gatehouse/engine"
	"gatehouse/engine/schema"
	"gatehouse/engine/session"
	"gatehouse/internal/testpg"
)

// startSeveral is start where a caller may act in several roles.
func startSeveral(t *testing.T) *server {
	t.Helper()
	settings, err := session.ParseConfig(session.Settings{SeveralRoles: true})
	if err != nil {
		t.Fatal(err)
	}
	data := testpg.Database(t)
	pool := testpg.Pool(t, data)
	if _, err := pool.Exec(t.Context(), "do $$ begin execute format('alter database %I set jit = off', current_database()); end $$"); err != nil {
		t.Fatal(err)
	}
	e, err := engine.New(t.Context(), engine.Config{
		MetadataURL: testpg.Database(t), DefaultSourceURL: data, Session: settings, Options: schema.Options{InferFunctionPermissions: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return &server{handler: e.Handler(), pool: pool}
}

// union is a caller in several roles, as the other oracles know roles: one that reads what its members read.
func union(members []*role) *role {
	var names []string
	out := newRole("")
	for _, m := range members {
		names = append(names, `"`+m.name+`"`)
		reader := newRole(m.name)
		reader.selects = m.selects
		out.members = append(out.members, reader)
	}
	out.name = "[" + strings.Join(names, ",") + "]"
	return out
}

// writing is a union that writes as w does.
func writing(members []*role, w *role) *role {
	out := union(members)
	writer := newRole("writer")
	writer.inserts, writer.updates, writer.deletes = w.inserts, w.updates, w.deletes
	out.members = append(out.members, writer)
	return out
}

// drawn says what is asked for: the columns of one member, or those of several mixed, which no single one may write.
func (g g) drawn(members []*role, tables []*table) *role {
	out := newRole("")
	for _, t := range tables {
		insert, update := &insertPermission{}, &updatePermission{}
		mix := g.chance(40)
		for _, i := range g.shuffled(len(members)) {
			m := members[i]
			if p := m.inserts[t.name]; p != nil && (mix || len(insert.columns) == 0) {
				insert.columns = inOrder(t, append(slices.Clone(insert.columns), p.columns...))
				out.inserts[t.name] = insert
			}
			if p := m.updates[t.name]; p != nil && (mix || len(update.columns) == 0) {
				update.columns = inOrder(t, append(slices.Clone(update.columns), p.columns...))
				out.updates[t.name] = update
			}
			if p := m.deletes[t.name]; p != nil {
				out.deletes[t.name] = p
			}
		}
	}
	return out
}

func (g g) shuffled(n int) []int {
	out := make([]int, 0, n)
	for i := range n {
		out = slices.Insert(out, g.n(i+1), i)
	}
	return out
}

// severalWorld draws three roles, and members of them at once.
func (g g) severalWorld() (w *world, members []*role) {
	w = &world{tables: g.tables()}
	w.rows = g.state(w.tables)
	c := conditions{g: g, tables: w.tables}
	for i := range 3 {
		w.roles = append(w.roles, c.newRole(fmt.Sprintf("role%d", i)))
	}
	for _, i := range g.shuffled(3)[:2+g.n(2)] {
		members = append(members, w.roles[i])
	}
	return w, members
}

// A caller in several roles sees the union of what the roles see, cell by cell, and writes what one of them alone would
// let it write.
func TestSeveralRoles_areTheUnionOfWholeRules(t *testing.T) {
	t.Parallel()
	s := startSeveral(t)
	counts, since := tally{}, time.Now()
	rapid.Check(t, func(t *rapid.T) {
		type severalCase struct {
			*world
			members []*role
		}
		drawn := rapid.Custom(func(t *rapid.T) severalCase {
			g := g{t}
			w, members := g.severalWorld()
			for _, table := range w.tables { // aggregates and root fields that only some may have are others' to look at
				yes := g.chance(60)
				for _, r := range w.roles {
					if p := r.selects[table.name]; p != nil {
						p.aggregations, p.roots = yes, nil
					}
				}
			}
			for range requests {
				a := asker{g: g, w: w, role: writing(members, g.drawn(members, w.tables))}
				r := &request{role: a.role, session: g.session(), useVariables: g.chance(40), isBackend: g.chance(30)}
				table := pick(g, w.tables)
				op := a.read(table)
				if g.chance(60) {
					op = a.write(table)
				}
				if op != nil && !op.isMine { // several roles are not offered what is handed the session
					prune(op.objects)
					r.operations = []*operation{op}
					w.requests = append(w.requests, r)
				}
			}
			return severalCase{w, members}
		}).Draw(t, "case")
		w := drawn.world
		s.load(t, w)
		now := w.rows
		for i, r := range w.requests {
			want := w.runSeveral(r, drawn.members, now)
			counts.request(r, want)
			problem, next := s.compare(t, w, r, want)
			if problem != "" {
				t.Fatalf("request %d: %v\n%s\nin %sover %s", i, r, problem, w, w.fill(now))
			}
			now = next
		}
	})
	t.Log(counts.log(since))
}

// prune takes out what inserts nothing: whether there is a field for it is no matter of rules.
func prune(objects []*newRow) {
	for _, o := range objects {
		o.nested = slices.DeleteFunc(o.nested, func(n nested) bool { return len(n.objects) == 0 })
		for _, n := range o.nested {
			prune(n.objects)
		}
	}
}

// compare sends a request and compares answer and tables with what they must be.
func (s *server) compare(t failer, w *world, r *request, want outcome) (problem string, next state) {
	body := s.ask(r)
	got := decode(t, body)
	switch {
	case want.either:
		return "", s.content(t, w)
	case want.refused != nil && len(got.Errors) == 0:
		return fmt.Sprintf("answers %s, must be refused: %s", body, want.refused.why), nil
	case want.refused != nil:
		if code := fmt.Sprint(got.Errors[0].Extensions["code"]); !slices.Contains(want.refused.codes, code) {
			return fmt.Sprintf("answers %s, must be refused with %v: %s", body, want.refused.codes, want.refused.why), nil
		}
	case len(got.Errors) > 0:
		return fmt.Sprintf("answers %s, must give %s", body, describe(want.fields)), nil
	default:
		if d := mismatch("data", want.fields, any(got.Data)); d != "" {
			return d, nil
		}
	}
	if r.isWrite() {
		if d := w.difference(s.content(t, w), want.state); d != "" {
			return fmt.Sprintf("answers %s\n%s", body, d), nil
		}
	}
	return "", want.state
}

// runSeveral works a request of one operation out.
func (w *world) runSeveral(req *request, members []*role, s state) outcome {
	op := req.operations[0]
	if !req.isBackend {
		members = withoutBackendOnly(members)
	}
	o := &severalOracle{members: members, oracle: oracle{tables: w.tables, state: s, role: union(members), session: req.session}}
	out := outcome{fields: object{}, state: s}
	var answer expected
	switch {
	case !op.isWrite():
		answer = o.read(op)
	case op.kind == "insert" || op.kind == "insert_one":
		answer, out.state, out.refused, out.either = o.insert(op)
	case op.kind == "update_many":
		l := list{take: -1}
		for _, c := range op.updates { // seen before anything is written
			if len(o.rules(op.table, c)) == 0 {
				return outcome{state: s, refused: refuse(nobodyCodes, "nobody may change all of it")}
			}
		}
		for _, c := range op.updates {
			written, next, refused, either := o.update(op, c)
			out.either = out.either || either
			if refused != nil {
				return outcome{state: s, refused: refused, either: out.either}
			}
			l.pools = append(l.pools, pool{items: []expected{o.response(op, written, next)}, n: 1})
			o.state = next
		}
		answer, out.state = l, o.state
	case op.kind == "update" || op.kind == "update_by_pk":
		var written []row
		if written, out.state, out.refused, out.either = o.update(op, op.updates[0]); out.refused == nil {
			answer = o.response(op, written, out.state)
		}
	default:
		var written []row
		if written, out.state, out.refused, out.either = o.delete(op); out.refused == nil {
			answer = o.response(op, written, out.state)
		}
	}
	if out.refused != nil {
		return outcome{state: s, refused: out.refused, either: out.either}
	}
	out.fields[alias(0)] = answer
	return out
}

// severalOracle answers for a caller in several roles; reading is that of their union.
type severalOracle struct {
	oracle
	members []*role
}

// nobodyCodes: what no role may do at all is not in the schema.
var nobodyCodes = append(slices.Clone(checkCodes), absentCodes...)

// withoutBackendOnly are the members as callers see them who are no backends.
func withoutBackendOnly(members []*role) []*role {
	var out []*role
	for _, m := range members {
		one := *m
		one.inserts, one.updates, one.deletes = maps.Clone(m.inserts), maps.Clone(m.updates), maps.Clone(m.deletes)
		maps.DeleteFunc(one.inserts, func(_ string, p *insertPermission) bool { return p.backendOnly })
		maps.DeleteFunc(one.updates, func(_ string, p *updatePermission) bool { return p.backendOnly })
		maps.DeleteFunc(one.deletes, func(_ string, p *deletePermission) bool { return p.backendOnly })
		out = append(out, &one)
	}
	return out
}

// insert is done by the first member who would be let do it alone, all of it.
func (o *severalOracle) insert(op *operation) (answer expected, next state, refused *refusal, either bool) {
	refused = refuse(nobodyCodes, "nobody may insert all of it")
	for _, m := range o.members {
		if !covers(m, op.table, op.objects, op.conflict) {
			continue
		}
		alone := o.oracle
		alone.role = writing(o.members, m)
		answer, next, no, open := alone.write(op)
		either = either || open
		if no == nil {
			return answer, next, nil, either
		}
		refused = refuse(append(slices.Clone(refused.codes), no.codes...), "%s: %s; %s", m.name, no.why, refused.why)
	}
	return nil, o.state, refused, either
}

// covers: the role may write all columns given.
func covers(m *role, t *table, objects []*newRow, c *conflict) bool {
	p, u := m.inserts[t.name], m.updates[t.name]
	if p == nil || c != nil && (u == nil || !subset(c.columns, u.columns)) {
		return false
	}
	for _, r := range objects {
		if !subset(slices.Collect(maps.Keys(r.values)), p.columns) {
			return false
		}
		for _, n := range r.nested {
			if len(n.objects) > 0 && !covers(m, n.relation.target, n.objects, n.conflict) {
				return false
			}
		}
	}
	return true
}

// rules are those that allow all columns of a change.
func (o *severalOracle) rules(t *table, c change) []*updatePermission {
	given := append(slices.Collect(maps.Keys(c.set)), slices.Collect(maps.Keys(c.inc))...)
	var out []*updatePermission
	for _, m := range o.members {
		if p := m.updates[t.name]; p != nil && subset(given, p.columns) {
			out = append(out, p)
		}
	}
	return out
}

// update changes each row under a rule that admits it and whose check it passes; where the rules preset different
// columns, under the first that admits it.
func (o *severalOracle) update(op *operation, c change) (written []row, next state, refused *refusal, either bool) {
	t, rules := op.table, o.rules(op.table, c)
	differ := slices.ContainsFunc(rules, func(p *updatePermission) bool { return fmt.Sprint(p.set) != fmt.Sprint(rules[0].set) })
	if len(rules) == 0 {
		return nil, nil, refuse(nobodyCodes, "nobody may change all of it"), false
	}
	rows := slices.Clone(o.state[t.name])
	under := map[int][]*updatePermission{}
	for i, r := range rows {
		if o.asked(c.where, t, r) != yes || op.key != nil && !o.hasKey(t, r, op.key) {
			continue
		}
		for _, p := range rules {
			if o.holds(p.filter, t, r) == yes && (!differ || under[i] == nil) {
				under[i] = append(under[i], p)
			}
		}
		if under[i] == nil {
			continue
		}
		after := maps.Clone(r)
		maps.Copy(after, c.set)
		for name, by := range c.inc {
			if after[name] != nil {
				after[name] = after[name].(int64) + by.(int64)
			}
		}
		for _, s := range under[i][0].set {
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
			if find(rows[:i], k, r) >= 0 {
				return nil, nil, refuse(constraintCodes, "%s twice", k.name), false
			}
			if at := find(o.state[t.name], k, r); at >= 0 && at != i {
				either = true
			}
		}
	}
	for i, admitting := range under {
		passes := func(p *updatePermission) bool { return p.check == nil || o.holds(p.check, t, rows[i]) == yes }
		if !slices.ContainsFunc(admitting, passes) {
			return nil, nil, refuse(append(slices.Clone(checkCodes), constraintCodes...), "check of %v", rows[i]), false
		}
	}
	next, refused, _ = o.settle(o.state, o.with(t, rows), false)
	return written, next, refused, either
}

// delete takes every row that some member may delete.
func (o *severalOracle) delete(op *operation) (written []row, next state, refused *refusal, either bool) {
	t := op.table
	if !slices.ContainsFunc(o.members, func(m *role) bool { return m.deletes[t.name] != nil }) {
		return nil, nil, refuse(absentCodes, "nobody may delete"), false
	}
	var kept []row
	for _, r := range o.state[t.name] {
		may := slices.ContainsFunc(o.members, func(m *role) bool {
			p := m.deletes[t.name]
			return p != nil && o.holds(p.filter, t, r) == yes
		})
		if may && o.asked(op.updates[0].where, t, r) == yes && (op.key == nil || o.hasKey(t, r, op.key)) {
			written = append(written, r)
		} else {
			kept = append(kept, r)
		}
	}
	next, refused, either = o.settle(o.state, o.with(t, kept), true)
	return written, next, refused, either
}

func subset(some, all []string) bool {
	return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(all, s) })
}

// A root field gives rows under the rules that offer it, aggregates under those that allow them as well, with the cells
// that these rules show.
func TestSeveralRoles_eachWayUnderTheRulesThatOpenIt(t *testing.T) {
	t.Parallel()
	s := startSeveral(t)
	rapid.Check(t, func(t *rapid.T) {
		type severalCase struct {
			*world
			members []*role
		}
		drawn := rapid.Custom(func(t *rapid.T) severalCase {
			g := g{t}
			w, members := g.severalWorld()
			for _, m := range members {
				for _, p := range m.selects {
					p.roots = some(g, []string{"select", "select_by_pk", "select_aggregate"})
				}
			}
			a := asker{g: g, w: w, role: union(members)}
			for range requests {
				if table := pick(g, w.tables); a.role.canRead(table) && len(a.role.readable(table)) > 0 {
					op := a.ofRow(table)
					w.requests = append(w.requests, &request{role: a.role, session: g.session(), operations: []*operation{op}})
				}
			}
			return severalCase{w, members}
		}).Draw(t, "case")
		w := drawn.world
		s.load(t, w)
		for i, r := range w.requests {
			op := r.operations[0]
			open := opening(drawn.members, op)
			o := &oracle{tables: w.tables, state: w.rows, role: union(open), session: r.session}
			want := outcome{refused: refuse(absentCodes, "nobody offers it"), state: w.rows}
			if len(open) > 0 {
				want = outcome{fields: object{alias(0): o.read(op)}, state: w.rows}
			}
			if problem, _ := s.compare(t, w, r, want); problem != "" {
				t.Fatalf("request %d: %v\n%s\nin %sover %s", i, r, problem, w, w.fill(w.rows))
			}
		}
	})
}

// ofRow draws a read that looks at nothing but a table's own columns, whose rules are then all that count.
func (a asker) ofRow(t *table) *operation {
	c := conditions{g: a.g, tables: a.w.tables, role: a.role, root: t}
	args := arguments{where: c.leaf(t), orderBy: []order{{column: pick(a.g, a.role.readable(t)), direction: pick(a.g, directions)}}}
	op := &operation{kind: "select", table: t}
	switch {
	case a.hasKey(t) && a.chance(30):
		op.kind, op.key, op.returning = "by_pk", a.key(t), a.fields(t, 0)
	case a.role.canAggregate(t) && a.chance(40):
		op.kind, op.aggregate = "aggregate", a.aggregate(t, 0)
		op.aggregate.args = args
	default:
		op.rows = &selection{table: t, args: args, fields: a.fields(t, 0)}
	}
	return op
}

// opening are the members whose rules open a root field.
func opening(members []*role, op *operation) []*role {
	root := map[string]string{"select": "select", "by_pk": "select_by_pk", "aggregate": "select_aggregate"}[op.kind]
	return slices.DeleteFunc(slices.Clone(members), func(m *role) bool {
		p := m.selects[op.table.name]
		return p == nil || !slices.Contains(p.roots, root) || op.kind == "aggregate" && !p.aggregations
	})
}
