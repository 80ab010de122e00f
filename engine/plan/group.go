package plan

import (
	"gatehouse/engine/fault"
	"gatehouse/engine/operation"
	"gatehouse/engine/schema"
)

// Groups groups rows by columns. Limit, Offset and Cap of its Rows are about the groups: the role's limit is one of what it
// is shown, and of a grouping that is the groups. What is counted in a group is, as in an aggregate, every row the role sees.
type Groups struct {
	Rows
	Keys    []schema.Operand
	Having  Having
	OrderBy []GroupOrder
	Fields  []GroupField
}

// GroupField is one response key of a group: Text, Key or Body.
type GroupField struct {
	Alias  string
	Text   *Text
	IsKey  bool
	Key    []GroupCell
	IsBody bool
	Body   []AggregateValue
}

// GroupCell is one response key of a group's key: Text, or the value of Keys[At].
type GroupCell struct {
	Alias string
	Text  *Text
	At    int
}

// GroupOrder orders groups by Keys[At], or by an aggregate.
type GroupOrder struct {
	At        int
	Aggregate *GroupAggregate
	// Desc and NullsFirst are as in Order.
	Desc       bool
	NullsFirst *bool
}

// GroupAggregate is an aggregate over a group; Operand nil is count(*).
type GroupAggregate struct {
	Func    string
	Operand *schema.Operand
}

// Having is a condition on a group: HavingAll, HavingAny, HavingNot or *HavingTest.
type Having interface{ having() }

type (
	// HavingAll holds when all hold, HavingAny when one does.
	HavingAll []Having
	HavingAny []Having
	// HavingNot holds when P does not.
	HavingNot struct{ P Having }
	// HavingTest tests an aggregate; Test's operands have neither Column nor Computed.
	HavingTest struct {
		GroupAggregate
		Test schema.Predicate
	}
)

func (HavingAll) having()   {}
func (HavingAny) having()   {}
func (HavingNot) having()   {}
func (*HavingTest) having() {}

func (*Groups) node()       {}
func (*Groups) fieldValue() {}

func (b *builder) groups(f *operation.Field, rows Rows) (*Groups, error) {
	g := &Groups{Having: HavingAll{}}
	narrowing := *f
	narrowing.Args = nil
	var having, order *operation.Input
	for _, a := range f.Args {
		switch a.Def.Meaning {
		case schema.Meaning(schema.ArgKeys):
			if err := b.groupKeys(g, rows.Table, a.Value); err != nil {
				return nil, err
			}
		case schema.Meaning(schema.ArgHaving):
			having = a.Value
		case schema.Meaning(schema.ArgOrderBy):
			order = a.Value
		default:
			narrowing.Args = append(narrowing.Args, a)
		}
	}
	err := b.narrow(&rows, &narrowing)
	if err != nil {
		return nil, err
	}
	g.Rows = rows
	if having != nil && !having.Null {
		if g.Having, err = b.having(rows.Table, having); err != nil {
			return nil, err
		}
	}
	if order != nil && !order.Null {
		for _, item := range order.Items {
			if err := b.groupOrder(g, item); err != nil {
				return nil, err
			}
		}
	}
	return g, b.groupFields(g, f)
}

func (b *builder) groupKeys(g *Groups, t *schema.Table, in *operation.Input) error {
	for _, item := range in.Items {
		o, err := b.column(t, item.Enum.Meaning.(schema.ColumnValue).Column)
		if err != nil {
			return err
		}
		if g.at(o.Column) < 0 {
			g.Keys = append(g.Keys, o)
		}
	}
	if len(g.Keys) == 0 {
		return fault.New(fault.ValidationFailed, in.Path, "at least one column to group by is expected")
	}
	return nil
}

// at is a column's place among the keys, or -1.
func (g *Groups) at(c *schema.Column) int {
	for i, k := range g.Keys {
		if k.Column == c {
			return i
		}
	}
	return -1
}

// key is at for a column that must be a key.
func (g *Groups) key(c *schema.Column, path string) (int, error) {
	at := g.at(c)
	if at < 0 {
		return 0, fault.New(fault.ValidationFailed, path, "column %q is not among the keys of the groups", c.GraphQL)
	}
	return at, nil
}

func (b *builder) groupFields(g *Groups, f *operation.Field) error {
	for _, sub := range f.Fields {
		field := GroupField{Alias: sub.Alias}
		var err error
		switch {
		case sub.Def == nil:
			field.Text = typename(sub)
		default:
			switch sub.Def.Meaning.(type) {
			case schema.GroupKey:
				field.IsKey = true
				field.Key, err = g.cells(sub)
			case schema.AggregateBody:
				field.IsBody = true
				field.Body, err = b.aggregateBody(sub, g.Table)
			default:
				err = fault.New(fault.Unexpected, sub.Path, "cannot group what means %T", sub.Def.Meaning)
			}
		}
		if err != nil {
			return err
		}
		g.Fields = append(g.Fields, field)
	}
	return nil
}

func (g *Groups) cells(f *operation.Field) ([]GroupCell, error) {
	var out []GroupCell
	for _, sub := range f.Fields {
		cell := GroupCell{Alias: sub.Alias}
		if sub.Def == nil {
			cell.Text = typename(sub)
		} else {
			var err error
			if cell.At, err = g.key(sub.Def.Meaning.(schema.GroupColumn).Column, sub.Path); err != nil {
				return nil, err
			}
		}
		out = append(out, cell)
	}
	return out, nil
}

func (b *builder) groupOrder(g *Groups, in *operation.Input) error {
	add := func(o GroupOrder, v *operation.Input) {
		d := v.Enum.Meaning.(schema.Direction)
		o.Desc, o.NullsFirst = d.Desc, d.NullsFirst
		g.OrderBy = append(g.OrderBy, o)
	}
	for _, m := range in.Members {
		if m.Value.Null {
			continue // asks for nothing
		}
		for _, part := range m.Value.Members {
			if part.Value.Null {
				continue
			}
			if m.Def.Meaning == schema.Meaning(schema.OrderKey) {
				at, err := g.key(part.Def.Meaning.(schema.ColumnInput).Column, part.Value.Path)
				if err != nil {
					return err
				}
				add(GroupOrder{At: at}, part.Value)
				continue
			}
			name := part.Def.Meaning.(schema.AggregateInput).Func
			if name == "count" {
				add(GroupOrder{Aggregate: &GroupAggregate{Func: name}}, part.Value)
				continue
			}
			for _, c := range part.Value.Members {
				if c.Value.Null {
					continue
				}
				o, err := b.column(g.Table, c.Def.Meaning.(schema.ColumnInput).Column)
				if err != nil {
					return err
				}
				add(GroupOrder{Aggregate: &GroupAggregate{Func: name, Operand: &o}}, c.Value)
			}
		}
	}
	return nil
}

func (b *builder) having(t *schema.Table, in *operation.Input) (Having, error) {
	all := HavingAll{}
	for _, m := range in.Members {
		v := m.Value
		if v.Null {
			continue
		}
		switch meaning := m.Def.Meaning.(type) {
		case schema.Arg:
			one, err := b.havingLogic(t, meaning, v)
			if err != nil {
				return nil, err
			}
			all = append(all, one)
		case schema.AggregateInput:
			tests, err := b.havingTests(t, meaning.Func, v)
			if err != nil {
				return nil, err
			}
			all = append(all, tests...)
		default:
			return nil, fault.New(fault.Unexpected, v.Path, "cannot compare what means %T", meaning)
		}
	}
	return all, nil
}

func (b *builder) havingLogic(t *schema.Table, logic schema.Arg, v *operation.Input) (Having, error) {
	if logic == schema.LogicNot {
		p, err := b.having(t, v)
		return HavingNot{p}, err
	}
	var list []Having
	for _, item := range v.Items {
		one, err := b.having(t, item)
		if err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	if logic == schema.LogicOr {
		return HavingAny(list), nil
	}
	return HavingAll(list), nil
}

func (b *builder) havingTests(t *schema.Table, name string, v *operation.Input) ([]Having, error) {
	if name == "count" {
		test, err := b.comparison(schema.Operand{}, schema.BigintType, v)
		return []Having{&HavingTest{GroupAggregate{Func: name}, test}}, err
	}
	var out []Having
	for _, m := range v.Members {
		if m.Value.Null {
			continue
		}
		column := m.Def.Meaning.(schema.ColumnInput).Column
		o, err := b.column(t, column)
		if err != nil {
			return nil, err
		}
		test, err := b.comparison(schema.Operand{}, schema.HavingType(name, column), m.Value)
		if err != nil {
			return nil, err
		}
		out = append(out, &HavingTest{GroupAggregate{Func: name, Operand: &o}, test})
	}
	return out, nil
}
