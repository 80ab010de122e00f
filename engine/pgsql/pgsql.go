// Package pgsql is the subset of Postgres' SQL that Gatehouse emits, as values, and the printer that turns it into text.
//
// Identifiers, literals and parameters are distinct types: a value that came from a request can only enter a
// statement as a Param, which the printer numbers and hands back beside the text. Keywords, operators and function names
// are constants of the packages that build statements.
package pgsql

// Ident is an identifier, printed quoted.
type Ident string

// Name is an identifier that may be qualified by a schema.
type Name struct{ Schema, Name Ident }

// Operator is an infix or prefix operator, printed as it stands.
type Operator string

// Type is a type in a cast.
type Type struct {
	Name  Name
	Array bool
}

// Expr is a scalar expression.
type Expr interface{ expr() }

type (
	// Column is a column of a relation in scope; Table may be empty.
	Column struct{ Table, Name Ident }
	// Row is a relation in scope as a whole.
	Row struct{ Table Ident }
	// Star is every column of a relation in scope.
	Star struct{ Table Ident }
	// Param is a value supplied when the statement runs, cast to Type. Arg is given back by Print in order.
	Param struct {
		Arg  any
		Type Type
	}
	// Text is a string constant known when the statement is built, such as a response key.
	Text string
	// Int is an integer constant.
	Int int64
	// Bool is true or false.
	Bool bool
	// Null is NULL.
	Null struct{}
	// Default is the DEFAULT keyword in an insert's values or an update's set.
	Default struct{}
	// Cast is an expression cast to a type.
	Cast struct {
		Expr Expr
		Type Type
	}
	// Binary is an infix operator between two expressions.
	Binary struct {
		Left  Expr
		Op    Operator
		Right Expr
	}
	// Prefix is an operator before an expression.
	Prefix struct {
		Op   Operator
		Expr Expr
	}
	// And is a conjunction; none is true.
	And []Expr
	// Or is a disjunction; none is false.
	Or []Expr
	// Not is a negation.
	Not struct{ Expr Expr }
	// IsNull tests for null; Not turns it round.
	IsNull struct {
		Expr Expr
		Not  bool
	}
	// Any compares with each element of an array: Left Op ANY (Right), or ALL.
	Any struct {
		Left  Expr
		Op    Operator
		Right Expr
		All   bool
	}
	// AnyRow compares with each row of a query: Left Op ANY (Query), or ALL.
	AnyRow struct {
		Left  Expr
		Op    Operator
		Query *Select
		All   bool
	}
	// Exists tests whether a query has a row.
	Exists struct{ Query *Select }
	// Subquery is a query of one column and at most one row as a value.
	Subquery struct{ Query *Select }
	// ArrayOf is array(select …).
	ArrayOf struct{ Query *Select }
	// Call calls a function. Named arguments follow the positional ones.
	Call struct {
		Func     Name
		Args     []Expr
		Named    []NamedArg
		Distinct bool
		Star     bool
		OrderBy  []Order
		Filter   Expr
	}
	// RowNumber is row_number() over ().
	RowNumber struct{}
	// Case is case when … then … else … end.
	Case struct {
		When, Then, Else Expr
	}
	// RowOf is row(…).
	RowOf []Expr
	// Tuple is (a, b, …), for distinct counts over several columns.
	Tuple []Expr
	// Element is an element of an array, counted from 1.
	Element struct{ Array, Index Expr }
	// Catalogued is an expression as the database's own catalog spells it. Nothing of a request is in it.
	Catalogued string
)

// NamedArg is an argument passed by name: name => value.
type NamedArg struct {
	Name  Ident
	Value Expr
}

func (Column) expr()     {}
func (Row) expr()        {}
func (Star) expr()       {}
func (Param) expr()      {}
func (Text) expr()       {}
func (Int) expr()        {}
func (Bool) expr()       {}
func (Null) expr()       {}
func (Default) expr()    {}
func (Cast) expr()       {}
func (Binary) expr()     {}
func (Prefix) expr()     {}
func (And) expr()        {}
func (Or) expr()         {}
func (Not) expr()        {}
func (IsNull) expr()     {}
func (Any) expr()        {}
func (AnyRow) expr()     {}
func (Exists) expr()     {}
func (Subquery) expr()   {}
func (ArrayOf) expr()    {}
func (Call) expr()       {}
func (RowNumber) expr()  {}
func (Case) expr()       {}
func (RowOf) expr()      {}
func (Tuple) expr()      {}
func (Element) expr()    {}
func (Catalogued) expr() {}

// Order is one element of an order by.
type Order struct {
	Expr       Expr
	Desc       bool
	NullsFirst *bool
}

// Output is one output column; As may be empty.
type Output struct {
	Expr Expr
	As   Ident
}

// Relation is something to select from.
type Relation interface{ relation() }

type (
	// Table is a table, view or common table expression.
	Table struct {
		Name Name
		As   Ident
	}
	// FuncTable is a function's result as a relation; Columns, if any, name its columns, and Types, if any, say what a
	// function that may give anything gives. IsNumbered adds a column that counts its rows from 1.
	FuncTable struct {
		Call       Call
		As         Ident
		Columns    []Ident
		Types      []Type
		IsNumbered bool
	}
	// Derived is a subquery in from.
	Derived struct {
		Query *Select
		As    Ident
	}
)

// Verbatim is a query an administrator wrote, with expressions where its arguments stand: Parts[0] Args[0] Parts[1] …
// Nothing of a request is in Parts.
type Verbatim struct {
	Parts []string
	Args  []Expr
	As    Ident
}

func (Verbatim) relation()  {}
func (Table) relation()     {}
func (FuncTable) relation() {}
func (Derived) relation()   {}

// Join is a further relation of a from clause, always lateral so that it sees what stands before it.
type Join struct {
	Relation Relation
	// On nil means on true. Inner false is a left join.
	On    Expr
	Inner bool
}

// Statement is a whole SQL statement.
type Statement interface{ statement() }

// CTE is one common table expression.
type CTE struct {
	Name  Ident
	Query Statement
}

// Select is a query.
type Select struct {
	With       []CTE
	Distinct   bool
	DistinctOn []Expr
	Output     []Output
	From       Relation
	Joins      []Join
	Where      Expr
	GroupBy    []Expr
	Having     Expr
	OrderBy    []Order
	Limit      Expr
	// WithTies adds to the limit the rows that equal the last one in the order.
	WithTies bool
	Offset   Expr
	// ForUpdate locks the rows and reads them as they are then.
	ForUpdate bool
}

// UnionAll is the rows of several queries, in this order as long as Postgres runs one after the other, which it does where
// a query reads a common table expression: no parallel worker may.
type UnionAll struct {
	With    []CTE
	Queries []*Select
}

// Insert inserts rows; with no columns, each row is default values.
type Insert struct {
	With    []CTE
	Into    Name
	As      Ident
	Columns []Ident
	// Overriding takes values for identity columns that are generated always.
	Overriding bool
	Rows       [][]Expr
	OnConflict *OnConflict
	Returning  []Output
}

// OnConflict is an insert's on conflict clause. No Set means do nothing; neither Constraint nor Index means any conflict.
type OnConflict struct {
	Constraint Ident
	// Index are the elements of a unique index that is no constraint, IndexWhere its predicate, nil for none.
	Index      []Expr
	IndexWhere Expr
	Set        []Assignment
	Where      Expr
}

// Assignment sets a column.
type Assignment struct {
	Column Ident
	Value  Expr
}

// Update updates rows.
type Update struct {
	With  []CTE
	Table Name
	As    Ident
	Set   []Assignment
	// From is what Where and Set may look at besides the row; nil is nothing.
	From      Relation
	Where     Expr
	Returning []Output
}

// Delete deletes rows.
type Delete struct {
	From      Name
	As        Ident
	Where     Expr
	Returning []Output
}

func (*Select) statement()   {}
func (*UnionAll) statement() {}
func (*Insert) statement()   {}
func (*Update) statement()   {}
func (*Delete) statement()   {}
