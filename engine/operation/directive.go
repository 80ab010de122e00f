package operation

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"gatehouse/engine/schema"
)

// executable are the directives a document may use and what they may stand on.
const (
	includeDirective  = "include"
	skipDirective     = "skip"
	multipleDirective = "_multiple_top_level_fields"
)

func isKnownDirective(name string) bool {
	return name == includeDirective || name == skipDirective || name == cachedDirective || name == multipleDirective
}

// included obeys @include and @skip; path is the selection set's, place what the directives stand on. Hasura has
// fragment spreads turned into inline fragments by then.
func (r *resolver) included(list ast.DirectiveList, path, place string) (bool, error) {
	on := true
	seen := map[string]bool{}
	var twice string
	for _, d := range list {
		switch {
		case !isKnownDirective(d.Name):
			return false, invalid(path, "directive '%s' is not defined in the schema", d.Name)
		case d.Name != includeDirective && d.Name != skipDirective:
			return false, invalid(path, "directive '%s' is not allowed on %s", d.Name, place)
		case seen[d.Name]:
			twice = d.Name
		}
		seen[d.Name] = true
		yes, err := r.condition(d, path+"."+d.Name)
		if err != nil {
			return false, err
		}
		on = on && yes
	}
	if twice != "" {
		return false, invalid(path, "the following directives are used more than once: ['%s']", twice)
	}
	return on, nil
}

// condition is whether an @include or @skip lets its place stand.
func (r *resolver) condition(d *ast.Directive, path string) (bool, error) {
	for _, a := range d.Arguments {
		if a.Name != conditionArg.Name {
			return false, invalid(path, "'%s' has no argument named '%s'", d.Name, a.Name)
		}
	}
	argPath := path + ".args." + conditionArg.Name
	arg := d.Arguments.ForName(conditionArg.Name)
	if arg == nil {
		return false, invalid(argPath, "missing required field '%s'", conditionArg.Name)
	}
	v, err := r.argument(conditionArg, arg.Value, argPath)
	if err != nil {
		return false, err
	}
	return r.isStatic || v.Bool() == (d.Name == includeDirective), nil
}

var conditionArg = &schema.InputField{Name: "if", Type: &schema.Ref{Named: &schema.Type{Kind: schema.Scalar, Name: "Boolean"}, NonNull: true}}

func (r *resolver) operationDirectives() error {
	seen := map[string]bool{}
	for _, d := range r.b.def.Directives {
		switch {
		case !isKnownDirective(d.Name):
			return invalid("$", "directive '%s' is not defined in the schema", d.Name)
		case d.Name == cachedDirective && r.b.Kind == Query:
			if err := r.cached(d); err != nil {
				return err
			}
		case d.Name == multipleDirective && r.b.Kind == Subscription:
		default:
			return invalid("$", "directive '%s' is not allowed on a %s", d.Name, r.b.Kind)
		}
		if seen[d.Name] {
			return invalid("$", "the following directives are used more than once: ['%s']", d.Name)
		}
		seen[d.Name] = true
	}
	return nil
}

// usage walks what the operation selects, fragments put in place of their spreads: it refuses spreads of undefined
// fragments and of fragments that spread themselves, and notes the variables in use.
type usage struct {
	o     *Operation
	stack []string // the fragments being walked, outermost first
	done  map[string]bool
}

func (u *usage) selection(set ast.SelectionSet, path string) error {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			u.directives(s.Directives)
			for _, a := range s.Arguments {
				u.value(a.Value)
			}
			if err := u.selection(s.SelectionSet, path+".selectionSet."+s.Name); err != nil {
				return err
			}
		case *ast.InlineFragment:
			u.directives(s.Directives)
			if err := u.selection(s.SelectionSet, path); err != nil {
				return err
			}
		case *ast.FragmentSpread:
			u.directives(s.Directives)
			if err := u.spread(s.Name, path+".selectionSet"); err != nil {
				return err
			}
		}
	}
	return nil
}

func (u *usage) spread(name, path string) error {
	if u.done[name] {
		return nil
	}
	for i, outer := range u.stack {
		if outer == name {
			return invalid(path, "the fragment definition(s) %s form a cycle", englishList(u.stack[i:]))
		}
	}
	f := u.o.fragments[name]
	if f == nil {
		return invalid(path, "reference to undefined fragment %q", name)
	}
	u.stack = append(u.stack, name)
	if err := u.selection(f.SelectionSet, path+"."+name); err != nil {
		return err
	}
	u.stack = u.stack[:len(u.stack)-1]
	u.done[name] = true
	return nil
}

func (u *usage) directives(list ast.DirectiveList) {
	for _, d := range list {
		for _, a := range d.Arguments {
			u.value(a.Value)
		}
	}
}

func (u *usage) value(v *ast.Value) {
	if v == nil {
		return
	}
	if v.Kind == ast.Variable {
		u.o.used[v.Raw] = true
	}
	for _, c := range v.Children {
		u.value(c.Value)
	}
}

// englishList quotes names and joins them: "a", "b" and "c".
func englishList(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = `"` + n + `"`
	}
	if len(quoted) == 1 {
		return quoted[0]
	}
	last := len(quoted) - 1
	return strings.Join(quoted[:last], ", ") + " and " + quoted[last]
}
