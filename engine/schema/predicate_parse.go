package schema

import (
	"bytes"
	"encoding/json"
	"fmt"

	"gatehouse/engine/catalog"
	"gatehouse/engine/fault"
	"gatehouse/engine/metadata"
)

// ParsePredicate reads a boolean expression as metadata writes it, about rows of t.
func (f *facts) ParsePredicate(t *Table, raw json.RawMessage) (Predicate, error) {
	return parsePredicate(t, raw, &scope{facts: f, source: f.content(t.Source.Name)})
}

func parsePredicate(t *Table, raw json.RawMessage, in *scope) (Predicate, error) {
	if len(bytes.TrimSpace(raw)) == 0 {
		return And{}, nil
	}
	p := predicateParser{root: t, in: in}
	return p.table(t, raw)
}

type predicateParser struct {
	root *Table
	in   *scope
}

// member is one key of a JSON object, in the order written.
type member struct {
	key string
	raw json.RawMessage
}

func objectMembers(raw json.RawMessage) ([]member, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	tok, err := d.Token()
	if err != nil {
		return nil, err
	}
	if tok != json.Delim('{') {
		return nil, fmt.Errorf("expected an object, got %s", raw)
	}
	var out []member
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		var v json.RawMessage
		if err := d.Decode(&v); err != nil {
			return nil, err
		}
		out = append(out, member{key.(string), v})
	}
	return out, nil
}

func (p *predicateParser) table(t *Table, raw json.RawMessage) (Predicate, error) {
	members, err := objectMembers(raw)
	if err != nil {
		return nil, err
	}
	all := And{}
	for _, m := range members {
		one, err := p.member(t, m)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return AllOf(all...), nil
}

func (p *predicateParser) member(t *Table, m member) (Predicate, error) {
	switch m.key {
	case "_and", "$and", "_or", "$or":
		var items []json.RawMessage
		if err := json.Unmarshal(m.raw, &items); err != nil {
			return nil, fmt.Errorf("%s: expected a list", m.key)
		}
		ps := make([]Predicate, len(items))
		for i, item := range items {
			one, err := p.table(t, item)
			if err != nil {
				return nil, err
			}
			ps[i] = one
		}
		if m.key[1:] == "or" {
			return Or(ps), nil
		}
		return AllOf(ps...), nil
	case "_not", "$not":
		inner, err := p.table(t, m.raw)
		return Not{inner}, err
	case "_exists", "$exists":
		return p.exists(t, m.raw)
	}
	if c := t.columnNamed(m.key); c != nil {
		return p.operand(t, Operand{Column: c}, c.Type, m.raw)
	}
	if r := p.in.relation(t, m.key); r != nil {
		inner, err := p.table(r.Target, m.raw)
		return &Related{Relation: r, Where: inner}, err
	}
	if f := p.in.computedField(t, m.key); f != nil {
		if f.Returns != nil {
			inner, err := p.table(f.Returns, m.raw)
			return &RelatedComputed{Field: f, Where: inner}, err
		}
		return p.operand(t, Operand{Computed: f}, f.Type, m.raw)
	}
	if r := p.aggregateRelation(t, m.key); r != nil {
		return p.aggregate(r, m.raw)
	}
	return nil, fmt.Errorf("%q does not exist", m.key)
}

// columnNamed finds a column a permission may test: also those GraphQL cannot show.
func (t *Table) columnNamed(name string) *Column {
	if c := t.Column(name); c != nil {
		return c
	}
	if c := t.Catalog.Column(name); c != nil {
		return &Column{Table: t, Name: c.Name, Catalog: c, Type: c.Type, Class: ClassOf(c.Type)}
	}
	return nil
}

func (p *predicateParser) aggregateRelation(t *Table, key string) *Relation {
	const suffix = "_aggregate"
	if len(key) > len(suffix) && key[len(key)-len(suffix):] == suffix {
		if r := p.in.relation(t, key[:len(key)-len(suffix)]); r != nil && r.Array {
			return r
		}
	}
	return nil
}

func (p *predicateParser) exists(t *Table, raw json.RawMessage) (Predicate, error) {
	members, err := objectMembers(raw)
	if err != nil {
		return nil, err
	}
	var target *Table
	var where json.RawMessage
	for _, m := range members {
		switch m.key {
		case "_table", "$table":
			name, err := metadata.ParseTableName(m.raw, fault.Root)
			if err != nil {
				return nil, fmt.Errorf("_exists: %w", err)
			}
			if target = p.in.table(catalog.Name(name)); target == nil {
				return nil, fmt.Errorf("table %q is not tracked", name.Name)
			}
		case "_where", "$where":
			where = m.raw
		default:
			return nil, fmt.Errorf("unexpected key %q in _exists", m.key)
		}
	}
	if target == nil || where == nil {
		return nil, fmt.Errorf("_exists needs _table and _where")
	}
	inner, err := p.table(target, where)
	return &Exists{Table: target, Where: inner}, err
}

// operand reads what is said about one operand: an object of operators, or a value that it must equal.
func (p *predicateParser) operand(t *Table, o Operand, typ *catalog.Type, raw json.RawMessage) (Predicate, error) {
	raw = bytes.TrimSpace(raw)
	isJSON := ClassOf(typ).Kind == JSONKind || ClassOf(typ).Kind == GeoKind
	if raw[0] != '{' {
		return p.compare(o, OperatorDef{Op: OpEq, Type: typ}, raw)
	}
	members, err := objectMembers(raw)
	if err != nil {
		return nil, err
	}
	all := And{}
	for _, m := range members {
		op, ok := operatorNamed(m.key)
		if !ok {
			if isJSON {
				return p.compare(o, OperatorDef{Op: OpEq, Type: typ}, raw)
			}
			return nil, fmt.Errorf("Unknown operator: %s", m.key)
		}
		one, err := p.operator(t, o, typ, op, m)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return AllOf(all...), nil
}

func (p *predicateParser) operator(t *Table, o Operand, typ *catalog.Type, op Op, m member) (Predicate, error) {
	raw := m.raw
	if other, ok := comparesColumns(op); ok {
		return p.columns(t, o, other, raw)
	}
	switch op {
	case OpIsNull:
		var yes bool
		if err := json.Unmarshal(raw, &yes); err != nil {
			return nil, &Refusal{fault.ParseFailed, "parsing Bool failed, expected Boolean, but encountered " + fault.JSONKind(raw)}
		}
		return &Null{Operand: o, Not: !yes}, nil
	case OpCast:
		casts, err := objectMembers(raw)
		if err != nil {
			return nil, err
		}
		all := And{}
		for _, c := range casts {
			to := CastsOf(typ)[c.key]
			if to == nil && c.key == "text" {
				to = CastsOf(typ)["String"]
			}
			if to == nil {
				return nil, fmt.Errorf("cannot cast column of type %q to type %q", SQLTypeName(typ), c.key)
			}
			o.Cast = to
			one, err := p.operand(t, o, to, c.raw)
			if err != nil {
				return nil, err
			}
			all = append(all, one)
		}
		return AllOf(all...), nil
	}
	for _, def := range OperatorsOf(typ) {
		if def.Op == op {
			if def.Object != "" {
				return p.compareObject(o, def, raw)
			}
			return p.compare(o, def, raw)
		}
	}
	if only := operandTypes(op); only != "" {
		return nil, fmt.Errorf(" is of type %q; this operator works only on columns of type %s", SQLTypeName(typ), only)
	}
	return nil, fmt.Errorf("Unknown operator: %s", m.key)
}

// operandTypes words which types an operator that not every type has is for; "" when there is no such operator.
func operandTypes(op Op) string {
	switch op {
	case OpLike, OpNlike, OpIlike, OpNilike, OpSimilar, OpNsimilar, OpRegex, OpIregex, OpNregex, OpNiregex:
		return `"varchar", "text", "citext", "bpchar"`
	case OpContains, OpContainedIn:
		return "an array or JSONB"
	case OpHasKey, OpHasKeysAny, OpHasKeysAll, OpPathExists, OpPathMatch:
		return `"jsonb"`
	case OpAncestor, OpAncestorAny, OpDescendant, OpDescendantAny, OpMatches, OpMatchesAny, OpMatchesText:
		return `"ltree"`
	case OpSTIntersects, OpSTDWithin:
		return `"geometry", "geography"`
	case OpSTContains, OpSTCrosses, OpSTEquals, OpSTOverlaps, OpSTTouches, OpSTWithin, OpST3DIntersects, OpST3DDWithin:
		return `"geometry"`
	case OpSTRast, OpSTNBandGeom, OpSTGeomNBand:
		return `"raster"`
	}
	return ""
}

// Refusal is what is wrong with a condition; Code is for a caller who gave it in a row command.
type Refusal struct {
	Code string
	Text string
}

func (r *Refusal) Error() string { return r.Text }

func (p *predicateParser) compare(o Operand, def OperatorDef, raw json.RawMessage) (Predicate, error) {
	v, err := MetadataValue(raw)
	if err != nil {
		return nil, err
	}
	if l, ok := v.(*Literal); ok {
		switch {
		case string(l.JSON) == "null":
			return nil, fmt.Errorf("%s: null is not allowed", def.Op)
		case def.List && l.JSON[0] != '[':
			return nil, &Refusal{fault.ParseFailed, "parsing [] failed, expected Array, but encountered " + fault.JSONKind(l.JSON)}
		}
		if err := def.refuseLiteral(l.JSON); err != nil {
			return nil, err
		}
	}
	return &Compare{Operand: o, Op: def.Op, Value: v, Type: def.Type, List: def.List, NullDiffers: def.Op == OpNeq}, nil
}

func (p *predicateParser) compareObject(o Operand, def OperatorDef, raw json.RawMessage) (Predicate, error) {
	members, err := objectMembers(raw)
	if err != nil {
		return nil, err
	}
	c := &Compare{Operand: o, Op: def.Op, Type: def.Type}
	for _, f := range def.Fields {
		var v Value
		for _, m := range members {
			if m.key == f.Name {
				if v, err = MetadataValue(m.raw); err != nil {
					return nil, err
				}
				if l, ok := v.(*Literal); ok {
					if err := (OperatorDef{Type: f.Type}).refuseLiteral(l.JSON); err != nil {
						return nil, err
					}
				}
			}
		}
		if v == nil && f.Default != "" {
			v = &Literal{JSON: json.RawMessage(f.Default)}
		}
		switch {
		case v == nil && f.Required:
			return nil, fmt.Errorf("%s: %q is missing", def.Op, f.Name)
		case f.Main:
			c.Value = v
		case v != nil:
			c.Extra = append(c.Extra, Extra{Name: f.Name, Value: v, Type: f.Type})
		}
	}
	return c, nil
}

// MetadataValue is a value as metadata writes it: a string that starts with x-hasura- is a session variable.
func MetadataValue(raw json.RawMessage) (Value, error) {
	raw = bytes.TrimSpace(raw)
	var s string
	if len(raw) > 0 && raw[0] == '"' {
		if err := json.Unmarshal(raw, &s); err != nil {
			return nil, err
		}
		if name, ok := metadata.SessionVariable(s); ok {
			return SessionVariable{Name: name}, nil
		}
	}
	if !json.Valid(raw) {
		return nil, fmt.Errorf("not a JSON value: %s", raw)
	}
	return &Literal{JSON: raw}, nil
}

// columns reads the right side of _ceq and its kin: "col", ["col"], ["rel", "col"] or ["$", …] from the root row.
func (p *predicateParser) columns(t *Table, o Operand, op Op, raw json.RawMessage) (Predicate, error) {
	var path []string
	var single string
	if json.Unmarshal(raw, &single) == nil {
		path = []string{single}
	} else if err := json.Unmarshal(raw, &path); err != nil || len(path) == 0 {
		return nil, fmt.Errorf("expected a column or a path to one, got %s", raw)
	}
	c := &CompareColumn{Operand: o, Op: op}
	at := t
	if path[0] == "$" {
		c.Root, at, path = true, p.root, path[1:]
	}
	for len(path) > 1 {
		r := p.in.relation(at, path[0])
		if r == nil || r.Array {
			return nil, fmt.Errorf("%q is not an object relationship of table %q", path[0], at.Name.Name)
		}
		c.Via, at, path = append(c.Via, r), r.Target, path[1:]
	}
	if len(path) == 0 {
		return nil, fmt.Errorf("a column is missing after \"$\"")
	}
	if c.Other = at.columnNamed(path[0]); c.Other == nil {
		return nil, &Refusal{fault.NotExists, fmt.Sprintf("%q does not exist", path[0])}
	}
	if o.Column != nil && o.Cast == nil && o.Column.Type.OID != c.Other.Type.OID {
		return nil, fmt.Errorf("incompatible column types: %q has type %q, but %q has type %q",
			o.Column.Name, SQLTypeName(o.Column.Type), c.Other.Name, SQLTypeName(c.Other.Type))
	}
	return c, nil
}

// aggregate reads {"count": {"arguments": […], "distinct": …, "filter": …, "predicate": {…}}} and its kin.
func (p *predicateParser) aggregate(r *Relation, raw json.RawMessage) (Predicate, error) {
	funcs, err := objectMembers(raw)
	if err != nil {
		return nil, err
	}
	all := And{}
	for _, f := range funcs {
		result, ok := AggregateResult(f.key)
		if !ok {
			return nil, fmt.Errorf("unknown aggregate %q", f.key)
		}
		var def struct {
			Arguments json.RawMessage `json:"arguments"`
			Distinct  bool            `json:"distinct"`
			Filter    json.RawMessage `json:"filter"`
			Predicate json.RawMessage `json:"predicate"`
		}
		if err := json.Unmarshal(f.raw, &def); err != nil {
			return nil, err
		}
		a := &Aggregated{Relation: r, Func: f.key, Distinct: def.Distinct}
		names, err := argumentNames(def.Arguments)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			c := r.Target.columnNamed(name)
			if c == nil {
				return nil, fmt.Errorf("column %q does not exist in table %q", name, r.Target.Name.Name)
			}
			a.Args = append(a.Args, Operand{Column: c})
		}
		if len(def.Filter) > 0 {
			if a.Filter, err = p.table(r.Target, def.Filter); err != nil {
				return nil, err
			}
		}
		if len(def.Predicate) == 0 {
			return nil, fmt.Errorf("%s: a predicate is missing", f.key)
		}
		if a.Test, err = p.operand(r.Target, Operand{}, result, def.Predicate); err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return AllOf(all...), nil
}

func argumentNames(raw json.RawMessage) ([]string, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	var many []string
	var one string
	var pair struct{ X, Y string }
	switch {
	case json.Unmarshal(raw, &many) == nil:
		return many, nil
	case json.Unmarshal(raw, &one) == nil:
		return []string{one}, nil
	case json.Unmarshal(raw, &pair) == nil && pair.X != "" && pair.Y != "":
		return []string{pair.X, pair.Y}, nil
	}
	return nil, fmt.Errorf("arguments: expected columns, got %s", raw)
}

// AggregateResult is the type a predicate over an aggregate compares; ok is false for an unknown aggregate.
func AggregateResult(name string) (*catalog.Type, bool) {
	switch name {
	case "count":
		return IntType, true
	case "bool_and", "bool_or":
		return BooleanType, true
	case "avg", "max", "min", "sum", "corr", "covar_samp", "stddev_samp", "var_samp":
		return FloatType, true
	}
	return nil, false
}
