package property_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// relatedWrite is what an update does to the rows of one relationship.
type relatedWrite struct {
	relation *relation
	isUnlink bool
	unlink   cond // which rows of an array relationship
	isDelete bool
	remove   cond
	updates  []change
	links    []row // by primary key
}

// isOwn: the updated row's own columns make the relationship.
func (n *relatedWrite) isOwn() bool { return !n.relation.array && !n.relation.isAfter }

func (n *relatedWrite) held() []string {
	if n.isOwn() {
		return n.relation.own
	}
	return n.relation.theirs
}

// nestedUpdate is update_<table> with _nested.
type nestedUpdate struct {
	table   *table
	change  change
	related []*relatedWrite
}

func maySet(columns, held []string) bool { return subset(held, columns) }

func mayBeNull(t *table, columns []string) bool {
	return !slices.ContainsFunc(columns, func(c string) bool { return t.column(c).notNull })
}

// nestedUpdate draws one; nil when the role can do nothing of the kind.
func (a asker) nestedUpdate(t *table, isBackend bool) *nestedUpdate {
	open := func(backendOnly bool) bool { return !backendOnly || isBackend }
	u := a.role.update(t)
	if u == nil || !open(u.backendOnly) || len(u.columns)+len(u.set) == 0 {
		return nil
	}
	out := &nestedUpdate{table: t, change: a.change(t, u)}
	taken := map[string]bool{}
	for i := range t.relations {
		n := &relatedWrite{relation: &t.relations[i]}
		target := n.relation.target
		if !a.chance(60) {
			continue
		}
		tu, td := a.role.update(target), a.role.delete(target)
		changes := tu != nil && open(tu.backendOnly)
		may := changes && maySet(tu.columns, n.held())
		if n.isOwn() {
			may = maySet(u.columns, n.held()) && !slices.ContainsFunc(n.held(), func(c string) bool { return taken[c] })
		}
		holder := target
		if n.isOwn() {
			holder = t
		}
		if may && mayBeNull(holder, n.held()) && a.chance(25) {
			n.isUnlink = true
			if n.relation.array {
				n.unlink = a.where(target)
			}
		}
		if may && a.hasKey(target) && a.chance(50) && !(n.isOwn() && n.isUnlink) {
			n.links = []row{a.key(target)}
			if n.relation.array && a.chance(30) {
				n.links = append(n.links, a.key(target))
			}
		}
		if changes && len(tu.columns)+len(tu.set) > 0 && a.chance(50) {
			c := a.change(target, tu)
			if !n.relation.array {
				c.where = nil
			}
			if len(c.set)+len(c.inc)+len(tu.set) > 0 {
				n.updates = []change{c}
			}
		}
		if td != nil && open(td.backendOnly) && a.chance(15) {
			n.isDelete = true
			if n.relation.array {
				n.remove = a.where(target)
			}
		}
		if !n.isUnlink && !n.isDelete && len(n.updates)+len(n.links) == 0 {
			continue
		}
		if n.isOwn() && (n.isUnlink || len(n.links) > 0) {
			for _, c := range n.held() {
				taken[c] = true
				delete(out.change.set, c)
				delete(out.change.inc, c)
			}
		}
		out.related = append(out.related, n)
	}
	if len(out.related) == 0 {
		return nil
	}
	return out
}

func (c change) members(t *table) document {
	var d document
	if len(c.set) > 0 {
		d = append(d, member{"_set", input(t, c.set)})
	}
	if len(c.inc) > 0 {
		d = append(d, member{"_inc", input(t, c.inc)})
	}
	return d
}

func (n *nestedUpdate) text() string {
	nested := document{}
	for _, r := range n.related {
		target := r.relation.target
		rows := func(c cond, isOne bool) any {
			if isOne {
				return true
			}
			return document{{"where", condition(c)}}
		}
		ops := document{}
		if r.isUnlink {
			ops = append(ops, member{"unlink", rows(r.unlink, !r.relation.array)})
		}
		if r.isDelete {
			ops = append(ops, member{"delete", rows(r.remove, !r.relation.array)})
		}
		for _, c := range r.updates {
			if r.relation.array {
				ops = append(ops, member{"update", []any{append(document{{"where", condition(c.where)}}, c.members(target)...)}})
			} else {
				ops = append(ops, member{"update", c.members(target)})
			}
		}
		if len(r.links) > 0 {
			var keys []any
			for _, k := range r.links {
				keys = append(keys, input(target, k))
			}
			if r.relation.array {
				ops = append(ops, member{"link", keys})
			} else {
				ops = append(ops, member{"link", keys[0]})
			}
		}
		nested = append(nested, member{r.relation.name, ops})
	}
	args := append(document{{"where", condition(n.change.where)}, {"_nested", nested}}, n.change.members(n.table)...)
	text := graphQL(args)
	return fmt.Sprintf("mutation { f: update_%s(%s) { affected_rows } }", n.table.name, text[1:len(text)-1])
}

// written is what a step of the oracle gives: the rows it wrote as they are now, in the order of those it was about.
func (o *oracle) changeRows(t *table, hit func(row) bool, c change, more row, set []preset, check cond) (written []row, refused *refusal, either bool) {
	rows := slices.Clone(o.state[t.name])
	for i, r := range rows {
		if !hit(r) {
			continue
		}
		after := maps.Clone(r)
		maps.Copy(after, c.set)
		for name, by := range c.inc {
			if after[name] != nil {
				after[name] = after[name].(int64) + by.(int64)
			}
		}
		for _, s := range set {
			after[s.column] = o.presetValue(t, s)
		}
		maps.Copy(after, more)
		if refused := missing(t, after); refused != nil {
			return nil, refused, false
		}
		rows[i] = after
		written = append(written, after)
	}
	for _, k := range t.unique {
		for i, r := range rows {
			if at := find(rows[:i], k, r); at >= 0 {
				return nil, refuse(constraintCodes, "%s twice", k.name), false
			}
			if at := find(o.state[t.name], k, r); at >= 0 && at != i {
				either = true
			}
		}
	}
	for _, r := range written {
		if check != nil && o.holds(check, t, r) != yes {
			return nil, refuse(append(checkCodes, constraintCodes...), "check of %v", r), either
		}
	}
	next, refused, _ := o.settle(o.state, o.with(t, rows), false)
	if refused != nil {
		return nil, refused, either
	}
	o.state = next
	return written, nil, either
}

func (o *oracle) removeRows(t *table, hit func(row) bool) (n int, refused *refusal, either bool) {
	var kept []row
	for _, r := range o.state[t.name] {
		if hit(r) {
			n++
		} else {
			kept = append(kept, r)
		}
	}
	next, refused, either := o.settle(o.state, o.with(t, kept), true)
	if refused == nil {
		o.state = next
	}
	return n, refused, either
}

// nestedResult is what a nested update must give.
type nestedResult struct {
	affected int
	state    state
	refused  *refusal
	either   bool
}

var notLinked = []string{"not-found"}

// runNested works a nested update out, moving a copy of the state on.
func (o oracle) runNested(n *nestedUpdate) (out nestedResult) {
	t, u := n.table, o.role.update(n.table)
	out.state = o.state
	start := o.state
	refusedBy := func(r *refusal, either bool) bool {
		out.either = out.either || either
		if r != nil {
			out.refused, out.state, out.affected = r, start, 0
		}
		return r != nil
	}
	isFound := func(r row) bool { return o.holds(u.filter, t, r) == yes && o.asked(n.change.where, t, r) == yes }
	var found []row
	for _, r := range o.state[t.name] {
		if isFound(r) {
			found = append(found, r)
		}
	}
	if len(found) == 0 {
		return out
	}
	isAmong := func(r row) bool { return find(found, t.unique[0], r) >= 0 }
	decided, writes := row{}, len(n.change.set)+len(n.change.inc)+len(u.set) > 0
	for _, r := range n.related {
		if !r.isOwn() || !r.isUnlink && len(r.links) == 0 {
			continue
		}
		writes = true
		var to row
		if !r.isUnlink {
			at := slices.IndexFunc(o.state[r.relation.target.name], func(x row) bool {
				return o.hasKey(r.relation.target, x, r.links[0]) && o.visible(r.relation.target, x)
			})
			if at < 0 {
				refusedBy(refuse(notLinked, "no row of %s to link", r.relation.target.name), false)
				return out
			}
			to = o.state[r.relation.target.name][at]
		}
		for i, own := range r.relation.own {
			decided[own] = to[r.relation.theirs[i]]
		}
	}
	last := found
	if writes {
		written, refused, either := o.changeRows(t, isAmong, n.change, decided, u.set, u.check)
		if refusedBy(refused, either) {
			return out
		}
		last = written
		out.affected += len(written)
	}
	for _, r := range n.related {
		if o.runRelated(r, found, last, &out, refusedBy) {
			return out
		}
	}
	out.state = o.state
	return out
}

// runRelated works out what is done to the rows of one relationship; it tells whether that is refused.
func (o *oracle) runRelated(r *relatedWrite, found, last []row, out *nestedResult, refusedBy func(*refusal, bool) bool) bool {
	target := r.relation.target
	u, d := o.role.update(target), o.role.delete(target)
	isRelated := func(x row) bool {
		return slices.ContainsFunc(found, func(p row) bool { return joins(r.relation, p, x) })
	}
	// What a statement selects is settled before it changes anything.
	selected := func(filter, asked cond) func(row) bool {
		var all []row
		for _, x := range o.state[target.name] {
			if isRelated(x) && o.holds(filter, target, x) == yes && o.asked(asked, target, x) == yes {
				all = append(all, x)
			}
		}
		return func(x row) bool { return find(all, target.unique[0], x) >= 0 }
	}
	change := func(hit func(row) bool, c change, more row) (int, bool) {
		written, refused, either := o.changeRows(target, hit, c, more, u.set, u.check)
		out.affected += len(written)
		return len(written), refusedBy(refused, either)
	}
	if r.isUnlink && !r.isOwn() {
		none := row{}
		for _, c := range r.relation.theirs {
			none[c] = nil
		}
		if _, refused := change(selected(u.filter, r.unlink), change0, none); refused {
			return true
		}
	}
	if r.isDelete {
		n, refused, either := o.removeRows(target, selected(d.filter, r.remove))
		out.affected += n
		if refusedBy(refused, either) {
			return true
		}
	}
	for _, c := range r.updates {
		if _, refused := change(selected(u.filter, c.where), c, nil); refused {
			return true
		}
	}
	if r.isOwn() {
		return false
	}
	for _, key := range r.links {
		if len(last) > 1 {
			return refusedBy(refuse(absentCodes, "several rows to link to"), false)
		}
		to := row{}
		for i, c := range r.relation.theirs {
			to[c] = last[0][r.relation.own[i]]
		}
		var all []row
		for _, x := range o.state[target.name] {
			if o.hasKey(target, x, key) && o.visible(target, x) && o.holds(u.filter, target, x) == yes {
				all = append(all, x)
			}
		}
		if len(all) == 0 {
			return refusedBy(refuse(notLinked, "no row of %s to link", target.name), false)
		}
		if _, refused := change(func(x row) bool { return find(all, target.unique[0], x) >= 0 }, change0, to); refused {
			return true
		}
	}
	return false
}

var change0 change

// An update with writes to related rows writes what the permissions of each table let it write, and nothing when any of
// it is refused; a row that may not be linked is refused in the words for one that is not there.
func TestNestedUpdates_writeWhatEachPermissionSays(t *testing.T) {
	t.Parallel()
	s := startBeyond(t)
	counts := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		w := rapid.Custom(func(t *rapid.T) *world { return g{t}.world(0) }).Draw(t, "world")
		s.load(t, w)
		g := g{t}
		now := w.rows
		for range 25 {
			a := asker{g: g, w: w, role: pick(g, w.roles)}
			session, isBackend := g.session(), g.chance(70)
			n := a.nestedUpdate(pick(g, w.tables), isBackend)
			if n == nil {
				continue
			}
			want := oracle{tables: w.tables, state: now, role: a.role, session: session}.runNested(n)
			text := n.text()
			body := s.askText(a.role, session, isBackend, text)
			got := decode(t, body)
			fail := func(format string, args ...any) {
				t.Helper()
				t.Fatalf("%s %v\n%s\nanswers %s\n%s\nin %sover %s", a.role.name, session, text, body, fmt.Sprintf(format, args...), w, w.fill(now))
			}
			after := s.content(t, w)
			switch {
			case want.either:
				counts["either"]++
				now = after
				continue
			case want.refused != nil:
				counts["refused: "+want.refused.codes[0]]++
				if len(got.Errors) == 0 || !slices.Contains(want.refused.codes, fmt.Sprint(got.Errors[0].Extensions["code"])) {
					fail("must be refused with %v: %s", want.refused.codes, want.refused.why)
				}
				if slices.Equal(want.refused.codes, notLinked) && !strings.Contains(got.Errors[0].Message, "with this key to link") {
					fail("is refused in other words")
				}
			default:
				counts["written"]++
				if want.affected > 1 {
					counts["written: several rows"]++
				}
				if len(got.Errors) > 0 {
					fail("must be done")
				}
				field, _ := got.Data["f"].(map[string]any)
				if field["affected_rows"] != json.Number(fmt.Sprint(want.affected)) {
					fail("must affect %d rows", want.affected)
				}
			}
			if d := w.difference(after, want.state); d != "" {
				fail("%s", d)
			}
			now = want.state
		}
	})
	t.Log(counts)
}
