package translate

import (
	"strconv"

	"gatehouse/engine/pgsql"
	"gatehouse/engine/plan"
	"gatehouse/engine/schema"
)

// rootSelect is a root field's statement: one row, one column of JSON.
func (t *translator) rootSelect(n *plan.Select) *pgsql.Select { return t.selectJSON(n, "") }

// selectJSON reads rows as one JSON value: a list, or an object or null. outer is the row around, for related rows.
func (t *translator) selectJSON(n *plan.Select, outer pgsql.Ident) *pgsql.Select {
	rows := t.alias("x")
	query, whole := t.rowQuery(n, outer)
	if n.Single {
		if query.Limit == nil {
			query.Limit = pgsql.Int(1)
		}
		return &pgsql.Select{Output: []pgsql.Output{{Expr: whole.object(rows)}}, From: pgsql.Derived{Query: query, As: rows}}
	}
	return &pgsql.Select{Output: []pgsql.Output{{Expr: list(whole.element(rows))}}, From: pgsql.Derived{Query: query, As: rows}}
}

// rowQuery is the query whose rows are the objects.
func (t *translator) rowQuery(n *plan.Select, outer pgsql.Ident) (*pgsql.Select, rowShape) {
	row := t.alias("t")
	query := t.rows(&n.Rows, row, outer, true)
	fields := t.fieldValues(n.Fields, row)
	shape := shapeOf(fields)
	query.Output = shape.outputs(fields)
	return query, shape
}

// rows selects rows without saying what of them. capped: the role's limit applies.
func (t *translator) rows(r *plan.Rows, row, outer pgsql.Ident, capped bool) *pgsql.Select {
	q := &pgsql.Select{}
	var joined pgsql.Expr
	switch cte, isWritten := t.cte[r]; {
	case isWritten:
		q.From = pgsql.Table{Name: pgsql.Name{Name: cte}, As: row}
		t.written[row] = r.Table
	case r.Keys != nil:
		q.From = t.keyRows(r.Keys, row)
	case r.Function != nil:
		q.From = pgsql.FuncTable{Call: t.functionCall(r.Function.Function, r.Args), As: row}
	case r.Computed != nil:
		q.From = pgsql.FuncTable{Call: t.computedCall(r.Computed, r.Args, outer), As: row}
	default:
		switch {
		case r.Via != nil && r.Via.Nested != nil:
			q.From = nested(r.Via, t.operand(r.Nested, about(outer)), row)
		case r.Native != nil:
			q.From = t.native(r.Native, r.Args, row)
		default:
			q.From = pgsql.Table{Name: name(r.Table.Name), As: row}
		}
		if r.Via != nil {
			joined = mapping(r.Via, outer, row)
		}
	}
	q.Where = conjunction(joined, t.predicate(r.Where, about(row)))
	// Postgres knows a distinct expression again in the order by only when both are the same, aliases included: a cell
	// that is visible under a condition is therefore written once.
	distinct := map[*schema.Column]pgsql.Expr{}
	for _, d := range r.DistinctOn {
		e := t.operand(d, about(row))
		distinct[d.Column] = e
		q.DistinctOn = append(q.DistinctOn, e)
	}
	for _, o := range r.OrderBy {
		e := distinct[o.Operand.Column]
		if e == nil || len(o.Via) > 0 || o.Aggregate != nil {
			e = t.orderTerm(o, o.Via, row)
		}
		q.OrderBy = append(q.OrderBy, pgsql.Order{Expr: e, Desc: o.Desc, NullsFirst: o.NullsFirst})
	}
	t.limit(q, r, capped)
	return q
}

// limit says how many of a query's rows are taken. capped: the role's limit applies.
func (t *translator) limit(q *pgsql.Select, r *plan.Rows, capped bool) {
	if r.Limit != nil {
		q.Limit = t.rowCount(r.Limit)
	}
	if r.Cap != nil && capped {
		if q.Limit != nil {
			q.Limit = call("least", q.Limit, pgsql.Int(*r.Cap))
		} else {
			q.Limit = pgsql.Int(*r.Cap)
		}
	}
	if r.Offset != nil {
		q.Offset = t.rowCount(r.Offset)
	}
}

// rowCount is a limit or an offset. One that stands in the operation's text is a constant of the statement too: not knowing
// it, Postgres takes a tenth of the rows for the limit, finds the plan it would keep more expensive than one made for the
// value, and plans anew each time.
func (t *translator) rowCount(v schema.Value) pgsql.Expr {
	if l, ok := v.(*schema.Literal); ok {
		if n, err := strconv.ParseInt(string(l.JSON), 10, 64); err == nil && n >= 0 {
			return pgsql.Int(n)
		}
	}
	return t.value(v, schema.BigintType, false, "")
}

// orderTerm is what to order by, seen from row. A related row that is missing or hidden gives null.
func (t *translator) orderTerm(o plan.Order, via []plan.Step, row pgsql.Ident) pgsql.Expr {
	if len(via) > 0 {
		a := t.alias("o")
		return pgsql.Subquery{Query: &pgsql.Select{
			Output: []pgsql.Output{{Expr: t.orderTerm(o, via[1:], a)}},
			From:   t.related(via[0].Relation, row, a),
			Where:  conjunction(mapping(via[0].Relation, row, a), t.predicate(via[0].Where, about(a))), Limit: pgsql.Int(1),
		}}
	}
	agg := o.Aggregate
	if agg == nil {
		return t.operand(o.Operand, about(row))
	}
	a := t.alias("o")
	c := call(pgsql.Ident(agg.Func))
	if agg.Operand != nil {
		c.Args = []pgsql.Expr{t.operand(*agg.Operand, about(a))}
	} else {
		c.Star = true
	}
	q := &pgsql.Select{Output: []pgsql.Output{{Expr: c}}}
	if agg.Computed != nil {
		q.From = pgsql.FuncTable{Call: t.computedCall(agg.Computed, nil, row), As: a}
		q.Where = conjunction(t.predicate(agg.Where, about(a)))
	} else {
		q.From = t.related(agg.Relation, row, a)
		q.Where = conjunction(mapping(agg.Relation, row, a), t.predicate(agg.Where, about(a)))
	}
	return pgsql.Subquery{Query: q}
}

func (t *translator) functionCall(f *schema.Function, args []plan.FunctionArg) pgsql.Call {
	given := t.arguments(args)
	if f.SessionArg >= 0 {
		given = append(given, argument{f.SessionArg, sessionJSON(f.Catalog.Args[f.SessionArg].Type)})
	}
	return callOf(f.Catalog, given)
}

func (t *translator) computedCall(f *schema.ComputedField, args []plan.FunctionArg, row pgsql.Ident) pgsql.Call {
	given := append(t.arguments(args), argument{f.TableArg, t.rowOf(row)})
	if f.SessionArg >= 0 {
		given = append(given, argument{f.SessionArg, sessionJSON(f.Function.Args[f.SessionArg].Type)})
	}
	return callOf(f.Function, given)
}

func (t *translator) arguments(args []plan.FunctionArg) []argument {
	var out []argument
	for _, a := range args {
		out = append(out, argument{a.Arg.Position, t.value(a.Value, a.Arg.Type, false, a.Path)})
	}
	return out
}

// fieldValues are the values of an object's keys, about a row.
func (t *translator) fieldValues(fields []plan.Field, row pgsql.Ident) []pgsql.Output {
	out := make([]pgsql.Output, 0, len(fields))
	for _, f := range fields {
		out = append(out, pgsql.Output{Expr: t.fieldValue(f.Value, row), As: pgsql.Ident(f.Alias)})
	}
	return out
}

func (t *translator) fieldValue(v plan.FieldValue, row pgsql.Ident) pgsql.Expr {
	switch v := v.(type) {
	case plan.Text:
		return textConstant(string(v))
	case *plan.Cell:
		return t.cell(v, row)
	case *plan.Select:
		return pgsql.Subquery{Query: t.selectJSON(v, row)}
	case *plan.Aggregate:
		return pgsql.Subquery{Query: t.aggregate(v, row)}
	case *plan.Groups:
		return pgsql.Subquery{Query: t.groups(v, row)}
	case *plan.Connection:
		return pgsql.Subquery{Query: t.connection(v, row)}
	case *plan.Elsewhere:
		return t.joinKeys(v, row)
	case plan.GlobalID:
		return globalID(v, row)
	}
	panic("translate: unknown field value")
}

func (t *translator) cell(c *plan.Cell, row pgsql.Ident) pgsql.Expr {
	o := c.Operand
	visible := o.Visible
	o.Visible = nil
	var e pgsql.Expr
	var class schema.Class
	if o.Computed != nil {
		e, class = t.computedCall(o.Computed, c.Args, row), o.Computed.Class
	} else {
		e, class = t.operand(o, about(row)), o.Column.Class
	}
	if c.JSONPath != nil {
		e = pgsql.Binary{Left: e, Op: "#>", Right: pgsql.Param{Arg: Arg{Value: c.JSONPath, Encoding: JSONPath, Path: c.Path}, Type: pgsql.Type{Name: textType.Name, Array: true}}}
	}
	e = t.shown(e, class)
	if o.Column != nil && o.Column.IsShownUpper() {
		e = call("upper", e)
	}
	if visible != nil {
		e = pgsql.Case{When: t.condition(visible, about(row)), Then: e}
	}
	return e
}

// aggregate reads aggregates and nodes as one JSON object.
func (t *translator) aggregate(n *plan.Aggregate, outer pgsql.Ident) *pgsql.Select {
	row, base, sums := t.alias("t"), t.alias("b"), t.alias("z")
	rows := t.rows(&n.Rows, row, outer, false)
	inner := &pgsql.Select{} // one row: every aggregate as a column
	column := func(e pgsql.Expr) pgsql.Expr {
		as := t.alias("c")
		rows.Output = append(rows.Output, pgsql.Output{Expr: e, As: as})
		return pgsql.Column{Table: base, Name: as}
	}
	result := func(e pgsql.Expr) pgsql.Expr {
		as := t.alias("s")
		inner.Output = append(inner.Output, pgsql.Output{Expr: e, As: as})
		return pgsql.Column{Table: sums, Name: as}
	}
	var from pgsql.Relation
	var number pgsql.Ident // of a row, where the role's limit holds nodes back
	var fields []pgsql.Output
	for _, f := range n.Fields {
		var e pgsql.Expr
		switch {
		case f.Text != nil:
			e = textConstant(string(*f.Text))
		case f.IsBody:
			e = object(t.aggregateBody(f.Body, row, column, result))
		default:
			node := list(column(object(t.fieldValues(f.Nodes.Fields, row))))
			if n.Cap != nil {
				if from == nil {
					number = t.alias("n")
					numbered := t.alias("b")
					from = pgsql.Derived{As: base, Query: &pgsql.Select{
						From:   pgsql.Derived{Query: rows, As: numbered},
						Output: []pgsql.Output{{Expr: pgsql.Star{Table: numbered}}, {Expr: pgsql.RowNumber{}, As: number}},
					}}
				}
				node = filtered(node, pgsql.Binary{Left: pgsql.Column{Table: base, Name: number}, Op: "<=", Right: pgsql.Int(*n.Cap)})
			}
			e = result(node)
		}
		fields = append(fields, pgsql.Output{Expr: e, As: pgsql.Ident(f.Alias)})
	}
	if len(rows.Output) == 0 {
		rows.Output = []pgsql.Output{{Expr: pgsql.Int(1)}}
	}
	if from == nil {
		from = pgsql.Derived{Query: rows, As: base}
	}
	inner.From = from
	if len(inner.Output) == 0 {
		return &pgsql.Select{Output: []pgsql.Output{{Expr: object(fields)}}}
	}
	return &pgsql.Select{Output: []pgsql.Output{{Expr: object(fields)}}, From: pgsql.Derived{Query: inner, As: sums}}
}

// aggregateBody is what stands under `aggregate`. column makes a value of the row a column of the base query, result an
// aggregate over it a column of the summing one.
func (t *translator) aggregateBody(body []plan.AggregateValue, row pgsql.Ident, column, result func(pgsql.Expr) pgsql.Expr) []pgsql.Output {
	var out []pgsql.Output
	for _, v := range body {
		var e pgsql.Expr
		switch {
		case v.Text != nil:
			e = textConstant(string(*v.Text))
		case v.Count != nil:
			e = result(t.count(v.Count, row, column))
		default:
			var cells []pgsql.Output
			for _, c := range v.Columns {
				cell := pgsql.Expr(nil)
				if c.Text != nil {
					cell = textConstant(string(*c.Text))
				} else {
					cell = result(t.shown(call(pgsql.Ident(v.Func), column(t.aggregated(c, row))), classOf(c.Operand)))
				}
				cells = append(cells, pgsql.Output{Expr: cell, As: pgsql.Ident(c.Alias)})
			}
			e = object(cells)
		}
		out = append(out, pgsql.Output{Expr: e, As: pgsql.Ident(v.Alias)})
	}
	return out
}

// aggregated is what an aggregate is computed over.
func (t *translator) aggregated(c plan.AggregateCell, row pgsql.Ident) pgsql.Expr {
	if c.Operand.Computed == nil {
		return t.operand(c.Operand, about(row))
	}
	e := pgsql.Expr(t.computedCall(c.Operand.Computed, c.Args, row))
	if c.Operand.Visible != nil {
		e = pgsql.Case{When: t.condition(c.Operand.Visible, about(row)), Then: e}
	}
	return e
}

func classOf(o schema.Operand) schema.Class {
	if o.Computed != nil {
		return o.Computed.Class
	}
	return o.Column.Class
}

func (t *translator) count(c *plan.Count, row pgsql.Ident, column func(pgsql.Expr) pgsql.Expr) pgsql.Expr {
	f := call("count")
	if len(c.Columns) == 0 {
		f.Star = true
		return f
	}
	var columns []pgsql.Expr
	for _, o := range c.Columns {
		columns = append(columns, column(t.operand(o, about(row))))
	}
	f.Distinct = c.Distinct
	f.Args = columns
	if len(columns) > 1 {
		f.Args = []pgsql.Expr{pgsql.Tuple(columns)}
	}
	return f
}
