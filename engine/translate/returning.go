package translate

import (
	"slices"

	"gatehouse/engine/pgsql"
	"gatehouse/engine/plan"
	"gatehouse/engine/schema"
)

// What a write returns of its own rows comes out of the statement that wrote them. What it returns beyond them
// (relationships, computed fields) must show the database after the write, and a statement sees it as it was before (PG
// docs: queries-with, data-modifying statements). So the rows written travel, as one parameter, into a second statement
// (Hasura: Postgres/Execute/Mutation, mutateAndSel).

// WrittenRows is the value that stands for the rows a write wrote: an array of the table's row type, as text.
var WrittenRows = schema.Produced{Column: "rows"}

// looksBeyond tells whether an answer needs more of the database than the rows written.
func looksBeyond(out plan.Output) bool {
	if out.One != nil {
		return fieldsLookBeyond(out.One.Fields)
	}
	for _, f := range out.Fields {
		if f.Returning != nil && fieldsLookBeyond(f.Returning.Fields) {
			return true
		}
	}
	return false
}

func fieldsLookBeyond(fields []plan.Field) bool {
	for _, f := range fields {
		switch v := f.Value.(type) {
		case plan.Text, plan.GlobalID:
		case *plan.Elsewhere:
			if slices.ContainsFunc(v.Keys, func(k schema.Operand) bool { return k.Computed != nil || k.Visible != nil }) {
				return true
			}
		case *plan.Cell:
			if v.Operand.Computed != nil || v.Operand.Visible != nil {
				return true
			}
		default:
			return true
		}
	}
	return false
}

// writtenRows is WrittenRows, made by the statement that writes.
func (t *translator) writtenRows(table *schema.Table) pgsql.Expr {
	row := t.alias("t")
	t.written[row] = table
	return pgsql.Subquery{Query: &pgsql.Select{
		Output: []pgsql.Output{{Expr: pgsql.Cast{Expr: call("array_agg", t.rowOf(row)), Type: textType}}},
		From:   pgsql.Table{Name: pgsql.Name{Name: cteName}, As: row},
	}}
}

// answerBeyond reads the answer once the rows are written.
func answerBeyond(table *schema.Table, out plan.Output, o Options) *Statement {
	t := newWriter(o)
	// A parameter of the row type itself would remember that type, and fail once the table is made anew.
	rows := pgsql.Cast{Expr: pgsql.Param{Arg: Arg{Value: WrittenRows}, Type: textType}, Type: pgsql.Type{Name: name(table.Name), Array: true}}
	return t.print(&pgsql.Select{
		With: []pgsql.CTE{{Name: cteName, Query: &pgsql.Select{
			Output: []pgsql.Output{{Expr: pgsql.Star{Table: target}}},
			From:   pgsql.FuncTable{Call: call("unnest", rows), As: target},
		}}},
		Output: []pgsql.Output{{Expr: t.output(out)}},
	})
}
