package schema

import "gatehouse/engine/catalog"

// Within narrows what a caller asks of rows to the rows its role sees. Postgres evaluates the parts of a conjunction in
// the order it thinks cheap, so a part that fails on some values could fail on a row that filter hides, and tell of it.
// Such parts are evaluated on visible rows only (Guarded); the others stay where an index can serve them.
func Within(filter, asked Predicate) Predicate {
	if Always(filter) {
		return AllOf(filter, asked)
	}
	all, isAnd := asked.(And)
	if !isAnd {
		all = And{asked}
	}
	safe, risky := And{filter}, And{}
	for _, p := range all {
		if mayFail(p) {
			risky = append(risky, p)
		} else {
			safe = append(safe, p)
		}
	}
	if len(risky) > 0 {
		safe = append(safe, Guarded{If: filter, P: AllOf(risky...)})
	}
	return AllOf(safe...)
}

// mayFail tells whether the values of a row can make a condition an error: functions of users and of geometry, casts,
// sums that overflow, operators of types that are not Postgres' own. What an operand of the caller's can make fail is found
// before any row is (translate.Arg).
func mayFail(p Predicate) bool {
	switch p := p.(type) {
	case And:
		return anyMayFail(p)
	case Or:
		return anyMayFail(p)
	case Not:
		return mayFail(p.P)
	case Scoped:
		return mayFail(p.P)
	case Guarded:
		return mayFail(p.P)
	case *Compare:
		return p.Operand.MayFail() || len(p.Extra) > 0 || geometric[p.Op]
	case *Null:
		return p.Operand.MayFail()
	case *CompareColumn:
		return p.Operand.MayFail()
	case *Related:
		return mayFail(p.Where)
	case *Exists:
		return mayFail(p.Where)
	case *RelatedComputed:
		return true
	case *Aggregated:
		for _, o := range p.Args {
			if o.MayFail() {
				return true
			}
		}
		return AggregateMayFail(p.Func) || mayFail(p.Filter)
	}
	return false
}

func anyMayFail(ps []Predicate) bool {
	for _, p := range ps {
		if mayFail(p) {
			return true
		}
	}
	return false
}

// MayFail tells whether a row's values can make the operand an error.
func (o Operand) MayFail() bool {
	switch {
	case o.Computed != nil, o.Cast != nil && o.Cast.Name != TextType.Name:
		return true
	case o.Column == nil:
		return false
	}
	return isForeign(o.Column.Type)
}

// AggregateMayFail tells whether the values aggregated can make an aggregate an error.
func AggregateMayFail(name string) bool {
	switch name {
	case "count", "max", "min", "bool_and", "bool_or":
		return false
	}
	return true
}

// harmless are the types of extensions whose comparisons take every value.
var harmless = map[string]bool{"citext": true, "ltree": true, "hstore": true, "geometry": true, "geography": true, "raster": true}

// isForeign: the operators are neither Postgres' own nor those of a type we know.
func isForeign(t *catalog.Type) bool {
	switch {
	case t == nil:
		return false
	case t.Kind == catalog.DomainType && t.Base != nil:
		return isForeign(t.Base)
	case t.Kind == catalog.ArrayType && t.Elem != nil:
		return isForeign(t.Elem)
	}
	return t.Kind == catalog.BaseType && t.Name.Schema != "pg_catalog" && !harmless[t.Name.Name]
}

// geometric are the operators that refuse some pairs of values, such as those of different reference systems.
var geometric = map[Op]bool{
	OpSTContains: true, OpSTCrosses: true, OpSTEquals: true, OpSTOverlaps: true, OpSTTouches: true, OpSTWithin: true,
	OpSTIntersects: true, OpST3DIntersects: true, OpSTDWithin: true, OpST3DDWithin: true, OpSTRast: true, OpSTNBandGeom: true,
	OpSTGeomNBand: true,
}
