package translate

import (
	"fmt"

	"gatehouse/engine/catalog"
	"gatehouse/engine/fault"
	"gatehouse/engine/pgsql"
	"gatehouse/engine/plan"
	"gatehouse/engine/schema"
)

// InsertProgram is an insert or update with related rows, unrolled: how many rows there are is part of the request's shape.
type InsertProgram struct {
	Steps []InsertStep
	// One reads the root row back, once all is written, when that is the whole answer: one object or null.
	One *Statement
	// Fields are the answer's keys otherwise.
	Fields []InsertField
}

// InsertField is one key of a nested insert's answer. Rows read the root rows back, in order, or List all of them as one
// list; nil for other keys.
type InsertField struct {
	plan.OutputField
	Rows []*Statement
	List *Statement
}

// InsertStep is one statement of an insert program. It gives one row: how many rows it wrote, and an object of the
// columns later steps need, as text, or null when nothing was written.
type InsertStep struct {
	*Statement
	// Needs are steps that must have written a row, and what to say when one did not.
	Needs []Need
	// Path is where errors are reported.
	Path string
	// Guard is set on the steps of nested updates and of links.
	Guard *Guard
}

// Need is an earlier step that must have written a row.
type Need struct {
	Step    int
	Message string
}

func hasNested(n *plan.Insert) bool {
	for _, r := range n.Rows {
		if len(r.Before)+len(r.After) > 0 {
			return true
		}
	}
	return false
}

type insertProgram struct {
	o   Options
	out *InsertProgram
}

func (p *insertProgram) root(n *plan.Insert) {
	key := keyOf(n.Table)
	steps := p.insert(n, nil, nil, n.Path, key)
	if n.Output.One != nil {
		p.out.One = p.readBack(n.Output.One, n.Table, key, steps[0])
		return
	}
	for _, f := range n.Output.Fields {
		field := InsertField{OutputField: f}
		if f.Returning != nil {
			for _, step := range steps {
				field.Rows = append(field.Rows, p.readBack(f.Returning, n.Table, key, step))
			}
		}
		p.out.Fields = append(p.out.Fields, field)
	}
}

// keyOf are the columns that find a written row again: the primary key, or where the row lies.
func keyOf(t *schema.Table) []string {
	if t.Catalog.PrimaryKey != nil {
		return t.Catalog.PrimaryKey.Columns
	}
	return []string{"ctid"}
}

var tidType = &catalog.Type{Name: catalog.Name{Schema: "pg_catalog", Name: "tid"}, Kind: catalog.BaseType}

func columnType(t *schema.Table, column string) *catalog.Type {
	if c := t.Catalog.Column(column); c != nil {
		return c.Type
	}
	return tidType
}

func (p *insertProgram) readBack(sel *plan.Select, table *schema.Table, key []string, step int) *Statement {
	t := newWriter(p.o)
	one := *sel
	one.Single = true
	query, shape := t.rowQuery(&one, "")
	row := query.From.(pgsql.Table).As
	for _, k := range key {
		query.Where = conjunction(query.Where, pgsql.Binary{
			Left: pgsql.Column{Table: row, Name: pgsql.Ident(k)}, Op: "=",
			Right: t.value(schema.Produced{Step: step, Column: k}, columnType(table, k), false, ""),
		})
	}
	return t.print(&pgsql.Select{Output: []pgsql.Output{{Expr: shape.object("x")}}, From: pgsql.Derived{Query: query, As: "x"}})
}

// insert adds the steps of an insert and gives the step of each row. extra columns come from the parent row; want are
// columns that later steps will ask for.
func (p *insertProgram) insert(n *plan.Insert, extra []given, needs []Need, path string, want []string) []int {
	if !hasNested(n) && len(n.Rows) != 1 {
		p.step(n, n.Rows, extra, needs, path, nil)
		return nil
	}
	var steps []int
	for i, r := range n.Rows {
		rowPath := fault.Index(path, i)
		columns, rowNeeds := extra, needs
		for _, b := range r.Before {
			var theirs []string
			for _, pair := range b.Relation.Mapping {
				theirs = append(theirs, pair.Theirs.Name)
			}
			var parent int
			if len(b.Link) > 0 {
				parent = p.findLink(b.Relation, b.Link[0], theirs, -1)
			} else {
				parent = p.insert(b.Insert, nil, nil, fault.Key(rowPath, b.Relation.Name)+".data", theirs)[0]
			}
			for _, pair := range b.Relation.Mapping {
				columns = append(columns[:len(columns):len(columns)], given{pair.Own.Name, schema.Produced{Step: parent, Column: pair.Theirs.Name}})
			}
			rowNeeds = append(rowNeeds[:len(rowNeeds):len(rowNeeds)], Need{parent, fmt.Sprintf("cannot proceed to insert object relation %q since insert to table %q affects zero rows", b.Relation.Name, b.Relation.Target.Name.Name)})
		}
		produce := append([]string{}, want...)
		for _, a := range r.After {
			for _, pair := range a.Relation.Mapping {
				produce = append(produce, pair.Own.Name)
			}
		}
		step := p.step(n, []plan.InsertRow{r}, columns, rowNeeds, rowPath, produce)
		steps = append(steps, step)
		for _, a := range r.After {
			need := Need{step, fmt.Sprintf("cannot proceed to insert array relations since insert to table %q affects zero rows", n.Table.Name.Name)}
			for _, l := range a.Link {
				p.link(a.Relation, l, step, stepWants{guard: Guard{After: -1}, needs: []Need{need}})
			}
			if a.Insert == nil {
				continue
			}
			p.insert(a.Insert, givenBy(a.Relation, step), []Need{need}, fault.Key(rowPath, a.Relation.Name)+".data", nil)
		}
	}
	return steps
}

// step adds one statement.
func (p *insertProgram) step(n *plan.Insert, rows []plan.InsertRow, extra []given, needs []Need, path string, produce []string) int {
	t := newWriter(p.o)
	ins, check := t.insert(n, rows, extra)
	var fields []pgsql.Output
	seen := map[string]bool{}
	for _, c := range produce {
		if seen[c] {
			continue
		}
		seen[c] = true
		if n.Table.Catalog.Column(c) == nil {
			ins.Returning = append(ins.Returning, pgsql.Output{Expr: pgsql.Column{Table: target, Name: pgsql.Ident(c)}, As: pgsql.Ident("row " + c)})
			fields = append(fields, pgsql.Output{Expr: pgsql.Cast{Expr: pgsql.Column{Table: cteName, Name: pgsql.Ident("row " + c)}, Type: textType}, As: pgsql.Ident(c)})
			continue
		}
		fields = append(fields, pgsql.Output{Expr: pgsql.Cast{Expr: pgsql.Column{Table: cteName, Name: pgsql.Ident(c)}, Type: textType}, As: pgsql.Ident(c)})
	}
	count := call("count")
	count.Star = true
	written := pgsql.Table{Name: pgsql.Name{Name: cteName}}
	q := &pgsql.Select{With: []pgsql.CTE{{Name: cteName, Query: ins}}, Output: []pgsql.Output{
		{Expr: pgsql.Subquery{Query: &pgsql.Select{Output: []pgsql.Output{{Expr: count}}, From: written}}},
		{Expr: pgsql.Subquery{Query: &pgsql.Select{Output: []pgsql.Output{{Expr: object(fields)}}, From: written, Limit: pgsql.Int(1)}}},
	}}
	if check != "" {
		q.Output = append(q.Output, pgsql.Output{Expr: verdict(check)})
	}
	s := t.print(q)
	p.out.Steps = append(p.out.Steps, InsertStep{Statement: s, Needs: needs, Path: path})
	return len(p.out.Steps) - 1
}
