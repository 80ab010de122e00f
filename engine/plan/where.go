package plan

import (
	"gatehouse/engine/catalog"
	"gatehouse/engine/fault"
	"gatehouse/engine/operation"
	"gatehouse/engine/schema"
)

// where turns a T_bool_exp into a predicate. Every table it reaches is narrowed by the role's filter there, so that a
// condition cannot tell what the role may not see.
func (b *builder) where(t *schema.Table, in *operation.Input) (schema.Predicate, error) {
	all := schema.And{}
	for _, m := range in.Members {
		one, err := b.condition(t, m)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return schema.AllOf(all...), nil
}

func (b *builder) condition(t *schema.Table, m operation.Member) (schema.Predicate, error) {
	v := m.Value
	if v.Null {
		// Not "nothing is asked": a forgotten variable must not widen what an update or delete reaches.
		return nil, operation.RefuseNull(m.Def.Type, m.Def, v.Path)
	}
	switch meaning := m.Def.Meaning.(type) {
	case schema.Arg:
		switch meaning {
		case schema.LogicAnd, schema.LogicOr:
			ps := make([]schema.Predicate, len(v.Items))
			for i, item := range v.Items {
				one, err := b.where(t, item)
				if err != nil {
					return nil, err
				}
				ps[i] = one
			}
			if meaning == schema.LogicOr {
				return schema.Or(ps), nil
			}
			return schema.AllOf(ps...), nil
		case schema.LogicNot:
			p, err := b.where(t, v)
			return schema.Not{P: p}, err
		}
	case schema.ColumnInput:
		o, err := b.column(t, meaning.Column)
		if err != nil {
			return nil, err
		}
		return b.comparison(o, meaning.Column.Type, v)
	case schema.RelationInput:
		target := meaning.Relation.Target
		defer b.reach(target, schema.Access{})()
		inner, err := b.where(target, v)
		return &schema.Related{Relation: meaning.Relation, Where: schema.Within(b.filter(target), inner)}, err
	case schema.RelationAggregateInput:
		return b.aggregateCondition(meaning.Relation, v)
	case schema.ComputedInput:
		f := meaning.Field
		if f.Returns != nil {
			defer b.reach(f.Returns, schema.Access{})()
			inner, err := b.where(f.Returns, v)
			return &schema.RelatedComputed{Field: f, Where: schema.Within(b.filter(f.Returns), inner)}, err
		}
		o, err := b.computed(f)
		if err != nil {
			return nil, err
		}
		return b.comparison(o, f.Type, v)
	}
	return nil, fault.New(fault.Unexpected, v.Path, "cannot compare what means %T", m.Def.Meaning)
}

// comparison turns a comparison input about an operand of type t into a predicate.
func (b *builder) comparison(o schema.Operand, t *catalog.Type, in *operation.Input) (schema.Predicate, error) {
	all := schema.And{}
	for _, m := range in.Members {
		v := m.Value
		if _, isCast := m.Def.Meaning.(schema.CastsInput); v.Null && !takesNull(m.Def) {
			if b.s.Options().DangerousBooleanCollapse && !isCast {
				continue
			}
			return nil, operation.RefuseNull(m.Def.Type, m.Def, v.Path)
		}
		switch meaning := m.Def.Meaning.(type) {
		case schema.IsNullInput:
			all = append(all, &schema.Null{Operand: o, Not: !v.Bool()})
		case schema.CastsInput:
			for _, c := range v.Members {
				if c.Value.Null {
					return nil, operation.RefuseNull(c.Def.Type, c.Def, c.Value.Path)
				}
				o, to := o, c.Def.Meaning.(schema.CastInput).Type
				o.Cast = to
				one, err := b.comparison(o, to, c.Value)
				if err != nil {
					return nil, err
				}
				all = append(all, one)
			}
		case schema.OperatorInput:
			def, ok := schema.OperatorOf(t, meaning.Def.Op)
			if !ok {
				return nil, fault.New(fault.ValidationFailed, v.Path, "field '%s' not found in type: '%s'", m.Def.Name, in.Type.Named.Name)
			}
			c := &schema.Compare{Operand: o, Op: def.Op, Type: def.Type, List: def.List, Path: v.Path}
			if def.Object == "" {
				c.Value = v.JSON()
			} else {
				operatorObject(c, v)
			}
			all = append(all, c)
		}
	}
	return schema.AllOf(all...), nil
}

// takesNull: _has_key compares with null as SQL does, which is never true.
func takesNull(def *schema.InputField) bool {
	op, ok := def.Meaning.(schema.OperatorInput)
	return ok && op.Def.Op == schema.OpHasKey
}

func operatorObject(c *schema.Compare, in *operation.Input) {
	for _, m := range in.Members {
		f := m.Def.Meaning.(schema.FieldInput).Field
		if m.Value.Null {
			continue
		}
		if f.Main {
			c.Value, c.Path = m.Value.JSON(), m.Value.Path
		} else {
			c.Extra = append(c.Extra, schema.Extra{Name: f.Name, Value: m.Value.JSON(), Type: f.Type, Path: m.Value.Path})
		}
	}
}

// aggregateCondition turns a T_aggregate_bool_exp about related rows into a predicate.
func (b *builder) aggregateCondition(r *schema.Relation, in *operation.Input) (schema.Predicate, error) {
	defer b.reach(r.Target, schema.Access{Aggregate: true})()
	all := schema.And{}
	for _, m := range in.Members {
		if m.Value.Null {
			return nil, operation.RefuseNull(m.Def.Type, m.Def, m.Value.Path)
		}
		a := &schema.Aggregated{Relation: r, Func: m.Def.Meaning.(schema.AggregateInput).Func, Filter: b.filter(r.Target)}
		result, _ := schema.AggregateResult(a.Func)
		for _, part := range m.Value.Members {
			v := part.Value
			if v.Null {
				return nil, operation.RefuseNull(part.Def.Type, part.Def, v.Path)
			}
			var err error
			switch part.Def.Meaning {
			case schema.Meaning(schema.PredicateDistinct):
				a.Distinct = v.Bool()
			case schema.Meaning(schema.PredicateFilter):
				var filter schema.Predicate
				filter, err = b.where(r.Target, v)
				a.Filter = schema.Within(a.Filter, filter)
			case schema.Meaning(schema.PredicateTest):
				a.Test, err = b.comparison(schema.Operand{}, result, v)
			case schema.Meaning(schema.PredicateArguments):
				a.Args, err = b.predicateArguments(r.Target, v)
			}
			if err != nil {
				return nil, err
			}
		}
		all = append(all, a)
	}
	return schema.AllOf(all...), nil
}

func (b *builder) predicateArguments(t *schema.Table, in *operation.Input) ([]schema.Operand, error) {
	columns := in.Items
	switch {
	case in.Enum != nil:
		columns = []*operation.Input{in}
	case len(in.Members) > 0:
		var x, y *operation.Input
		for _, m := range in.Members {
			if _, ok := m.Def.Meaning.(schema.XInput); ok {
				x = m.Value
			} else {
				y = m.Value
			}
		}
		columns = []*operation.Input{x, y}
	}
	var out []schema.Operand
	for _, c := range columns {
		o, err := b.column(t, c.Enum.Meaning.(schema.ColumnValue).Column)
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}

// filter is the role's row filter on t, for use inside a condition about another table.
func (b *builder) filter(t *schema.Table) schema.Predicate {
	f := b.read(t).Filter
	if schema.Always(f) {
		return f
	}
	return schema.Scoped{P: f}
}
