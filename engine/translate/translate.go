// Package translate turns a plan into SQL statements: text with numbered parameters, and for each parameter where its
// value comes from.
//
// It stands between plan and execute and is pure. It adds no condition and drops none; it only says in SQL what the
// plan says. The shape of results is decided here, in result.go, and nowhere else. See DESIGN.md.
package translate

import (
	"strconv"

	"gatehouse/engine/catalog"
	"gatehouse/engine/pgsql"
	"gatehouse/engine/plan"
	"gatehouse/engine/schema"
)

// Statement is one SQL statement.
type Statement struct {
	SQL  string
	Args []Arg
	// Patterns are the indices of parameters that must first be tried as the pattern they are (Arg.Pattern).
	Patterns []int
	// Flat is nil when the result is one row with one column of finished JSON; else it says how the rows become JSON.
	Flat *Flat
	// Class says whether the statement may share a connection.
	Class Class
	// IsVolatile: it calls a function that may write.
	IsVolatile bool
}

// Formats are the formats of the result's columns, as Postgres takes them: one code each, or one for all.
func (s *Statement) Formats() []int16 {
	if s.Flat == nil {
		return textFormat
	}
	return s.Flat.Formats()
}

var textFormat = []int16{0}

// Arg is where a parameter's value comes from and how it is written for Postgres.
type Arg struct {
	Value    schema.Value
	Encoding Encoding
	// Path is where the value stands in the request, for errors.
	Path string
	// Pattern is set on a client's pattern to the operator that takes it. Whether Postgres can evaluate one must not be
	// told by the rows it is tried on: it tries them before the role's row filter where that is cheaper. So what is wrong
	// with a pattern is found before the statement runs: of like by Text, of the others by Try.
	Pattern pgsql.Operator
}

// NeedsTry tells whether the value must be tried as the pattern it is before the statement runs.
func (a Arg) NeedsTry() bool { return a.Pattern != "" && a.Pattern != likePattern }

// Try is a statement that fails when Pattern cannot evaluate its parameter, whatever the rows.
func (a Arg) Try() string { return "select '' " + string(a.Pattern) + " $1::text" }

// Step is one root field, ready to run.
type Step struct {
	// Alias is the response key; Path where the field stands in the request.
	Alias, Path string
	// Source is "" when no database is needed.
	Source string
	// Exactly one of these is set.
	Constant []byte
	Group    []Step
	IsGroup  bool
	// IsList: the group is an array, without keys.
	IsList     bool
	Introspect *plan.Introspect
	Read       *Statement
	Write      *Write
	// Joins are the places in the result that other statements fill in.
	Joins Joins
	// Slot is where a subscription's polls give the field's value; see Live.
	Slot int
}

// Options are the settings that change SQL.
type Options struct {
	// StringifyNumericTypes shows bigint, numeric, float8 and money as strings.
	StringifyNumericTypes bool
	// Strategy says who writes the JSON of reads.
	Strategy Strategy
}

// Steps translates a plan's root fields, in order.
func Steps(p *plan.Plan, o Options) ([]Step, error) {
	return steps(p.Roots, o, &joiner{o: o})
}

func steps(roots []plan.Root, o Options, j *joiner) ([]Step, error) {
	out := make([]Step, 0, len(roots))
	for _, r := range roots {
		s := Step{Alias: r.Alias, Path: r.Path}
		if r.Source != nil {
			s.Source = r.Source.Name
		}
		var err error
		switch n := r.Node.(type) {
		case plan.Constant:
			s.Constant = []byte(n)
		case plan.Group:
			s.IsGroup = true
			s.Group, err = steps(n, o, j)
		case plan.List:
			s.IsGroup, s.IsList = true, true
			s.Group, err = steps(n, o, j)
		case plan.Introspect:
			s.Introspect = &n
		case *plan.Select:
			if writes(&n.Rows) {
				s.Read = calling(&n.Rows, o, func(t *translator) *pgsql.Select { return t.rootSelect(n) })
				break
			}
			s.Read = newReader(o).read(n)
			s.Read.Class = classOfSelect(n)
		case *plan.Aggregate:
			if writes(&n.Rows) {
				s.Read = calling(&n.Rows, o, func(t *translator) *pgsql.Select { return t.aggregate(n, "") })
				break
			}
			t := newReader(o)
			s.Read = t.print(t.aggregate(n, ""))
		case *plan.Groups:
			t := newReader(o)
			s.Read = t.print(t.groups(n, ""))
		case *plan.Connection:
			t := newReader(o)
			s.Read = t.print(t.connection(n, ""))
		case *plan.Scalar:
			t := newReader(o)
			s.Read = t.print(t.scalar(n))
		default:
			s.Write, err = write(r, o)
		}
		if err != nil {
			return nil, err
		}
		if s.Read != nil {
			s.Read.IsVolatile = callsVolatile(r.Node)
		}
		s.Joins = j.joins(r.Node)
		out = append(out, s)
	}
	return out, nil
}

// translator builds one statement; it numbers aliases.
type translator struct {
	o    Options
	next int
	// isPoll: the statement will be joined with a list of subscribers.
	isPoll bool
	// written holds the relations of written rows and of pages (common table expressions): unlike a table's alias, such
	// a relation as a whole is not a value of the table's row type.
	written map[pgsql.Ident]*schema.Table
	// cte, when set, is the relation of written rows that a select of the write's output reads instead of the table.
	cte map[*plan.Rows]pgsql.Ident
}

func newReader(o Options) *translator {
	return &translator{o: o, written: map[pgsql.Ident]*schema.Table{}}
}

func (t *translator) alias(prefix string) pgsql.Ident {
	t.next++
	return pgsql.Ident(prefix + strconv.Itoa(t.next))
}

func (t *translator) print(s pgsql.Statement) *Statement {
	text, args := pgsql.Print(s)
	out := &Statement{SQL: text, Args: make([]Arg, len(args))}
	for i, a := range args {
		out.Args[i] = a.(Arg)
		if out.Args[i].NeedsTry() {
			out.Patterns = append(out.Patterns, i)
		}
	}
	return out
}

func name(n catalog.Name) pgsql.Name {
	return pgsql.Name{Schema: pgsql.Ident(n.Schema), Name: pgsql.Ident(n.Name)}
}

// typ is a type as casts spell it. Built-in types are found without their schema.
func typ(t *catalog.Type) pgsql.Type {
	if t.Kind == catalog.ArrayType && t.Elem != nil {
		e := typ(t.Elem)
		e.Array = true
		return e
	}
	return pgsql.Type{Name: name(t.Name)}
}

func builtin(n string) pgsql.Type {
	return pgsql.Type{Name: pgsql.Name{Schema: "pg_catalog", Name: pgsql.Ident(n)}}
}

var (
	textType = builtin("text")
	jsonType = builtin("json")
)

// fn names a built-in function.
func fn(n pgsql.Ident) pgsql.Name { return pgsql.Name{Name: n} }

func call(n pgsql.Ident, args ...pgsql.Expr) pgsql.Call { return pgsql.Call{Func: fn(n), Args: args} }

// value is a value of a Postgres type as a parameter; list: an array of it.
func (t *translator) value(v schema.Value, ty *catalog.Type, list bool, path string) pgsql.Expr {
	if v == nil {
		return pgsql.Cast{Expr: pgsql.Null{}, Type: typ(ty)}
	}
	if isGeo(ty) && !list {
		return geoValue(pgsql.Param{Arg: Arg{Value: v, Encoding: GeoJSON, Path: path}, Type: textType}, typ(ty))
	}
	e := encodingOf(ty)
	pt := typ(ty)
	if list {
		e = listEncoding(e)
		pt.Array = true
	}
	return pgsql.Param{Arg: Arg{Value: v, Encoding: e, Path: path}, Type: pt}
}

func isGeo(t *catalog.Type) bool { return t.Name.Name == "geometry" || t.Name.Name == "geography" }

// geoValue is a geometry given as GeoJSON or in a form Postgres reads (well-known text, extended well-known binary).
func geoValue(text pgsql.Param, t pgsql.Type) pgsql.Expr {
	return pgsql.Case{
		When: pgsql.Binary{Left: text, Op: "like", Right: pgsql.Text("{%")},
		Then: pgsql.Cast{Expr: call("st_geomfromgeojson", text), Type: t},
		Else: pgsql.Cast{Expr: text, Type: t},
	}
}

// isJSONValue tells a JSON value from a session variable.
func isJSONValue(v schema.Value) bool {
	_, isSession := v.(schema.SessionVariable)
	return !isSession
}
