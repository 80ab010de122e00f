package schema

import (
	"fmt"

	"gatehouse/engine/catalog"
)

// Grouping rows (<table>_group_by): who may aggregate a table may also aggregate it group by group. The keys of a group are
// columns the role may read, as it sees them: a cell it does not see groups as null.

type (
	// GroupRows groups a table's rows, RelationGroups those of an array relationship.
	GroupRows      struct{ Table *Table }
	RelationGroups struct{ Relation *Relation }
	// GroupKey is a group's `key`; its fields are GroupColumn.
	GroupKey    struct{ Table *Table }
	GroupColumn struct{ Column *Column }
)

func (GroupRows) meaning()      {}
func (RelationGroups) meaning() {}
func (GroupKey) meaning()       {}
func (GroupColumn) meaning()    {}

// The arguments of a grouping, and the parts of its order_by.
const (
	ArgKeys        Arg = "keys"
	ArgHaving      Arg = "having"
	OrderKey       Arg = "key"
	OrderAggregate Arg = "aggregate by"
)

// groupSuffixes end the names of the types a grouping needs.
var groupSuffixes = []string{"group_by", "group_by_key", "group_by_column", "group_by_having_exp", "group_by_order_by", "group_by_key_order_by"}

// groups tells whether a role's grouping of t is offered: the source serves such, the role may aggregate, there is a column
// to group by, and no table has one of the names that are needed.
func (s *Schema) groups(t *Table) bool {
	if p := s.readable(t); !t.Source.features.GroupBy || p == nil || !p.Aggregations || len(s.groupable(t)) == 0 {
		return false
	}
	for _, suffix := range groupSuffixes {
		if s.m.hasType(s.tableType(t, "", suffix)) {
			return false
		}
	}
	return true
}

// groupable are the columns a role may group by: those it reads whose type has an equality.
func (s *Schema) groupable(t *Table) []*Column {
	var out []*Column
	for _, c := range t.Columns {
		if _, ok := s.readable(t).Columns[c]; ok && hasEquality(c.Type) {
			out = append(out, c)
		}
	}
	return out
}

// incomparable are the built-in types without an equality to group by.
var incomparable = map[string]bool{
	"json": true, "xml": true, "point": true, "polygon": true, "path": true, "box": true, "circle": true, "lseg": true, "line": true,
	"pg_snapshot": true, "txid_snapshot": true, "jsonpath": true, "gtsvector": true, "aclitem": true,
}

func hasEquality(t *catalog.Type) bool {
	switch {
	case t.Kind == catalog.ArrayType && t.Elem != nil:
		return hasEquality(t.Elem)
	case t.Kind == catalog.DomainType && t.Base != nil:
		return hasEquality(t.Base)
	case t.Kind == catalog.CompositeType, t.Kind == catalog.PseudoType:
		return false
	}
	return !isForeign(t) && t.Name.Name != "raster" && (t.Name.Schema != "pg_catalog" || !incomparable[t.Name.Name])
}

// groupRoots is the root field that groups t, offered where select_aggregate is.
func (s *Schema) groupRoots(t *Table, subscription bool) []*Field {
	if !s.groups(t) {
		return nil
	}
	p := s.readable(t)
	allowed := p.QueryRoot
	if subscription {
		allowed = p.SubscriptionRoot
	}
	if allowed != nil && !allowed["select_aggregate"] || !s.offersAggregates(t, subscription) {
		return nil
	}
	f := t.root("select_group_by", t.base.with("", "group_by"), fmt.Sprintf("group the rows of the table: %q", text(t.Name)))
	f.Type, f.Args, f.Meaning = listOfNonNull(s.groupType(t)).notNull(), s.groupArgs(t), GroupRows{t}
	return []*Field{f}
}

// relationGroups is the field that groups the rows of an array relationship.
func (s *Schema) relationGroups(r *Relation) []*Field {
	if !r.Array || r.Native.hasArgs() || !s.groups(r.Target) {
		return nil
	}
	name := r.Table.Source.custom.field(of(r.Name, "group", "by"))
	if r.Table.columnShown(name) || s.m.Relation(r.Table, name) != nil || s.m.computedField(r.Table, name) != nil {
		return nil
	}
	return []*Field{{
		Name: name, Description: "The rows of an array relationship in groups",
		Type: listOfNonNull(s.groupType(r.Target)).notNull(), Args: s.groupArgs(r.Target), Meaning: RelationGroups{r},
	}}
}

func (s *Schema) groupType(t *Table) *Type {
	return s.typ(Object, s.tableType(t, "", "group_by"), fmt.Sprintf("a group of rows of %q", text(t.Name)), func(out *Type) {
		key := s.typ(Object, s.tableType(t, "", "group_by_key"), fmt.Sprintf("what the rows of a group of %q have in common", text(t.Name)), func(k *Type) {
			p := s.readable(t)
			for _, c := range s.groupable(t) {
				f := &Field{Name: c.GraphQL, Description: c.Description, Type: s.columnRef(c), Meaning: GroupColumn{c}}
				if c.Catalog.NotNull && p.Columns[c] == nil {
					f.Type = f.Type.notNull()
				}
				k.fields = append(k.fields, f)
			}
		})
		out.fields = []*Field{
			{Name: "key", Type: nonNull(key), Meaning: GroupKey{t}},
			{Name: "aggregate", Type: nonNull(s.aggregateFields(t)), Meaning: AggregateBody{t}},
		}
	})
}

func (s *Schema) groupArgs(t *Table) []*InputField {
	fixed := t.Source.custom.fixed
	columns := s.typ(Enum, s.tableType(t, "", "group_by_column"), fmt.Sprintf("columns of %q to group by", text(t.Name)), func(e *Type) {
		s.columnValues(e, t, func(c *Column) bool { return hasEquality(c.Type) })
	})
	return []*InputField{
		{Name: "keys", Description: "the columns to group by", Type: listOfNonNull(columns).notNull(), Meaning: ArgKeys},
		{Name: "where", Description: "filter the rows that are grouped", Type: named(s.boolExp(t)), Meaning: ArgWhere},
		{Name: "having", Description: "filter the groups", Type: named(s.groupHaving(t)), Meaning: ArgHaving},
		{Name: fixed("order_by"), Description: "sort the groups", Type: listOfNonNull(s.groupOrder(t)), Meaning: ArgOrderBy},
		{Name: "limit", Description: "limit the number of groups returned", Type: named(s.scalar("Int")), Meaning: ArgLimit},
		{Name: "offset", Description: "skip the first n groups. Use only with order_by", Type: named(s.scalar("Int")), Meaning: ArgOffset},
	}
}

func (s *Schema) groupOrder(t *Table) *Type {
	return s.typ(InputObject, s.tableType(t, "", "group_by_order_by"), fmt.Sprintf("ordering options for groups of %q", text(t.Name)), func(e *Type) {
		key := s.typ(InputObject, s.tableType(t, "", "group_by_key_order_by"), fmt.Sprintf("order groups of %q by their key", text(t.Name)), func(k *Type) {
			for _, c := range s.groupable(t) {
				k.inputs = append(k.inputs, &InputField{Name: c.GraphQL, Type: named(s.orderByValue(t)), Meaning: ColumnInput{c}})
			}
		})
		e.inputs = []*InputField{
			{Name: "key", Type: named(key), Meaning: OrderKey},
			{Name: "aggregate", Type: named(s.aggregateOrderBy(t)), Meaning: OrderAggregate},
		}
	})
}

// groupHaving is the input that compares aggregates of a group.
func (s *Schema) groupHaving(t *Table) *Type {
	return s.typ(InputObject, s.tableType(t, "", "group_by_having_exp"), fmt.Sprintf("filter groups of %q. All fields are combined with a logical 'AND'.", text(t.Name)), func(e *Type) {
		e.inputs = []*InputField{
			{Name: "_and", Type: listOfNonNull(e), Meaning: LogicAnd},
			{Name: "_or", Type: listOfNonNull(e), Meaning: LogicOr},
			{Name: "_not", Type: named(e), Meaning: LogicNot},
			{Name: "count", Type: named(s.comparison(t.Source, BigintType)), Meaning: AggregateInput{"count"}},
		}
		for _, g := range aggregateGroups {
			var columns []*Column
			for _, c := range s.groupColumns(t, g) {
				if HavingType(g.name, c) != nil {
					columns = append(columns, c)
				}
			}
			if len(columns) == 0 {
				continue
			}
			in := s.typ(InputObject, s.tableType(t, "", "group_by_"+g.name+"_having_exp"), fmt.Sprintf("compare %s() of groups of %q", g.name, text(t.Name)), func(in *Type) {
				for _, c := range columns {
					in.inputs = append(in.inputs, &InputField{Name: c.GraphQL, Type: named(s.comparison(t.Source, HavingType(g.name, c))), Meaning: ColumnInput{c}})
				}
			})
			e.inputs = append(e.inputs, &InputField{Name: t.Source.custom.fixed(g.name), Type: named(in), Meaning: AggregateInput{g.name}})
		}
	})
}

// HavingType is what an aggregate over a column is compared as: Postgres' own result, or numeric, which holds it. nil: the
// aggregate is not there for the column's type.
func HavingType(name string, c *Column) *catalog.Type {
	t := c.Type.Undomained()
	switch {
	case name == "max" || name == "min":
		return c.Type
	case t.Name.Name == "money":
		if name == "sum" {
			return c.Type
		}
		return nil
	case t.Name.Name == "float4", t.Name.Name == "float8":
		return FloatType
	}
	return NumericType
}
