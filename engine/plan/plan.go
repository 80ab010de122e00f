// Package plan decides what a request reads and writes: it turns a checked selection into a tree of selects and
// writes with the role's permissions folded in.
//
// It stands between operation and translate and is pure. It is the one place where what a client asks and what its
// role may do meet; translate below it adds no condition and drops none. See DESIGN.md.
package plan

import (
	"gatehouse/engine/catalog"
	"gatehouse/engine/operation"
	"gatehouse/engine/schema"
)

// Plan is one operation's plan. It holds no value of a request, only where values come from, so it serves every
// request with the same shape.
type Plan struct {
	Kind  operation.Kind
	Roots []Root
	// Validations are to be asked first, in order.
	Validations []Validation
}

// Validation is a webhook to ask about the inputs of a mutation, a list of documents.
type Validation struct {
	Webhook *schema.Validation
	Inputs  schema.Value
	// Role is the role the webhook belongs to, where the caller has several; else "".
	Role string
}

// Root is one root field.
type Root struct {
	// Alias is the response key.
	Alias string
	// Source is nil for what needs no database.
	Source *schema.Source
	Node   Node
	// Path is where the field stands in the request.
	Path string
}

// Node is what a root field does. It is one of *Select, *Aggregate, *Groups, *Scalar, *Stream, *Connection, *Insert, *Choice, *Update,
// *UpdateBatch, *Delete, Constant, Group, List and Introspect.
type Node interface{ node() }

type (
	// Constant is JSON known now.
	Constant string
	// Group is an object of further root fields (a source's namespace).
	Group []Root
	// List is an array of further root fields.
	List []Root
	// Introspect is __schema or __type, answered from the schema.
	Introspect struct{ Field *operation.Field }
)

// Rows says which rows of a table are read and in what order, permissions included.
type Rows struct {
	Table *schema.Table
	// At most one of these says where the rows come from instead of the whole table.
	Via      *schema.Relation    // rows related to the row around; of a remote relationship, see Elsewhere
	Function *Call               // a function's result
	Native   *schema.NativeQuery // a native query's rows; with Via, those related
	Computed *schema.ComputedField
	Keys     *Keys // combinations of keys, for which rows of another source are related
	// Nested, with Via's Nested, is that column as the role sees it in the row around.
	Nested schema.Operand
	// Args are the arguments of Function, Computed or Native.
	Args []FunctionArg
	// Where is the role's row filter and the client's condition.
	Where      schema.Predicate
	DistinctOn []schema.Operand
	OrderBy    []Order
	// Limit is the client's, Cap the role's; the smaller counts.
	Limit, Offset schema.Value
	Cap           *int
}

// Keys are the combinations of keys that a join (translate.Join) of that number is done for, of these types.
type Keys struct {
	Join  int
	Types []*catalog.Type
}

// Call is a call of a tracked function.
type Call struct{ Function *schema.Function }

// FunctionArg is one argument passed to a function: by position, or by name once an optional one was left out.
type FunctionArg struct {
	Arg   schema.FunctionArg
	Value schema.Value // nil passes null
	Path  string
}

// Order is one element of an order by.
type Order struct {
	// Via leads over object relationships to the row that Operand or Aggregate is about.
	Via       []Step
	Operand   schema.Operand
	Aggregate *AggregateTerm
	Desc      bool
	// NullsFirst nil leaves it to Postgres.
	NullsFirst *bool
}

// Step is an object relationship followed, and which rows may be found there.
type Step struct {
	Relation *schema.Relation
	Where    schema.Predicate
}

// AggregateTerm is an aggregate over related rows to order by.
type AggregateTerm struct {
	Step
	// Computed is set instead of Relation for the rows of a table computed field.
	Computed *schema.ComputedField
	Func     string
	Operand  *schema.Operand // nil for count(*)
}

// Select reads rows as JSON: a list, or with Single one object or null.
type Select struct {
	Rows
	Fields []Field
	Single bool
}

// Stream reads rows in batches along a column.
type Stream struct {
	Select
	Cursor schema.Operand
	Desc   bool
	// Initial is the value after which to begin; nil begins with the first row.
	Initial schema.Value
	// Batch is how many rows to give at a time.
	Batch schema.Value
	// Path is where Initial stands in the request.
	Path string
}

// Field is one response key of an object.
type Field struct {
	Alias string
	Value FieldValue
}

// FieldValue is what a row's response key holds: *Cell, *Select, *Aggregate, *Groups, *Connection, *Elsewhere, GlobalID or
// Text.
type FieldValue interface{ fieldValue() }

// Cell is a column's or scalar computed field's value.
type Cell struct {
	Operand schema.Operand
	// Args are a computed field's arguments.
	Args []FunctionArg
	// JSONPath, when set, takes a part of a JSON value; Path is where it stands in the request.
	JSONPath schema.Value
	Path     string
}

// Elsewhere is what a row's response key shows of rows that a statement of their own reads, for all rows around at once: those
// of a remote relationship.
type Elsewhere struct {
	// Keys are what the row around is joined by. Where one of them is null, the field is null.
	Keys []schema.Operand
	// Source is where Value is read.
	Source *schema.Source
	// Value is what is shown for one combination of keys, its rows' Via being the relationship: *Select or *Aggregate.
	Value FieldValue
}

// Text is a constant string (__typename).
type Text string

// Aggregate computes over rows and may list them.
type Aggregate struct {
	Rows
	Fields []AggregateField
}

// AggregateField is one response key of an aggregate selection. One of the values is set.
type AggregateField struct {
	Alias string
	Text  *Text
	Body  []AggregateValue
	// IsBody tells an empty body from none.
	IsBody bool
	Nodes  *Select // its Rows are the aggregate's
}

// AggregateValue is one response key under `aggregate`.
type AggregateValue struct {
	Alias string
	Text  *Text
	Count *Count
	// Func with Columns is sum, max, …
	Func    string
	Columns []AggregateCell
}

// Count is count(*) or a count of columns.
type Count struct {
	Columns  []schema.Operand
	Distinct bool
}

// AggregateCell is one column under sum, max, …
type AggregateCell struct {
	Alias   string
	Text    *Text
	Operand schema.Operand
	// Args are a computed field's arguments.
	Args []FunctionArg
}

// Connection reads a page of rows with cursors. OrderBy of its Rows ends in the primary key, so the order is total; Limit
// is how many rows the page has, Offset unused.
type Connection struct {
	Rows
	// Paths say where each element of OrderBy stands in a cursor.
	Paths [][]string
	// Split, one per element of OrderBy, is the row the page lies after, or with Before before; empty when it is the
	// first or last page.
	Split  []SplitValue
	Before bool
	// FromEnd takes the last rows instead of the first.
	FromEnd bool
	Fields  []ConnectionField
}

// SplitValue is one value of a cursor; Value nil is null.
type SplitValue struct {
	Value schema.Value
	Type  *catalog.Type
	Path  string
}

// ConnectionField is one response key of a connection: Text, Page or Edges.
type ConnectionField struct {
	Alias string
	Text  *Text
	Page  []PartField
	// IsEdges: Edges, perhaps none, is what each edge shows.
	IsEdges bool
	Edges   []PartField
}

// PartField is one response key of an edge or of pageInfo.
type PartField struct {
	Alias string
	Text  *Text
	Part  schema.ConnectionPart
	// Node is what an edge's node shows.
	Node []Field
}

// GlobalID is a row's global id.
type GlobalID struct {
	Table *schema.Table
	Key   []*schema.Column
}

// Output is what a write answers with: fields of a mutation response, or with One the row itself.
type Output struct {
	One    *Select
	Fields []OutputField
}

// OutputField is one response key of a mutation response. One of the values is set.
type OutputField struct {
	Alias     string
	Text      *Text
	Affected  bool
	Returning *Select
}

// Insert writes rows of a table, and of related tables with them.
type Insert struct {
	Table    *schema.Table
	Rows     []InsertRow
	Conflict *Conflict
	// Check must hold for every row written.
	Check  schema.Predicate
	Output Output
	// Path is where errors about the rows are reported, "$.selectionSet.insert_author.args.objects".
	Path string
}

// InsertRow is one row to insert.
type InsertRow struct {
	Columns []Assignment
	// Before are object relationships whose row is written first; After those whose rows follow.
	Before, After []NestedInsert
}

// Assignment gives a column a value; Value nil is null.
type Assignment struct {
	Column *schema.Column
	Value  schema.Value
	Path   string
}

// NestedInsert inserts related rows, or relates some that are there. Insert may be nil.
type NestedInsert struct {
	Relation *schema.Relation
	Insert   *Insert
	Link     []*Link
}

// Conflict is an on_conflict clause with the role's update permission folded in.
type Conflict struct {
	Constraint string
	Index      *catalog.Index   // instead of Constraint
	Columns    []*schema.Column // taken from the row that could not be inserted
	Presets    []Assignment
	Where      schema.Predicate
	Check      schema.Predicate // of rows updated instead; nil: none
}

// Update changes rows.
type Update struct {
	Table   *schema.Table
	Where   schema.Predicate
	Changes []Change
	Check   schema.Predicate // nil: none
	// Rules, when there are any, are those of several roles, in order; see UpdateRule. Where admits what one of them does,
	// and Check is nil.
	Rules []UpdateRule
	// Nested are writes to related rows.
	Nested []*Nested
	Output Output
	// Path is where an update of related rows stands in the request.
	Path string
}

// UpdateRule is one role's update permission among several's. A row is changed under a rule whose filter admits it as it
// was and whose check it passes as it is. Where the rules set different columns, that is the first that admits it.
type UpdateRule struct {
	Filter, Check schema.Predicate // Check nil: none
	// Presets are the columns the rule sets, where the rules differ in them.
	Presets []Assignment
}

// Choice is the first of several inserts that its role's checks let through; nothing stays of the others.
type Choice struct{ Inserts []*Insert }

// Change is one column's change.
type Change struct {
	// Op is "_set", "_inc", "_mul", "_default", "_append", "_prepend", "_delete_key", "_delete_elem" or "_delete_at_path".
	Op string
	Assignment
}

// UpdateBatch is several updates, run in order, answered with a list.
type UpdateBatch struct{ Updates []*Update }

// Delete deletes rows.
type Delete struct {
	Table  *schema.Table
	Where  schema.Predicate
	Output Output
}

func (Constant) node()     {}
func (Group) node()        {}
func (List) node()         {}
func (Introspect) node()   {}
func (*Select) node()      {}
func (*Aggregate) node()   {}
func (*Stream) node()      {}
func (*Connection) node()  {}
func (*Insert) node()      {}
func (*Choice) node()      {}
func (*Update) node()      {}
func (*UpdateBatch) node() {}
func (*Delete) node()      {}

func (*Cell) fieldValue()       {}
func (*Select) fieldValue()     {}
func (*Aggregate) fieldValue()  {}
func (*Connection) fieldValue() {}
func (*Elsewhere) fieldValue()  {}
func (GlobalID) fieldValue()    {}
func (Text) fieldValue()        {}
