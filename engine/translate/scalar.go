package translate

import (
	"gatehouse/engine/pgsql"
	"gatehouse/engine/plan"
)

// scalar calls a function in from, so that a volatile one runs once, and shows what it gives as one JSON value.
func (t *translator) scalar(n *plan.Scalar) *pgsql.Select {
	const column pgsql.Ident = "v"
	rows := t.alias("x")
	value := t.shown(pgsql.Column{Table: rows, Name: column}, n.Function.Class)
	shown := call("to_json", value)
	switch {
	case n.Function.IsVoid:
		shown = call("to_json", pgsql.Bool(true))
	case n.Function.Set:
		shown = list(value).(pgsql.Call)
	}
	return &pgsql.Select{
		Output: []pgsql.Output{{Expr: shown}},
		From:   pgsql.FuncTable{Call: t.functionCall(n.Function.Function, n.Args), As: rows, Columns: []pgsql.Ident{column}},
	}
}
