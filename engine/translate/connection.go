package translate

import (
	"strconv"

	"gatehouse/engine/pgsql"
	"gatehouse/engine/plan"
	"gatehouse/engine/schema"
)

// connection reads a page of rows with cursors as one JSON object. The page is a common table expression that holds the
// rows' columns and, as further columns, what they are ordered by; each part of the answer is a query over it, and is
// there only if it was asked for. Whether there is more before and after the page is asked of the rows that are beyond
// its ends, so that no page needs a count of everything.
func (t *translator) connection(n *plan.Connection, outer pgsql.Ident) *pgsql.Select {
	c := &connection{t: t, n: n, outer: outer, page: t.alias("p")}
	for i := range n.OrderBy {
		k := pgsql.Ident("k" + strconv.Itoa(i+1))
		for n.Table.Catalog.Column(string(k)) != nil {
			k += "_"
		}
		c.keys = append(c.keys, k)
	}
	var fields []pgsql.Output
	for _, f := range n.Fields {
		var e pgsql.Expr
		switch {
		case f.Text != nil:
			e = textConstant(string(*f.Text))
		case f.IsEdges:
			e = c.edges(f.Edges)
		default:
			e = c.pageInfo(f.Page)
		}
		fields = append(fields, pgsql.Output{Expr: e, As: pgsql.Ident(f.Alias)})
	}
	return &pgsql.Select{With: []pgsql.CTE{{Name: c.page, Query: c.rows()}}, Output: []pgsql.Output{{Expr: object(fields)}}}
}

type connection struct {
	t     *translator
	n     *plan.Connection
	outer pgsql.Ident
	page  pgsql.Ident
	keys  []pgsql.Ident
}

// base is all rows of the connection, whatever the page.
func (c *connection) base() *pgsql.Select {
	row := c.t.alias("t")
	rows := c.n.Rows
	rows.Limit = nil
	if len(rows.DistinctOn) == 0 {
		rows.OrderBy = nil
	}
	q := c.t.rows(&rows, row, c.outer, false)
	for _, column := range c.n.Table.Catalog.Columns {
		name := pgsql.Ident(column.Name)
		q.Output = append(q.Output, pgsql.Output{Expr: pgsql.Column{Table: row, Name: name}, As: name})
	}
	for i, o := range c.n.OrderBy {
		q.Output = append(q.Output, pgsql.Output{Expr: c.t.orderTerm(o, o.Via, row), As: c.keys[i]})
		if mayFail(o) {
			// Keeps Postgres from comparing with a cursor before the role's filter: a value that fails may be a hidden row's.
			q.Offset = pgsql.Int(0)
		}
	}
	return q
}

// rows are the page's.
func (c *connection) rows() *pgsql.Select {
	b := c.t.alias("b")
	q := &pgsql.Select{Output: []pgsql.Output{{Expr: pgsql.Star{Table: b}}}, From: pgsql.Derived{Query: c.base(), As: b}, OrderBy: c.order(b, c.n.FromEnd)}
	if len(c.n.Split) > 0 {
		q.Where = c.beyond(b, c.n.Before, func(i int) (pgsql.Expr, known) {
			v := c.n.Split[i]
			if v.Value == nil {
				return nil, isNull
			}
			return c.t.value(v.Value, v.Type, false, v.Path), notNull
		})
	}
	if c.n.Limit != nil {
		q.Limit = c.t.value(c.n.Limit, schema.BigintType, false, "")
	}
	if limit := c.n.Cap; limit != nil {
		if q.Limit == nil {
			q.Limit = pgsql.Int(*limit)
		} else {
			q.Limit = call("least", q.Limit, pgsql.Int(*limit))
		}
	}
	return q
}

func mayFail(o plan.Order) bool {
	if a := o.Aggregate; a != nil {
		return a.Computed != nil || schema.AggregateMayFail(a.Func) || a.Operand != nil && a.Operand.MayFail()
	}
	return o.Operand.MayFail()
}

func (c *connection) order(row pgsql.Ident, reversed bool) []pgsql.Order {
	var out []pgsql.Order
	for i, o := range c.n.OrderBy {
		one := pgsql.Order{Expr: pgsql.Column{Table: row, Name: c.keys[i]}, Desc: o.Desc != reversed}
		first := nullsFirst(o) != reversed
		one.NullsFirst = &first
		out = append(out, one)
	}
	return out
}

func nullsFirst(o plan.Order) bool {
	if o.NullsFirst != nil {
		return *o.NullsFirst
	}
	return o.Desc
}

func (c *connection) from(row pgsql.Ident) pgsql.Relation {
	c.t.written[row] = c.n.Table
	return pgsql.Table{Name: pgsql.Name{Name: c.page}, As: row}
}

func (c *connection) edges(fields []plan.PartField) pgsql.Expr {
	row := c.t.alias("x")
	from := c.from(row)
	var out []pgsql.Output
	for _, f := range fields {
		var e pgsql.Expr
		switch {
		case f.Text != nil:
			e = textConstant(string(*f.Text))
		case f.Part == schema.EdgeCursor:
			e = c.cursor(row)
		default:
			e = object(c.t.fieldValues(f.Node, row))
		}
		out = append(out, pgsql.Output{Expr: e, As: pgsql.Ident(f.Alias)})
	}
	all := call("json_agg", object(out))
	all.OrderBy = c.order(row, false)
	return pgsql.Subquery{Query: &pgsql.Select{
		Output: []pgsql.Output{{Expr: call("coalesce", all, pgsql.Cast{Expr: pgsql.Text("[]"), Type: jsonType})}}, From: from,
	}}
}

func (c *connection) pageInfo(fields []plan.PartField) pgsql.Expr {
	var out []pgsql.Output
	for _, f := range fields {
		var e pgsql.Expr
		switch {
		case f.Text != nil:
			e = textConstant(string(*f.Text))
		case f.Part == schema.PageStart, f.Part == schema.PageEnd:
			row := c.t.alias("x")
			e = call("coalesce", pgsql.Subquery{Query: &pgsql.Select{
				Output: []pgsql.Output{{Expr: c.cursor(row)}}, From: c.from(row), OrderBy: c.order(row, f.Part == schema.PageEnd), Limit: pgsql.Int(1),
			}}, textConstant(""))
		default:
			e = c.more(f.Part == schema.PageHasPrevious)
		}
		out = append(out, pgsql.Output{Expr: e, As: pgsql.Ident(f.Alias)})
	}
	return object(out)
}

// more tells whether there is a row before the page's first one, or after its last.
func (c *connection) more(before bool) pgsql.Expr {
	row, end, other := c.t.alias("x"), c.t.alias("f"), c.t.alias("b")
	return pgsql.Exists{Query: &pgsql.Select{
		Output: []pgsql.Output{{Expr: pgsql.Int(1)}},
		From: pgsql.Derived{As: end, Query: &pgsql.Select{
			Output: []pgsql.Output{{Expr: pgsql.Star{Table: row}}}, From: c.from(row), OrderBy: c.order(row, !before), Limit: pgsql.Int(1),
		}},
		Joins: []pgsql.Join{{Relation: pgsql.Derived{Query: c.base(), As: other}, Inner: true, On: c.beyond(other, before, func(i int) (pgsql.Expr, known) {
			return pgsql.Column{Table: end, Name: c.keys[i]}, unknown
		})}},
	}}
}

// known is what can be told of a value before it is seen.
type known byte

const (
	unknown known = iota
	notNull
	isNull
)

// beyond holds for rows that come after others in the order, or before them. The others' values are given by at.
func (c *connection) beyond(row pgsql.Ident, before bool, at func(i int) (pgsql.Expr, known)) pgsql.Expr {
	if e := c.beyondTuple(row, before, at); e != nil {
		return e
	}
	any := pgsql.Or{}
	var equal []pgsql.Expr
	for i, o := range c.n.OrderBy {
		own := pgsql.Column{Table: row, Name: c.keys[i]}
		other, what := at(i)
		if c.never(o) {
			what = notNull
		}
		here := c.farther(o, own, other, what, before)
		any = append(any, pgsql.And(append(append([]pgsql.Expr{}, equal...), here)))
		switch what {
		case isNull:
			equal = append(equal, pgsql.IsNull{Expr: own})
		case notNull:
			equal = append(equal, pgsql.Binary{Left: own, Op: "=", Right: other})
		default:
			equal = append(equal, pgsql.Binary{Left: own, Op: "is not distinct from", Right: other})
		}
	}
	return any
}

// beyondTuple compares all at once, which an index can serve; nil when nulls or directions forbid it.
func (c *connection) beyondTuple(row pgsql.Ident, before bool, at func(i int) (pgsql.Expr, known)) pgsql.Expr {
	var left, right pgsql.Tuple
	for i, o := range c.n.OrderBy {
		if !c.never(o) || o.Desc != c.n.OrderBy[0].Desc {
			return nil
		}
		other, what := at(i)
		if what == isNull {
			return nil
		}
		left, right = append(left, pgsql.Column{Table: row, Name: c.keys[i]}), append(right, other)
	}
	return pgsql.Binary{Left: left, Op: direction(c.n.OrderBy[0].Desc != before), Right: right}
}

func direction(less bool) pgsql.Operator {
	if less {
		return "<"
	}
	return ">"
}

// farther holds where own comes after other by one element of the order, or before it.
func (c *connection) farther(o plan.Order, own, other pgsql.Expr, what known, before bool) pgsql.Expr {
	nullsAreBeyond := nullsFirst(o) == before
	if what == isNull {
		if nullsAreBeyond {
			return pgsql.Bool(false)
		}
		return pgsql.IsNull{Expr: own, Not: true}
	}
	compared := pgsql.Binary{Left: own, Op: direction(o.Desc != before), Right: other}
	switch {
	case c.never(o):
		return compared
	case what == notNull && nullsAreBeyond:
		return pgsql.Or{compared, pgsql.IsNull{Expr: own}}
	case what == notNull:
		return compared
	case nullsAreBeyond:
		return pgsql.Or{compared, pgsql.And{pgsql.IsNull{Expr: own}, pgsql.IsNull{Expr: other, Not: true}}}
	}
	return pgsql.Or{compared, pgsql.And{pgsql.IsNull{Expr: own, Not: true}, pgsql.IsNull{Expr: other}}}
}

// never tells whether an element of the order is never null. A function's rows need not keep their table's constraints.
func (c *connection) never(o plan.Order) bool {
	switch {
	case c.n.Function != nil, c.n.Computed != nil:
		return o.Aggregate != nil && o.Aggregate.Operand == nil && len(o.Via) == 0
	case len(o.Via) > 0:
		return false
	case o.Aggregate != nil:
		return o.Aggregate.Operand == nil
	}
	return o.Operand.Column != nil && o.Operand.Visible == nil && o.Operand.Column.Catalog.NotNull
}

// cursor is the base64 of an object with the values a row is ordered by.
func (c *connection) cursor(row pgsql.Ident) pgsql.Expr {
	root := &cursorNode{}
	for i, path := range c.n.Paths {
		root.put(path, pgsql.Column{Table: row, Name: c.keys[i]})
	}
	return base64Text(root.json())
}

// cursorNode is an object whose keys keep their order.
type cursorNode struct {
	keys   []string
	kids   []*cursorNode
	column pgsql.Expr
}

func (n *cursorNode) put(path []string, column pgsql.Expr) {
	if len(path) == 0 {
		n.column = column
		return
	}
	for i, k := range n.keys {
		if k == path[0] {
			n.kids[i].put(path[1:], column)
			return
		}
	}
	kid := &cursorNode{}
	n.keys, n.kids = append(n.keys, path[0]), append(n.kids, kid)
	kid.put(path[1:], column)
}

func (n *cursorNode) json() pgsql.Expr {
	if len(n.keys) == 0 {
		return n.column
	}
	var fields []pgsql.Output
	for i, k := range n.keys {
		fields = append(fields, pgsql.Output{Expr: n.kids[i].json(), As: pgsql.Ident(k)})
	}
	return object(fields)
}

// base64Text is JSON as base64. encode() breaks lines after 76 characters (RFC 2045).
func base64Text(json pgsql.Expr) pgsql.Expr {
	bytes := call("convert_to", pgsql.Cast{Expr: json, Type: textType}, pgsql.Text("UTF8"))
	return call("replace", call("encode", bytes, pgsql.Text("base64")), pgsql.Text("\n"), pgsql.Text(""))
}

// globalID is a row's id on the Relay endpoint, as plan reads it back.
func globalID(id plan.GlobalID, row pgsql.Ident) pgsql.Expr {
	args := []pgsql.Expr{pgsql.Int(1), textConstant(id.Table.Name.Schema), textConstant(id.Table.Name.Name)}
	for _, c := range id.Key {
		args = append(args, pgsql.Column{Table: row, Name: pgsql.Ident(c.Name)})
	}
	return base64Text(call("json_build_array", args...))
}
