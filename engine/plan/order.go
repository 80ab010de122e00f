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
		if m.Value.Null {
			continue // asks for nothing
		}
		one, err := b.orderByMember(t, m, via)
		if err != nil {
			return nil, err
		}
		out = append(out, one...)
	}
	return out, nil
}

func (b *builder) orderByMember(t *schema.Table, m operation.Member, via []Step) ([]Order, error) {
	v := m.Value
	switch meaning := m.Def.Meaning.(type) {
	case schema.ColumnInput:
		o, err := b.column(t, meaning.Column)
		return []Order{directed(Order{Via: via, Operand: o}, v)}, err
	case schema.ComputedInput:
		o, err := b.computed(meaning.Field)
		return []Order{directed(Order{Via: via, Operand: o}, v)}, err
	case schema.RelationInput:
		r := meaning.Relation
		defer b.reach(r.Target, schema.Access{})()
		step := Step{Relation: r, Where: b.read(r.Target).Filter}
		return b.orderBy(r.Target, v, append(append([]Step{}, via...), step))
	case schema.RelationAggregateInput:
		target := meaning.Relation.Target
		defer b.reach(target, schema.Access{Aggregate: true})()
		term := AggregateTerm{Step: Step{Relation: meaning.Relation, Where: b.read(target).Filter}}
		return b.orderByAggregate(target, term, v, via)
	case schema.ComputedAggregateInput:
		target := meaning.Field.Returns
		defer b.reach(target, schema.Access{Aggregate: true})()
		term := AggregateTerm{Step: Step{Where: b.read(target).Filter}, Computed: meaning.Field}
		return b.orderByAggregate(target, term, v, via)
	}
	return nil, fault.New(fault.Unexpected, v.Path, "cannot order by what means %T", m.Def.Meaning)
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
