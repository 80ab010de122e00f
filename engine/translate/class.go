package translate

import (
	"slices"

	"gatehouse/engine/catalog"
	"gatehouse/engine/plan"
	"gatehouse/engine/schema"
)

// Class says whether a statement may share a connection with those of other requests, which wait while it runs. In doubt
// a statement is General.
type Class byte

// The classes.
const (
	// General: how long it runs cannot be told; it has a connection to itself.
	General Class = iota
	// KeyLookup: a row by its whole primary key, with object relationships that lead to a unique key.
	KeyLookup
	// SingleInsert: one row into a table without triggers or rules, answered with columns of the row.
	SingleInsert
)

// maxLookupDepth is how many relationships a lookup follows one after the other.
const maxLookupDepth = 3

func classOfSelect(n *plan.Select) Class {
	r := &n.Rows
	isPlain := n.Single && r.Via == nil && r.Function == nil && r.Native == nil && r.Computed == nil &&
		len(r.DistinctOn) == 0 && len(r.OrderBy) == 0 && r.Limit == nil && r.Offset == nil
	if !isPlain || !isByKey(r) || !isSimple(r.Where) || !isBounded(n.Fields, maxLookupDepth) {
		return General
	}
	return KeyLookup
}

// isByKey tells whether a condition on a stored table's primary key leaves one row at most.
func isByKey(r *plan.Rows) bool {
	return r.Via == nil && r.Function == nil && r.Native == nil && r.Computed == nil && isStored(r.Table) &&
		r.Table.Catalog.PrimaryKey != nil && covers(fixedColumns(r.Where), r.Table.Catalog.PrimaryKey.Columns)
}

// classOfInsert: an upsert may wait for the row it meets, so it is no SingleInsert.
func classOfInsert(n *plan.Insert) Class {
	t := n.Table.Catalog
	if len(n.Rows) != 1 || n.Conflict != nil || t.Kind != catalog.OrdinaryTable || t.HasTriggers || !isSimple(n.Check) {
		return General
	}
	selects := []*plan.Select{n.Output.One}
	for _, f := range n.Output.Fields {
		selects = append(selects, f.Returning)
	}
	for _, s := range selects {
		if s != nil && !isBounded(s.Fields, 0) {
			return General
		}
	}
	return SingleInsert
}

// isStored tells whether the table's rows are in this database: a view's query, or another server, may take any time.
func isStored(t *schema.Table) bool {
	return t.Catalog.Kind == catalog.OrdinaryTable || t.Catalog.Kind == catalog.PartitionedTable
}

func covers(columns, key []string) bool {
	return !slices.ContainsFunc(key, func(c string) bool { return !slices.Contains(columns, c) })
}

// fixedColumns are the columns that a condition holds to one value.
func fixedColumns(p schema.Predicate) []string {
	switch p := p.(type) {
	case schema.And:
		var out []string
		for _, q := range p {
			out = append(out, fixedColumns(q)...)
		}
		return out
	case *schema.Compare:
		if o := p.Operand; p.Op == schema.OpEq && !p.List && o.Column != nil && o.Visible == nil && o.Cast == nil {
			return []string{o.Column.Name}
		}
	}
	return nil
}

// isSimple tells whether a condition looks at the row alone, with operators that take no time worth speaking of.
func isSimple(p schema.Predicate) bool {
	all := func(ps []schema.Predicate) bool {
		return !slices.ContainsFunc(ps, func(q schema.Predicate) bool { return !isSimple(q) })
	}
	switch p := p.(type) {
	case nil, schema.Fixed:
		return true
	case schema.And:
		return all(p)
	case schema.Or:
		return all(p)
	case schema.Not:
		return isSimple(p.P)
	case schema.Scoped:
		return isSimple(p.P)
	case *schema.Null:
		return isSimpleOperand(p.Operand)
	case *schema.CompareColumn:
		return len(p.Via) == 0 && isSimpleOp(p.Op) && isSimpleOperand(p.Operand)
	case *schema.Compare:
		return isSimpleOp(p.Op) && len(p.Extra) == 0 && isSimpleOperand(p.Operand)
	}
	return false
}

func isSimpleOp(op schema.Op) bool {
	switch op {
	case schema.OpEq, schema.OpNeq, schema.OpGt, schema.OpLt, schema.OpGte, schema.OpLte, schema.OpIn, schema.OpNin, schema.OpIsNull:
		return true
	}
	return false
}

func isSimpleOperand(o schema.Operand) bool { return o.Column != nil && isSimple(o.Visible) }

// isBounded tells whether fields show columns of the row and of at most one row per relationship.
func isBounded(fields []plan.Field, depth int) bool {
	for _, f := range fields {
		switch v := f.Value.(type) {
		case plan.Text, plan.GlobalID:
		case *plan.Elsewhere:
			if slices.ContainsFunc(v.Keys, func(k schema.Operand) bool { return !isSimpleOperand(k) }) {
				return false
			}
		case *plan.Cell:
			if !isSimpleOperand(v.Operand) {
				return false
			}
		case *plan.Select:
			if depth == 0 || !isOneRelated(v) || !isSimple(v.Where) || !isBounded(v.Fields, depth-1) {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// isOneRelated: an object relationship that finds its row by a unique key.
func isOneRelated(n *plan.Select) bool {
	via := n.Via
	if !n.Single || via == nil || via.Array || via.Native != nil || n.Native != nil || n.Computed != nil || n.Function != nil ||
		len(n.OrderBy) > 0 || len(n.DistinctOn) > 0 || !isStored(via.Target) {
		return false
	}
	var columns []string
	for _, p := range via.Mapping {
		columns = append(columns, p.Theirs.Name)
	}
	return slices.ContainsFunc(via.Target.Catalog.UniqueKeys, func(k *catalog.Key) bool { return covers(columns, k.Columns) })
}
