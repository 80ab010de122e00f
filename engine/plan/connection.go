package plan

import (
	"bytes"
	"encoding/base64"
	"encoding/json"

	"gatehouse/engine/catalog"
	"gatehouse/engine/fault"
	"gatehouse/engine/operation"
	"gatehouse/engine/schema"
)

// connection reads a page of rows. The role's limit is the most rows of one page.
func (b *builder) connection(f *operation.Field, rows Rows) (*Connection, error) {
	if err := b.narrow(&rows, f); err != nil {
		return nil, err
	}
	key := b.s.NodeKey(rows.Table)
	if key == nil {
		return nil, fault.New(fault.Unexpected, f.Path, "role %q may not page through %q", b.s.Role, rows.Table.Name.Name)
	}
	ordered := map[string]bool{}
	for _, o := range rows.OrderBy {
		if o.Operand.Column != nil && len(o.Via) == 0 && o.Aggregate == nil {
			ordered[o.Operand.Column.Name] = true
		}
	}
	last := false
	for _, c := range key {
		if !ordered[c.Name] {
			o, err := b.keyColumn(f, rows.Table, c)
			if err != nil {
				return nil, err
			}
			rows.OrderBy = append(rows.OrderBy, Order{Operand: o, NullsFirst: &last})
		}
	}
	out := &Connection{Rows: rows}
	for _, o := range rows.OrderBy {
		out.Paths = append(out.Paths, cursorPath(o))
	}
	if err := out.page(f); err != nil {
		return nil, err
	}
	for _, sub := range f.Fields {
		field := ConnectionField{Alias: sub.Alias}
		var err error
		switch {
		case sub.Def == nil:
			field.Text = typename(sub)
		case sub.Def.Meaning == schema.Meaning(schema.ConnectionPageInfo):
			field.Page, err = b.parts(sub)
		default:
			field.IsEdges = true
			field.Edges, err = b.parts(sub)
		}
		if err != nil {
			return nil, err
		}
		out.Fields = append(out.Fields, field)
	}
	return out, nil
}

// page reads first, last, after and before.
func (c *Connection) page(f *operation.Field) error {
	given := func(a schema.Arg) *operation.Input {
		if in := f.Arg(a); in != nil && !in.Null {
			return in
		}
		return nil
	}
	refused := func(text string) error { return fault.New(fault.ValidationFailed, f.Path+".args", "%s", text) }
	first, last, after, before := given(schema.ArgFirst), given(schema.ArgLast), given(schema.ArgAfter), given(schema.ArgBefore)
	cursor := after
	switch {
	case after != nil && before != nil:
		return refused(`"after" and "before" are not allowed at once`)
	case before != nil:
		cursor, c.Before = before, true
	}
	if cursor != nil {
		if !c.split(cursor) {
			return refused(`the "after" or "before" cursor is invalid`)
		}
	}
	switch {
	case first != nil && last != nil:
		return refused(`"first" and "last" are not allowed at once`)
	case first != nil:
		c.Limit = first.Value
	case last != nil:
		c.Limit, c.FromEnd = last.Value, true
	}
	return nil
}

// split reads a cursor: the base64 of an object that has a value for every element of the order.
func (c *Connection) split(in *operation.Input) bool {
	var content any
	d := json.NewDecoder(bytes.NewReader(lenientBase64(text(in))))
	d.UseNumber()
	if d.Decode(&content) != nil {
		return false
	}
	for i, o := range c.OrderBy {
		at := content
		for _, step := range c.Paths[i] {
			object, isObject := at.(map[string]any)
			value, has := object[step]
			if !isObject || !has {
				return false
			}
			at = value
		}
		v := SplitValue{Type: orderType(o), Path: in.Path}
		if at != nil {
			raw, err := json.Marshal(at)
			if err != nil {
				return false
			}
			v.Value = &schema.Literal{JSON: raw}
		}
		c.Split = append(c.Split, v)
	}
	return true
}

// text is the content of a string of this request.
func text(in *operation.Input) string {
	var s string
	if json.Unmarshal([]byte(in.Text), &s) != nil {
		return in.Text // a number given as an ID
	}
	return s
}

// lenientBase64 decodes as Hasura does: what is not of the alphabet is skipped, and what is missing at the end is not
// missed.
func lenientBase64(s string) []byte {
	var clean []byte
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '+', c == '/':
			clean = append(clean, c)
		}
	}
	if len(clean)%4 == 1 {
		clean = clean[:len(clean)-1]
	}
	out, err := base64.RawStdEncoding.DecodeString(string(clean))
	if err != nil {
		return nil
	}
	return out
}

// cursorPath is where an element of the order stands in a cursor, under the database's names.
func cursorPath(o Order) []string {
	var path []string
	for _, step := range o.Via {
		path = append(path, step.Relation.Name)
	}
	switch a := o.Aggregate; {
	case a != nil && a.Computed != nil:
		path = append(path, a.Computed.Name+"_aggregate", a.Func)
	case a != nil:
		path = append(path, a.Relation.Name+"_aggregate", a.Func)
	}
	operand := &o.Operand
	if o.Aggregate != nil {
		operand = o.Aggregate.Operand
	}
	switch {
	case operand == nil:
	case operand.Column != nil:
		path = append(path, operand.Column.Name)
	case operand.Computed != nil:
		path = append(path, operand.Computed.Name)
	}
	return path
}

// orderType is the Postgres type of an element of the order.
func orderType(o Order) *catalog.Type {
	if a := o.Aggregate; a != nil {
		if a.Operand == nil {
			return schema.BigintType
		}
		return aggregateType(a.Func, a.Operand.Type())
	}
	return o.Operand.Type()
}

// aggregateType is the type of an aggregate over values of type t (PG docs: functions-aggregate).
func aggregateType(name string, t *catalog.Type) *catalog.Type {
	base := t.Undomained()
	switch kind := base.Name.Name; {
	case name == "max" || name == "min":
		return t
	case name == "sum" && (kind == "int2" || kind == "int4"):
		return schema.BigintType
	case name == "sum" && kind != "int8":
		return base
	case kind == "float4" || kind == "float8":
		return schema.FloatType
	}
	return schema.NumericType
}

func (b *builder) parts(f *operation.Field) ([]PartField, error) {
	out := make([]PartField, 0, len(f.Fields))
	for _, sub := range f.Fields {
		field := PartField{Alias: sub.Alias}
		if sub.Def == nil {
			field.Text = typename(sub)
		} else {
			field.Part = sub.Def.Meaning.(schema.ConnectionPart)
			if field.Part == schema.EdgeNode {
				var err error
				if field.Node, err = b.fields(sub.Fields); err != nil {
					return nil, err
				}
			}
		}
		out = append(out, field)
	}
	return out, nil
}
