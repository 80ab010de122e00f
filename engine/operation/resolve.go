package operation

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"gatehouse/engine/fault"
	"gatehouse/engine/schema"
)

// Resolve checks the operation against a role's schema with the bound variables and builds the typed selection.
func (b *Bound) Resolve(s *schema.Schema) (*Resolved, error) {
	r := &resolver{b: b, s: s, types: map[string]*schema.Ref{}}
	root := s.Query
	switch b.Kind {
	case Mutation:
		root = s.Mutation
	case Subscription:
		root = s.Subscription
	}
	if root == nil {
		return nil, invalid("$", "no %ss exist", b.Kind)
	}
	if err := r.operationDirectives(); err != nil {
		return nil, err
	}
	fields, err := r.selection(root, b.def.SelectionSet, "$")
	if err != nil {
		return nil, err
	}
	for name := range b.variables {
		if r.types[name] == nil && r.inJSON[name] {
			r.types[name] = jsonPlace
		}
	}
	return &Resolved{Kind: b.Kind, Fields: fields, VariableTypes: r.types}, nil
}

// Check checks the operation against a role's schema without values: every variable is taken to fit its declaration.
func (o *Operation) Check(s *schema.Schema) error {
	b := &Bound{Operation: o}
	root := s.Query
	switch o.Kind {
	case Mutation:
		root = s.Mutation
	case Subscription:
		root = s.Subscription
	}
	if root == nil {
		return invalid("$", "no %ss exist", o.Kind)
	}
	r := &resolver{b: b, s: s, types: map[string]*schema.Ref{}, isStatic: true}
	if err := r.operationDirectives(); err != nil {
		return err
	}
	_, err := r.selection(root, o.def.SelectionSet, "$")
	return err
}

// jsonPlace is the type of a place inside a JSON value, where a variable of any type fits.
var jsonPlace = &schema.Ref{Named: &schema.Type{Kind: schema.Scalar, Name: "jsonb"}}

type resolver struct {
	b      *Bound
	s      *schema.Schema
	types  map[string]*schema.Ref
	inJSON map[string]bool
	// isStatic: variables have no values; only their types are checked.
	isStatic bool
	// depth is how many selections stand around, inputs how many input objects.
	depth, inputs int
	// selections is how many were visited, those of a fragment as often as it is spread; lists how many lists of an
	// introspected type stand around.
	selections, lists int
}

// maxDepth bounds nesting, so that a small document cannot ask for an endless one.
const maxDepth = 200

// maxSelections bounds what fragments that spread fragments amount to: a small document could ask for any number of fields.
const maxSelections = 50_000

// maxLists bounds introspection likewise: types lead to fields, and these to types again. Clients need one list of a type
// inside another at most (graphql-js: MaxIntrospectionDepthRule).
const maxLists = 2

func isTypeList(parent *schema.Type, field string) bool {
	switch field {
	case "fields", "inputFields", "interfaces", "possibleTypes":
		return parent.Name == "__Type"
	}
	return false
}

// selection resolves a selection set on objects of type t that stands at path.
func (r *resolver) selection(t *schema.Type, set ast.SelectionSet, path string) ([]*Field, error) {
	if r.depth++; r.depth > maxDepth {
		return nil, invalid(path, "the selection is nested too deeply")
	}
	defer func() { r.depth-- }()
	return r.selectionOn(t, nil, set, path)
}

// selectionOn is selection where set was written for an interface or union that t is one of.
func (r *resolver) selectionOn(t, abstract *schema.Type, set ast.SelectionSet, path string) ([]*Field, error) {
	c := collector{r: r, parent: t, abstract: abstract, byKey: map[string]*collected{}, path: path + ".selectionSet"}
	if err := c.collect(set); err != nil {
		return nil, err
	}
	fields := make([]*Field, 0, len(c.order))
	for _, one := range c.order {
		f, err := r.field(t, one, c.path)
		if err != nil {
			return nil, err
		}
		fields = append(fields, f)
	}
	return fields, nil
}

// collected is the fields of one response key, merged.
type collected struct {
	field *ast.Field
	subs  ast.SelectionSet
	// isMerged: subs is a list of its own, not the document's.
	isMerged bool
}

type collector struct {
	r      *resolver
	parent *schema.Type
	// abstract, when set, is the interface or union whose selection set this is.
	abstract *schema.Type
	byKey    map[string]*collected
	order    []*collected
	path     string
}

// applies tells whether a fragment on the named type is about objects of the parent's type.
func (c *collector) applies(condition string) bool {
	if condition == "" || condition == c.parent.Name || c.abstract != nil && condition == c.abstract.Name {
		return true
	}
	for _, i := range c.parent.Interfaces() {
		if i.Name == condition {
			return true
		}
	}
	return false
}

// collect merges a selection set as GraphQL §6.3.2 does; a fragment on another type adds nothing.
func (c *collector) collect(set ast.SelectionSet) error {
	for _, s := range set {
		if c.r.selections++; c.r.selections > maxSelections {
			return invalid(c.path, "the selection has too many fields")
		}
		switch s := s.(type) {
		case *ast.Field:
			if on, err := c.r.included(s.Directives, c.path, "a field"); err != nil || !on {
				if err != nil {
					return err
				}
				continue
			}
			if err := c.add(s); err != nil {
				return err
			}
		case *ast.InlineFragment:
			if on, err := c.r.included(s.Directives, c.path, "an inline fragment"); err != nil || !on {
				if err != nil {
					return err
				}
				continue
			}
			if !c.applies(s.TypeCondition) {
				continue
			}
			if err := c.collect(s.SelectionSet); err != nil {
				return err
			}
		case *ast.FragmentSpread:
			if on, err := c.r.included(s.Directives, c.path, "an inline fragment"); err != nil || !on {
				if err != nil {
					return err
				}
				continue
			}
			f := c.r.b.fragments[s.Name]
			if f == nil {
				return invalid(c.path, "reference to undefined fragment %q", s.Name)
			}
			if !c.applies(f.TypeCondition) {
				continue
			}
			if err := c.collect(f.SelectionSet); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *collector) add(f *ast.Field) error {
	key := f.Alias
	if key == "" {
		key = f.Name
	}
	have := c.byKey[key]
	if have == nil {
		one := &collected{field: f, subs: f.SelectionSet}
		c.byKey[key] = one
		c.order = append(c.order, one)
		return nil
	}
	if have.field.Name != f.Name {
		return invalid(c.path, "selection of both '%s' and '%s' specify the same response name, '%s'", have.field.Name, f.Name, key)
	}
	if !sameArguments(have.field.Arguments, f.Arguments) {
		return invalid(c.path, "inconsistent arguments between multiple selections of field '%s'", f.Name)
	}
	if !have.isMerged {
		have.subs, have.isMerged = slices.Clone(have.subs), true
	}
	have.subs = append(have.subs, f.SelectionSet...)
	return nil
}

func sameArguments(a, b ast.ArgumentList) bool {
	if len(a) != len(b) {
		return false
	}
	for _, one := range a {
		other := b.ForName(one.Name)
		if other == nil || other.Value.String() != one.Value.String() {
			return false
		}
	}
	return true
}

func (r *resolver) field(parent *schema.Type, c *collected, setPath string) (*Field, error) {
	f := c.field
	path := fault.Key(setPath, f.Name)
	if isTypeList(parent, f.Name) {
		if r.lists++; r.lists > maxLists {
			return nil, invalid(path, "introspection is nested too deeply")
		}
		defer func() { r.lists-- }()
	}
	out := &Field{Alias: f.Alias, Parent: parent, Path: path}
	if out.Alias == "" {
		out.Alias = f.Name
	}
	if f.Name == "__typename" {
		if len(f.Arguments) > 0 {
			return nil, invalid(path, "'__typename' has no argument named '%s'", f.Arguments[0].Name)
		}
		return out, nil
	}
	if out.Def = parent.Field(f.Name); out.Def == nil && parent == r.s.Query {
		out.Def = r.s.MetaField(f.Name)
	}
	if out.Def == nil {
		return nil, invalid(path, "field '%s' not found in type: '%s'", f.Name, parent.Name)
	}
	for _, a := range f.Arguments {
		if schema.FindInput(out.Def.Args, a.Name) == nil {
			return nil, invalid(path, "'%s' has no argument named '%s'", f.Name, a.Name)
		}
	}
	// In the schema's order, so that of several errors the same one is told as by Hasura.
	for _, def := range out.Def.Args {
		argPath := fault.Key(path+".args", def.Name)
		a := f.Arguments.ForName(def.Name)
		var given *ast.Value
		if a != nil {
			given = a.Value
		}
		v, err := r.argument(def, given, argPath)
		if err != nil {
			return nil, err
		}
		if v != nil {
			out.Args = append(out.Args, Member{def, v})
		}
	}
	base := out.Def.Type.Base()
	if !base.IsComposite() {
		if len(c.subs) > 0 {
			return nil, invalid(path, "unexpected subselection set for non-object field")
		}
		return out, nil
	}
	if len(c.subs) == 0 {
		return nil, invalid(path+".selectionSet", "missing selection set for '%s'", base.Name)
	}
	var err error
	if base.IsAbstract() {
		out.On, err = r.abstract(base, c.subs, path)
	} else {
		out.Fields, err = r.selection(base, c.subs, path)
	}
	return out, err
}

// abstract checks a selection set on an interface or union and gives what resolves it for one of its object types.
// Checked are the fields selected on the abstract type itself and those on every type a fragment names; the other types
// have but the former.
func (r *resolver) abstract(base *schema.Type, set ast.SelectionSet, path string) (func(*schema.Type) ([]*Field, error), error) {
	if _, err := r.selection(base, set, path); err != nil {
		return nil, err
	}
	mentioned := map[string]bool{}
	r.mention(set, mentioned)
	done := map[*schema.Type][]*Field{}
	on := func(t *schema.Type) ([]*Field, error) {
		if fields, ok := done[t]; ok {
			return fields, nil
		}
		return r.selectionOn(t, base, set, path)
	}
	for _, t := range base.Possible() {
		if !mentioned[t.Name] {
			continue
		}
		fields, err := on(t)
		if err != nil {
			return nil, err
		}
		done[t] = fields
	}
	return on, nil
}

// mention collects the types that fragments in a selection set are on.
func (r *resolver) mention(set ast.SelectionSet, names map[string]bool) {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.InlineFragment:
			names[s.TypeCondition] = true
			r.mention(s.SelectionSet, names)
		case *ast.FragmentSpread:
			if f := r.b.fragments[s.Name]; f != nil {
				names[f.TypeCondition] = true
				r.mention(f.SelectionSet, names)
			}
		}
	}
}

// argument resolves an argument or input field that may have been left out; nil when it was and has no default.
func (r *resolver) argument(def *schema.InputField, given *ast.Value, path string) (*Input, error) {
	if given != nil && given.Kind == ast.Variable {
		if err := r.checkVariable(given.Raw, def.Type, def.Default != "", path); err != nil {
			return nil, err
		}
		if r.absent(given.Raw) {
			if def.Default != "" || !def.Type.NonNull && r.s.Options().Experimental["no_null_unbound_variable_default"] {
				given = nil
			}
		}
	}
	if given == nil {
		if def.Default == "" {
			if def.Type.NonNull {
				return nil, invalid(path, "missing required field '%s'", def.Name)
			}
			return nil, nil
		}
		return r.literal(def.Type, defaultValue(def.Default), path, def)
	}
	return r.literal(def.Type, given, path, def)
}

// defaultValue reads the few default literals the schema has.
func defaultValue(s string) *ast.Value {
	switch {
	case s == "[]":
		return &ast.Value{Kind: ast.ListValue}
	case s == "true" || s == "false":
		return &ast.Value{Kind: ast.BooleanValue, Raw: s}
	case strings.Trim(s, "0123456789") == "":
		return &ast.Value{Kind: ast.IntValue, Raw: s}
	}
	return &ast.Value{Kind: ast.NullValue}
}
