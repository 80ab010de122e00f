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

// related is where a relationship's rows are, when nobody gives arguments.
func (t *translator) related(r *schema.Relation, as pgsql.Ident) pgsql.Relation {
	if r.Native != nil {
		return t.native(r.Native, nil, as)
	}
	return pgsql.Table{Name: name(r.Target.Name), As: as}
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
	text, _ := pgsql.Print(q)
	return text
}
