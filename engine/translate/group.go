package translate

import (
	"fmt"

	"gatehouse/engine/pgsql"
	"gatehouse/engine/plan"
)

// grouping builds the query that groups: rows are the rows, with what is grouped and aggregated as columns of base.
type grouping struct {
	t         *translator
	row, base pgsql.Ident
	rows      *pgsql.Select
	keys      []pgsql.Expr
	// seen are the columns of the rows that are columns of base already.
	seen map[pgsql.Column]pgsql.Expr
}

// groups reads groups of rows as a JSON list.
func (t *translator) groups(n *plan.Groups, outer pgsql.Ident) *pgsql.Select {
	g := &grouping{t: t, row: t.alias("t"), base: t.alias("b"), seen: map[pgsql.Column]pgsql.Expr{}}
	group := t.alias("z")
	all := n.Rows // limits are about groups
	all.Limit, all.Offset = nil, nil
	g.rows = t.rows(&all, g.row, outer, false)
	grouped := &pgsql.Select{From: pgsql.Derived{Query: g.rows, As: g.base}}
	result := func(e pgsql.Expr) pgsql.Expr {
		as := t.alias("s")
		grouped.Output = append(grouped.Output, pgsql.Output{Expr: e, As: as})
		return pgsql.Column{Table: group, Name: as}
	}
	var shown []pgsql.Expr
	for _, k := range n.Keys {
		key := g.column(t.operand(k, about(g.row)))
		g.keys = append(g.keys, key)
		e := t.shown(result(key), k.Column.Class)
		if k.Column.IsShownUpper() {
			e = call("upper", e)
		}
		shown = append(shown, e)
	}
	grouped.GroupBy = g.keys
	var fields []pgsql.Output
	for _, f := range n.Fields {
		var e pgsql.Expr
		switch {
		case f.Text != nil:
			e = textConstant(string(*f.Text))
		case f.IsKey:
			e = object(keyCells(f.Key, shown))
		default:
			e = object(t.aggregateBody(f.Body, g.row, g.column, result))
		}
		fields = append(fields, pgsql.Output{Expr: e, As: pgsql.Ident(f.Alias)})
	}
	grouped.Having = g.having(n.Having)
	for _, o := range n.OrderBy {
		e := pgsql.Expr(nil)
		if o.Aggregate != nil {
			e = g.aggregate(*o.Aggregate)
		} else {
			e = g.keys[o.At]
		}
		grouped.OrderBy = append(grouped.OrderBy, pgsql.Order{Expr: e, Desc: o.Desc, NullsFirst: o.NullsFirst})
	}
	t.limit(grouped, &n.Rows, true)
	return &pgsql.Select{Output: []pgsql.Output{{Expr: list(object(fields))}}, From: pgsql.Derived{Query: grouped, As: group}}
}

func keyCells(cells []plan.GroupCell, shown []pgsql.Expr) []pgsql.Output {
	var out []pgsql.Output
	for _, c := range cells {
		e := pgsql.Expr(nil)
		if c.Text != nil {
			e = textConstant(string(*c.Text))
		} else {
			e = shown[c.At]
		}
		out = append(out, pgsql.Output{Expr: e, As: pgsql.Ident(c.Alias)})
	}
	return out
}

// column makes a value of the row a column of the base query.
func (g *grouping) column(e pgsql.Expr) pgsql.Expr {
	plain, isPlain := e.(pgsql.Column)
	if have := g.seen[plain]; isPlain && have != nil {
		return have
	}
	as := g.t.alias("c")
	g.rows.Output = append(g.rows.Output, pgsql.Output{Expr: e, As: as})
	out := pgsql.Column{Table: g.base, Name: as}
	if isPlain {
		g.seen[plain] = out
	}
	return out
}

func (g *grouping) aggregate(a plan.GroupAggregate) pgsql.Expr {
	c := call(pgsql.Ident(a.Func))
	if a.Operand == nil {
		c.Star = true
	} else {
		c.Args = []pgsql.Expr{g.column(g.t.operand(*a.Operand, about(g.row)))}
	}
	return c
}

// having is a condition on groups; nil when it always holds.
func (g *grouping) having(h plan.Having) pgsql.Expr {
	each := func(list []plan.Having) []pgsql.Expr {
		var out []pgsql.Expr
		for _, one := range list {
			if e := g.having(one); e != nil {
				out = append(out, e)
			} else {
				out = append(out, pgsql.Bool(true))
			}
		}
		return out
	}
	switch h := h.(type) {
	case plan.HavingAll:
		if len(h) == 0 {
			return nil
		}
		return pgsql.And(each(h))
	case plan.HavingAny:
		return pgsql.Or(each(h))
	case plan.HavingNot:
		return pgsql.Not{Expr: pgsql.And(each([]plan.Having{h.P}))}
	case *plan.HavingTest:
		return g.t.predicate(h.Test, scope{self: g.aggregate(h.GroupAggregate)})
	}
	panic(fmt.Sprintf("translate: unknown condition on groups %T", h))
}
