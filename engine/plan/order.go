package plan

import (
	"gatehouse/engine/fault"
	"gatehouse/engine/operation"
	"gatehouse/engine/schema"
)

// orderBy turns a T_order_by into orders. via leads from the selected table to t. The role's filter of every table on
// the way applies, so that a hidden row orders like a missing one.
func (b *builder) orderBy(t *schema.Table, in *operation.Input, via []Step) ([]Order, error) {
	var out []Order
	for _, m := range in.Members {
		v := m.Value
		if v.Null {
			continue // asks for nothing
		}
		switch meaning := m.Def.Meaning.(type) {
		case schema.ColumnInput:
			o, err := b.column(t, meaning.Column)
			if err != nil {
				return nil, err
			}
			out = append(out, directed(Order{Via: via, Operand: o}, v))
		case schema.ComputedInput:
			o, err := b.computed(meaning.Field)
			if err != nil {
				return nil, err
			}
			out = append(out, directed(Order{Via: via, Operand: o}, v))
		case schema.RelationInput:
			r := meaning.Relation
			step := Step{Relation: r, Where: b.read(r.Target).Filter}
			inner, err := b.orderBy(r.Target, v, append(append([]Step{}, via...), step))
			if err != nil {
				return nil, err
			}
			out = append(out, inner...)
		case schema.RelationAggregateInput:
			inner, err := b.orderByAggregate(meaning.Relation, v, via)
			if err != nil {
				return nil, err
			}
			out = append(out, inner...)
		default:
			return nil, fault.New(fault.Unexpected, v.Path, "cannot order by what means %T", meaning)
		}
	}
	return out, nil
}

func directed(o Order, in *operation.Input) Order {
	d := in.Enum.Meaning.(schema.Direction)
	o.Desc, o.NullsFirst = d.Desc, d.NullsFirst
	return o
}

func (b *builder) orderByAggregate(r *schema.Relation, in *operation.Input, via []Step) ([]Order, error) {
	step := Step{Relation: r, Where: b.read(r.Target).Filter}
	var out []Order
	for _, m := range in.Members {
		if m.Value.Null {
			continue
		}
		name := m.Def.Meaning.(schema.AggregateInput).Func
		if name == "count" {
			out = append(out, directed(Order{Via: via, Aggregate: &AggregateTerm{Step: step, Func: name}}, m.Value))
			continue
		}
		for _, c := range m.Value.Members {
			if c.Value.Null {
				continue
			}
			o, err := b.column(r.Target, c.Def.Meaning.(schema.ColumnInput).Column)
			if err != nil {
				return nil, err
			}
			out = append(out, directed(Order{Via: via, Aggregate: &AggregateTerm{Step: step, Func: name, Operand: &o}}, c.Value))
		}
	}
	return out, nil
}
