package translate

import (
	"gatehouse/engine/pgsql"
	"gatehouse/engine/plan"
	"gatehouse/engine/schema"
)

// This file alone decides how rows become JSON. What a select reads comes as rows, and Go writes it (flat.go). All else
// Postgres writes, as json and never jsonb (three times the cost), and the bytes go to the client unread. Key order is the
// selection's.

// Strategy says who writes the JSON of a select. Answers do not depend on it.
type Strategy byte

// The strategies.
const (
	// FromRows lets Go write what it can: measured, it is never slower.
	FromRows Strategy = iota
	// FromPostgres lets Postgres write all.
	FromPostgres
)

// read is a root field's statement. The columns of a native query are of the types its text gives them, whatever its
// logical model says, so only Postgres can write them.
func (t *translator) read(n *plan.Select) *Statement {
	if t.o.Strategy == FromPostgres || n.Native != nil {
		return t.print(t.rootSelect(n))
	}
	return t.flatSelect(n)
}

// rowShape says how a query's rows are turned into objects.
type rowShape struct {
	// built: the query has one column with the object ready; otherwise its columns are the object's keys.
	built bool
}

const builtColumn pgsql.Ident = "o"

// shapeOf: rows whose columns are the keys are cheapest, but an identifier holds only 63 bytes.
func shapeOf(fields []pgsql.Output) rowShape {
	for _, f := range fields {
		if len(f.As) > 63 {
			return rowShape{built: true}
		}
	}
	return rowShape{built: len(fields) == 0}
}

func (s rowShape) outputs(fields []pgsql.Output) []pgsql.Output {
	if s.built {
		return []pgsql.Output{{Expr: object(fields), As: builtColumn}}
	}
	return fields
}

// element is a row for json_agg, which turns rows into objects itself.
func (s rowShape) element(rows pgsql.Ident) pgsql.Expr {
	if s.built {
		return pgsql.Column{Table: rows, Name: builtColumn}
	}
	return pgsql.Row{Table: rows}
}

// object is a row as a JSON object.
func (s rowShape) object(rows pgsql.Ident) pgsql.Expr {
	if s.built {
		return pgsql.Column{Table: rows, Name: builtColumn}
	}
	return call("row_to_json", pgsql.Row{Table: rows})
}

// list is all elements as a JSON array, in the order of the rows.
func list(element pgsql.Expr) pgsql.Expr {
	return call("coalesce", call("json_agg", element), pgsql.Cast{Expr: pgsql.Text("[]"), Type: jsonType})
}

// filtered restricts a list to the rows where the condition holds.
func filtered(l pgsql.Expr, where pgsql.Expr) pgsql.Expr {
	c := l.(pgsql.Call)
	agg := c.Args[0].(pgsql.Call)
	agg.Filter = where
	c.Args = []pgsql.Expr{agg, c.Args[1]}
	return c
}

// maxBuild is how many keys json_build_object takes: a function has at most 100 arguments.
const maxBuild = 50

// object is a JSON object of named values.
func object(fields []pgsql.Output) pgsql.Expr {
	if len(fields) <= maxBuild {
		var args []pgsql.Expr
		for _, f := range fields {
			args = append(args, pgsql.Text(f.As), f.Expr)
		}
		return call("json_build_object", args...)
	}
	const row pgsql.Ident = "w"
	return pgsql.Subquery{Query: &pgsql.Select{
		Output: []pgsql.Output{{Expr: call("row_to_json", pgsql.Row{Table: row})}},
		From:   pgsql.Derived{Query: &pgsql.Select{Output: fields}, As: row},
	}}
}

func textConstant(s string) pgsql.Expr { return pgsql.Cast{Expr: pgsql.Text(s), Type: textType} }

// shown is a value of a class as clients see it.
func (t *translator) shown(e pgsql.Expr, class schema.Class) pgsql.Expr {
	switch {
	case class.Elem != nil && class.Elem.Stringify && t.o.StringifyNumericTypes:
		return pgsql.Cast{Expr: e, Type: pgsql.Type{Name: textType.Name, Array: true}}
	case class.Elem != nil:
		return e
	case class.Kind == schema.GeoKind:
		return pgsql.Cast{Expr: call("st_asgeojson", e, pgsql.Int(15), pgsql.Int(4)), Type: jsonType}
	case class.Kind == schema.RasterKind, class.Stringify && t.o.StringifyNumericTypes:
		return pgsql.Cast{Expr: e, Type: textType}
	}
	return e
}
