package operation

import (
	"encoding/json"

	"github.com/vektah/gqlparser/v2/ast"

	"gatehouse/engine/fault"
	"gatehouse/engine/schema"
)

// Values of columns are JSON to Hasura, however they were written (Postgres/SQL/Value, parsePGValue): a string fits every
// type, Postgres reads it; other kinds must be the type's own. So "1" is an Int's value, an enum literal is a string,
// and an array may be given as Postgres writes it.

// literalColumn resolves a column's value that is written in the document.
func (r *resolver) literalColumn(in *Input, v *ast.Value) error {
	var t templateBuilder
	if err := r.json(&t, v, in.Path); err != nil {
		return err
	}
	in.Value = t.build()
	if l, ok := in.Value.(*schema.Literal); ok {
		in.Text = string(l.JSON)
		return checkColumn(in.Type.Class, parseJSON(l.JSON), in.Path)
	}
	if r.isStatic {
		return nil
	}
	raw := r.b.JSON(in.Value)
	for _, hole := range t.holes { // the kinds of what the variables hold decide whether the whole is a value of the type
		if r.types[hole.Name] == nil {
			r.types[hole.Name] = elementOf(in.Type)
		}
	}
	return checkColumn(in.Type.Class, parseJSON(raw), in.Path)
}

// elementOf is the type of what stands inside a value of type ref.
func elementOf(ref *schema.Ref) *schema.Ref {
	for ref.Elem != nil {
		ref = ref.Elem
	}
	return ref
}

func checkColumn(c *schema.Class, n *node, path string) error {
	if problem := columnProblem(c, n); problem != "" {
		return fault.New(fault.ParseFailed, path, "%s", problem)
	}
	return nil
}

// CheckValue tells what is wrong with a JSON value that is to be a column's of class c; "" is nothing.
func CheckValue(c schema.Class, raw json.RawMessage) string { return columnProblem(&c, parseJSON(raw)) }

// columnProblem is schema.Class.ValueProblem for a value that is parsed.
func columnProblem(c *schema.Class, n *node) string {
	if c.Kind != schema.ListKind || n.kind != '[' {
		return c.ValueProblem(n.kind, n.raw)
	}
	for _, kid := range n.kids {
		if problem := columnProblem(c.Elem, kid); problem != "" {
			return problem
		}
	}
	return ""
}
