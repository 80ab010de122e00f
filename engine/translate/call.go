package translate

import (
	"gatehouse/engine/pgsql"
	"gatehouse/engine/plan"
)

// calling reads the result of a function that writes. Postgres does not call a function whose rows it can do without (limit
// 0, a condition that never holds), and the write would be lost: the rows are a relation of their own, and counted.
func calling(rows *plan.Rows, o Options, read func(t *translator) *pgsql.Select) *Statement {
	t := newWriter(o)
	call := t.functionCall(rows.Function.Function, rows.Args)
	t.cte[rows] = cteName
	q := read(t)
	q.With = append([]pgsql.CTE{{Name: cteName, Query: &pgsql.Select{
		Output: []pgsql.Output{{Expr: pgsql.Star{Table: target}}}, From: pgsql.FuncTable{Call: call, As: target},
	}}}, q.With...)
	q.Output = append(q.Output, pgsql.Output{Expr: countOf(cteName)})
	return t.print(q)
}

// writes tells whether rows come from a function that writes.
func writes(rows *plan.Rows) bool { return rows.Function != nil && rows.Function.Function.Mutation }

// countOf is how many rows a relation has.
func countOf(relation pgsql.Ident) pgsql.Expr {
	count := call("count")
	count.Star = true
	return pgsql.Subquery{Query: &pgsql.Select{Output: []pgsql.Output{{Expr: count}}, From: pgsql.Table{Name: pgsql.Name{Name: relation}}}}
}
