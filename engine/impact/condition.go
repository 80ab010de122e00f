package impact

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"gatehouse/engine/schema"
)

// Conditions are compared by what follows from what. SQL's conditions have three values and a row filter takes the rows
// for which it is true, so "a implies b" means: wherever a is true, b is. It is answered from the structure alone: yes is
// certain, no may only mean that it cannot be told.

// direction is how one set of rows relates to another.
type direction int

const (
	same direction = iota
	narrower
	wider
	unclear
)

// compareConditions tells how after relates to before. A condition that asks for a session variable refuses those who
// have none, so that less is asked of callers where a variable goes.
func compareConditions(before, after schema.Predicate) (direction, string) {
	b, a := normal(before, false), normal(after, false)
	if printed(b, true) == printed(a, true) {
		return same, ""
	}
	c := &comparison{}
	in, out := c.implies(a, b), c.implies(b, a)
	gone := missingFrom(variables(b), variables(a))
	switch {
	case in && len(gone) > 0:
		return unclear, "fewer rows, but callers without " + strings.Join(gone, ", ") + " were refused"
	case in && out:
		return same, ""
	case in:
		return narrower, ""
	case out:
		return wider, ""
	}
	return unclear, ""
}

// normal moves negations to the leaves, which three-valued logic allows, and leaves out what says nothing.
func normal(p schema.Predicate, negated bool) schema.Predicate {
	switch p := p.(type) {
	case nil:
		return normal(schema.And{}, negated)
	case schema.And:
		return joined(p, negated, negated)
	case schema.Or:
		return joined(p, !negated, negated)
	case schema.Not:
		return normal(p.P, !negated)
	case schema.Scoped:
		return normal(p.P, negated)
	case schema.Guarded:
		return joined([]schema.Predicate{p.If, p.P}, negated, negated)
	case schema.Fixed:
		if bool(p) != negated {
			return schema.And{}
		}
		return schema.Or{}
	case *schema.Null:
		if negated && p.Operand.Visible == nil {
			c := *p
			c.Not = !c.Not
			return &c
		}
	case *schema.Related:
		c := *p
		c.Where = normal(p.Where, false)
		return negate(&c, negated)
	case *schema.Exists:
		c := *p
		c.Where = normal(p.Where, false)
		return negate(&c, negated)
	case *schema.RelatedComputed:
		c := *p
		c.Where = normal(p.Where, false)
		return negate(&c, negated)
	}
	return negate(p, negated)
}

func negate(p schema.Predicate, negated bool) schema.Predicate {
	if negated {
		return schema.Not{P: p}
	}
	return p
}

// joined is a conjunction or (isOr) a disjunction of normal conditions, flat, in the order of their text, each once.
func joined[P ~[]schema.Predicate](list P, isOr, negated bool) schema.Predicate {
	var flat []schema.Predicate
	for _, p := range list {
		switch p := normal(p, negated).(type) {
		case schema.And:
			if isOr {
				if len(p) == 0 {
					return schema.And{}
				}
				flat = append(flat, p)
				continue
			}
			flat = append(flat, p...)
		case schema.Or:
			if !isOr {
				if len(p) == 0 {
					return schema.Or{}
				}
				flat = append(flat, p)
				continue
			}
			flat = append(flat, p...)
		default:
			flat = append(flat, p)
		}
	}
	text := make(map[string]schema.Predicate, len(flat))
	for _, p := range flat {
		text[printed(p, true)] = p
	}
	if len(text) == 1 {
		return flat[0]
	}
	out := make([]schema.Predicate, 0, len(text))
	for _, k := range slices.Sorted(maps.Keys(text)) {
		out = append(out, text[k])
	}
	if isOr {
		return schema.Or(out)
	}
	return schema.And(out)
}

// comparison bounds the work of comparing: past its steps nothing follows from anything.
type comparison struct{ steps int }

const maxSteps = 50_000

// implies tells whether b is true wherever a is. Both are normal.
func (c *comparison) implies(a, b schema.Predicate) bool {
	if c.steps++; c.steps > maxSteps {
		return false
	}
	if or, ok := a.(schema.Or); ok {
		return !slices.ContainsFunc(or, func(p schema.Predicate) bool { return !c.implies(p, b) })
	}
	if and, ok := b.(schema.And); ok {
		return !slices.ContainsFunc(and, func(p schema.Predicate) bool { return !c.implies(a, p) })
	}
	if and, ok := a.(schema.And); ok && slices.ContainsFunc(and, func(p schema.Predicate) bool { return c.implies(p, b) }) {
		return true
	}
	if or, ok := b.(schema.Or); ok {
		return slices.ContainsFunc(or, func(p schema.Predicate) bool { return c.implies(a, p) })
	}
	return c.leaf(a, b)
}

func (c *comparison) leaf(a, b schema.Predicate) bool {
	switch b := b.(type) {
	case schema.Not: // no row of the fewer, where there is none of the more
		if a, ok := a.(schema.Not); ok && isExistence(a.P) && c.leaf(b.P, a.P) {
			return true
		}
	case *schema.Related:
		if a, ok := a.(*schema.Related); ok {
			return relation(a.Relation) == relation(b.Relation) && c.implies(a.Where, b.Where)
		}
	case *schema.Exists:
		if a, ok := a.(*schema.Exists); ok {
			return a.Table.Source.Name == b.Table.Source.Name && a.Table.Name == b.Table.Name && c.implies(a.Where, b.Where)
		}
	case *schema.RelatedComputed:
		if a, ok := a.(*schema.RelatedComputed); ok {
			return computed(a.Field) == computed(b.Field) && c.implies(a.Where, b.Where)
		}
	case *schema.Null:
		if a, ok := a.(*schema.Compare); ok && b.Not && isStrict(a) && operand(a.Operand, true) == operand(b.Operand, true) {
			return true
		}
	case *schema.Compare:
		if a, ok := a.(*schema.Compare); ok && isAmong(a, b) {
			return true
		}
	}
	switch a.(type) {
	case schema.And, schema.Or: // always and never are no leaves
		return false
	}
	return printed(a, true) == printed(b, true)
}

func isExistence(p schema.Predicate) bool {
	switch p.(type) {
	case *schema.Related, *schema.Exists, *schema.RelatedComputed:
		return true
	}
	return false
}

// isStrict: the comparison is never true of null.
func isStrict(c *schema.Compare) bool {
	switch c.Op {
	case schema.OpEq, schema.OpGt, schema.OpLt, schema.OpGte, schema.OpLte, schema.OpIn, schema.OpLike, schema.OpIlike:
		return !c.NullDiffers && c.Operand.Cast == nil
	}
	return false
}

// isAmong: a value, or some values, of a list that b has all of.
func isAmong(a, b *schema.Compare) bool {
	if b.Op != schema.OpIn || a.Op != schema.OpIn && a.Op != schema.OpEq || operand(a.Operand, true) != operand(b.Operand, true) {
		return false
	}
	few, all := literals(a), literals(b)
	return few != nil && all != nil && len(missingFrom(few, all)) == 0
}

func literals(c *schema.Compare) []string {
	l, ok := c.Value.(*schema.Literal)
	if !ok {
		return nil
	}
	if !c.List {
		return []string{literal(l.JSON)}
	}
	var items []json.RawMessage
	if json.Unmarshal(l.JSON, &items) != nil {
		return nil
	}
	out := make([]string, len(items))
	for i, item := range items {
		out[i] = literal(item)
	}
	return out
}

func missingFrom(list, from []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(from, s) })
}

// variables are the session variables a condition asks for, in order.
func variables(p schema.Predicate) []string {
	seen := map[string]bool{}
	schemaVariables(p, seen)
	return slices.Sorted(maps.Keys(seen))
}

func schemaVariables(p schema.Predicate, seen map[string]bool) {
	value := func(v schema.Value) {
		if s, ok := v.(schema.SessionVariable); ok {
			seen[s.Name] = true
		}
	}
	switch p := p.(type) {
	case schema.And:
		for _, one := range p {
			schemaVariables(one, seen)
		}
	case schema.Or:
		for _, one := range p {
			schemaVariables(one, seen)
		}
	case schema.Not:
		schemaVariables(p.P, seen)
	case *schema.Related:
		schemaVariables(p.Where, seen)
	case *schema.Exists:
		schemaVariables(p.Where, seen)
	case *schema.RelatedComputed:
		schemaVariables(p.Where, seen)
	case *schema.Aggregated:
		schemaVariables(p.Filter, seen)
		schemaVariables(p.Test, seen)
	case *schema.Compare:
		value(p.Value)
		for _, e := range p.Extra {
			value(e.Value)
		}
	}
}

// relation, computed and operand name things so that the same name means the same thing in two models.

func relation(r *schema.Relation) string {
	pairs := make([]string, len(r.Mapping))
	for i, m := range r.Mapping {
		pairs[i] = strconv.Quote(m.Own.Name) + "=" + strconv.Quote(m.Theirs.Name)
	}
	slices.Sort(pairs)
	name := fmt.Sprintf("%q.%q.%q[%s]", r.Target.Source.Name, r.Target.Name.Schema, r.Target.Name.Name, strings.Join(pairs, ","))
	if r.Native != nil {
		name += fmt.Sprintf(" native %q %q", r.Native.Name, r.Native.Code)
	}
	if r.Nested != nil {
		name += fmt.Sprintf(" in %q", r.Nested.Name)
	}
	return name
}

func computed(f *schema.ComputedField) string {
	return fmt.Sprintf("%q.%q/%d/%d", f.Function.Name.Schema, f.Function.Name.Name, f.TableArg, f.SessionArg)
}

func operand(o schema.Operand, exact bool) string {
	var s string
	switch {
	case o.Column != nil && exact:
		s = strconv.Quote(o.Column.Name)
	case o.Column != nil:
		s = o.Column.Name
	case o.Computed != nil && exact:
		s = computed(o.Computed)
	case o.Computed != nil:
		s = o.Computed.Name + "()"
	}
	if o.Cast != nil {
		s += "::" + o.Cast.Name.Name // of a few that exist
	}
	if o.Visible != nil && exact {
		s += " where " + printed(normal(o.Visible, false), true)
	}
	return s
}

// literal is a value in one form: 1.0 stays apart from 1, spaces and key order do not count.
func literal(raw json.RawMessage) string {
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return string(raw)
	}
	out, err := json.Marshal(v)
	if err != nil {
		return string(raw)
	}
	return string(out)
}

func value(v schema.Value, exact bool) string {
	switch v := v.(type) {
	case *schema.Literal:
		return literal(v.JSON)
	case schema.SessionVariable:
		if exact {
			return "$" + strconv.Quote(v.Name)
		}
		return v.Name
	}
	return fmt.Sprintf("%v", v)
}

// Words is a condition as people read it.
func Words(p schema.Predicate) string { return printed(normal(p, false), false) }

// printed is a normal condition's text; exact tells apart all that differs.
func printed(p schema.Predicate, exact bool) string {
	list := func(ps []schema.Predicate, word string) string {
		parts := make([]string, len(ps))
		for i, one := range ps {
			parts[i] = printed(one, exact)
			switch one.(type) {
			case schema.And, schema.Or:
				parts[i] = "(" + parts[i] + ")"
			}
		}
		return strings.Join(parts, word)
	}
	rows := func(name string, where schema.Predicate) string {
		if schema.Always(where) {
			return "has " + name
		}
		return "has " + name + " where (" + printed(where, exact) + ")"
	}
	switch p := p.(type) {
	case schema.And:
		if len(p) == 0 {
			return "always"
		}
		return list(p, " and ")
	case schema.Or:
		if len(p) == 0 {
			return "never"
		}
		return list(p, " or ")
	case schema.Not:
		return "not (" + printed(p.P, exact) + ")"
	case *schema.Null:
		if p.Not {
			return operand(p.Operand, exact) + " is not null"
		}
		return operand(p.Operand, exact) + " is null"
	case *schema.Compare:
		return comparisonText(p, exact)
	case *schema.CompareColumn:
		return columnText(p, exact)
	case *schema.Related:
		if exact {
			return rows(relation(p.Relation), p.Where)
		}
		return rows(p.Relation.Name, p.Where)
	case *schema.Exists:
		name := p.Table.Name.Name
		if exact {
			name = fmt.Sprintf("%q.%q.%q", p.Table.Source.Name, p.Table.Name.Schema, name)
		}
		return "there " + rows("any "+name, p.Where)
	case *schema.RelatedComputed:
		if exact {
			return rows(computed(p.Field), p.Where)
		}
		return rows(p.Field.Name, p.Where)
	case *schema.Aggregated:
		args := make([]string, len(p.Args))
		for i, a := range p.Args {
			args[i] = operand(a, exact)
		}
		name, distinct := p.Relation.Name, ""
		if exact {
			name = relation(p.Relation)
		}
		if p.Distinct {
			distinct = "distinct "
		}
		return fmt.Sprintf("%s(%s%s of %s where (%s)) %s", p.Func, distinct, strings.Join(args, ", "), name,
			printed(normal(p.Filter, false), exact), printed(normal(p.Test, false), exact))
	}
	return fmt.Sprintf("%#v", p)
}

var symbols = map[schema.Op]string{
	schema.OpEq: "=", schema.OpNeq: "<>", schema.OpGt: ">", schema.OpLt: "<", schema.OpGte: ">=", schema.OpLte: "<=", schema.OpIn: "in", schema.OpNin: "not in",
}

func comparisonText(p *schema.Compare, exact bool) string {
	symbol := symbols[p.Op]
	if symbol == "" {
		symbol = strings.ReplaceAll(strings.TrimPrefix(string(p.Op), "_"), "_", " ")
	}
	s := strings.TrimSpace(operand(p.Operand, exact) + " " + symbol + " " + value(p.Value, exact))
	for _, e := range p.Extra {
		s += fmt.Sprintf(", %s %s", e.Name, value(e.Value, exact))
	}
	if exact {
		s += fmt.Sprintf(" [%s %v %v]", p.Op, p.List, p.NullDiffers)
	}
	return s
}

func columnText(p *schema.CompareColumn, exact bool) string {
	symbol := symbols[p.Op]
	if symbol == "" {
		symbol = string(p.Op)
	}
	other := ""
	if p.Root {
		other = "the row's "
	}
	for _, r := range p.Via {
		if exact {
			other += relation(r) + "."
		} else {
			other += r.Name + "."
		}
	}
	if exact {
		return operand(p.Operand, exact) + " " + symbol + " " + other + strconv.Quote(p.Other.Name)
	}
	return operand(p.Operand, exact) + " " + symbol + " " + other + p.Other.Name
}
