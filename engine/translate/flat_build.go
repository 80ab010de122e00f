package translate

import (
	"slices"
	"strconv"

	"gatehouse/engine/pgsql"
	"gatehouse/engine/plan"
	"gatehouse/engine/schema"
)

// A tree of rows, as one statement (so one snapshot):
//
//	with l1 as (select row_number() over () as n0, x.… from (the root's rows) x),
//	     l2 as (select row_number() over () as n0, y.* from (select p.n0 as p0, x.… from l1 p join lateral (one parent's rows) x order by p.n0, …) y)
//	(select 0, p.n0, null, x.… from l2 p join lateral (one parent's rows) x order by p.n0, …)   the innermost level needs no name
//	union all (select 1, p0, n0, … from l2)
//	union all (select 2, null, n0, … from l1)
//
// A lateral join with a query that cannot be merged into the whole is, for each parent, the scan a correlated subquery
// would be: an index where there is one, the same rows in the same order, under a limit of its own or not. An ordinary join
// costs Postgres about a tenth less when all goes well, and, where a parent's rows are few and its table is large, what
// Postgres guesses about the number of parents decides whether all of the table is read.
//
// A related row is joined after the rows were chosen, ordered and limited, so only for those that stay.

// flatSelect is a root field whose rows come as they are.
func (t *translator) flatSelect(n *plan.Select) *Statement {
	b := &flatBuilder{t: t}
	root := b.level(n, nil)
	if b.isTooWide() {
		b = &flatBuilder{t: t, shallow: true}
		root = b.level(n, nil)
	}
	flat := &Flat{isSingle: n.Single}
	var s pgsql.Statement
	if len(b.levels) == 1 {
		s, flat.formats = root.alone()
	} else {
		s, flat.formats = b.union()
	}
	for _, l := range slices.Backward(b.levels) {
		object := *l.object.placed(len(b.levels))
		for _, k := range l.keyCells {
			object.order = append(object.order, flatKey{k.cell.column, k.desc})
		}
		flat.levels = append(flat.levels, object)
	}
	out := t.print(s)
	out.Flat = flat
	return out
}

// Every row of a tree has the columns of the widest level, null where its own has less, and a null costs a few nanoseconds
// on either side; Postgres takes 1,664 columns. Beyond these bounds what is related to the root's rows is JSON from Postgres.
const (
	maxFlatLevels = 12
	maxFlatWidth  = 48
	maxFlatAlone  = 500
)

func (b *flatBuilder) isTooWide() bool {
	if root := b.levels[0]; len(b.levels) == 1 {
		return len(root.related) > 0 && len(root.cells) > maxFlatAlone
	}
	return len(b.levels) > maxFlatLevels || len(b.place()) > maxFlatWidth
}

// flatBuilder collects the levels of a tree.
type flatBuilder struct {
	t *translator
	// levels are in the order in which they were met, parents before children; their rows arrive the other way round.
	levels []*flatLevel
	// shallow: related rows are JSON from Postgres.
	shallow bool
}

// flatLevel is the query of one level: its rows, for each row of the parents' level, and objects related to them.
type flatLevel struct {
	index int
	// name is the common table expression of a level that has children, parents that of the level above in from.
	name, parents pgsql.Ident
	parent        *flatLevel
	row           *flatRow
	related       []pgsql.Join
	cells         []*flatCell
	// order is by what Postgres sorts the rows of all parents together, keyCells by what Go sorts those of each.
	order    []pgsql.Order
	keyCells []flatKeyCell
	// keys are what children are joined by.
	keys   []pgsql.Output
	object *flatShape
}

// flatRow is a query of rows. What is wanted of them is among its outputs, under names of the builder's making.
type flatRow struct {
	level *flatLevel
	// table is the relation selected from inside the query, as the query's own alias outside.
	table, as pgsql.Ident
	query     *pgsql.Select
	keys      map[string]pgsql.Ident
}

// flatCell is a value that is sent. shows is set when it is just a column.
type flatCell struct {
	from   pgsql.Column
	form   flatForm
	column int
	shows  *schema.Column
}

type flatKeyCell struct {
	cell *flatCell
	desc bool
}

// flatShape is a flatObject whose columns have no place yet.
type flatShape struct {
	members []flatShapeMember
	end     string
}

type flatShapeMember struct {
	before string
	kind   flatKind
	cell   *flatCell
	level  *flatLevel
	object *flatShape
}

func (o *flatShape) placed(levels int) *flatObject {
	out := &flatObject{end: o.end}
	for _, m := range o.members {
		member := flatMember{before: m.before, kind: m.kind}
		if m.cell != nil {
			member.column = m.cell.column
		}
		if m.level != nil {
			member.level = levels - 1 - m.level.index
		}
		if m.object != nil {
			member.object = m.object.placed(levels)
		}
		out.members = append(out.members, member)
	}
	return out
}

// level adds the level of a list of rows related to those of another row, or of the root field's.
func (b *flatBuilder) level(n *plan.Select, of *flatRow) *flatLevel {
	l := &flatLevel{index: len(b.levels)}
	b.levels = append(b.levels, l)
	rows := n.Rows
	if of != nil {
		l.parent, l.parents = of.level, b.t.alias("p")
		if l.parent.name == "" {
			l.parent.name = b.t.alias("l")
		}
		rows.Via = b.joinable(rows.Via, of, true)
	}
	l.row = b.row(l, &rows, l.parents)
	if n.Single && l.row.query.Limit == nil && !isByKey(&n.Rows) {
		l.row.query.Limit = pgsql.Int(1)
	}
	l.object = b.object(n.Fields, l.row)
	if q := l.row.query; of != nil && q.Limit == nil && q.Offset == nil && len(q.DistinctOn) == 0 {
		b.sortTogether(l, n.OrderBy)
	}
	if q := l.row.query; len(q.Output) == 0 { // constants only
		q.Output = []pgsql.Output{{Expr: pgsql.Null{}}}
	}
	return l
}

func (b *flatBuilder) row(l *flatLevel, rows *plan.Rows, outer pgsql.Ident) *flatRow {
	r := &flatRow{level: l, table: b.t.alias("t"), as: b.t.alias("x"), keys: map[string]pgsql.Ident{}}
	r.query = b.t.rows(rows, r.table, outer, true)
	return r
}

// sortTogether sorts the rows of all parents at once instead of each parent's, which where parents have few rows costs
// more than the rest. By integers Go sorts, and mostly finds them in order.
func (b *flatBuilder) sortTogether(l *flatLevel, order []plan.Order) {
	q := l.row.query
	defer func() {
		q.OrderBy, q.Offset = nil, pgsql.Int(0) // an offset keeps the query one of its own
	}()
	if !slices.ContainsFunc(order, func(o plan.Order) bool { return !isWhole(o) }) {
		for _, o := range order {
			l.keyCells = append(l.keyCells, flatKeyCell{b.columnCell(l.row, o.Operand.Column), o.Desc})
		}
		return
	}
	l.order = append(l.order, pgsql.Order{Expr: pgsql.Column{Table: l.parents, Name: rowNumber}})
	for i, o := range q.OrderBy {
		as := pgsql.Ident("o" + strconv.Itoa(i))
		q.Output = append(q.Output, pgsql.Output{Expr: o.Expr, As: as})
		o.Expr = pgsql.Column{Table: l.row.as, Name: as}
		l.order = append(l.order, o)
	}
}

// isWhole tells whether rows are ordered by a column of integers without nulls.
func isWhole(o plan.Order) bool {
	if len(o.Via) > 0 || o.Aggregate != nil || o.Operand.Column == nil || o.Operand.Visible != nil || o.Operand.Cast != nil || !o.Operand.Column.Catalog.NotNull {
		return false
	}
	form, ok := flatFormOf(o.Operand)
	return ok && form.kind == asInteger
}

// columnCell is the cell of a column: the one that is shown, or one more.
func (b *flatBuilder) columnCell(row *flatRow, c *schema.Column) *flatCell {
	for _, cell := range row.level.cells {
		if cell.shows == c && cell.from.Table == row.as {
			return cell
		}
	}
	e, form := b.t.flatCell(&plan.Cell{Operand: schema.Operand{Column: c}}, row.table)
	if form.kind != asInteger { // shown as a string
		form = flatForm{asInteger, "int8"}
		e = pgsql.Cast{Expr: pgsql.Column{Table: row.table, Name: pgsql.Ident(c.Name)}, Type: builtin(form.as)}
	}
	return b.cell(row, e, form)
}

// joinable is a relation whose own columns have the names under which a row gives them, and with toLevel the level too.
func (b *flatBuilder) joinable(via *schema.Relation, of *flatRow, toLevel bool) *schema.Relation {
	renamed := *via
	renamed.Mapping = slices.Clone(via.Mapping)
	for i := range renamed.Mapping {
		own := *renamed.Mapping[i].Own
		key := of.keys[own.Name]
		if key == "" {
			key = b.t.alias("k")
			of.keys[own.Name] = key
			of.query.Output = append(of.query.Output, pgsql.Output{Expr: pgsql.Column{Table: of.table, Name: pgsql.Ident(own.Name)}, As: key})
		}
		output := pgsql.Output{Expr: pgsql.Column{Table: of.as, Name: key}, As: key}
		if toLevel && !slices.Contains(of.level.keys, output) {
			of.level.keys = append(of.level.keys, output)
		}
		own.Name = string(key)
		renamed.Mapping[i].Own = &own
	}
	return &renamed
}

func (b *flatBuilder) object(fields []plan.Field, row *flatRow) *flatShape {
	o := &flatShape{}
	before := "{"
	for i, f := range fields {
		if i > 0 {
			before += ","
		}
		before = string(appendQuoted([]byte(before), []byte(f.Alias))) + ":"
		if text, ok := f.Value.(plan.Text); ok {
			before = string(appendQuoted([]byte(before), []byte(text)))
			continue
		}
		member := b.member(f.Value, row)
		member.before, before = before, ""
		o.members = append(o.members, member)
	}
	o.end = before + "}"
	return o
}

func (b *flatBuilder) member(v plan.FieldValue, row *flatRow) flatShapeMember {
	if n, ok := v.(*plan.Select); ok && n.Via != nil && n.Native == nil && !b.shallow {
		if n.Single {
			rows := n.Rows
			rows.Via = b.joinable(rows.Via, row, false)
			r := b.row(row.level, &rows, row.as)
			r.query.Limit = pgsql.Int(1)
			row.level.related = append(row.level.related, pgsql.Join{Relation: pgsql.Derived{Query: r.query, As: r.as}})
			there := b.cell(r, pgsql.Bool(true), flatForm{asObject, "bool"})
			return flatShapeMember{kind: asObject, cell: there, object: b.object(n.Fields, r)}
		}
		return flatShapeMember{kind: asList, level: b.level(n, row)}
	}
	e, form := b.t.flatValue(v, row.table)
	cell := b.cell(row, e, form)
	if v, ok := v.(*plan.Cell); ok && v.Operand.Visible == nil && v.JSONPath == nil && form.kind == asInteger {
		cell.shows = v.Operand.Column
	}
	return flatShapeMember{kind: form.kind, cell: cell}
}

// cell makes an expression a value that is sent.
func (b *flatBuilder) cell(row *flatRow, e pgsql.Expr, form flatForm) *flatCell {
	as := b.t.alias("c")
	row.query.Output = append(row.query.Output, pgsql.Output{Expr: e, As: as})
	c := &flatCell{from: pgsql.Column{Table: row.as, Name: as}, form: form}
	row.level.cells = append(row.level.cells, c)
	return c
}

// from is the level's rows, related ones and parents beside them.
func (l *flatLevel) from(q *pgsql.Select) *pgsql.Select {
	own := pgsql.Derived{Query: l.row.query, As: l.row.as}
	if l.parent == nil {
		q.From = own
	} else {
		q.From = pgsql.Table{Name: pgsql.Name{Name: l.parent.name}, As: l.parents}
		q.Joins = append(q.Joins, pgsql.Join{Relation: own, Inner: true})
	}
	q.Joins = append(q.Joins, l.related...)
	q.OrderBy = l.order
	return q
}

// alone is the statement of a tree of one level.
func (l *flatLevel) alone() (*pgsql.Select, []int16) {
	q := l.row.query
	if len(l.related) > 0 {
		q = l.from(&pgsql.Select{})
		for _, c := range l.cells {
			q.Output = append(q.Output, pgsql.Output{Expr: c.from})
		}
	}
	var formats []int16
	for i, c := range l.cells {
		c.column = i
		formats = append(formats, c.form.format())
	}
	if len(formats) == 0 {
		formats = []int16{0}
	}
	return q, formats
}

const (
	rowNumber    pgsql.Ident = "n0"
	parentNumber pgsql.Ident = "p0"
)

// union is the statement of a tree of several levels.
func (b *flatBuilder) union() (*pgsql.UnionAll, []int16) {
	slots := b.place()
	formats := []int16{1, 1, 1}
	for _, form := range slots {
		formats = append(formats, form.format())
	}
	none := pgsql.Cast{Expr: pgsql.Null{}, Type: builtin("int8")}
	s := &pgsql.UnionAll{}
	for i, l := range b.levels {
		q := &pgsql.Select{}
		var parent, number pgsql.Expr = none, none
		if l.parent != nil {
			parent = pgsql.Column{Table: l.parents, Name: rowNumber}
		}
		if l.name != "" {
			as := b.t.alias("q")
			rows := l.from(&pgsql.Select{})
			if l.parent != nil {
				rows.Output = append(rows.Output, pgsql.Output{Expr: parent, As: parentNumber})
				parent = pgsql.Column{Table: as, Name: parentNumber}
			}
			for _, c := range l.cells {
				rows.Output = append(rows.Output, pgsql.Output{Expr: c.from, As: c.from.Name})
				c.from.Table = as
			}
			rows.Output = append(rows.Output, l.keys...)
			named := numbered(rows, b.t.alias("y"))
			number = pgsql.Column{Table: as, Name: rowNumber}
			s.With = append(s.With, pgsql.CTE{Name: l.name, Query: named})
			q.From = pgsql.Table{Name: pgsql.Name{Name: l.name}, As: as}
		} else {
			l.from(q)
		}
		q.Output = []pgsql.Output{{Expr: pgsql.Int(len(b.levels) - 1 - i)}, {Expr: parent}, {Expr: number}}
		for _, form := range slots {
			q.Output = append(q.Output, pgsql.Output{Expr: pgsql.Cast{Expr: pgsql.Null{}, Type: builtin(form.as)}})
		}
		for _, c := range l.cells {
			q.Output[c.column].Expr = c.from
		}
		s.Queries = append(s.Queries, q)
	}
	slices.Reverse(s.Queries)
	return s, formats
}

// numbered gives rows their numbers, in the order they come.
func numbered(rows *pgsql.Select, as pgsql.Ident) *pgsql.Select {
	number := pgsql.Output{Expr: pgsql.RowNumber{}, As: rowNumber}
	if len(rows.OrderBy) == 0 {
		rows.Output = append(rows.Output, number)
		return rows
	}
	return &pgsql.Select{Output: []pgsql.Output{number, {Expr: pgsql.Star{Table: as}}}, From: pgsql.Derived{Query: rows, As: as}}
}

// place gives every cell a column behind the tags. Levels share the columns of a type.
func (b *flatBuilder) place() []flatForm {
	var slots []flatForm
	for _, l := range b.levels {
		taken := make([]bool, len(slots))
		for _, c := range l.cells {
			at := 0
			for at < len(slots) && (taken[at] || slots[at].as != c.form.as) {
				at++
			}
			if at == len(slots) {
				slots, taken = append(slots, c.form), append(taken, false)
			}
			taken[at] = true
			c.column = tags + at
		}
	}
	return slots
}
