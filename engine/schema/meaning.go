package schema

import "gatehouse/engine/catalog"

// Meaning is what a field, argument, input field or enum value stands for; plan switches on it.
type Meaning interface{ meaning() }

// Root fields.
type (
	SelectRows      struct{ Table *Table }
	SelectByPK      struct{ Table *Table }
	SelectAggregate struct{ Table *Table }
	// SelectStream reads a table in batches along a cursor (subscriptions only).
	SelectStream struct{ Table *Table }
	// CallFunction selects what a function returns; Aggregate is its _aggregate form.
	CallFunction struct {
		Function  *Function
		Aggregate bool
	}
	// NodeRoot is the Relay endpoint's node(id:); SelectConnection and CallConnection page through a table or through
	// what a function returns.
	NodeRoot         struct{}
	SelectConnection struct{ Table *Table }
	CallConnection   struct{ Function *Function }

	// CallNative selects the rows of a native query.
	CallNative struct{ Native *NativeQuery }

	InsertRows  struct{ Table *Table }
	InsertOne   struct{ Table *Table }
	UpdateRows  struct{ Table *Table }
	UpdateByPK  struct{ Table *Table }
	UpdateBatch struct{ Table *Table }
	DeleteRows  struct{ Table *Table }
	DeleteByPK  struct{ Table *Table }
	// FederationService and FederationEntities are _service and _entities; ServiceSDL is the former's one field.
	FederationService  struct{}
	ServiceSDL         struct{}
	FederationEntities struct{}
	// Namespace groups a source's root fields.
	Namespace struct{}
	// Placeholder is the one field of a root type that would otherwise be empty.
	Placeholder struct{}
	// IntrospectSchema and IntrospectType are __schema and __type.
	IntrospectSchema struct{}
	IntrospectType   struct{}
)

// Fields of rows, aggregates and mutation responses.
type (
	ColumnField       struct{ Column *Column }
	RelationField     struct{ Relation *Relation }
	RelationAggregate struct{ Relation *Relation }
	// RelationConnection is <relationship>_connection; NodeID is a row's global id.
	RelationConnection struct{ Relation *Relation }
	NodeID             struct{ Table *Table }
	// ConnectionPart is a field of a connection, an edge or a page's description, known by its name.
	ConnectionPart string
	// Computed is a computed field, scalar or table; ComputedAggregate is a table computed field's _aggregate.
	Computed          struct{ Field *ComputedField }
	ComputedAggregate struct{ Field *ComputedField }
	// AggregateBody is `aggregate`; AggregateNodes is `nodes`.
	AggregateBody  struct{ Table *Table }
	AggregateNodes struct{ Table *Table }
	AggregateCount struct{ Table *Table }
	// AggregateGroup is `sum`, `max` …: its fields are AggregateColumn.
	AggregateGroup  struct{ Func string }
	AggregateColumn struct {
		Func   string
		Column *Column
	}
	// AggregateComputed is a scalar computed field under `sum`, `max` ….
	AggregateComputed struct {
		Func  string
		Field *ComputedField
	}
	AffectedRows struct{}
	Returning    struct{ Table *Table }
	// Introspection is a field of an introspection type, known by its name.
	Introspection struct{}
)

// Arg is the meaning of an argument or input field that needs no further data.
type Arg string

// The arguments.
const (
	ArgWhere         Arg = "where"
	ArgOrderBy       Arg = "order_by"
	ArgLimit         Arg = "limit"
	ArgOffset        Arg = "offset"
	ArgDistinctOn    Arg = "distinct_on"
	ArgObjects       Arg = "objects"
	ArgObject        Arg = "object"
	ArgOnConflict    Arg = "on_conflict"
	ArgConstraint    Arg = "constraint"
	ArgUpdateColumns Arg = "update_columns"
	ArgPKColumns     Arg = "pk_columns"
	ArgUpdates       Arg = "updates"
	ArgFunction      Arg = "args"
	ArgPath          Arg = "path"
	ArgColumns       Arg = "columns"
	ArgDistinct      Arg = "distinct"
	ArgData          Arg = "data"
	ArgName          Arg = "name"
	ArgDeprecated    Arg = "includeDeprecated"
	ArgCursor        Arg = "cursor"
	ArgInitialValue  Arg = "initial_value"
	ArgOrdering      Arg = "ordering"
	ArgID            Arg = "id"
	ArgFirst         Arg = "first"
	ArgLast          Arg = "last"
	ArgAfter         Arg = "after"
	ArgBefore        Arg = "before"
	// ArgRepresentations are the keys of _entities.
	ArgRepresentations Arg = "representations"
	LogicAnd           Arg = "_and"
	LogicOr            Arg = "_or"
	LogicNot           Arg = "_not"
	// Parts of an aggregation predicate.
	PredicateArguments Arg = "arguments"
	PredicateDistinct  Arg = "distinct?"
	PredicateFilter    Arg = "filter"
	PredicateTest      Arg = "predicate"
)

// Inputs about model objects.
type (
	// ColumnInput is a column in a where, order_by, insert, set or key input.
	ColumnInput   struct{ Column *Column }
	RelationInput struct{ Relation *Relation }
	// RelationAggregateInput is <relationship>_aggregate in a where or order_by.
	RelationAggregateInput struct{ Relation *Relation }
	ComputedInput          struct{ Field *ComputedField }
	// ComputedAggregateInput is <computed field>_aggregate in an order_by.
	ComputedAggregateInput struct{ Field *ComputedField }
	// UpdateOperator is _set, _inc, _append …
	UpdateOperator struct{ Op string }
	// OperatorInput is an operator of a comparison; CastInput a target of _cast.
	OperatorInput struct{ Def OperatorDef }
	IsNullInput   struct{}
	CastsInput    struct{}
	CastInput     struct{ Type *catalog.Type }
	// FieldInput is a field of an operator's input object.
	FieldInput struct{ Field OperatorField }
	// FunctionInput is an argument of a function.
	FunctionInput struct{ Arg FunctionArg }
	// AggregateInput is an aggregate in an order_by (Func with a column input, or count) or in a predicate.
	AggregateInput struct{ Func string }
	// XInput and YInput are the arguments of corr and covar_samp.
	XInput struct{}
	YInput struct{}
)

// Meanings of enum values.
type (
	// ColumnValue is a column in select_column, update_column and the like.
	ColumnValue struct{ Column *Column }
	// ConstraintValue is a unique constraint; IndexValue a unique index that is none.
	ConstraintValue struct{ Key *catalog.Key }
	IndexValue      struct{ Index *catalog.Index }
	// Direction is an order_by value.
	Direction struct {
		Desc       bool
		NullsFirst *bool
	}
	// PlaceholderValue cannot be used.
	PlaceholderValue struct{}
)

func (SelectRows) meaning()             {}
func (SelectByPK) meaning()             {}
func (SelectAggregate) meaning()        {}
func (SelectStream) meaning()           {}
func (CallFunction) meaning()           {}
func (CallNative) meaning()             {}
func (NodeRoot) meaning()               {}
func (SelectConnection) meaning()       {}
func (CallConnection) meaning()         {}
func (RelationConnection) meaning()     {}
func (NodeID) meaning()                 {}
func (ConnectionPart) meaning()         {}
func (InsertRows) meaning()             {}
func (InsertOne) meaning()              {}
func (UpdateRows) meaning()             {}
func (UpdateByPK) meaning()             {}
func (UpdateBatch) meaning()            {}
func (DeleteRows) meaning()             {}
func (DeleteByPK) meaning()             {}
func (FederationService) meaning()      {}
func (ServiceSDL) meaning()             {}
func (FederationEntities) meaning()     {}
func (Namespace) meaning()              {}
func (Placeholder) meaning()            {}
func (IntrospectSchema) meaning()       {}
func (IntrospectType) meaning()         {}
func (ColumnField) meaning()            {}
func (RelationField) meaning()          {}
func (RelationAggregate) meaning()      {}
func (Computed) meaning()               {}
func (ComputedAggregate) meaning()      {}
func (AggregateBody) meaning()          {}
func (AggregateNodes) meaning()         {}
func (AggregateCount) meaning()         {}
func (AggregateGroup) meaning()         {}
func (AggregateColumn) meaning()        {}
func (AggregateComputed) meaning()      {}
func (AffectedRows) meaning()           {}
func (Returning) meaning()              {}
func (Introspection) meaning()          {}
func (Arg) meaning()                    {}
func (ColumnInput) meaning()            {}
func (RelationInput) meaning()          {}
func (RelationAggregateInput) meaning() {}
func (ComputedInput) meaning()          {}
func (ComputedAggregateInput) meaning() {}
func (UpdateOperator) meaning()         {}
func (OperatorInput) meaning()          {}
func (IsNullInput) meaning()            {}
func (CastsInput) meaning()             {}
func (CastInput) meaning()              {}
func (FieldInput) meaning()             {}
func (FunctionInput) meaning()          {}
func (AggregateInput) meaning()         {}
func (XInput) meaning()                 {}
func (YInput) meaning()                 {}
func (ColumnValue) meaning()            {}
func (ConstraintValue) meaning()        {}
func (IndexValue) meaning()             {}
func (Direction) meaning()              {}
func (PlaceholderValue) meaning()       {}
