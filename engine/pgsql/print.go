package pgsql

import (
	"fmt"
	"strconv"
	"strings"
)

// Print returns a statement's text and the Arg of each parameter, $1 first. An Arg that occurs twice with one
// type (and is comparable) is one parameter.
func Print(s Statement) (string, []any) { return PrintReplacing(s, nil) }

// PrintReplacing is Print with another expression in the place of each parameter for which replace gives one.
func PrintReplacing(s Statement, replace func(Param) Expr) (string, []any) {
	p := printer{seen: map[paramKey]int{}, replace: replace}
	p.statement(s)
	return p.b.String(), p.args
}

type paramKey struct {
	arg any
	typ Type
}

type printer struct {
	b    strings.Builder
	args []any
	seen map[paramKey]int
	// replace is nil, or gives what stands for a parameter; nil leaves the parameter.
	replace func(Param) Expr
	// names is nil, or is told what is named.
	names *Names
}

func (p *printer) raw(s string) { p.b.WriteString(s) }

func (p *printer) ident(i Ident) {
	p.b.WriteByte('"')
	p.raw(strings.ReplaceAll(strings.ReplaceAll(string(i), "\x00", ""), `"`, `""`))
	p.b.WriteByte('"')
}

func (p *printer) name(n Name) {
	if n.Schema != "" {
		p.ident(n.Schema)
		p.b.WriteByte('.')
	}
	p.ident(n.Name)
}

func (p *printer) typ(t Type) {
	p.name(t.Name)
	if t.Array {
		p.raw("[]")
	}
}

// text prints a string constant; the E” form only where a backslash asks for it, so that the result does not
// depend on standard_conforming_strings.
func (p *printer) text(s string) {
	s = strings.ReplaceAll(s, "\x00", "")
	if strings.Contains(s, `\`) {
		p.raw("E")
		s = strings.ReplaceAll(s, `\`, `\\`)
	}
	p.b.WriteByte('\'')
	p.raw(strings.ReplaceAll(s, "'", "''"))
	p.b.WriteByte('\'')
}

func (p *printer) statement(s Statement) {
	switch s := s.(type) {
	case *Select:
		p.selectStmt(s)
	case *UnionAll:
		p.with(s.With)
		for i, q := range s.Queries {
			if i > 0 {
				p.raw(" union all ")
			}
			p.raw("(")
			p.selectStmt(q)
			p.raw(")")
		}
	case *Insert:
		p.insert(s)
	case *Update:
		p.update(s)
	case *Delete:
		p.delete(s)
	default:
		panic(fmt.Sprintf("pgsql: unknown statement %T", s))
	}
}

func (p *printer) with(ctes []CTE) {
	for i, c := range ctes {
		if i == 0 {
			p.raw("with ")
		} else {
			p.raw(", ")
		}
		p.ident(c.Name)
		p.raw(" as (")
		p.statement(c.Query)
		p.raw(") ")
	}
}

func (p *printer) outputs(out []Output) {
	for i, o := range out {
		if i > 0 {
			p.raw(", ")
		}
		p.expr(o.Expr)
		if o.As != "" {
			p.raw(" as ")
			p.ident(o.As)
		}
	}
}

func (p *printer) selectStmt(s *Select) {
	p.with(s.With)
	p.raw("select ")
	if s.Distinct {
		p.raw("distinct ")
	}
	if len(s.DistinctOn) > 0 {
		p.raw("distinct on (")
		p.list(s.DistinctOn)
		p.raw(") ")
	}
	p.outputs(s.Output)
	if s.From != nil {
		p.raw(" from ")
		p.relation(s.From)
	}
	for _, j := range s.Joins {
		if j.Inner {
			p.raw(" join lateral ")
		} else {
			p.raw(" left join lateral ")
		}
		p.relation(j.Relation)
		p.raw(" on ")
		if j.On == nil {
			p.raw("true")
		} else {
			p.expr(j.On)
		}
	}
	p.where(s.Where)
	if len(s.GroupBy) > 0 {
		p.raw(" group by ")
		p.list(s.GroupBy)
	}
	if s.Having != nil {
		p.raw(" having ")
		p.expr(s.Having)
	}
	p.orderBy(s.OrderBy)
	switch {
	case s.Limit != nil && s.WithTies:
		p.raw(" fetch first (")
		p.expr(s.Limit)
		p.raw(") rows with ties")
	case s.Limit != nil:
		p.raw(" limit ")
		p.expr(s.Limit)
	}
	if s.Offset != nil {
		p.raw(" offset ")
		p.expr(s.Offset)
	}
	if s.ForUpdate {
		p.raw(" for update")
	}
}

func (p *printer) where(e Expr) {
	if and, ok := e.(And); e == nil || ok && len(and) == 0 {
		return
	}
	p.raw(" where ")
	p.expr(e)
}

func (p *printer) orderBy(orders []Order) {
	for i, o := range orders {
		if i == 0 {
			p.raw(" order by ")
		} else {
			p.raw(", ")
		}
		p.expr(o.Expr)
		if o.Desc {
			p.raw(" desc")
		}
		if o.NullsFirst != nil {
			if *o.NullsFirst {
				p.raw(" nulls first")
			} else {
				p.raw(" nulls last")
			}
		}
	}
}

func (p *printer) relation(r Relation) {
	switch r := r.(type) {
	case Table:
		p.names.relation(r.Name)
		p.name(r.Name)
		p.as(r.As)
	case FuncTable:
		p.expr(r.Call)
		if r.IsNumbered {
			p.raw(" with ordinality")
		}
		p.as(r.As)
		for i, c := range r.Columns {
			if i == 0 {
				p.raw("(")
			} else {
				p.raw(", ")
			}
			p.ident(c)
			if i < len(r.Types) {
				p.raw(" ")
				p.typ(r.Types[i])
			}
		}
		if len(r.Columns) > 0 {
			p.raw(")")
		}
	case Derived:
		p.raw("(")
		p.selectStmt(r.Query)
		p.raw(")")
		p.as(r.As)
	case Verbatim:
		p.names.text()
		p.raw("(")
		for i, part := range r.Parts {
			p.raw(part)
			if i < len(r.Args) {
				p.expr(r.Args[i])
			}
		}
		p.raw("\n)") // the text may end in a comment
		p.as(r.As)
	default:
		panic(fmt.Sprintf("pgsql: unknown relation %T", r))
	}
}

func (p *printer) as(i Ident) {
	if i != "" {
		p.raw(" as ")
		p.ident(i)
	}
}

func (p *printer) insert(s *Insert) {
	p.with(s.With)
	p.raw("insert into ")
	p.name(s.Into)
	p.as(s.As)
	if len(s.Columns) == 0 {
		p.raw(" default values")
	} else {
		p.raw(" (")
		for i, c := range s.Columns {
			if i > 0 {
				p.raw(", ")
			}
			p.ident(c)
		}
		p.raw(")")
		if s.Overriding {
			p.raw(" overriding system value")
		}
		p.raw(" values ")
		for i, row := range s.Rows {
			if i > 0 {
				p.raw(", ")
			}
			p.raw("(")
			p.list(row)
			p.raw(")")
		}
	}
	if c := s.OnConflict; c != nil {
		p.raw(" on conflict")
		if c.Constraint != "" {
			p.raw(" on constraint ")
			p.ident(c.Constraint)
		}
		if len(c.Index) > 0 {
			p.raw(" (")
			p.list(c.Index)
			p.raw(")")
			p.where(c.IndexWhere)
		}
		if len(c.Set) == 0 {
			p.raw(" do nothing")
		} else {
			p.raw(" do update")
			p.set(c.Set)
			p.where(c.Where)
		}
	}
	p.returning(s.Returning)
}

func (p *printer) set(set []Assignment) {
	p.raw(" set ")
	for i, a := range set {
		if i > 0 {
			p.raw(", ")
		}
		p.ident(a.Column)
		p.raw(" = ")
		p.expr(a.Value)
	}
}

func (p *printer) update(s *Update) {
	p.with(s.With)
	p.raw("update ")
	p.name(s.Table)
	p.as(s.As)
	p.set(s.Set)
	if s.From != nil {
		p.raw(" from ")
		p.relation(s.From)
	}
	p.where(s.Where)
	p.returning(s.Returning)
}

func (p *printer) delete(s *Delete) {
	p.raw("delete from ")
	p.name(s.From)
	p.as(s.As)
	p.where(s.Where)
	p.returning(s.Returning)
}

func (p *printer) returning(out []Output) {
	if len(out) > 0 {
		p.raw(" returning ")
		p.outputs(out)
	}
}

func (p *printer) list(es []Expr) {
	for i, e := range es {
		if i > 0 {
			p.raw(", ")
		}
		p.expr(e)
	}
}

func (p *printer) param(e Param) {
	if p.replace != nil {
		if other := p.replace(e); other != nil {
			p.expr(other)
			return
		}
	}
	k := paramKey{e.Arg, e.Type}
	n, ok := p.seen[k]
	if !ok {
		p.args = append(p.args, e.Arg)
		n = len(p.args)
		p.seen[k] = n
	}
	p.raw("$")
	p.raw(strconv.Itoa(n))
	p.raw("::")
	p.typ(e.Type)
}

func (p *printer) junction(es []Expr, op, none string) {
	if len(es) == 0 {
		p.raw(none)
		return
	}
	if len(es) == 1 {
		p.expr(es[0])
		return
	}
	p.raw("(")
	for i, e := range es {
		if i > 0 {
			p.raw(op)
		}
		p.expr(e)
	}
	p.raw(")")
}

func (p *printer) expr(e Expr) {
	switch e := e.(type) {
	case Column:
		if e.Table != "" {
			p.ident(e.Table)
			p.raw(".")
		}
		p.ident(e.Name)
	case Row:
		p.ident(e.Table)
	case Star:
		p.ident(e.Table)
		p.raw(".*")
	case Param:
		p.param(e)
	case Text:
		p.text(string(e))
	case Int:
		p.raw(strconv.FormatInt(int64(e), 10))
	case Bool:
		p.raw(strconv.FormatBool(bool(e)))
	case Null:
		p.raw("null")
	case Default:
		p.raw("default")
	case Cast:
		p.raw("(")
		p.expr(e.Expr)
		p.raw(")::")
		p.typ(e.Type)
	case Binary:
		p.raw("(")
		p.expr(e.Left)
		p.raw(" " + string(e.Op) + " ")
		p.expr(e.Right)
		p.raw(")")
	case Prefix:
		p.raw("(" + string(e.Op) + " ")
		p.expr(e.Expr)
		p.raw(")")
	case And:
		p.junction(e, " and ", "true")
	case Or:
		p.junction(e, " or ", "false")
	case Not:
		p.raw("(not ")
		p.expr(e.Expr)
		p.raw(")")
	case IsNull:
		p.raw("(")
		p.expr(e.Expr)
		if e.Not {
			p.raw(" is not null)")
		} else {
			p.raw(" is null)")
		}
	case Any:
		p.raw("(")
		p.expr(e.Left)
		p.raw(" " + string(e.Op))
		if e.All {
			p.raw(" all (")
		} else {
			p.raw(" any (")
		}
		p.expr(e.Right)
		p.raw("))")
	case AnyRow:
		p.raw("(")
		p.expr(e.Left)
		p.raw(" " + string(e.Op))
		if e.All {
			p.raw(" all (")
		} else {
			p.raw(" any (")
		}
		p.selectStmt(e.Query)
		p.raw("))")
	case Exists:
		p.raw("exists (")
		p.selectStmt(e.Query)
		p.raw(")")
	case Subquery:
		p.raw("(")
		p.selectStmt(e.Query)
		p.raw(")")
	case ArrayOf:
		p.raw("array(")
		p.selectStmt(e.Query)
		p.raw(")")
	case Call:
		p.call(e)
	case RowNumber:
		p.raw("row_number() over ()")
	case Case:
		p.raw("case when ")
		p.expr(e.When)
		p.raw(" then ")
		p.expr(e.Then)
		if e.Else != nil {
			p.raw(" else ")
			p.expr(e.Else)
		}
		p.raw(" end")
	case RowOf:
		p.raw("row(")
		p.list(e)
		p.raw(")")
	case Element:
		p.raw("(")
		p.expr(e.Array)
		p.raw(")[")
		p.expr(e.Index)
		p.raw("]")
	case Tuple:
		p.raw("(")
		p.list(e)
		p.raw(")")
	case Catalogued:
		p.names.text()
		p.raw(string(e))
	default:
		panic(fmt.Sprintf("pgsql: unknown expression %T", e))
	}
}

func (p *printer) call(e Call) {
	if e.Func.Schema == "" {
		p.raw(string(e.Func.Name)) // a built-in, named by a constant
	} else {
		p.names.function(e.Func)
		p.name(e.Func)
	}
	p.raw("(")
	if e.Distinct {
		p.raw("distinct ")
	}
	if e.Star {
		p.raw("*")
	}
	p.list(e.Args)
	for i, a := range e.Named {
		if i > 0 || len(e.Args) > 0 {
			p.raw(", ")
		}
		p.ident(a.Name)
		p.raw(" => ")
		p.expr(a.Value)
	}
	p.orderBy(e.OrderBy)
	p.raw(")")
	if e.Filter != nil {
		p.raw(" filter (where ")
		p.expr(e.Filter)
		p.raw(")")
	}
}
