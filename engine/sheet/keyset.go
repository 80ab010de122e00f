package sheet

import (
	"gatehouse/engine/catalog"
	"gatehouse/engine/fault"
	"gatehouse/engine/pgsql"
)

// sortKey is one element of the order that rows are read in.
type sortKey struct {
	expr pgsql.Expr
	// typ is what a place's text is read as.
	typ      pgsql.Type
	isDesc   bool
	nullable bool
}

// isTotal tells whether the order of a table's rows leaves nothing open, so that a row's place in it can be told.
func isTotal(t *catalog.Table) bool { return identity(t) != nil && !repeatsKeys(t) || hasPlace(t) }

// order is what is asked for, and behind it what tells rows apart, in the direction of the last that is asked for: an index
// on those columns then serves both ways.
func (r *Read) order(t *catalog.Table) ([]sortKey, error) {
	var keys []sortKey
	ordered := map[string]bool{}
	add := func(c *catalog.Column, isDesc bool) {
		if !ordered[c.Name] {
			ordered[c.Name] = true
			keys = append(keys, sortKey{expr: of(c), typ: typeOf(c.Type), isDesc: isDesc, nullable: !c.NotNull})
		}
	}
	isDesc := false
	for i, o := range r.OrderBy {
		c, err := columnOf(t, o.Column, fault.Key(fault.Index("$.order_by", i), "column"))
		if err != nil {
			return nil, err
		}
		isDesc = o.IsDesc
		add(c, isDesc)
	}
	key := identity(t)
	for _, name := range key {
		add(t.Column(name), isDesc)
	}
	if key == nil && hasPlace(t) {
		keys = append(keys, sortKey{
			expr: pgsql.Column{Table: row, Name: "ctid"}, typ: pgsql.Type{Name: builtin("tid")}, isDesc: isDesc,
		})
	}
	return keys, nil
}

// isBackwards tells whether rows are read from behind.
func (r *Read) isBackwards() bool { return r.IsLast || r.Before != nil }

// within adds to a condition that rows are behind After, or ahead of Before.
func (r *Read) within(t *catalog.Table, where pgsql.Expr, keys []sortKey) (pgsql.Expr, error) {
	at, path := r.After, "$.after"
	if r.Before != nil {
		at, path = r.Before, "$.before"
	}
	if at == nil {
		return where, nil
	}
	if r.After != nil && r.Before != nil || r.IsLast {
		return nil, misplaced(path, "only one of after, before and last")
	}
	if !isTotal(t) {
		return nil, misplaced(path, "nothing tells the rows of %q apart: they have no places in an order", t.Name.Name)
	}
	if len(at) != len(keys) {
		return nil, misplaced(path, "a place has %d values here, not %d", len(keys), len(at))
	}
	return pgsql.And{where, behind(keys, at, r.isBackwards())}, nil
}

// behind is true of rows whose place is behind at; read backwards, ahead of it. Null is the last of an ascending order and the
// first of a descending one (PG docs: queries-order).
func behind(keys []sortKey, at []*string, isBackwards bool) pgsql.Expr {
	if e := behindAsTuple(keys, at, isBackwards); e != nil {
		return e
	}
	var e pgsql.Expr
	for i := len(keys) - 1; i >= 0; i-- {
		further, same := keys[i].against(at[i], isBackwards)
		if e == nil {
			e = further
		} else {
			e = pgsql.Or{further, pgsql.And{same, e}}
		}
	}
	// Says again what follows from e, so that an index on the first column bounds the search.
	if first := keys[0]; !first.nullable && at[0] != nil {
		return pgsql.And{pgsql.Binary{Left: first.expr, Op: first.operator(isBackwards) + "=", Right: first.value(at[0])}, e}
	}
	return e
}

// behindAsTuple is behind where all keys go one way and none is null: as one comparison of tuples, which an index answers.
func behindAsTuple(keys []sortKey, at []*string, isBackwards bool) pgsql.Expr {
	var left, right pgsql.Tuple
	for i, k := range keys {
		if k.nullable || at[i] == nil || k.isDesc != keys[0].isDesc {
			return nil
		}
		left, right = append(left, k.expr), append(right, k.value(at[i]))
	}
	return pgsql.Binary{Left: left, Op: keys[0].operator(isBackwards), Right: right}
}

func (k sortKey) operator(isBackwards bool) pgsql.Operator {
	if k.isDesc != isBackwards {
		return "<"
	}
	return ">"
}

func (k sortKey) value(v *string) pgsql.Expr { return pgsql.Param{Arg: *v, Type: k.typ} }

// against compares a key with a value: further along the order, and the same.
func (k sortKey) against(v *string, isBackwards bool) (further, same pgsql.Expr) {
	nullsFirst := k.isDesc != isBackwards
	if v == nil {
		if same = (pgsql.IsNull{Expr: k.expr}); nullsFirst {
			return pgsql.IsNull{Expr: k.expr, Not: true}, same
		}
		return pgsql.Or{}, same
	}
	further = pgsql.Binary{Left: k.expr, Op: k.operator(isBackwards), Right: k.value(v)}
	if k.nullable && !nullsFirst {
		further = pgsql.Or{further, pgsql.IsNull{Expr: k.expr}}
	}
	return further, pgsql.Binary{Left: k.expr, Op: "=", Right: k.value(v)}
}
