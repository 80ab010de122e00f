package plan

import (
	"encoding/json"

	"gatehouse/engine/fault"
	"gatehouse/engine/operation"
	"gatehouse/engine/schema"
)

// service answers _service: the role's schema as text.
func (b *builder) service(f *operation.Field) Group {
	var out Group
	for _, sub := range f.Fields {
		root := Root{Alias: sub.Alias, Path: sub.Path}
		if sub.Def == nil {
			root.Node = jsonText(sub.Parent.Name)
		} else {
			root.Node = jsonText(b.s.Whole().SDL())
		}
		out = append(out, root)
	}
	return out
}

// entities reads rows by the keys a federation gateway gives, with the role's row filter and columns as everywhere.
func (b *builder) entities(f *operation.Field) (List, error) {
	out := List{}
	for _, in := range f.Arg(schema.ArgRepresentations).Items {
		root, err := b.entity(f, in)
		if err != nil {
			return nil, err
		}
		out = append(out, root)
	}
	return out, nil
}

func (b *builder) entity(f *operation.Field, in *operation.Input) (Root, error) {
	root := Root{Path: f.Path}
	refused := func(format string, args ...any) (Root, error) {
		return root, fault.New(fault.ValidationFailed, in.Path, format, args...)
	}
	var given map[string]json.RawMessage
	if json.Unmarshal([]byte(in.Text), &given) != nil || given == nil {
		return refused("representations is expecting a list of objects only")
	}
	raw, ok := given["__typename"]
	if !ok {
		return refused("__typename key not found")
	}
	var name string
	if json.Unmarshal(raw, &name) != nil {
		return refused("__typename can only be a string value")
	}
	if !schema.IsName(name) {
		return refused("%s is not a valid graphql name", name)
	}
	t, row, key := b.s.Entity(name)
	if t == nil {
		return root, fault.New(fault.ValidationFailed, f.Path, "%s is not found in selection set or apollo federation is not enabled for the type", name)
	}
	where := schema.And{}
	for _, c := range key {
		value, ok := given[c.GraphQL]
		if !ok {
			return root, fault.New(fault.ValidationFailed, f.Path, "cannot find %s in _Any type", c.GraphQL)
		}
		if complaint := operation.CheckValue(c.Class, value); complaint != "" {
			return root, fault.New(fault.ValidationFailed, f.Path, "%s", complaint)
		}
		o, err := b.column(t, c)
		if err != nil {
			return root, err
		}
		where = append(where, &schema.Compare{Operand: o, Op: schema.OpEq, Value: &schema.Literal{JSON: value}, Type: c.Type, Path: in.Path})
	}
	selected, err := f.On(row)
	if err != nil {
		return root, err
	}
	fields, err := b.fields(selected)
	root.Source = t.Source
	root.Node = &Select{Rows: Rows{Table: t, Where: schema.AllOf(b.read(t).Filter, where)}, Fields: fields, Single: true}
	return root, err
}
