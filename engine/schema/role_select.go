package schema

import (
	"fmt"
)

// hasRowType tells whether the role sees anything of a row of t, so that its type has a field.
func (s *Schema) hasRowType(t *Table) bool {
	p := s.readable(t)
	if p == nil {
		return false
	}
	if len(p.Columns) > 0 || len(p.Computed) > 0 {
		return true
	}
	for _, r := range s.m.Relations(t) {
		if target := s.readable(r.Target); target != nil && (len(target.Columns) > 0 || r.Array && target.Aggregations) {
			return true
		}
	}
	for _, r := range s.m.RemoteRelations(t) {
		if target := s.readable(r.Target); !s.Relay && target != nil && (len(target.Columns) > 0 || r.Array && target.Aggregations) {
			return true
		}
	}
	return false
}

func (s *Schema) rowType(t *Table) *Type {
	return s.typ(Object, s.tableType(t, "", ""), t.description, func(out *Type) {
		p := s.readable(t)
		isNode := s.Relay && s.nodeKey(t) != nil
		if isNode {
			out.interfaces = []*Type{s.nodeInterface()}
			out.fields = append(out.fields, &Field{Name: idField, Type: nonNull(s.globalID()), Meaning: NodeID{t}})
		}
		for _, c := range t.Columns {
			visible, ok := p.Columns[c]
			if !ok || isNode && c.GraphQL == idField {
				continue
			}
			f := &Field{Name: c.GraphQL, Description: c.Description, Type: s.columnRef(c), Meaning: ColumnField{c}}
			if c.Catalog.NotNull && visible == nil {
				f.Type = f.Type.notNull()
			}
			if c.Class.Kind == JSONKind {
				f.Args = []*InputField{{Name: "path", Description: "JSON select path", Type: named(s.scalar("String")), Meaning: ArgPath}}
			}
			out.fields = append(out.fields, f)
		}
		for _, r := range s.m.Relations(t) {
			out.fields = append(out.fields, s.relationFields(r)...)
		}
		for _, f := range s.m.of(t).computed {
			out.fields = append(out.fields, s.computedFields(p, f)...)
		}
		for _, r := range s.m.RemoteRelations(t) {
			out.fields = append(out.fields, s.remoteFields(r)...)
		}
	})
}

func (s *Schema) relationFields(r *Relation) []*Field {
	p := s.readable(r.Target)
	if p == nil || !s.mayRead(r) {
		return nil
	}
	var out []*Field
	if s.hasRowType(r.Target) {
		f := &Field{Name: r.Name, Description: r.Description, Meaning: RelationField{r}}
		if r.Array {
			if f.Description == "" {
				f.Description = "An array relationship"
			}
			f.Type, f.Args = listOfNonNull(s.rowType(r.Target)).notNull(), append(s.nativeArgs(r.Native), s.selectArgs(r.Target)...)
		} else {
			if f.Description == "" {
				f.Description = "An object relationship"
			}
			f.Args = s.nativeArgs(r.Native)
			// A row the role's filter hides makes the relationship null even where the foreign key is not.
			f.Type = &Ref{Named: s.rowType(r.Target), NonNull: !r.Nullable && Always(p.Filter)}
		}
		out = append(out, f)
	}
	if r.Array && s.Relay && s.nodeKey(r.Target) != nil {
		out = append(out, &Field{
			Name: s.beside(r.Table, r.Name, "connection"), Description: "An array relationship connection",
			Type: nonNull(s.connectionType(r.Target)), Args: s.connectionArgs(r.Target), Meaning: RelationConnection{r},
		})
	}
	if r.Array && p.Aggregations {
		out = append(out, &Field{
			Name: s.beside(r.Table, r.Name, "aggregate"), Description: "An aggregate relationship",
			Type: nonNull(s.aggregateType(r.Target)), Args: s.selectArgs(r.Target), Meaning: RelationAggregate{r},
		})
	}
	return append(out, s.relationGroups(r)...)
}

// beside is a field name made from another one: articles_aggregate.
func (s *Schema) beside(t *Table, name, suffix string) string {
	return t.Source.custom.field(of(name, suffix))
}

func (s *Schema) computedFields(p *SelectPermission, f *ComputedField) []*Field {
	if !s.offers(f) {
		return nil
	}
	var args []*InputField
	base := of(f.Name).then(f.Table.base)
	if in := s.functionArgs(base, f.Table.Source, f.Args, fmt.Sprintf("input parameters for computed field %q defined on table %q", f.Name, text(f.Table.Name))); in != nil {
		args = append(args, in)
	}
	if f.Returns == nil {
		if _, ok := p.Computed[f]; !ok {
			return nil
		}
		if f.Class.Kind == JSONKind {
			args = append(args, &InputField{Name: "path", Description: "JSON select path", Type: named(s.scalar("String")), Meaning: ArgPath})
		}
		return []*Field{{Name: f.Name, Description: f.Description, Type: s.classRef(f.Class), Args: args, Meaning: Computed{f}}}
	}
	target := s.readable(f.Returns)
	if target == nil || !s.hasRowType(f.Returns) {
		return nil
	}
	fields := []*Field{{
		Name: f.Name, Description: f.Description, Type: listOfNonNull(s.rowType(f.Returns)),
		Args: append(append([]*InputField{}, args...), s.selectArgs(f.Returns)...), Meaning: Computed{f},
	}}
	if target.Aggregations {
		fields = append(fields, &Field{
			Name: s.beside(f.Table, f.Name, "aggregate"), Description: f.Description, Type: nonNull(s.aggregateType(f.Returns)),
			Args: append(append([]*InputField{}, args...), s.selectArgs(f.Returns)...), Meaning: ComputedAggregate{f},
		})
	}
	return fields
}

func (s *Schema) selectArgs(t *Table) []*InputField {
	fixed := t.Source.custom.fixed
	args := []*InputField{
		{Name: "where", Description: "filter the rows returned", Type: named(s.boolExp(t)), Meaning: ArgWhere},
		{Name: "limit", Description: "limit the number of rows returned", Type: named(s.scalar("Int")), Meaning: ArgLimit},
		{Name: "offset", Description: "skip the first n rows. Use only with order_by", Type: named(s.scalar("Int")), Meaning: ArgOffset},
		{Name: fixed("order_by"), Description: "sort the rows by one or more columns", Type: listOfNonNull(s.orderBy(t)), Meaning: ArgOrderBy},
	}
	if p := s.readable(t); p != nil && len(p.Columns) > 0 {
		args = append(args, &InputField{Name: fixed("distinct_on"), Description: "distinct select on columns", Type: listOfNonNull(s.selectColumn(t)), Meaning: ArgDistinctOn})
	}
	return args
}

func (s *Schema) selectColumn(t *Table) *Type {
	return s.typ(Enum, s.tableType(t, "", "select_column"), fmt.Sprintf("select columns of table %q", text(t.Name)), func(e *Type) {
		s.columnValues(e, t, func(*Column) bool { return true })
	})
}

func (s *Schema) columnValues(e *Type, t *Table, want func(*Column) bool) {
	p := s.readable(t)
	for _, c := range t.Columns {
		if _, ok := p.Columns[c]; ok && want(c) {
			e.values = append(e.values, &EnumMember{Name: c.GraphQL, Description: "column name", Meaning: ColumnValue{c}})
		}
	}
	sortMembers(e)
}

func (s *Schema) boolExp(t *Table) *Type {
	description := fmt.Sprintf("Boolean expression to filter rows from the table %q. All fields are combined with a logical 'AND'.", text(t.Name))
	return s.typ(InputObject, s.tableType(t, "", "bool_exp"), description, func(e *Type) {
		e.inputs = []*InputField{
			{Name: "_and", Type: listOfNonNull(e), Meaning: LogicAnd},
			{Name: "_or", Type: listOfNonNull(e), Meaning: LogicOr},
			{Name: "_not", Type: named(e), Meaning: LogicNot},
		}
		p := s.readable(t)
		if p == nil {
			return
		}
		for _, c := range t.Columns {
			if _, ok := p.Columns[c]; ok {
				e.inputs = append(e.inputs, &InputField{Name: c.GraphQL, Type: named(s.comparisonOf(c)), Meaning: ColumnInput{c}})
			}
		}
		for _, r := range s.m.Relations(t) {
			target := s.readable(r.Target)
			if target == nil || r.Native.hasArgs() || r.Nested != nil {
				continue
			}
			e.inputs = append(e.inputs, &InputField{Name: r.Name, Type: named(s.boolExp(r.Target)), Meaning: RelationInput{r}})
			if r.Array && target.Aggregations {
				e.inputs = append(e.inputs, &InputField{Name: s.beside(t, r.Name, "aggregate"), Type: named(s.aggregateBoolExp(r.Target)), Meaning: RelationAggregateInput{r}})
			}
		}
		for _, f := range s.m.of(t).computed {
			if len(f.Args) > 0 || !s.offers(f) {
				continue
			}
			if f.Returns != nil {
				if s.readable(f.Returns) != nil {
					e.inputs = append(e.inputs, &InputField{Name: f.Name, Type: named(s.boolExp(f.Returns)), Meaning: ComputedInput{f}})
				}
			} else if _, ok := p.Computed[f]; ok {
				e.inputs = append(e.inputs, &InputField{Name: f.Name, Type: named(s.comparison(t.Source, f.Type)), Meaning: ComputedInput{f}})
			}
		}
	})
}

// aggregateFuncs are the functions an aggregation predicate may use besides count, with the columns they take.
var predicateFuncs = []struct {
	name, class string
	pair        bool
}{
	{"bool_and", "Boolean", false},
	{"bool_or", "Boolean", false},
	{"avg", "float8", false},
	{"corr", "float8", true},
	{"covar_samp", "float8", true},
	{"max", "float8", false},
	{"min", "float8", false},
	{"stddev_samp", "float8", false},
	{"sum", "float8", false},
	{"var_samp", "float8", false},
}

// predicateName names a part of an aggregation predicate: like a field, the function's name kept in one piece.
func predicateName(t *Table, function string, more ...string) string {
	w := t.base.with("", "aggregate_bool_exp")
	w.pieces = append(append(w.pieces, function), more...)
	return t.Source.custom.field(w)
}

func predicateType(t *Table, function string, more ...string) string {
	custom := t.Source.custom
	return custom.affix(predicateName(t, function, more...), custom.typePrefix, custom.typeSuffix)
}

func (s *Schema) aggregateBoolExp(t *Table) *Type {
	return s.typ(InputObject, s.tableType(t, "", "aggregate_bool_exp"), "", func(e *Type) {
		p := s.readable(t)
		part := func(name string, arguments *Ref, result *Ref) {
			in := s.typ(InputObject, predicateType(t, name), "", func(in *Type) {
				in.inputs = []*InputField{
					{Name: "distinct", Type: named(s.scalar("Boolean")), Meaning: PredicateDistinct},
					{Name: "filter", Type: named(s.boolExp(t)), Meaning: PredicateFilter},
					{Name: "predicate", Type: result.notNull(), Meaning: PredicateTest},
				}
				if arguments != nil {
					in.inputs = append(in.inputs, &InputField{Name: "arguments", Type: arguments, Meaning: PredicateArguments})
				}
			})
			e.inputs = append(e.inputs, &InputField{Name: name, Type: named(in), Meaning: AggregateInput{name}})
		}
		var counted *Ref
		if len(p.Columns) > 0 {
			counted = listOfNonNull(s.selectColumn(t))
		}
		part("count", counted, named(s.comparison(t.Source, IntType)))
		for _, f := range predicateFuncs {
			fits := func(c *Column) bool { return c.Class.Name == f.class && c.Class.Elem == nil && c.Enum == nil }
			some := false
			for c := range p.Columns {
				some = some || fits(c)
			}
			if !some {
				continue
			}
			pred, custom := predicateName(t, f.name, "arguments", "columns"), t.Source.custom
			enumName := custom.bareType(t.base.with("", "select_column"))
			if custom.graphql {
				enumName += upperFirst(pred)
			} else {
				enumName += "_" + pred
			}
			enumName = custom.affix(enumName, custom.typePrefix, custom.typeSuffix)
			columns := s.typ(Enum, enumName, fmt.Sprintf("select %q columns of table %q", pred, text(t.Name)),
				func(v *Type) { s.columnValues(v, t, fits) })
			arguments := nonNull(columns)
			if f.pair {
				arguments = nonNull(s.typ(InputObject, predicateType(t, f.name, "arguments"), "", func(in *Type) {
					in.inputs = []*InputField{{Name: "X", Type: nonNull(columns), Meaning: XInput{}}, {Name: "Y", Type: nonNull(columns), Meaning: YInput{}}}
				}))
			}
			result := FloatType
			if f.class == "Boolean" {
				result = BooleanType
			}
			part(f.name, arguments, named(s.comparison(t.Source, result)))
		}
	})
}

func (s *Schema) orderByValue(t *Table) *Type {
	custom := t.Source.custom
	return s.typ(Enum, custom.bareType(of("order", "by")), "column ordering options", func(e *Type) {
		yes, no := true, false
		for _, v := range []struct {
			name, description string
			meaning           Direction
		}{
			{"asc", "in ascending order, nulls last", Direction{NullsFirst: &no}},
			{"asc_nulls_first", "in ascending order, nulls first", Direction{NullsFirst: &yes}},
			{"asc_nulls_last", "in ascending order, nulls last", Direction{NullsFirst: &no}},
			{"desc", "in descending order, nulls first", Direction{Desc: true, NullsFirst: &yes}},
			{"desc_nulls_first", "in descending order, nulls first", Direction{Desc: true, NullsFirst: &yes}},
			{"desc_nulls_last", "in descending order, nulls last", Direction{Desc: true, NullsFirst: &no}},
		} {
			e.values = append(e.values, &EnumMember{Name: custom.enumValue(v.name), Description: v.description, Meaning: v.meaning})
		}
	})
}

func (s *Schema) orderBy(t *Table) *Type {
	return s.typ(InputObject, s.tableType(t, "", "order_by"), fmt.Sprintf("Ordering options when selecting data from %q.", text(t.Name)), func(e *Type) {
		p := s.readable(t)
		if p == nil {
			return
		}
		direction := named(s.orderByValue(t))
		for _, c := range t.Columns {
			if _, ok := p.Columns[c]; ok {
				e.inputs = append(e.inputs, &InputField{Name: c.GraphQL, Type: direction, Meaning: ColumnInput{c}})
			}
		}
		for _, r := range s.m.Relations(t) {
			target := s.readable(r.Target)
			if target == nil || r.Native.hasArgs() || r.Nested != nil {
				continue
			}
			if !r.Array {
				e.inputs = append(e.inputs, &InputField{Name: r.Name, Type: named(s.orderBy(r.Target)), Meaning: RelationInput{r}})
			} else if target.Aggregations {
				e.inputs = append(e.inputs, &InputField{Name: s.beside(t, r.Name, "aggregate"), Type: named(s.aggregateOrderBy(r.Target)), Meaning: RelationAggregateInput{r}})
			}
		}
		for _, f := range s.m.of(t).computed {
			if len(f.Args) > 0 || !s.offers(f) {
				continue
			}
			if f.Returns != nil {
				if target := s.readable(f.Returns); target != nil && target.Aggregations {
					e.inputs = append(e.inputs, &InputField{Name: s.beside(t, f.Name, "aggregate"), Type: named(s.aggregateOrderBy(f.Returns)), Meaning: ComputedAggregateInput{f}})
				}
			} else if _, ok := p.Computed[f]; ok {
				e.inputs = append(e.inputs, &InputField{Name: f.Name, Type: direction, Meaning: ComputedInput{f}})
			}
		}
	})
}

func (s *Schema) aggregateOrderBy(t *Table) *Type {
	return s.typ(InputObject, s.tableType(t, "", "aggregate_order_by"), fmt.Sprintf("order by aggregate values of table %q", text(t.Name)), func(e *Type) {
		direction := named(s.orderByValue(t))
		e.inputs = []*InputField{{Name: "count", Type: direction, Meaning: AggregateInput{"count"}}}
		for _, g := range aggregateGroups {
			columns := s.groupColumns(t, g)
			if len(columns) == 0 {
				continue
			}
			in := s.typ(InputObject, s.tableType(t, "", g.name+"_order_by"), fmt.Sprintf("order by %s() on columns of table %q", g.name, text(t.Name)), func(in *Type) {
				for _, c := range columns {
					in.inputs = append(in.inputs, &InputField{Name: c.GraphQL, Description: c.Description, Type: direction, Meaning: ColumnInput{c}})
				}
			})
			e.inputs = append(e.inputs, &InputField{Name: t.Source.custom.fixed(g.name), Type: named(in), Meaning: AggregateInput{g.name}})
		}
	})
}

// aggregateGroups are the aggregates over columns. Comparable ones take every comparable column, the others numbers.
var aggregateGroups = []aggregateGroup{
	{"avg", false, false},
	{"max", true, true},
	{"min", true, true},
	{"stddev", false, false},
	{"stddev_pop", false, false},
	{"stddev_samp", false, false},
	{"sum", false, true},
	{"var_pop", false, false},
	{"var_samp", false, false},
	{"variance", false, false},
}

type aggregateGroup struct {
	name             string
	comparable, keep bool // keep: the result has the column's type, not Float
}

func (g aggregateGroup) takes(c Class) bool { return g.comparable && c.Comparable || c.Numeric }

// groupComputed are the scalar computed fields a group takes.
func (s *Schema) groupComputed(t *Table, g aggregateGroup) []*ComputedField {
	var out []*ComputedField
	for _, f := range s.m.of(t).computed {
		if _, ok := s.readable(t).Computed[f]; ok && g.takes(f.Class) {
			out = append(out, f)
		}
	}
	return out
}

func (s *Schema) groupColumns(t *Table, g aggregateGroup) []*Column {
	var out []*Column
	p := s.readable(t)
	for _, c := range t.Columns {
		if _, ok := p.Columns[c]; ok && c.Enum == nil && g.takes(c.Class) {
			out = append(out, c)
		}
	}
	return out
}

func (s *Schema) aggregateType(t *Table) *Type {
	return s.typ(Object, s.tableType(t, "", "aggregate"), fmt.Sprintf("aggregated selection of %q", text(t.Name)), func(out *Type) {
		out.fields = []*Field{{Name: "aggregate", Type: named(s.aggregateFields(t)), Meaning: AggregateBody{t}}}
		if s.hasRowType(t) {
			out.fields = append(out.fields, &Field{Name: "nodes", Type: listOfNonNull(s.rowType(t)).notNull(), Meaning: AggregateNodes{t}})
		}
	})
}

func (s *Schema) aggregateFields(t *Table) *Type {
	return s.typ(Object, s.tableType(t, "", "aggregate_fields"), fmt.Sprintf("aggregate fields of %q", text(t.Name)), func(out *Type) {
		count := &Field{Name: "count", Type: nonNull(s.scalar("Int")), Meaning: AggregateCount{t}}
		if len(s.readable(t).Columns) > 0 {
			count.Args = []*InputField{
				{Name: "columns", Type: listOfNonNull(s.selectColumn(t)), Meaning: ArgColumns},
				{Name: "distinct", Type: named(s.scalar("Boolean")), Meaning: ArgDistinct},
			}
		}
		out.fields = []*Field{count}
		for _, g := range aggregateGroups {
			columns, computed := s.groupColumns(t, g), s.groupComputed(t, g)
			if len(columns)+len(computed) == 0 {
				continue
			}
			group := s.typ(Object, s.tableType(t, "", g.name+"_fields"), "aggregate "+g.name+" on columns", func(group *Type) {
				for _, c := range columns {
					ref := named(s.scalar("Float"))
					if g.keep {
						ref = s.columnRef(c)
					}
					group.fields = append(group.fields, &Field{Name: c.GraphQL, Description: c.Description, Type: ref, Meaning: AggregateColumn{Func: g.name, Column: c}})
				}
				for _, f := range computed {
					for _, field := range s.computedFields(s.readable(t), f) {
						field.Meaning = AggregateComputed{Func: g.name, Field: f}
						group.fields = append(group.fields, field)
					}
				}
			})
			out.fields = append(out.fields, &Field{Name: t.Source.custom.fixed(g.name), Type: named(group), Meaning: AggregateGroup{g.name}})
		}
	})
}
