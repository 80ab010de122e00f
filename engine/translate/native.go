package translate

import (
	"gatehouse/engine/pgsql"
	"gatehouse/engine/plan"
	"gatehouse/engine/schema"
)

// native is a native query as a relation. An argument that was not given is null.
func (t *translator) native(n *schema.NativeQuery, args []plan.FunctionArg, as pgsql.Ident) pgsql.Relation {
	out := pgsql.Verbatim{Parts: n.Code, As: as}
	for _, hole := range n.Holes {
		arg := n.Args[hole]
		value := t.value(nil, arg.Type, false, "")
		for _, given := range args {
			if given.Arg.Position == arg.Position {
				value = t.value(given.Value, arg.Type, false, given.Path)
			}
		}
		out.Args = append(out.Args, value)
	}
	return out
}

// related is where a relationship's rows are, seen from the row outer, when nobody gives arguments.
func (t *translator) related(r *schema.Relation, outer, as pgsql.Ident) pgsql.Relation {
	if r.Nested != nil {
		return nested(r, pgsql.Column{Table: outer, Name: pgsql.Ident(r.Nested.Name)}, as)
	}
	if r.Native != nil {
		return t.native(r.Native, nil, as)
	}
	return pgsql.Table{Name: name(r.Target.Name), As: as}
}

// nested are the rows inside a value: an array of objects, or one. A value of another kind, null among them, holds none.
func nested(r *schema.Relation, value pgsql.Expr, as pgsql.Ident) pgsql.Relation {
	value = call("to_json", value)
	kind, list := pgsql.Text("array"), value
	if !r.Array {
		kind, list = "object", call("json_build_array", value) // json_to_record of nothing is a row of nulls
	}
	out := pgsql.FuncTable{As: as, Call: call("json_to_recordset", pgsql.Case{
		When: pgsql.Binary{Left: call("json_typeof", value), Op: "=", Right: kind}, Then: list, Else: pgsql.Cast{Expr: pgsql.Null{}, Type: jsonType},
	})}
	for _, c := range r.Target.Catalog.Columns {
		out.Columns, out.Types = append(out.Columns, pgsql.Ident(c.Name)), append(out.Types, typ(c.Type))
	}
	return out
}

// Probe is a statement that a database can prepare exactly when it can run a native query and the query gives the
// columns of its logical model.
func Probe(n *schema.NativeQuery) string {
	t := newReader(Options{})
	const row pgsql.Ident = "t"
	q := &pgsql.Select{From: t.native(n, nil, row)}
	for _, c := range n.Returns.Columns {
		q.Output = append(q.Output, pgsql.Output{Expr: pgsql.Column{Table: row, Name: pgsql.Ident(c.Name)}})
	}
	for _, c := range n.Returns.Nested {
		q.Output = append(q.Output, pgsql.Output{Expr: call("to_json", pgsql.Column{Table: row, Name: pgsql.Ident(c.Name)})})
	}
	text, _ := pgsql.Print(q)
	return text
}
