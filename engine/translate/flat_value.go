package translate

import (
	"gatehouse/engine/catalog"
	"gatehouse/engine/pgsql"
	"gatehouse/engine/plan"
	"gatehouse/engine/schema"
)

// flatForm is how a value is sent and read.
type flatForm struct {
	kind flatKind
	// as is the type that is sent.
	as string
}

// format is binary but for JSON, as jsonb has a form of its own in binary.
func (f flatForm) format() int16 {
	if f.kind == asDocument {
		return 0
	}
	return 1
}

// flatForms are the types of which Go writes the JSON that Postgres' own to_json gives. Of all others to_json is asked:
// dates and times have a form of their own in JSON, arrays and rows are JSON inside, for an extension's type a cast to json
// may have been defined, and a cast to text is not what is printed for every type (bpchar, inet).
var flatForms = map[string]flatForm{
	"int2": {asInteger, "int2"}, "int4": {asInteger, "int4"}, "int8": {asInteger, "int8"}, "bool": {asBoolean, "bool"},
	"float4": {asNumber, "text"}, "float8": {asNumber, "text"}, "numeric": {asNumber, "text"},
	"text": {asString, "text"}, "varchar": {asString, "text"}, "uuid": {asString, "text"},
	"json": {asDocument, "json"}, "jsonb": {asDocument, "jsonb"},
}

// flatValue is a field's value of a row and how it is sent. What has rows of its own and is no relationship to a table is
// JSON from Postgres.
func (t *translator) flatValue(v plan.FieldValue, row pgsql.Ident) (pgsql.Expr, flatForm) {
	switch v := v.(type) {
	case *plan.Cell:
		return t.flatCell(v, row)
	case plan.GlobalID:
		return t.fieldValue(v, row), flatForms["text"]
	case *plan.Elsewhere:
		if len(v.Keys) == 1 {
			return t.fieldValue(v, row), flatForms["text"]
		}
	}
	return t.fieldValue(v, row), flatForms["json"]
}

// flatCell casts a cell to the type it is sent as. Where that is the column's own, or text for varchar, the cast costs
// nothing; it holds when the table was changed after its schema was read.
func (t *translator) flatCell(c *plan.Cell, row pgsql.Ident) (pgsql.Expr, flatForm) {
	e, class := t.cell(c, row), classOf(c.Operand)
	form, known := flatForms["text"], true
	switch {
	case class.Elem != nil:
		known = false
	case class.Kind == schema.GeoKind:
		form = flatForms["json"]
	case class.Kind == schema.RasterKind, class.Stringify && t.o.StringifyNumericTypes:
	case c.Operand.Column != nil && c.Operand.Column.IsShownUpper():
	default:
		form, known = flatFormOf(c.Operand)
	}
	if !known {
		return call("to_json", e), flatForms["json"]
	}
	return pgsql.Cast{Expr: e, Type: builtin(form.as)}, form
}

func flatFormOf(o schema.Operand) (flatForm, bool) {
	ty := o.Type().Undomained()
	form, ok := flatForms[ty.Name.Name]
	return form, ok && ty.Name.Schema == "pg_catalog" && ty.Kind == catalog.BaseType
}
