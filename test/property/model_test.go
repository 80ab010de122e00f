package property_test

import (
	"reflect"
	"slices"
)

// kind is a column's type.
type kind int

const (
	intKind kind = iota
	textKind
	boolKind
)

var sqlTypes = map[kind]string{intKind: "int", textKind: `text collate "C"`, boolKind: "boolean"}

// value is a cell: nil (null), int64, string or bool.
type value any

type column struct {
	name    string
	kind    kind
	notNull bool
	deflt   value // nil: none
}

// relation is a relationship over columns that are equal. An object relationship leads to a unique key.
type relation struct {
	name        string
	array       bool
	target      *table
	own, theirs []string
	// foreign: a foreign key stands behind it, on own, or on theirs for an array relationship. onDelete is what becomes of
	// rows that refer to a deleted one: "" (refused), "cascade" or "set null".
	foreign  bool
	onDelete string
	// isAfter: a row inserted with another over this relationship is written after it. Always so for array relationships.
	isAfter bool
}

type table struct {
	name      string
	columns   []column
	unique    []key // the first is the primary key
	relations []relation
	computed  []computed
}

type key struct {
	name    string
	columns []string
}

func (t *table) column(name string) *column {
	for i := range t.columns {
		if t.columns[i].name == name {
			return &t.columns[i]
		}
	}
	for _, f := range t.computed {
		if f.name == name && !f.isTable() {
			return &column{name: name, kind: intKind}
		}
	}
	return nil
}

func (t *table) relation(name string) *relation {
	for i := range t.relations {
		if t.relations[i].name == name {
			return &t.relations[i]
		}
	}
	return nil
}

// row is a table's row; state what all tables hold.
type (
	row   map[string]value
	state map[string][]row
)

// The conditions, of permissions and of where arguments alike.
type (
	cond any
	and  []cond
	or   []cond
	not  struct{ c cond }
	// compare tests a column with an operator; the operand is a literal, a list of them, or a session variable.
	compare struct {
		column, op string
		operand    any
	}
	// columns tests a column against another: of this row or, with root, of the row the condition is about, perhaps at the
	// end of an object relationship. Only permissions have it.
	columns struct {
		column, op string
		root       bool
		via        string
		other      string
	}
	// related: some related row satisfies c.
	related struct {
		relation string
		c        cond
	}
	// nearby: some row of a table computed field satisfies c. Permissions do not have it.
	nearby struct {
		field string
		c     cond
	}
	// exists: some row of a table satisfies c. Only permissions have it.
	exists struct {
		table string
		c     cond
	}
	// counted tests how many related rows there are.
	counted struct {
		relation string
		columns  []string
		distinct bool
		filter   cond // nil: all
		op       string
		n        int64
	}
	// variable is a session variable as an operand or preset.
	variable string
)

// The permissions of a role on one table.
type (
	selectPermission struct {
		columns      []string
		computed     []string // scalar computed fields
		roots        []string // the root fields there are; nil: all
		filter       cond
		limit        *int
		aggregations bool
	}
	insertPermission struct {
		columns []string
		check   cond
		set     []preset
		// backendOnly: as in all writes, there only for callers who say so.
		backendOnly bool
	}
	updatePermission struct {
		columns []string
		filter  cond
		check   cond // nil: none
		set     []preset

		backendOnly bool
	}
	deletePermission struct {
		filter      cond
		backendOnly bool
	}
	preset struct {
		column string
		value  any // a value or a variable
	}
)

// role holds permissions by table, or inherits those of its members.
type role struct {
	name    string
	selects map[string]*selectPermission
	inserts map[string]*insertPermission
	updates map[string]*updatePermission
	deletes map[string]*deletePermission
	calls   map[string]bool // functions that write, by table
	members []*role
}

func newRole(name string) *role {
	return &role{
		name: name, selects: map[string]*selectPermission{}, inserts: map[string]*insertPermission{},
		updates: map[string]*updatePermission{}, deletes: map[string]*deletePermission{}, calls: map[string]bool{},
	}
}

// readers are the roles whose select permission on t this role has: itself, or members.
func (r *role) readers(t *table) []*selectPermission {
	var out []*selectPermission
	if r.members == nil {
		if p := r.selects[t.name]; p != nil {
			out = append(out, p)
		}
	}
	for _, m := range r.members {
		out = append(out, m.readers(t)...)
	}
	return out
}

// readable are the columns of t the role may read in some row at least; in table order.
func (r *role) readable(t *table) []string {
	var out []string
	for _, c := range t.columns {
		for _, p := range r.readers(t) {
			if slices.Contains(p.columns, c.name) {
				out = append(out, c.name)
				break
			}
		}
	}
	return out
}

func (r *role) canRead(t *table) bool { return len(r.readers(t)) > 0 }

func (r *role) canAggregate(t *table) bool {
	for _, p := range r.readers(t) {
		if p.aggregations {
			return true
		}
	}
	return false
}

// limit is the most rows of one selection, -1 for any.
func (r *role) limit(t *table) int {
	most := 0
	for _, p := range r.readers(t) {
		if p.limit == nil {
			return -1
		}
		most = max(most, *p.limit)
	}
	return most
}

// agreed is a role's own mutation permission, or the one that all members who have one have alike. Members that differ
// give none.
func agreed[P any](r *role, of func(*role) map[string]*P, t *table) *P {
	if r.members == nil {
		return of(r)[t.name]
	}
	var out *P
	for _, m := range r.members {
		p := agreed(m, of, t)
		if p != nil && out != nil && !reflect.DeepEqual(p, out) {
			return nil
		}
		if p != nil {
			out = p
		}
	}
	return out
}

func (r *role) insert(t *table) *insertPermission {
	return agreed(r, func(r *role) map[string]*insertPermission { return r.inserts }, t)
}

func (r *role) update(t *table) *updatePermission {
	return agreed(r, func(r *role) map[string]*updatePermission { return r.updates }, t)
}

func (r *role) delete(t *table) *deletePermission {
	return agreed(r, func(r *role) map[string]*deletePermission { return r.deletes }, t)
}

// The parts of a request.
type (
	// field is a selected column, relationship or aggregate over one.
	field struct {
		alias     string
		column    string
		relation  *relation
		rows      *selection // of relation
		aggregate *aggregate // of relation
		computed  *computed  // instead of relation, or of column with n as its argument
		n         *int64
	}
	arguments struct {
		where         cond // nil: none
		orderBy       []order
		limit, offset *int
		distinctOn    []string
	}
	selection struct {
		table  *table
		args   arguments
		fields []field
	}
	aggregate struct {
		table *table
		args  arguments
		items []aggregateItem
		nodes []field // nil: not asked for
	}
	aggregateItem struct {
		alias, fn string // count, sum, avg, min, max
		columns   []string
		distinct  bool
	}
	// order orders by a column, perhaps of a row that object relationships lead to, or by an aggregate over one that an
	// array relationship leads to.
	order struct {
		via       []string
		relation  string // array relationship; "" for a column
		fn        string
		column    string
		direction string
	}
)

// operation is one root field.
type operation struct {
	kind  string // select, by_pk, aggregate, function, call, insert, insert_one, update, update_by_pk, update_many, delete, delete_by_pk
	table *table
	// of reads
	rows      *selection
	aggregate *aggregate
	key       row // by_pk
	// of writes
	low       int64 // of functions
	isMine    bool  // the reading function that takes the session
	objects   []*newRow
	conflict  *conflict
	updates   []change // one, except for update_many
	returning []field  // also what by_pk kinds and insert_one select
}

// newRow is a row to insert, with related ones.
type newRow struct {
	values row
	nested []nested
}

type nested struct {
	relation *relation
	objects  []*newRow // one, for an object relationship
	conflict *conflict
}

type conflict struct {
	key     key
	columns []string
	where   cond // nil: none
}

type change struct {
	where cond // nil for by_pk
	set   row
	inc   row
}

func (o *operation) isWrite() bool {
	return o.kind != "select" && o.kind != "by_pk" && o.kind != "aggregate" && o.kind != "function"
}

// request is what one role asks at once: reads, or writes that stand and fall together.
type request struct {
	role         *role
	session      map[string]string
	operations   []*operation
	useVariables bool // arguments travel as GraphQL variables
	isBackend    bool // may use what is for backends only
}

func (r *request) isWrite() bool { return r.operations[0].isWrite() }

// world is a whole case.
type world struct {
	tables   []*table
	rows     state
	roles    []*role
	requests []*request
	// hasEndpoints: every request is a REST endpoint too.
	hasEndpoints bool
}

func (w *world) table(name string) *table {
	for _, t := range w.tables {
		if t.name == name {
			return t
		}
	}
	return nil
}
