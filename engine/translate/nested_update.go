package translate

import (
	"fmt"

	"gatehouse/engine/pgsql"
	"gatehouse/engine/plan"
	"gatehouse/engine/schema"
)

// An update with writes to related rows is a program as a nested insert is. Its rows are found and locked first, because
// what is related to them is asked of them as they were, while rows are linked and inserted to what they have become. Rows
// travel from step to step as one value, an array of the table's row type (see returning.go).

// Guard says when a step runs, and what it must find.
type Guard struct {
	// After is a step without whose rows this one is left out; -1 for none.
	After int
	// Single, when set, is the refusal when that step has more than one row.
	Single string
	// Found, when set, is the refusal when this step has no row.
	Found string
	// IsFind: the step's rows are found, not written.
	IsFind bool
}

// allRows is the product that holds all rows of a step; no column is named so.
const allRows = ""

// related are the rows that a relationship leads to from those of a step.
type related struct {
	relation *schema.Relation
	step     int
}

func hasNestedUpdate(us ...*plan.Update) bool {
	for _, u := range us {
		if len(u.Nested) > 0 {
			return true
		}
	}
	return false
}

func updateProgram(n *plan.Update, o Options) *InsertProgram {
	p := &insertProgram{o: o, out: &InsertProgram{}}
	last := p.update(n, nil)
	if n.Output.One != nil {
		p.out.One = p.readRows(n.Output.One, n.Table, last)
		return p.out
	}
	for _, f := range n.Output.Fields {
		field := InsertField{OutputField: f}
		if f.Returning != nil {
			field.List = p.readRows(f.Returning, n.Table, last)
		}
		p.out.Fields = append(p.out.Fields, field)
	}
	return p.out
}

// update adds the steps of an update, of the rows related to those of an earlier step if from is set, and gives the step
// whose rows are the updated ones.
func (p *insertProgram) update(n *plan.Update, from *related) int {
	g := Guard{After: -1}
	if from != nil {
		g.After = from.step
	}
	if len(n.Nested) == 0 {
		return p.change(n, from, nil, stepWants{guard: g, path: n.Path})
	}
	want := stepWants{guard: g, path: n.Path, rows: true, columns: neededColumns(n)}
	want.guard.IsFind = true
	found := p.find(n.Table, n.Where, from, true, want)
	var set []given
	want.guard = Guard{After: found}
	for _, one := range n.Nested {
		if one.IsOwn() {
			var needs []Need
			set, needs = p.decide(one, found, set)
			want.needs = append(want.needs, needs...)
		}
	}
	last := found
	if len(n.Changes)+len(set) > 0 {
		again := *n
		again.Where = schema.And{} // its rows are found
		last = p.change(&again, &related{step: found}, set, want)
	}
	for _, one := range n.Nested {
		p.writeRelated(one, found, last)
	}
	return last
}

// neededColumns are the columns of the updated rows that related rows are given.
func neededColumns(n *plan.Update) []string {
	var out []string
	for _, one := range n.Nested {
		if !one.IsOwn() && (len(one.Link) > 0 || one.Insert != nil) {
			for _, pair := range one.Relation.Mapping {
				out = append(out, pair.Own.Name)
			}
		}
	}
	return out
}

// decide adds the steps that must come before an update because they give columns of its rows.
func (p *insertProgram) decide(n *plan.Nested, after int, set []given) ([]given, []Need) {
	var theirs []string
	for _, pair := range n.Relation.Mapping {
		theirs = append(theirs, pair.Theirs.Name)
	}
	var needs []Need
	step := -1
	switch {
	case len(n.Link) > 0:
		step = p.findLink(n.Relation, n.Link[0], theirs, after)
	case n.Insert != nil:
		start := len(p.out.Steps)
		step = p.insert(n.Insert, nil, nil, n.Path+".insert.data", theirs)[0]
		p.guard(start, after, "")
		needs = []Need{{step, fmt.Sprintf("cannot proceed to update since insert to table %q affects zero rows", n.Relation.Target.Name.Name)}}
	case n.Unlink == nil:
		return set, nil
	}
	for _, pair := range n.Relation.Mapping {
		g := given{column: pair.Own.Name}
		if step >= 0 {
			g.value = schema.Produced{Step: step, Column: pair.Theirs.Name}
		}
		set = append(set, g)
	}
	return set, needs
}

// writeRelated adds what is done to rows related to the updated ones: to those found before, and then, where rows are linked
// or inserted, to what the updated rows are now.
func (p *insertProgram) writeRelated(n *plan.Nested, found, last int) {
	from := &related{relation: n.Relation, step: found}
	guard := Guard{After: found}
	if n.Unlink != nil && !n.IsOwn() {
		var none []given
		for _, pair := range n.Relation.Mapping {
			none = append(none, given{column: pair.Theirs.Name})
		}
		p.change(n.Unlink, from, none, stepWants{guard: guard, path: n.Unlink.Path})
	}
	if n.Delete != nil {
		t := newWriter(p.o)
		d := &pgsql.Delete{From: name(n.Delete.Table.Name), As: target, Where: conjunction(p.relatedTo(t, n.Delete.Table, from), t.predicate(n.Delete.Where, about(target)))}
		d.Returning, _ = t.writtenColumns(n.Delete.Table, nil)
		p.rowStep(t, n.Delete.Table, d, "", stepWants{guard: guard, path: n.Path})
	}
	for _, u := range n.Update {
		p.update(u, from)
	}
	if n.IsOwn() {
		return
	}
	for _, l := range n.Link {
		p.link(n.Relation, l, last, stepWants{guard: Guard{After: last, Single: onlyOne}})
	}
	if n.Insert != nil {
		start := len(p.out.Steps)
		p.insert(n.Insert, givenBy(n.Relation, last), nil, n.Path+".insert.data", nil)
		p.guard(start, last, onlyOne)
	}
}

const onlyOne = "rows can be linked and inserted for one updated row only, and there are several"

// guard makes steps from start on depend on another step's rows.
func (p *insertProgram) guard(start, after int, single string) {
	for i := range p.out.Steps[start:] {
		s := &p.out.Steps[start+i]
		if s.Guard == nil {
			s.Guard = &Guard{}
		}
		s.Guard.After, s.Guard.Single = after, single
	}
}

// givenBy are the columns that a relationship gives related rows from the row of a step.
func givenBy(r *schema.Relation, step int) []given {
	var out []given
	for _, pair := range r.Mapping {
		out = append(out, given{pair.Theirs.Name, schema.Produced{Step: step, Column: pair.Own.Name}})
	}
	return out
}

// findLink finds the row that a relationship shall lead to.
func (p *insertProgram) findLink(r *schema.Relation, l *plan.Link, columns []string, after int) int {
	return p.find(r.Target, l.Where, nil, false, stepWants{columns: columns, path: l.Path, guard: Guard{After: after, Found: notLinked(r), IsFind: true}})
}

// link makes a row lead to the row of a step.
func (p *insertProgram) link(r *schema.Relation, l *plan.Link, to int, want stepWants) {
	u := &plan.Update{Table: r.Target, Where: l.Where, Changes: l.Changes, Check: l.Check}
	want.path, want.guard.Found = l.Path, notLinked(r)
	p.change(u, nil, givenBy(r, to), want)
}

// notLinked says the same of a row that is not there and of one that the role may not link.
func notLinked(r *schema.Relation) string {
	return fmt.Sprintf("there is no row of %q with this key to link", r.Target.Name.Name)
}

// stepWants is what is wanted of a step beside its statement.
type stepWants struct {
	guard Guard
	needs []Need
	path  string
	// rows: later steps need all rows; columns are those of the first row that they need.
	rows    bool
	columns []string
}

// find adds a step that finds rows, locked if they are to be changed.
func (p *insertProgram) find(table *schema.Table, where schema.Predicate, from *related, lock bool, want stepWants) int {
	t := newWriter(p.o)
	q := &pgsql.Select{From: pgsql.Table{Name: name(table.Name), As: target}}
	q.Where = conjunction(p.relatedTo(t, table, from), t.predicate(where, about(target)))
	q.Output, _ = t.writtenColumns(table, nil)
	q.ForUpdate = lock
	return p.rowStep(t, table, q, "", want)
}

// change adds a step that changes rows; set are columns that earlier steps or the program decide.
func (p *insertProgram) change(n *plan.Update, from *related, set []given, want stepWants) int {
	t := newWriter(p.o)
	u := &pgsql.Update{Table: name(n.Table.Name), As: target, Where: conjunction(p.relatedTo(t, n.Table, from), t.predicate(n.Where, about(target)))}
	for _, c := range n.Changes {
		u.Set = append(u.Set, pgsql.Assignment{Column: pgsql.Ident(c.Column.Name), Value: t.change(c)})
	}
	for _, g := range set {
		u.Set = append(u.Set, pgsql.Assignment{Column: pgsql.Ident(g.column), Value: t.value(g.value, columnType(n.Table, g.column), false, "")})
	}
	var check pgsql.Ident
	u.Returning, check = t.writtenColumns(n.Table, t.predicate(n.Check, about(target)))
	return p.rowStep(t, n.Table, u, check, want)
}

// relatedTo narrows the target to rows related to those of a step, or without a relationship to these rows themselves.
func (p *insertProgram) relatedTo(t *translator, table *schema.Table, from *related) pgsql.Expr {
	if from == nil {
		return nil
	}
	if from.relation == nil {
		return among(t, table, target, from.step)
	}
	rows := t.alias("p")
	return exists(t, from.relation.Table, from.step, rows, mapping(from.relation, rows, target))
}

// among holds for the rows of a step, known by their primary key.
func among(t *translator, table *schema.Table, row pgsql.Ident, step int) pgsql.Expr {
	rows := t.alias("p")
	same := pgsql.And{}
	for _, k := range table.Catalog.PrimaryKey.Columns {
		same = append(same, pgsql.Binary{Left: pgsql.Column{Table: row, Name: pgsql.Ident(k)}, Op: "=", Right: pgsql.Column{Table: rows, Name: pgsql.Ident(k)}})
	}
	return exists(t, table, step, rows, same)
}

func exists(t *translator, table *schema.Table, step int, rows pgsql.Ident, where pgsql.Expr) pgsql.Expr {
	// Text first, as a parameter of the row type would remember that type, and fail once the table is made anew.
	text := pgsql.Param{Arg: Arg{Value: schema.Produced{Step: step, Column: allRows}}, Type: textType}
	all := pgsql.Cast{Expr: text, Type: pgsql.Type{Name: name(table.Name), Array: true}}
	return pgsql.Exists{Query: &pgsql.Select{
		Output: []pgsql.Output{{Expr: pgsql.Int(1)}}, From: pgsql.FuncTable{Call: call("unnest", all), As: rows}, Where: where,
	}}
}

// rowStep adds a statement that finds or writes rows, all columns of them returned.
func (p *insertProgram) rowStep(t *translator, table *schema.Table, s pgsql.Statement, check pgsql.Ident, want stepWants) int {
	written := pgsql.Table{Name: pgsql.Name{Name: cteName}}
	count := call("count")
	count.Star = true
	var products []pgsql.Output
	if want.rows {
		products = append(products, pgsql.Output{Expr: t.writtenRows(table), As: allRows})
	}
	seen := map[string]bool{}
	for _, c := range want.columns {
		if !seen[c] {
			seen[c] = true
			value := pgsql.Cast{Expr: pgsql.Column{Table: cteName, Name: pgsql.Ident(c)}, Type: textType}
			products = append(products, pgsql.Output{Expr: pgsql.Subquery{Query: &pgsql.Select{Output: []pgsql.Output{{Expr: value}}, From: written, Limit: pgsql.Int(1)}}, As: pgsql.Ident(c)})
		}
	}
	product := pgsql.Expr(pgsql.Null{})
	if len(products) > 0 {
		product = object(products)
	}
	q := &pgsql.Select{With: []pgsql.CTE{{Name: cteName, Query: s}}, Output: []pgsql.Output{
		{Expr: pgsql.Subquery{Query: &pgsql.Select{Output: []pgsql.Output{{Expr: count}}, From: written}}},
		{Expr: product},
	}}
	if check != "" {
		q.Output = append(q.Output, pgsql.Output{Expr: verdict(check)})
	}
	guard := want.guard
	path := want.path
	if path == "" {
		path = "$"
	}
	p.out.Steps = append(p.out.Steps, InsertStep{Statement: t.print(q), Needs: want.needs, Path: path, Guard: &guard})
	return len(p.out.Steps) - 1
}

// readRows reads the rows of a step again, once all is written.
func (p *insertProgram) readRows(sel *plan.Select, table *schema.Table, step int) *Statement {
	t := newWriter(p.o)
	rows := t.alias("x")
	query, shape := t.rowQuery(sel, "")
	row := query.From.(pgsql.Table).As
	query.Where = conjunction(query.Where, among(t, table, row, step))
	out := list(shape.element(rows))
	if sel.Single {
		out = shape.object(rows)
	}
	return t.print(&pgsql.Select{Output: []pgsql.Output{{Expr: out}}, From: pgsql.Derived{Query: query, As: rows}})
}
