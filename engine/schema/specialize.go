package schema

import "encoding/json"

// specializer writes a role into a rule of it, in place of the session variable that says the role: a rule among those of
// several roles must mean what it means alone. It notes which other session variables the rule needs.
type specializer struct {
	role      string
	variables map[string]bool
	// wholeSession: a function is handed the session, which says another role.
	wholeSession bool
}

const roleVariable = "x-hasura-role"

func (s *specializer) value(v Value) Value {
	switch v := v.(type) {
	case SessionVariable:
		if v.Name == roleVariable {
			raw, err := json.Marshal(s.role)
			if err != nil {
				panic("schema: a text does not encode: " + err.Error())
			}
			return &Literal{JSON: raw}
		}
		s.variables[v.Name] = true
	case SessionJSON:
		s.wholeSession = true
	}
	return v
}

func (s *specializer) presets(set []Preset) []Preset {
	out := make([]Preset, len(set))
	for i, p := range set {
		out[i] = Preset{Column: p.Column, Value: s.value(p.Value)}
	}
	return out
}

func (s *specializer) selects(p *SelectPermission) *SelectPermission {
	out := *p
	out.Filter = s.predicate(p.Filter)
	out.Columns, out.Computed = map[*Column]Predicate{}, map[*ComputedField]Predicate{}
	for c, visible := range p.Columns {
		out.Columns[c] = s.predicate(visible)
	}
	for f, visible := range p.Computed {
		if f.SessionArg < 0 {
			out.Computed[f] = s.predicate(visible)
		}
	}
	return &out
}

func (s *specializer) operand(o Operand) Operand {
	o.Visible = s.predicate(o.Visible)
	if o.Computed != nil && o.Computed.SessionArg >= 0 {
		s.wholeSession = true
	}
	return o
}

// predicate is p specialized; nil stays nil. What it does not know never holds.
func (s *specializer) predicate(p Predicate) Predicate {
	switch p := p.(type) {
	case nil:
		return nil
	case And:
		return And(s.all(p))
	case Or:
		return Or(s.all(p))
	case Not:
		return Not{P: s.predicate(p.P)}
	case Scoped:
		return Scoped{P: s.predicate(p.P)}
	case Guarded:
		return Guarded{If: s.predicate(p.If), P: s.predicate(p.P)}
	case Fixed:
		return p
	case *Compare:
		out := *p
		out.Operand, out.Value = s.operand(p.Operand), s.value(p.Value)
		out.Extra = nil
		for _, e := range p.Extra {
			e.Value = s.value(e.Value)
			out.Extra = append(out.Extra, e)
		}
		return &out
	case *CompareColumn:
		out := *p
		out.Operand = s.operand(p.Operand)
		return &out
	case *Null:
		out := *p
		out.Operand = s.operand(p.Operand)
		return &out
	case *Related:
		out := *p
		out.Where = s.predicate(p.Where)
		return &out
	case *Exists:
		out := *p
		out.Where = s.predicate(p.Where)
		return &out
	case *RelatedComputed:
		out := *p
		out.Where = s.predicate(p.Where)
		if p.Field.SessionArg >= 0 {
			s.wholeSession = true
		}
		return &out
	case *Aggregated:
		out := *p
		out.Args = nil
		for _, o := range p.Args {
			out.Args = append(out.Args, s.operand(o))
		}
		out.Filter, out.Test = s.predicate(p.Filter), s.predicate(p.Test)
		return &out
	}
	s.wholeSession = true // so that the rule does not apply
	return Fixed(false)
}

func (s *specializer) all(ps []Predicate) []Predicate {
	out := make([]Predicate, len(ps))
	for i, p := range ps {
		out[i] = s.predicate(p)
	}
	return out
}
