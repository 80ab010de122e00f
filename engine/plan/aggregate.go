package plan

import (
	"gatehouse/engine/fault"
	"gatehouse/engine/operation"
	"gatehouse/engine/schema"
)

// aggregate reads aggregates over rows. The role's limit holds back nodes, not what is counted.
func (b *builder) aggregate(f *operation.Field, rows Rows) (*Aggregate, error) {
	if err := b.narrow(&rows, f); err != nil {
		return nil, err
	}
	out := &Aggregate{Rows: rows}
	for _, sub := range f.Fields {
		field := AggregateField{Alias: sub.Alias}
		if sub.Def == nil {
			field.Text = typename(sub)
			out.Fields = append(out.Fields, field)
			continue
		}
		var err error
		switch sub.Def.Meaning.(type) {
		case schema.AggregateBody:
			field.IsBody = true
			field.Body, err = b.aggregateBody(sub, rows.Table)
		case schema.AggregateNodes:
			field.Nodes = &Select{}
			field.Nodes.Fields, err = b.fields(sub.Fields)
		default:
			err = fault.New(fault.Unexpected, sub.Path, "cannot aggregate what means %T", sub.Def.Meaning)
		}
		if err != nil {
			return nil, err
		}
		out.Fields = append(out.Fields, field)
	}
	return out, nil
}

func typename(f *operation.Field) *Text {
	t := Text(f.Parent.Name)
	return &t
}

func (b *builder) aggregateBody(f *operation.Field, t *schema.Table) ([]AggregateValue, error) {
	var out []AggregateValue
	for _, sub := range f.Fields {
		v := AggregateValue{Alias: sub.Alias}
		if sub.Def == nil {
			v.Text = typename(sub)
			out = append(out, v)
			continue
		}
		var err error
		switch m := sub.Def.Meaning.(type) {
		case schema.AggregateCount:
			v.Count, err = b.count(sub, t)
		case schema.AggregateGroup:
			v.Func = m.Func
			v.Columns, err = b.aggregateCells(sub, t)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func (b *builder) count(f *operation.Field, t *schema.Table) (*Count, error) {
	c := &Count{}
	distinct, err := given(f, schema.ArgDistinct)
	if err != nil {
		return nil, err
	}
	if distinct != nil {
		c.Distinct = distinct.Bool()
	}
	in, err := given(f, schema.ArgColumns)
	if err != nil {
		return nil, err
	}
	if in != nil {
		for _, item := range in.Items {
			o, err := b.column(t, item.Enum.Meaning.(schema.ColumnValue).Column)
			if err != nil {
				return nil, err
			}
			c.Columns = append(c.Columns, o)
		}
	}
	return c, nil
}

func (b *builder) aggregateCells(f *operation.Field, t *schema.Table) ([]AggregateCell, error) {
	var out []AggregateCell
	for _, sub := range f.Fields {
		cell := AggregateCell{Alias: sub.Alias}
		if sub.Def == nil {
			cell.Text = typename(sub)
		} else {
			var err error
			switch m := sub.Def.Meaning.(type) {
			case schema.AggregateColumn:
				cell.Operand, err = b.column(t, m.Column)
			case schema.AggregateComputed:
				if cell.Operand, err = b.computed(m.Field); err == nil {
					cell.Args, err = functionArgs(sub, m.Field.Args)
				}
			default:
				err = fault.New(fault.Unexpected, sub.Path, "cannot aggregate what means %T", m)
			}
			if err != nil {
				return nil, err
			}
		}
		out = append(out, cell)
	}
	return out, nil
}
