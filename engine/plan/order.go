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
			target := meaning.Relation.Target
			term := AggregateTerm{Step: Step{Relation: meaning.Relation, Where: b.read(target).Filter}}
			inner, err := b.orderByAggregate(target, term, v, via)
			if err != nil {
				return nil, err
			}
			out = append(out, inner...)
		case schema.ComputedAggregateInput:
			target := meaning.Field.Returns
			term := AggregateTerm{Step: Step{Where: b.read(target).Filter}, Computed: meaning.Field}
			inner, err := b.orderByAggregate(target, term, v, via)
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

func (b *builder) orderByAggregate(t *schema.Table, term AggregateTerm, in *operation.Input, via []Step) ([]Order, error) {
	var out []Order
	for _, m := range in.Members {
		if m.Value.Null {
			continue
		}
		one := term
		one.Func = m.Def.Meaning.(schema.AggregateInput).Func
		if one.Func == "count" {
			out = append(out, directed(Order{Via: via, Aggregate: &one}, m.Value))
			continue
		}
		for _, c := range m.Value.Members {
			if c.Value.Null {
				continue
			}
			o, err := b.column(t, c.Def.Meaning.(schema.ColumnInput).Column)
			if err != nil {
				return nil, err
			}
			cell := one
			cell.Operand = &o
			out = append(out, directed(Order{Via: via, Aggregate: &cell}, c.Value))
		}
	}
	return out, nil
}
