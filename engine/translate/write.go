package translate

import (
	"fmt"

	"gatehouse/engine/pgsql"
	"gatehouse/engine/plan"
	"gatehouse/engine/schema"
)

// Write is a root field that changes data.
type Write struct {
	// Statements run in order; each gives one row, whose first column is the field's JSON. A row that fails the role's
	// check is an error (CheckFailed). IsList: the field is the list of their results.
	Statements []*Statement
	IsList     bool
	// Answers, when the field looks beyond the rows written, has for each of Statements the one that gives the JSON in its
	// stead. It runs right after it, in the same transaction; WrittenRows among its values is the first's result.
	Answers []*Statement
	// Choices are set instead where the caller has several roles: the first that no check refuses is what happens.
	Choices []*Write
	// Insert is set instead for an insert with related rows.
	Insert *InsertProgram
	// Programs are set instead for updates with related rows; with IsList each gives an element.
	Programs []*InsertProgram
	// Path is where errors are reported.
	Path string
}

func write(r plan.Root, o Options) (*Write, error) {
	switch n := r.Node.(type) {
	case *plan.Insert:
		if hasNested(n) {
			p := &insertProgram{o: o, out: &InsertProgram{}}
			p.root(n)
			return &Write{Insert: p.out, Path: n.Path}, nil
		}
		w := &Write{Path: n.Path}
		w.insert(n, o)
		return w, nil
	case *plan.Choice:
		return choose(n, o)
	case *plan.Update:
		w := &Write{Path: "$"}
		if hasNestedUpdate(n) {
			w.Programs = []*InsertProgram{updateProgram(n, o)}
			return w, nil
		}
		w.update(n, o)
		return w, nil
	case *plan.UpdateBatch:
		w := &Write{IsList: true, Path: "$"}
		inPrograms := hasNestedUpdate(n.Updates...)
		for _, u := range n.Updates {
			if inPrograms {
				w.Programs = append(w.Programs, updateProgram(u, o))
			} else {
				w.update(u, o)
			}
		}
		return w, nil
	case *plan.Delete:
		w := &Write{Path: "$"}
		w.delete(n, o)
		return w, nil
	}
	return nil, fmt.Errorf("cannot translate %T", r.Node)
}

// target is the alias of the table written to, cteName that of the rows written.
const (
	target  pgsql.Ident = "t"
	cteName pgsql.Ident = "w"
)

func newWriter(o Options) *translator {
	return &translator{o: o, written: map[pgsql.Ident]*schema.Table{}, cte: map[*plan.Rows]pgsql.Ident{}}
}

// writtenColumns returns every column of the written row, and last whether it passed the check; the name is empty when
// there is none to pass.
func (t *translator) writtenColumns(table *schema.Table, check pgsql.Expr) ([]pgsql.Output, pgsql.Ident) {
	var out []pgsql.Output
	for _, c := range table.Catalog.Columns {
		out = append(out, pgsql.Output{Expr: pgsql.Column{Table: target, Name: pgsql.Ident(c.Name)}, As: pgsql.Ident(c.Name)})
	}
	if check == nil {
		return out, ""
	}
	verdict := pgsql.Ident("check")
	for table.Catalog.Column(string(verdict)) != nil {
		verdict += "_"
	}
	return append(out, pgsql.Output{Expr: check, As: verdict}), verdict
}

// CheckFailed is in the database's error when a written row did not pass the role's check.
const CheckFailed = "gatehouse: check failed"

// verdict is true when all written rows passed, and otherwise an error, so that a write that stands alone undoes itself
// without a transaction around it. A check that is null did not pass. The text depends on a count, or the planner would
// compute the impossible cast ahead.
func verdict(column pgsql.Ident) pgsql.Expr {
	count := call("count")
	count.Star = true
	return pgsql.Subquery{Query: &pgsql.Select{
		Output: []pgsql.Output{{Expr: pgsql.Case{
			When: call("coalesce", call("bool_and", call("coalesce", pgsql.Column{Table: cteName, Name: column}, pgsql.Bool(false))), pgsql.Bool(true)),
			Then: pgsql.Bool(true),
			Else: pgsql.Cast{Expr: call("concat", textConstant(CheckFailed+" "), count), Type: builtin("bool")},
		}}},
		From: pgsql.Table{Name: pgsql.Name{Name: cteName}},
	}}
}

// add adds a write with what it answers.
func (w *Write) add(t *translator, table *schema.Table, s pgsql.Statement, out plan.Output, check pgsql.Ident) {
	beyond := looksBeyond(out)
	q := &pgsql.Select{With: []pgsql.CTE{{Name: cteName, Query: s}}}
	if beyond {
		q.Output = []pgsql.Output{{Expr: t.writtenRows(table)}}
	} else {
		q.Output = []pgsql.Output{{Expr: t.output(out)}}
	}
	if check != "" {
		q.Output = append(q.Output, pgsql.Output{Expr: verdict(check)})
	}
	w.Statements = append(w.Statements, t.print(q))
	if beyond {
		w.Answers = append(w.Answers, answerBeyond(table, out, t.o))
	}
}

func (t *translator) output(out plan.Output) pgsql.Expr {
	if out.One != nil {
		t.cte[&out.One.Rows] = cteName
		return pgsql.Subquery{Query: t.selectJSON(out.One, "")}
	}
	var fields []pgsql.Output
	for _, f := range out.Fields {
		var e pgsql.Expr
		switch {
		case f.Text != nil:
			e = textConstant(string(*f.Text))
		case f.Affected:
			e = countOf(cteName)
		default:
			t.cte[&f.Returning.Rows] = cteName
			e = pgsql.Subquery{Query: t.selectJSON(f.Returning, "")}
		}
		fields = append(fields, pgsql.Output{Expr: e, As: pgsql.Ident(f.Alias)})
	}
	return object(fields)
}

func (w *Write) insert(n *plan.Insert, o Options) {
	t := newWriter(o)
	if len(n.Rows) == 0 {
		// Nothing to write: an insert of no rows is not SQL.
		table := name(n.Table.Name)
		empty := &pgsql.Select{
			Output: []pgsql.Output{{Expr: pgsql.Star{Table: target}}},
			From:   pgsql.Table{Name: table, As: target}, Where: pgsql.Bool(false),
		}
		w.add(t, n.Table, empty, n.Output, "")
		return
	}
	ins, check := t.insert(n, n.Rows, nil)
	w.add(t, n.Table, ins, n.Output, check)
	if w.Answers == nil {
		w.Statements[0].Class = classOfInsert(n)
	}
}

// given is a column whose value an earlier step decides.
type given struct {
	column string
	value  schema.Value
}

// insert writes rows; extra columns are the same for all of them.
func (t *translator) insert(n *plan.Insert, rows []plan.InsertRow, extra []given) (*pgsql.Insert, pgsql.Ident) {
	ins := &pgsql.Insert{Into: name(n.Table.Name), As: target}
	at := map[string]int{}
	column := func(name string) int {
		i, ok := at[name]
		if !ok {
			i = len(ins.Columns)
			at[name] = i
			ins.Columns = append(ins.Columns, pgsql.Ident(name))
		}
		return i
	}
	for _, r := range rows {
		for _, a := range r.Columns {
			column(a.Column.Name)
		}
	}
	for _, g := range extra {
		column(g.column)
	}
	if len(ins.Columns) == 0 {
		column(n.Table.Catalog.Columns[0].Name)
	}
	for _, r := range rows {
		row := make([]pgsql.Expr, len(ins.Columns))
		for i := range row {
			row[i] = pgsql.Default{}
		}
		for _, g := range extra {
			row[at[g.column]] = t.value(g.value, n.Table.Catalog.Column(g.column).Type, false, "")
		}
		for _, a := range r.Columns { // last, so that a preset beats what a parent row decides
			row[at[a.Column.Name]] = t.value(a.Value, a.Column.Type, false, a.Path)
		}
		ins.Rows = append(ins.Rows, row)
	}
	check := t.predicate(n.Check, about(target))
	if c := n.Conflict; c != nil {
		ins.OnConflict = t.conflict(c)
		if len(ins.OnConflict.Set) > 0 && c.Check != nil {
			// xmax tells a row that was there before from a new one.
			isNew := pgsql.Binary{Left: pgsql.Column{Table: target, Name: "xmax"}, Op: "=", Right: pgsql.Int(0)}
			check = pgsql.Case{When: isNew, Then: t.condition(n.Check, about(target)), Else: t.condition(c.Check, about(target))}
		}
	}
	var verdict pgsql.Ident
	ins.Returning, verdict = t.writtenColumns(n.Table, check)
	return ins, verdict
}

func (t *translator) conflict(c *plan.Conflict) *pgsql.OnConflict {
	out := &pgsql.OnConflict{Constraint: pgsql.Ident(c.Constraint)}
	if c.Index != nil {
		for _, e := range c.Index.Elements {
			out.Index = append(out.Index, pgsql.Catalogued(e))
		}
		if c.Index.Predicate != "" {
			out.IndexWhere = pgsql.Catalogued(c.Index.Predicate)
		}
	}
	preset := map[string]bool{}
	for _, p := range c.Presets {
		preset[p.Column.Name] = true
	}
	for _, col := range c.Columns {
		if !preset[col.Name] {
			out.Set = append(out.Set, pgsql.Assignment{Column: pgsql.Ident(col.Name), Value: pgsql.Column{Table: "excluded", Name: pgsql.Ident(col.Name)}})
		}
	}
	for _, p := range c.Presets {
		out.Set = append(out.Set, pgsql.Assignment{Column: pgsql.Ident(p.Column.Name), Value: t.value(p.Value, p.Column.Type, false, p.Path)})
	}
	if len(out.Set) > 0 {
		out.Where = t.predicate(c.Where, about(target))
	}
	return out
}

func (w *Write) update(n *plan.Update, o Options) {
	t := newWriter(o)
	if len(n.Rules) > 0 {
		u, check := t.updateUnder(n)
		w.add(t, n.Table, u, n.Output, check)
		return
	}
	u := &pgsql.Update{Table: name(n.Table.Name), As: target, Where: conjunction(t.predicate(n.Where, about(target)))}
	for _, c := range n.Changes {
		u.Set = append(u.Set, pgsql.Assignment{Column: pgsql.Ident(c.Column.Name), Value: t.change(c)})
	}
	var check pgsql.Ident
	u.Returning, check = t.writtenColumns(n.Table, t.predicate(n.Check, about(target)))
	w.add(t, n.Table, u, n.Output, check)
}

// change is a column's new value.
func (t *translator) change(c plan.Change) pgsql.Expr {
	old := pgsql.Column{Table: target, Name: pgsql.Ident(c.Column.Name)}
	value := func() pgsql.Expr { return t.value(c.Value, c.Column.Type, false, c.Path) }
	switch c.Op {
	case "_inc":
		return pgsql.Binary{Left: old, Op: "+", Right: value()}
	case "_mul": // of the row commands only, as is _default
		return pgsql.Binary{Left: old, Op: "*", Right: value()}
	case "_default":
		return pgsql.Default{}
	case "_append":
		return pgsql.Binary{Left: old, Op: "||", Right: value()}
	case "_prepend":
		return pgsql.Binary{Left: value(), Op: "||", Right: old}
	case "_delete_key":
		return pgsql.Binary{Left: old, Op: "-", Right: t.value(c.Value, schema.TextType, false, c.Path)}
	case "_delete_elem":
		return pgsql.Binary{Left: old, Op: "-", Right: t.value(c.Value, schema.IntType, false, c.Path)}
	case "_delete_at_path":
		return pgsql.Binary{Left: old, Op: "#-", Right: t.value(c.Value, schema.TextType, true, c.Path)}
	}
	return value()
}

func (w *Write) delete(n *plan.Delete, o Options) {
	t := newWriter(o)
	d := &pgsql.Delete{From: name(n.Table.Name), As: target, Where: conjunction(t.predicate(n.Where, about(target)))}
	var check pgsql.Ident
	d.Returning, check = t.writtenColumns(n.Table, nil)
	w.add(t, n.Table, d, n.Output, check)
}
