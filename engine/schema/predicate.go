package schema

import "gatehouse/engine/catalog"

// Predicate is a condition on a row. Permissions, where arguments and v1 queries all are this one type; permissions
// stay trees so that plan can fold them together with what a client asks.
type Predicate interface{ predicate() }

type (
	// And holds when all hold; an empty one always.
	And []Predicate
	// Or holds when one holds; an empty one never.
	Or []Predicate
	// Not holds when P does not.
	Not struct{ P Predicate }
	// Compare tests an operand with an operator.
	Compare struct {
		Operand Operand
		Op      Op
		// Value is the right-hand side, a value of Type, or with List an array of such.
		Value Value
		Type  *catalog.Type
		List  bool
		// NullDiffers: null differs from the value, as in metadata (Hasura: Postgres/Translate/BoolExp, ANE False).
		NullDiffers bool
		// Path is where in the request the value stands, for errors found when it is read; "" in metadata.
		Path string
		// Extra are further arguments of operators that take an object (st_d_within's distance, raster bands).
		Extra []Extra
	}
	// CompareColumn tests a column against another: of the row itself, or (Root) of the row the whole predicate is about.
	CompareColumn struct {
		Operand Operand
		Op      Op
		Root    bool
		// Via are object relationships that lead to Other's table.
		Via   []*Relation
		Other *Column
	}
	// Null tests for null.
	Null struct {
		Operand Operand
		Not     bool
	}
	// Related holds when a related row satisfies Where. The target's row permission is plan's to add.
	Related struct {
		Relation *Relation
		Where    Predicate
	}
	// Exists holds when some row of Table, unrelated to this one, satisfies Where.
	Exists struct {
		Table *Table
		Where Predicate
	}
	// RelatedComputed holds when a row of a table computed field satisfies Where.
	RelatedComputed struct {
		Field *ComputedField
		Where Predicate
	}
	// Aggregated tests an aggregate over related rows.
	Aggregated struct {
		Relation *Relation
		Func     string // "count", "bool_and", "avg", …
		Args     []Operand
		Distinct bool
		Filter   Predicate // which related rows count
		// Test is about the aggregate: its operands have neither Column nor Computed.
		Test Predicate
	}
	// Scoped holds when P does, P being about the row here: a permission inside another table's condition.
	Scoped struct{ P Predicate }
	// Guarded holds when If and P do; P is not evaluated where If does not hold.
	Guarded struct{ If, P Predicate }
	// Fixed holds always or never.
	Fixed bool
)

func (And) predicate()              {}
func (Or) predicate()               {}
func (Not) predicate()              {}
func (*Compare) predicate()         {}
func (*CompareColumn) predicate()   {}
func (*Null) predicate()            {}
func (*Related) predicate()         {}
func (*Exists) predicate()          {}
func (*RelatedComputed) predicate() {}
func (*Aggregated) predicate()      {}
func (Scoped) predicate()           {}
func (Guarded) predicate()          {}
func (Fixed) predicate()            {}

// Extra is a named further argument of an operator.
type Extra struct {
	Name  string
	Value Value
	Type  *catalog.Type
	Path  string
}

// Operand is what a comparison is about.
type Operand struct {
	// One of Column and Computed is set, or neither: the aggregate under test.
	Column   *Column
	Computed *ComputedField
	// Visible: the operand is null in rows where it does not hold (a cell the role may not see); nil: always visible.
	Visible Predicate
	// Cast turns the operand into another type first (_cast); nil: none.
	Cast *catalog.Type
}

// Type is the Postgres type of what is compared, before a Cast; nil for an aggregate.
func (o Operand) Type() *catalog.Type {
	switch {
	case o.Column != nil:
		return o.Column.Type
	case o.Computed != nil:
		return o.Computed.Type
	}
	return nil
}

// Op is a comparison operator, under Hasura's name.
type Op string

// AllOf joins conditions, leaving out those that always hold.
func AllOf(ps ...Predicate) Predicate {
	all := And{}
	for _, p := range ps {
		switch p := p.(type) {
		case nil:
		case And:
			all = append(all, p...)
		default:
			all = append(all, p)
		}
	}
	if len(all) == 1 {
		return all[0]
	}
	return all
}

// Always tells whether p is known to hold for every row.
func Always(p Predicate) bool {
	and, ok := p.(And)
	return ok && len(and) == 0
}
