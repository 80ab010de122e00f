// Package sheet is a table as a person reads and edits it: every value as the text Postgres writes it, so that none loses
// digits or its kind on the way through a browser, and every row with what tells it from the others and whether it has
// changed since.
//
// It builds statements from the catalog's names and types alone; what comes from a request is a parameter. It refuses
// nothing for who asks: that is decided before.
package sheet

import (
	"gatehouse/engine/catalog"
	"gatehouse/engine/fault"
	"gatehouse/engine/pgsql"
)

// row is the table in a statement. A column may have its name, so that it never stands alone for the whole row.
const row = pgsql.Ident("gatehouse.row")

// maxRows bounds what one request reads, maxText how many characters of a value it reads unless it is asked for all.
const maxRows, maxText = 1000, 2000

// Paths of errors begin at the request that is read here, "$".

// Read is a request for rows.
type Read struct {
	// Columns are all where none are named.
	Columns []string `json:"columns"`
	Where   []Filter `json:"where"`
	OrderBy []Order  `json:"order_by"`
	Limit   int64    `json:"limit"`
	Offset  int64    `json:"offset"`
	// After and Before are places in the order, as Rows.First and Rows.Last tell them: what is behind or ahead of one is read.
	// IsLast asks for the last rows. Unlike an offset neither costs more the further one is, nor moves when rows come and go.
	After  []*string `json:"after"`
	Before []*string `json:"before"`
	IsLast bool      `json:"last"`
	// IsWhole asks for long values in full.
	IsWhole bool `json:"whole"`
	// Counts asks how many rows there are, too.
	Counts bool `json:"count"`
}

// Filter is a condition on a column. Value is null where the operator takes none, Values where it takes many.
type Filter struct {
	Column string   `json:"column"`
	Op     string   `json:"op"`
	Value  *string  `json:"value"`
	Values []string `json:"values"`
}

// Order is one column of an order.
type Order struct {
	Column string `json:"column"`
	IsDesc bool   `json:"desc"`
}

// operators are those between a column and a value of its type; what is compared as text is apart.
var (
	operators = map[string]pgsql.Operator{
		"=": "=", "<>": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">=", "is not": "is distinct from", "@>": "@>", "<@": "<@", "&&": "&&",
	}
	textOperators = map[string]pgsql.Operator{"like": "like", "ilike": "ilike", "not like": "not like", "not ilike": "not ilike", "~": "~", "~*": "~*"}
)

func misplaced(path, format string, args ...any) error {
	return fault.New(fault.BadRequest, path, format, args...)
}

func columnOf(t *catalog.Table, name, path string) (*catalog.Column, error) {
	if c := t.Column(name); c != nil {
		return c, nil
	}
	return nil, misplaced(path, "table %q has no column %q", t.Name.Name, name)
}

func nameOf(n catalog.Name) pgsql.Name {
	return pgsql.Name{Schema: pgsql.Ident(n.Schema), Name: pgsql.Ident(n.Name)}
}

func typeOf(t *catalog.Type) pgsql.Type { return pgsql.Type{Name: nameOf(t.Name)} }

func of(c *catalog.Column) pgsql.Expr { return pgsql.Column{Table: row, Name: pgsql.Ident(c.Name)} }

var (
	text    = pgsql.Type{Name: pgsql.Name{Schema: "pg_catalog", Name: "text"}}
	builtin = func(name pgsql.Ident) pgsql.Name { return pgsql.Name{Schema: "pg_catalog", Name: name} }
)

// value is a text read as a column's type.
func value(c *catalog.Column, v string) pgsql.Expr { return pgsql.Param{Arg: v, Type: typeOf(c.Type)} }

// condition is what all filters ask for.
func condition(t *catalog.Table, filters []Filter) (pgsql.Expr, error) {
	var all pgsql.And
	for i, f := range filters {
		path := fault.Index("$.where", i)
		c, err := columnOf(t, f.Column, fault.Key(path, "column"))
		if err != nil {
			return nil, err
		}
		e, err := f.expr(c, path)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, nil
}

func (f *Filter) expr(c *catalog.Column, path string) (pgsql.Expr, error) {
	switch f.Op {
	case "is null", "is not null":
		return pgsql.IsNull{Expr: of(c), Not: f.Op == "is not null"}, nil
	case "in":
		var any pgsql.Or
		for _, v := range f.Values {
			any = append(any, pgsql.Binary{Left: of(c), Op: "=", Right: value(c, v)})
		}
		return any, nil
	}
	if f.Value == nil {
		return nil, misplaced(fault.Key(path, "value"), "operator %q needs a value", f.Op)
	}
	asText := pgsql.Cast{Expr: of(c), Type: text}
	if f.Op == "contains" {
		at := pgsql.Call{Func: builtin("strpos"), Args: []pgsql.Expr{
			pgsql.Call{Func: builtin("lower"), Args: []pgsql.Expr{asText}},
			pgsql.Call{Func: builtin("lower"), Args: []pgsql.Expr{pgsql.Param{Arg: *f.Value, Type: text}}},
		}}
		return pgsql.Binary{Left: at, Op: ">", Right: pgsql.Int(0)}, nil
	}
	if op, ok := textOperators[f.Op]; ok {
		return pgsql.Binary{Left: asText, Op: op, Right: pgsql.Param{Arg: *f.Value, Type: text}}, nil
	}
	op, ok := operators[f.Op]
	if !ok {
		return nil, misplaced(fault.Key(path, "op"), "unknown operator %q", f.Op)
	}
	return pgsql.Binary{Left: of(c), Op: op, Right: value(c, *f.Value)}, nil
}

// identity are the columns that tell a row from all others; nil when there are none.
func identity(t *catalog.Table) []string {
	for _, k := range t.UniqueKeys {
		if t.PrimaryKey == k || isNotNull(t, k.Columns) {
			return k.Columns
		}
	}
	return nil
}

func isNotNull(t *catalog.Table, columns []string) bool {
	for _, name := range columns {
		if c := t.Column(name); c == nil || !c.NotNull {
			return false
		}
	}
	return true
}

// hasPlace tells whether a row can be told from others by where it is stored: each child of a table counts its places anew.
func hasPlace(t *catalog.Table) bool { return t.Kind == catalog.OrdinaryTable && !t.HasChildren }

// repeatsKeys tells that a key may be another row's, too: it holds for each child on its own, of partitions alone for all.
func repeatsKeys(t *catalog.Table) bool { return t.HasChildren && t.Kind != catalog.PartitionedTable }

// place is where a row is stored; it is another place after each change of the row.
var place = pgsql.Cast{Expr: pgsql.Column{Table: row, Name: "ctid"}, Type: text}

// version is of the row's whole content: equal for equal rows, whatever wrote them.
var version = pgsql.Call{Func: builtin("md5"), Args: []pgsql.Expr{pgsql.Cast{Expr: pgsql.RowOf{pgsql.Star{Table: row}}, Type: text}}}

// query is the select of a read, its columns as texts, behind them the row's version, its place, and its place in the order.
func (r *Read) query(t *catalog.Table) (*pgsql.Select, []*catalog.Column, error) {
	columns, err := r.columns(t)
	if err != nil {
		return nil, nil, err
	}
	s, keys, err := r.plain(t)
	if err != nil {
		return nil, nil, err
	}
	s = foundFirst(s, t)
	s.Output = outputs(columns, r.IsWhole)
	s.Output = append(s.Output, pgsql.Output{Expr: version})
	if hasPlace(t) {
		s.Output = append(s.Output, pgsql.Output{Expr: place})
	}
	if isTotal(t) {
		for _, k := range keys {
			s.Output = append(s.Output, pgsql.Output{Expr: shortened(k.expr)})
		}
	}
	return s, columns, nil
}

// foundFirst has the rows found before anything is computed of them: Postgres computes the outputs of the rows that it sorts or
// skips, too, which costs seconds of a large table.
func foundFirst(s *pgsql.Select, t *catalog.Table) *pgsql.Select {
	found := *s
	if !hasPlace(t) {
		found.Output = []pgsql.Output{{Expr: pgsql.Star{Table: row}}}
		return &pgsql.Select{From: pgsql.Derived{Query: &found, As: row}, OrderBy: s.OrderBy}
	}
	ctid := pgsql.Column{Table: row, Name: "ctid"}
	found.Output = []pgsql.Output{{Expr: ctid}}
	return &pgsql.Select{From: s.From, Where: pgsql.Any{Left: ctid, Op: "=", Right: pgsql.ArrayOf{Query: &found}}, OrderBy: s.OrderBy}
}

func outputs(columns []*catalog.Column, isWhole bool) []pgsql.Output {
	var out []pgsql.Output
	for _, c := range columns {
		e := shortened(of(c))
		if isWhole {
			e = pgsql.Cast{Expr: of(c), Type: text}
		}
		out = append(out, pgsql.Output{Expr: e})
	}
	return out
}

// shortened is an expression's text, of one that is too long enough to tell that it is.
func shortened(e pgsql.Expr) pgsql.Expr {
	return pgsql.Call{Func: builtin("left"), Args: []pgsql.Expr{pgsql.Cast{Expr: e, Type: text}, pgsql.Int(maxText + 1)}}
}

func (r *Read) columns(t *catalog.Table) ([]*catalog.Column, error) {
	if len(r.Columns) == 0 {
		return t.Columns, nil
	}
	var list []*catalog.Column
	for i, name := range r.Columns {
		c, err := columnOf(t, name, fault.Index("$.columns", i))
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, nil
}

// plain is the select without its outputs, and what it is ordered by.
func (r *Read) plain(t *catalog.Table) (*pgsql.Select, []sortKey, error) {
	where, err := condition(t, r.Where)
	if err != nil {
		return nil, nil, err
	}
	keys, err := r.order(t)
	if err != nil {
		return nil, nil, err
	}
	if where, err = r.within(t, where, keys); err != nil {
		return nil, nil, err
	}
	s := &pgsql.Select{From: pgsql.Table{Name: nameOf(t.Name), As: row}, Where: where}
	for _, k := range keys {
		s.OrderBy = append(s.OrderBy, pgsql.Order{Expr: k.expr, Desc: k.isDesc != r.isBackwards()})
	}
	if r.Limit > 0 {
		s.Limit = pgsql.Int(r.Limit)
	}
	if r.Offset > 0 {
		s.Offset = pgsql.Int(r.Offset)
	}
	return s, keys, nil
}
