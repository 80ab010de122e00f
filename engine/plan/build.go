package plan

import (
	"encoding/json"
	"fmt"

	"gatehouse/engine/fault"
	"gatehouse/engine/operation"
	"gatehouse/engine/schema"
)

// Build plans a resolved operation for the role of s.
func Build(r *operation.Resolved, s *schema.Schema) (*Plan, error) {
	b := &builder{s: s, isSubscription: r.Kind == operation.Subscription}
	roots, err := b.roots(r.Fields)
	if err != nil {
		return nil, err
	}
	return &Plan{Kind: r.Kind, Roots: roots, Validations: b.validations}, nil
}

type builder struct {
	s           *schema.Schema
	validations []Validation

	isSubscription bool
	// access says how the rows of tables being planned are come by, where several roles make a difference; see reach.
	access map[*schema.Table]schema.Access
	// writer is the role, of several, under whose rules an insert is planned.
	writer string
}

func (b *builder) roots(fields []*operation.Field) ([]Root, error) {
	roots := make([]Root, 0, len(fields))
	for _, f := range fields {
		root, err := b.root(f)
		if err != nil {
			return nil, err
		}
		roots = append(roots, root)
	}
	return roots, nil
}

func (b *builder) root(f *operation.Field) (Root, error) {
	root := Root{Alias: f.Alias, Path: f.Path}
	if f.Def == nil {
		root.Node = jsonText(f.Parent.Name)
		return root, nil
	}
	var err error
	switch m := f.Def.Meaning.(type) {
	case schema.Placeholder:
		root.Node = jsonText("There are no queries available to the current role. Either there are no sources or remote schemas configured, or the current role doesn't have the required permissions.")
	case schema.IntrospectSchema, schema.IntrospectType:
		root.Node = Introspect{f}
	case schema.Namespace:
		var inner []Root
		inner, err = b.roots(f.Fields)
		root.Node = Group(inner)
	case schema.FederationService:
		root.Node = b.service(f)
	case schema.FederationEntities:
		root.Node, err = b.entities(f)
	case schema.SelectRows:
		root.Source = m.Table.Source
		defer b.reachRoot(m.Table, "select")()
		root.Node, err = b.selectRows(f, Rows{Table: m.Table})
	case schema.SelectByPK:
		root.Source = m.Table.Source
		defer b.reachRoot(m.Table, "select_by_pk")()
		root.Node, err = b.selectByPK(f, m.Table)
	case schema.SelectAggregate:
		root.Source = m.Table.Source
		defer b.reachRoot(m.Table, "select_aggregate")()
		root.Node, err = b.aggregate(f, Rows{Table: m.Table})
	case schema.GroupRows:
		root.Source = m.Table.Source
		defer b.reachRoot(m.Table, "select_aggregate")()
		root.Node, err = b.groups(f, Rows{Table: m.Table})
	case schema.SelectStream:
		root.Source = m.Table.Source
		defer b.reachRoot(m.Table, "select_stream")()
		root.Node, err = b.stream(f, m.Table)
	case schema.CallFunction:
		root.Source = m.Function.Source
		defer b.reach(m.Function.Returns, schema.Access{Function: m.Function, Aggregate: m.Aggregate})()
		root.Node, err = b.call(f, m)
	case schema.CallScalar:
		root.Source = m.Function.Source
		root.Node, err = scalar(f, m.Function)
	case schema.CallNative:
		root.Source = m.Native.Source
		rows := Rows{Table: m.Native.Returns, Native: m.Native}
		if rows.Args, err = functionArgs(f, m.Native.Args); err == nil {
			var sel *Select
			if sel, err = b.selectRows(f, rows); err == nil {
				sel.Single, root.Node = m.Native.Single, sel
			}
		}
	case schema.NodeRoot:
		err = b.node(f, &root)
	case schema.SelectConnection:
		root.Source = m.Table.Source
		root.Node, err = b.connection(f, Rows{Table: m.Table})
	case schema.CallConnection:
		root.Source = m.Function.Source
		defer b.reach(m.Function.Returns, schema.Access{Function: m.Function})()
		rows := Rows{Table: m.Function.Returns, Function: &Call{m.Function}}
		if rows.Args, err = functionArgs(f, m.Function.Args); err == nil {
			root.Node, err = b.connection(f, rows)
		}
	case schema.InsertRows:
		root.Source = m.Table.Source
		root.Node, err = b.insertNode(f, m.Table, schema.ArgObjects)
	case schema.InsertOne:
		root.Source = m.Table.Source
		root.Node, err = b.insertNode(f, m.Table, schema.ArgObject)
	case schema.UpdateRows:
		root.Source = m.Table.Source
		root.Node, err = b.updateRows(f, m.Table)
	case schema.UpdateByPK:
		root.Source = m.Table.Source
		root.Node, err = b.updateByPK(f, m.Table)
	case schema.UpdateBatch:
		root.Source = m.Table.Source
		root.Node, err = b.updateBatch(f, m.Table)
	case schema.DeleteRows:
		root.Source = m.Table.Source
		root.Node, err = b.deleteRows(f, m.Table)
	case schema.DeleteByPK:
		root.Source = m.Table.Source
		root.Node, err = b.deleteByPK(f, m.Table)
	default:
		err = fault.New(fault.Unexpected, f.Path, "cannot execute a field that means %T", m)
	}
	return root, err
}

func jsonText(s string) Constant {
	raw, _ := json.Marshal(s) // a string always encodes
	return Constant(raw)
}

// read is the role's select permission on t. The schema shows nothing of a table without one; should that ever fail,
// nothing is read.
func (b *builder) read(t *schema.Table) *schema.SelectPermission {
	if p := b.s.Reading(t, b.access[t]); p != nil {
		return p
	}
	return &schema.SelectPermission{Filter: schema.Fixed(false)}
}

// column is a column as the role sees it.
func (b *builder) column(t *schema.Table, c *schema.Column) (schema.Operand, error) {
	visible, ok := b.read(t).Columns[c]
	if !ok {
		return schema.Operand{}, fmt.Errorf("role %q may not read column %q of %q", b.s.Role, c.Name, t.Name.Name)
	}
	return schema.Operand{Column: c, Visible: unlessAlways(visible)}, nil
}

func unlessAlways(visible schema.Predicate) schema.Predicate {
	if visible != nil && schema.Always(visible) {
		return nil
	}
	return visible
}

func (b *builder) computed(f *schema.ComputedField) (schema.Operand, error) {
	visible, ok := b.read(f.Table).Computed[f]
	if !ok {
		return schema.Operand{}, fmt.Errorf("role %q may not read computed field %q of %q", b.s.Role, f.Name, f.Table.Name.Name)
	}
	return schema.Operand{Computed: f, Visible: unlessAlways(visible)}, nil
}

// selectRows completes rows by a field's arguments and reads them.
func (b *builder) selectRows(f *operation.Field, rows Rows) (*Select, error) {
	if err := b.narrow(&rows, f); err != nil {
		return nil, err
	}
	fields, err := b.fields(f.Fields)
	return &Select{Rows: rows, Fields: fields}, err
}

// narrow adds the role's permission and the arguments to rows.
func (b *builder) narrow(rows *Rows, f *operation.Field) error {
	p := b.read(rows.Table)
	rows.Cap = p.Limit
	rows.Where = p.Filter
	for _, a := range f.Args {
		v := a.Value
		if v.Null {
			continue
		}
		switch a.Def.Meaning {
		case schema.Meaning(schema.ArgWhere):
			where, err := b.where(rows.Table, v)
			if err != nil {
				return err
			}
			rows.Where = schema.Within(rows.Where, where)
		case schema.Meaning(schema.ArgLimit):
			rows.Limit = v.Value
		case schema.Meaning(schema.ArgOffset):
			rows.Offset = v.Value
		case schema.Meaning(schema.ArgOrderBy):
			for _, item := range v.Items {
				orders, err := b.orderBy(rows.Table, item, nil)
				if err != nil {
					return err
				}
				rows.OrderBy = append(rows.OrderBy, orders...)
			}
		case schema.Meaning(schema.ArgDistinctOn):
			for _, item := range v.Items {
				c, err := b.column(rows.Table, item.Enum.Meaning.(schema.ColumnValue).Column)
				if err != nil {
					return err
				}
				rows.DistinctOn = append(rows.DistinctOn, c)
			}
		}
	}
	return checkDistinct(rows, f.Path)
}

// checkDistinct: Postgres wants the distinct columns first in the order by.
func checkDistinct(rows *Rows, path string) error {
	n := len(rows.DistinctOn)
	if n == 0 || len(rows.OrderBy) == 0 {
		return nil
	}
	first := map[*schema.Column]bool{}
	for _, o := range rows.OrderBy[:min(n, len(rows.OrderBy))] {
		if len(o.Via) == 0 && o.Aggregate == nil && o.Operand.Column != nil {
			first[o.Operand.Column] = true
		}
	}
	ok := len(first) == n
	for _, d := range rows.DistinctOn {
		ok = ok && first[d.Column]
	}
	if !ok {
		return fault.New(fault.ValidationFailed, path+".args", `"distinct_on" columns must match initial "order_by" columns`)
	}
	return nil
}

func (b *builder) selectByPK(f *operation.Field, t *schema.Table) (*Select, error) {
	key, err := b.keyWhere(t, f.Args)
	if err != nil {
		return nil, err
	}
	fields, err := b.fields(f.Fields)
	return &Select{Rows: Rows{Table: t, Where: schema.AllOf(b.read(t).Filter, key)}, Fields: fields, Single: true}, err
}

// keyWhere compares key columns with given values.
func (b *builder) keyWhere(t *schema.Table, args []operation.Member) (schema.Predicate, error) {
	all := schema.And{}
	for _, a := range args {
		in, ok := a.Def.Meaning.(schema.ColumnInput)
		if !ok {
			continue
		}
		o, err := b.column(t, in.Column)
		if err != nil {
			return nil, err
		}
		all = append(all, &schema.Compare{Operand: o, Op: schema.OpEq, Value: a.Value.JSON(), Type: in.Column.Type, Path: a.Value.Path})
	}
	if len(all) == 0 {
		return schema.Fixed(false), nil
	}
	return all, nil
}

func (b *builder) call(f *operation.Field, m schema.CallFunction) (Node, error) {
	rows := Rows{Table: m.Function.Returns, Function: &Call{m.Function}}
	var err error
	if rows.Args, err = functionArgs(f, m.Function.Args); err != nil {
		return nil, err
	}
	if m.Aggregate {
		return b.aggregate(f, rows)
	}
	sel, err := b.selectRows(f, rows)
	if sel != nil {
		sel.Single = !m.Function.Set
	}
	return sel, err
}

// functionArgs pairs a function's arguments with what was given.
func functionArgs(f *operation.Field, declared []schema.FunctionArg) ([]FunctionArg, error) {
	given := map[int]*operation.Input{}
	path := f.Path + ".args.args"
	if in := f.Arg(schema.ArgFunction); in != nil {
		for _, m := range in.Members {
			given[m.Def.Meaning.(schema.FunctionInput).Arg.Position] = m.Value
		}
	}
	var out []FunctionArg
	for _, d := range declared {
		in, ok := given[d.Position]
		switch {
		case ok && in.Null:
			out = append(out, FunctionArg{Arg: d, Path: in.Path})
		case ok:
			out = append(out, FunctionArg{Arg: d, Value: in.JSON(), Path: in.Path})
		case !d.HasDefault:
			return nil, fault.New(fault.NotSupported, path, "Non default arguments cannot be omitted")
		}
	}
	return out, nil
}

func (b *builder) fields(fields []*operation.Field) ([]Field, error) {
	out := make([]Field, 0, len(fields))
	for _, f := range fields {
		v, err := b.field(f)
		if err != nil {
			return nil, err
		}
		out = append(out, Field{Alias: f.Alias, Value: v})
	}
	return out, nil
}

func (b *builder) field(f *operation.Field) (FieldValue, error) {
	if f.Def == nil {
		return Text(f.Parent.Name), nil
	}
	switch m := f.Def.Meaning.(type) {
	case schema.ColumnField:
		o, err := b.column(m.Column.Table, m.Column)
		if err != nil {
			return nil, err
		}
		return jsonPart(f, &Cell{Operand: o})
	case schema.RelationField:
		if m.Relation.Remote != nil {
			return b.elsewhere(f, m.Relation, false)
		}
		defer b.reach(m.Relation.Target, schema.Access{})()
		rows := Rows{Table: m.Relation.Target, Via: m.Relation, Native: m.Relation.Native}
		var err error
		if m.Relation.Nested != nil {
			if rows.Nested, err = b.column(m.Relation.Table, m.Relation.Nested); err != nil {
				return nil, err
			}
		}
		if rows.Native != nil {
			if rows.Args, err = functionArgs(f, rows.Native.Args); err != nil {
				return nil, err
			}
		}
		if m.Relation.Array {
			return b.selectRows(f, rows)
		}
		fields, err := b.fields(f.Fields)
		rows.Where = b.read(m.Relation.Target).Filter
		return &Select{Rows: rows, Fields: fields, Single: true}, err
	case schema.RelationAggregate:
		if m.Relation.Remote != nil {
			return b.elsewhere(f, m.Relation, true)
		}
		defer b.reach(m.Relation.Target, schema.Access{Aggregate: true})()
		return b.aggregate(f, Rows{Table: m.Relation.Target, Via: m.Relation})
	case schema.RelationGroups:
		defer b.reach(m.Relation.Target, schema.Access{Aggregate: true})()
		return b.groups(f, Rows{Table: m.Relation.Target, Via: m.Relation})
	case schema.RelationConnection:
		defer b.reach(m.Relation.Target, schema.Access{})()
		return b.connection(f, Rows{Table: m.Relation.Target, Via: m.Relation})
	case schema.NodeID:
		return b.globalID(f, m.Table)
	case schema.Computed:
		args, err := functionArgs(f, m.Field.Args)
		if err != nil {
			return nil, err
		}
		if m.Field.Returns != nil {
			defer b.reach(m.Field.Returns, schema.Access{})()
			return b.selectRows(f, Rows{Table: m.Field.Returns, Computed: m.Field, Args: args})
		}
		o, err := b.computed(m.Field)
		if err != nil {
			return nil, err
		}
		return jsonPart(f, &Cell{Operand: o, Args: args})
	case schema.ComputedAggregate:
		defer b.reach(m.Field.Returns, schema.Access{Aggregate: true})()
		args, err := functionArgs(f, m.Field.Args)
		if err != nil {
			return nil, err
		}
		return b.aggregate(f, Rows{Table: m.Field.Returns, Computed: m.Field, Args: args})
	}
	return nil, fault.New(fault.Unexpected, f.Path, "cannot read a field that means %T", f.Def.Meaning)
}

// jsonPart takes the path argument of a JSON field over.
func jsonPart(f *operation.Field, c *Cell) (FieldValue, error) {
	in, err := given(f, schema.ArgPath)
	if in != nil {
		c.JSONPath, c.Path = in.Value, in.Path
	}
	return c, err
}

// given is an argument that may be left out but not be null; nil when it was left out.
func given(f *operation.Field, arg schema.Arg) (*operation.Input, error) {
	in := f.Arg(arg)
	if in == nil || !in.Null {
		return in, nil
	}
	return nil, operation.RefuseNull(in.Type, nil, in.Path)
}
