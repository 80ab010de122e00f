package translate

import (
	"slices"

	"gatehouse/engine/schema"
)

// Depends says what of a session the answer of steps depends on, beside its role.
type Depends struct {
	// Variables are names of session variables, sorted.
	Variables []string
	// All: a function is handed the whole session.
	All bool
}

// DependsOn tells what reading steps depend on. ok is false for steps that write, and for any that do not say what they
// depend on.
func DependsOn(steps []Step) (d Depends, ok bool) {
	ok = d.add(steps)
	slices.Sort(d.Variables)
	d.Variables = slices.Compact(d.Variables)
	return d, ok
}

func (d *Depends) add(steps []Step) bool {
	for i := range steps {
		switch s := &steps[i]; {
		case s.Write != nil:
			return false
		case s.IsGroup:
			if !d.add(s.Group) {
				return false
			}
		case s.Constant != nil, s.Introspect != nil: // the schema's, and that is the role's
		case s.Read != nil:
			for _, a := range s.Read.Args {
				if !d.addValue(a.Value) {
					return false
				}
			}
			if !d.addJoins(s.Joins) {
				return false
			}
		default:
			return false
		}
	}
	return true
}

func (d *Depends) addValue(v schema.Value) bool {
	switch v := v.(type) {
	case schema.SessionVariable:
		d.Variables = append(d.Variables, v.Name)
	case schema.SessionJSON:
		d.All = true
	case *schema.Literal, *schema.Variable, *schema.Template:
	default:
		return false
	}
	return true
}

// addJoins adds what joins depend on besides their keys, which are part of the result around them.
func (d *Depends) addJoins(joins Joins) bool {
	for _, at := range joins {
		if !d.addJoins(at.Inside) {
			return false
		}
		if at.Join == nil {
			continue
		}
		for _, a := range at.Join.Read.Args {
			if _, isKey := a.Value.(schema.Produced); !isKey && !d.addValue(a.Value) {
				return false
			}
		}
		if !d.addJoins(at.Join.Joins) {
			return false
		}
	}
	return true
}
