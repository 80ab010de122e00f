package translate

import (
	"fmt"

	"gatehouse/engine/catalog"
	"gatehouse/engine/pgsql"
	"gatehouse/engine/schema"
)

// scope is where a predicate is evaluated.
type scope struct {
	// row is the relation the predicate is about; root the one that "$" means.
	row, root pgsql.Ident
	// self is the value under test where the predicate is about an aggregate.
	self pgsql.Expr
}

func about(row pgsql.Ident) scope { return scope{row: row, root: row} }

// at is the scope of another row inside the same predicate.
func (s scope) at(row pgsql.Ident) scope { return scope{row: row, root: s.root} }

// predicate is a condition in SQL; nil when it always holds.
func (t *translator) predicate(p schema.Predicate, s scope) pgsql.Expr {
	switch p := p.(type) {
	case nil:
		return nil
	case schema.And:
		all := pgsql.And{}
		for _, one := range p {
			if e := t.predicate(one, s); e != nil {
				all = append(all, e)
			}
		}
		if len(all) == 0 {
			return nil
		}
		return all
	case schema.Or:
		any := pgsql.Or{}
		for _, one := range p {
			e := t.predicate(one, s)
			if e == nil {
				return nil
			}
			any = append(any, e)
		}
		return any
	case schema.Not:
		return pgsql.Not{Expr: t.condition(p.P, s)}
	case schema.Fixed:
		return pgsql.Bool(p)
	case schema.Scoped:
		return t.predicate(p.P, about(s.row))
	case schema.Guarded:
		return pgsql.Case{When: t.condition(p.If, s), Then: t.condition(p.P, s), Else: pgsql.Bool(false)}
	case *schema.Null:
		return pgsql.IsNull{Expr: t.operand(p.Operand, s), Not: p.Not}
	case *schema.Compare:
		return t.compare(p, s)
	case *schema.CompareColumn:
		row := s.row
		if p.Root {
			row = s.root
		}
		return pgsql.Binary{Left: t.operand(p.Operand, s), Op: infix[p.Op], Right: t.columnVia(p.Via, p.Other, row)}
	case *schema.Related:
		a := t.alias("r")
		return pgsql.Exists{Query: &pgsql.Select{
			Output: []pgsql.Output{{Expr: pgsql.Int(1)}},
			From:   t.related(p.Relation, s.row, a),
			Where:  conjunction(mapping(p.Relation, s.row, a), t.predicate(p.Where, s.at(a))),
		}}
	case *schema.Exists:
		a := t.alias("e")
		where := conjunction(t.predicate(p.Where, s.at(a)))
		if t.isPoll {
			where = conjunction(where, ofRow(s.row))
		}
		return pgsql.Exists{Query: &pgsql.Select{
			Output: []pgsql.Output{{Expr: pgsql.Int(1)}},
			From:   pgsql.Table{Name: name(p.Table.Name), As: a},
			Where:  where,
		}}
	case *schema.RelatedComputed:
		a := t.alias("c")
		return pgsql.Exists{Query: &pgsql.Select{
			Output: []pgsql.Output{{Expr: pgsql.Int(1)}},
			From:   pgsql.FuncTable{Call: t.computedCall(p.Field, nil, s.row), As: a},
			Where:  conjunction(t.predicate(p.Where, s.at(a))),
		}}
	case *schema.Aggregated:
		a := t.alias("a")
		inner := s.at(a)
		args := make([]pgsql.Expr, len(p.Args))
		for i, o := range p.Args {
			args[i] = t.operand(o, inner)
		}
		c := call(pgsql.Ident(p.Func), args...)
		c.Distinct = p.Distinct && len(args) > 0
		c.Star = len(args) == 0
		if p.Func == "count" && len(args) > 1 {
			c.Args = []pgsql.Expr{pgsql.Tuple(args)}
		}
		value := pgsql.Subquery{Query: &pgsql.Select{
			Output: []pgsql.Output{{Expr: c}},
			From:   t.related(p.Relation, s.row, a),
			Where:  conjunction(mapping(p.Relation, s.row, a), t.predicate(p.Filter, inner)),
		}}
		return t.predicate(p.Test, scope{row: s.row, root: s.root, self: value})
	}
	panic(fmt.Sprintf("translate: unknown predicate %T", p))
}

// condition is predicate with true for what always holds.
func (t *translator) condition(p schema.Predicate, s scope) pgsql.Expr {
	if e := t.predicate(p, s); e != nil {
		return e
	}
	return pgsql.Bool(true)
}

// conjunction joins conditions; nil ones always hold.
func conjunction(es ...pgsql.Expr) pgsql.Expr {
	all := pgsql.And{}
	for _, e := range es {
		if and, ok := e.(pgsql.And); ok {
			all = append(all, and...)
		} else if e != nil {
			all = append(all, e)
		}
	}
	return all
}

// mapping joins a relationship's target to the row it belongs to.
func mapping(r *schema.Relation, own, theirs pgsql.Ident) pgsql.Expr {
	all := pgsql.And{}
	for _, p := range r.Mapping {
		all = append(all, pgsql.Binary{
			Left: pgsql.Column{Table: theirs, Name: pgsql.Ident(p.Theirs.Name)}, Op: "=",
			Right: pgsql.Column{Table: own, Name: pgsql.Ident(p.Own.Name)},
		})
	}
	return all
}

// columnVia is a column of the row at the end of a chain of object relationships.
func (t *translator) columnVia(via []*schema.Relation, c *schema.Column, row pgsql.Ident) pgsql.Expr {
	if len(via) == 0 {
		return pgsql.Column{Table: row, Name: pgsql.Ident(c.Name)}
	}
	a := t.alias("v")
	return pgsql.Subquery{Query: &pgsql.Select{
		Output: []pgsql.Output{{Expr: t.columnVia(via[1:], c, a)}},
		From:   t.related(via[0], row, a), Where: mapping(via[0], row, a), Limit: pgsql.Int(1),
	}}
}

// operand is a column, computed field or the aggregate under test, as the role sees it.
func (t *translator) operand(o schema.Operand, s scope) pgsql.Expr {
	var e pgsql.Expr
	switch {
	case o.Column != nil:
		e = pgsql.Column{Table: s.row, Name: pgsql.Ident(o.Column.Name)}
	case o.Computed != nil:
		e = t.computedCall(o.Computed, nil, s.row)
	default:
		e = s.self
	}
	if o.Visible != nil {
		e = pgsql.Case{When: t.condition(o.Visible, about(s.row)), Then: e}
	}
	if o.Cast != nil {
		e = pgsql.Cast{Expr: e, Type: typ(o.Cast)}
	}
	return e
}

// infix are the operators written between their operands.
var infix = map[schema.Op]pgsql.Operator{
	schema.OpEq: "=", schema.OpNeq: "<>", schema.OpGt: ">", schema.OpLt: "<", schema.OpGte: ">=", schema.OpLte: "<=",
	schema.OpLike: "like", schema.OpNlike: "not like", schema.OpIlike: "ilike", schema.OpNilike: "not ilike",
	schema.OpSimilar: "similar to", schema.OpNsimilar: "not similar to",
	schema.OpRegex: "~", schema.OpIregex: "~*", schema.OpNregex: "!~", schema.OpNiregex: "!~*",
	schema.OpContains: "@>", schema.OpContainedIn: "<@", schema.OpHasKey: "?", schema.OpHasKeysAny: "?|", schema.OpHasKeysAll: "?&",
	schema.OpPathExists: "@?", schema.OpPathMatch: "@@",
	schema.OpAncestor: "@>", schema.OpAncestorAny: "@>", schema.OpDescendant: "<@", schema.OpDescendantAny: "<@",
	schema.OpMatches: "~", schema.OpMatchesAny: "?", schema.OpMatchesText: "@",
}

// functions are the operators that PostGIS has as functions.
var functions = map[schema.Op]pgsql.Ident{
	schema.OpSTContains: "st_contains", schema.OpSTCrosses: "st_crosses", schema.OpSTEquals: "st_equals", schema.OpSTOverlaps: "st_overlaps",
	schema.OpSTTouches: "st_touches", schema.OpSTWithin: "st_within", schema.OpSTIntersects: "st_intersects", schema.OpST3DIntersects: "st_3dintersects",
	schema.OpSTDWithin: "st_dwithin", schema.OpST3DDWithin: "st_3ddwithin", schema.OpSTRast: "st_intersects",
	schema.OpSTNBandGeom: "st_intersects", schema.OpSTGeomNBand: "st_intersects",
}

// patterns are the operators whose right side is a pattern, text whatever the column's type, with the operator that tells
// whether the pattern can be evaluated.
var patterns = map[schema.Op]pgsql.Operator{
	schema.OpLike: likePattern, schema.OpNlike: likePattern, schema.OpIlike: likePattern, schema.OpNilike: likePattern,
	schema.OpSimilar: "similar to", schema.OpNsimilar: "similar to",
	schema.OpRegex: "~", schema.OpIregex: "~", schema.OpNregex: "~", schema.OpNiregex: "~",
}

const likePattern pgsql.Operator = "like"

func (t *translator) compare(c *schema.Compare, s scope) pgsql.Expr {
	left := t.operand(c.Operand, s)
	vt := c.Type
	if patterns[c.Op] != "" && vt.Name.Name == "bpchar" {
		vt = schema.TextType // as bpchar, a pattern's trailing blanks would not count
	}
	if c.List && vt.Kind == catalog.ArrayType && isJSONValue(c.Value) {
		return t.compareArrays(c, left)
	}
	right := t.value(c.Value, vt, c.List, c.Path)
	if p, ok := right.(pgsql.Param); ok && c.Path != "" { // a permission's own pattern needs no trial
		arg := p.Arg.(Arg)
		arg.Pattern = patterns[c.Op]
		p.Arg = arg
		right = p
	}
	switch c.Op {
	case schema.OpIn:
		return pgsql.Any{Left: left, Op: "=", Right: right}
	case schema.OpNin:
		return pgsql.Any{Left: left, Op: "<>", Right: right, All: true}
	}
	if f, ok := functions[c.Op]; ok {
		args := []pgsql.Expr{left, right}
		for _, x := range c.Extra {
			e := t.value(x.Value, x.Type, false, x.Path)
			if x.Name == "nband" && c.Op == schema.OpSTNBandGeom {
				args = []pgsql.Expr{left, e, right}
				continue
			}
			args = append(args, e)
		}
		return call(f, args...)
	}
	op, ok := infix[c.Op]
	if !ok {
		panic(fmt.Sprintf("translate: unknown operator %s", c.Op))
	}
	if c.Op == schema.OpPathExists || c.Op == schema.OpPathMatch {
		right = pgsql.Cast{Expr: right, Type: pgsql.Type{Name: pgsql.Name{Schema: "pg_catalog", Name: "jsonpath"}}}
	}
	e := pgsql.Binary{Left: left, Op: op, Right: right}
	if c.NullDiffers {
		return pgsql.Or{e, pgsql.IsNull{Expr: left}}
	}
	return e
}

// rowOf is a relation's row as a value of its table's row type.
func (t *translator) rowOf(row pgsql.Ident) pgsql.Expr {
	table := t.written[row]
	if table == nil {
		return pgsql.Row{Table: row}
	}
	var fields pgsql.RowOf
	for _, c := range table.Catalog.Columns {
		fields = append(fields, pgsql.Column{Table: row, Name: pgsql.Ident(c.Name)})
	}
	return pgsql.Cast{Expr: fields, Type: pgsql.Type{Name: name(table.Name)}}
}

// sessionJSON is the argument that carries all session variables.
func sessionJSON(t *catalog.Type) pgsql.Expr {
	return pgsql.Param{Arg: Arg{Value: schema.SessionJSON{}, Encoding: Document}, Type: typ(t)}
}

// argument is one function argument that is known, by position.
type argument struct {
	position int
	value    pgsql.Expr
}

// callOf writes a call. Arguments follow by position until one is left out; the ones after it go by name.
func callOf(f *catalog.Function, given []argument) pgsql.Call {
	at := map[int]pgsql.Expr{}
	for _, g := range given {
		at[g.position] = g.value
	}
	c := pgsql.Call{Func: name(f.Name)}
	gap := false
	for i, a := range f.Args {
		e, ok := at[i]
		switch {
		case !ok:
			gap = true
		case gap:
			c.Named = append(c.Named, pgsql.NamedArg{Name: pgsql.Ident(a.Name), Value: e})
		default:
			c.Args = append(c.Args, e)
		}
	}
	return c
}

// compareArrays tests an array against a list of arrays. They may differ in length, which Postgres' own arrays of
// arrays may not, so each goes as its text.
func (t *translator) compareArrays(c *schema.Compare, left pgsql.Expr) pgsql.Expr {
	a := t.alias("u")
	given := pgsql.Param{Arg: Arg{Value: c.Value, Encoding: ListOfArrays, Path: c.Path}, Type: pgsql.Type{Name: textType.Name, Array: true}}
	query := &pgsql.Select{
		Output: []pgsql.Output{{Expr: pgsql.Cast{Expr: pgsql.Row{Table: a}, Type: typ(c.Type)}}},
		From:   pgsql.FuncTable{Call: call("unnest", given), As: a},
	}
	if c.Op == schema.OpNin {
		return pgsql.AnyRow{Left: left, Op: "<>", Query: query, All: true}
	}
	return pgsql.AnyRow{Left: left, Op: "=", Query: query}
}
