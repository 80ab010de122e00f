package translate

import (
	"gatehouse/engine/catalog"
	"gatehouse/engine/pgsql"
	"gatehouse/engine/plan"
	"gatehouse/engine/schema"
)

// flatSelect is a root field whose rows come as they are.
func (t *translator) flatSelect(n *plan.Select) *Statement {
	row := t.alias("t")
	query := t.rows(&n.Rows, row, "", true)
	if n.Single && query.Limit == nil {
		query.Limit = pgsql.Int(1)
	}
	b := flatBuilder{t: t, row: row}
	flat := &Flat{root: b.object(n.Fields), isSingle: n.Single, formats: b.formats}
	query.Output = b.outputs
	if len(query.Output) == 0 {
		query.Output = []pgsql.Output{{Expr: pgsql.Null{}}}
	}
	s := t.print(query)
	s.Flat = flat
	return s
}

// flatBuilder collects a row's columns.
type flatBuilder struct {
	t       *translator
	row     pgsql.Ident
	outputs []pgsql.Output
	formats []int16
}

func (b *flatBuilder) object(fields []plan.Field) flatObject {
	var o flatObject
	before := "{"
	for i, f := range fields {
		if i > 0 {
			before += ","
		}
		before = string(appendQuoted([]byte(before), f.Alias)) + ":"
		if text, ok := f.Value.(plan.Text); ok {
			before = string(appendQuoted([]byte(before), string(text)))
			continue
		}
		e, kind := b.value(f.Value)
		b.outputs = append(b.outputs, pgsql.Output{Expr: e, As: pgsql.Ident(f.Alias)})
		b.formats = append(b.formats, kind.format())
		o.members = append(o.members, flatMember{before: before, kind: kind})
		before = ""
	}
	if len(fields) == 0 {
		before = "{"
	}
	o.end = before + "}"
	return o
}

// value is a member's column and how it is read.
func (b *flatBuilder) value(v plan.FieldValue) (pgsql.Expr, flatKind) {
	switch v := v.(type) {
	case *plan.Cell:
		return b.cell(v)
	case plan.GlobalID:
		return b.t.fieldValue(v, b.row), quoted
	}
	return b.t.fieldValue(v, b.row), document
}

func (b *flatBuilder) cell(c *plan.Cell) (pgsql.Expr, flatKind) {
	e := b.t.cell(c, b.row)
	ty, class := typeOf(c.Operand), classOf(c.Operand)
	isText := class.Stringify && b.t.o.StringifyNumericTypes || class.Kind == schema.RasterKind ||
		c.Operand.Column != nil && c.Operand.Column.Enum != nil && c.Operand.Column.Table.Source.UpperEnums()
	switch {
	case c.JSONPath != nil || class.Kind == schema.GeoKind:
		return e, document
	case class.Elem == nil && isText:
		return e, quoted
	}
	for ty.Kind == catalog.DomainType && ty.Base != nil {
		ty = ty.Base
	}
	if form, ok := flatForms[ty.Name.Name]; ok && ty.Name.Schema == "pg_catalog" && ty.Kind == catalog.BaseType {
		return pgsql.Cast{Expr: e, Type: builtin(form.as)}, form.kind
	}
	return call("to_json", e), document
}

func typeOf(o schema.Operand) *catalog.Type {
	if o.Computed != nil {
		return o.Computed.Type
	}
	return o.Column.Type
}

type flatForm struct {
	kind flatKind
	// as is the type that is sent. Where it is the column's own, or text for varchar, the cast costs nothing.
	as string
}

// flatForms are the types of which Go writes the JSON that Postgres' own to_json gives. Of all others to_json is asked:
// dates and times have a form of their own in JSON, arrays and rows are JSON inside, for an extension's type a cast to json
// may have been defined, and a cast to text is not what is printed for every type (bpchar, inet).
var flatForms = map[string]flatForm{
	"int2": {integer, "int2"}, "int4": {integer, "int4"}, "int8": {integer, "int8"}, "bool": {boolean, "bool"},
	"float4": {number, "text"}, "float8": {number, "text"}, "numeric": {number, "text"},
	"text": {quoted, "text"}, "varchar": {quoted, "text"}, "uuid": {quoted, "text"},
	"json": {document, "json"}, "jsonb": {document, "jsonb"},
}
