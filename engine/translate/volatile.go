package translate

import (
	"gatehouse/engine/catalog"
	"gatehouse/engine/plan"
)

// callsVolatile tells whether a root field calls a function that may write, whatever it was tracked as. Functions are
// tracked as root fields only, and none that is volatile is a computed field.
func callsVolatile(n plan.Node) bool {
	ofRows := func(rows *plan.Rows) bool { return rows.Function != nil && isVolatile(rows.Function.Function.Catalog) }
	switch n := n.(type) {
	case *plan.Select:
		return ofRows(&n.Rows)
	case *plan.Aggregate:
		return ofRows(&n.Rows)
	case *plan.Groups:
		return ofRows(&n.Rows)
	case *plan.Connection:
		return ofRows(&n.Rows)
	case *plan.Scalar:
		return isVolatile(n.Function.Catalog)
	default:
		return false
	}
}

func isVolatile(f *catalog.Function) bool { return f != nil && f.Volatility == catalog.Volatile }
