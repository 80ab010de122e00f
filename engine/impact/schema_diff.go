package impact

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"gatehouse/engine/schema"
)

// SchemaDiff is what would change in the GraphQL schema of a role.
type SchemaDiff struct {
	Role    string         `json:"role"`
	Changes []SchemaChange `json:"changes"`
}

// SchemaChange is one change of a schema.
type SchemaChange struct {
	// Path is a type, "Type.field" or "Type.field(argument:)".
	Path string `json:"path"`
	// Kind is "added", "removed" or "changed".
	Kind string `json:"kind"`
	// Breaking: an operation that was valid may not be any more, or gets what its client did not expect (GraphQL clients:
	// graphql-js, findBreakingChanges).
	Breaking bool   `json:"breaking"`
	Change   string `json:"change"`
}

// schemaDiffs compares the schemas of admin and of all roles, with all that is for backends only.
func schemaDiffs(before, after *schema.Model) []SchemaDiff {
	out := []SchemaDiff{}
	for _, role := range append([]string{schema.AdminRole}, union(before.Roles(), after.Roles())...) {
		was, is := before.Role(role, true), after.Role(role, true)
		if was == is { // the change does not concern the role
			continue
		}
		d := &schemaComparison{}
		d.schemas(was.Whole(), is.Whole())
		if len(d.out) > 0 {
			slices.SortStableFunc(d.out, func(a, b SchemaChange) int {
				if a.Breaking != b.Breaking {
					if a.Breaking {
						return -1
					}
					return 1
				}
				return strings.Compare(a.Path, b.Path)
			})
			out = append(out, SchemaDiff{role, d.out})
		}
	}
	return out
}

type schemaComparison struct{ out []SchemaChange }

func (d *schemaComparison) say(path, kind string, breaking bool, format string, args ...any) {
	d.out = append(d.out, SchemaChange{path, kind, breaking, fmt.Sprintf(format, args...)})
}

func (d *schemaComparison) schemas(before, after *schema.Schema) {
	was, is := typesByName(before), typesByName(after)
	for _, name := range union(slices.Sorted(maps.Keys(was)), slices.Sorted(maps.Keys(is))) {
		switch b, a := was[name], is[name]; {
		case b == nil:
			d.say(name, "added", false, "%s added", kindWord(a.Kind))
		case a == nil:
			d.say(name, "removed", true, "%s removed", kindWord(b.Kind))
		case b.Kind != a.Kind:
			d.say(name, "changed", true, "%s became %s", kindWord(b.Kind), kindWord(a.Kind))
		default:
			d.types(b, a)
		}
	}
}

func typesByName(s *schema.Schema) map[string]*schema.Type {
	out := map[string]*schema.Type{}
	for _, t := range s.Types() {
		if !strings.HasPrefix(t.Name, "__") {
			out[t.Name] = t
		}
	}
	return out
}

func kindWord(k schema.Kind) string { return strings.ToLower(strings.ReplaceAll(string(k), "_", " ")) }

func (d *schemaComparison) types(b, a *schema.Type) {
	switch b.Kind {
	case schema.Object, schema.Interface:
		d.interfaces(b.Name, b.Interfaces(), a.Interfaces())
		pairs(b.Fields(), a.Fields(), func(f *schema.Field) string { return f.Name }, func(name string, was, is *schema.Field) {
			d.field(b.Name+"."+name, was, is)
		})
	case schema.InputObject:
		pairs(b.Inputs(), a.Inputs(), inputName, func(name string, was, is *schema.InputField) { d.input(b.Name+"."+name, "input field", was, is) })
	case schema.Enum:
		pairs(b.Members(), a.Members(), func(v *schema.EnumMember) string { return v.Name }, func(name string, was, is *schema.EnumMember) {
			d.member(b.Name+"."+name, "enum value", was == nil, is == nil)
		})
	case schema.Union:
		pairs(b.Possible(), a.Possible(), func(t *schema.Type) string { return t.Name }, func(name string, was, is *schema.Type) {
			d.member(b.Name+"."+name, "member", was == nil, is == nil)
		})
	}
}

// interfaces: fragments on an interface no longer find a type that does not implement it.
func (d *schemaComparison) interfaces(path string, before, after []*schema.Type) {
	pairs(before, after, func(t *schema.Type) string { return t.Name }, func(name string, was, is *schema.Type) {
		switch {
		case was == nil:
			d.say(path, "changed", false, "implements %s", name)
		case is == nil:
			d.say(path, "changed", true, "no longer implements %s", name)
		}
	})
}

func inputName(f *schema.InputField) string { return f.Name }

// pairs calls with the members of two lists by name, nil where a list has none.
func pairs[T any](before, after []*T, name func(*T) string, visit func(name string, was, is *T)) {
	was, is := map[string]*T{}, map[string]*T{}
	for _, v := range before {
		was[name(v)] = v
	}
	for _, v := range after {
		is[name(v)] = v
	}
	for _, n := range union(slices.Sorted(maps.Keys(was)), slices.Sorted(maps.Keys(is))) {
		visit(n, was[n], is[n])
	}
}

func (d *schemaComparison) member(path, what string, isNew, isGone bool) {
	switch {
	case isNew:
		d.say(path, "added", false, "%s added", what)
	case isGone:
		d.say(path, "removed", true, "%s removed", what)
	}
}

func (d *schemaComparison) field(path string, b, a *schema.Field) {
	if b == nil || a == nil {
		d.member(path, "field", b == nil, a == nil)
		return
	}
	if was, is := b.Type.String(), a.Type.String(); was != is {
		d.say(path, "changed", !outputFits(b.Type, a.Type), "type changed from %s to %s", was, is)
	}
	pairs(b.Args, a.Args, inputName, func(name string, was, is *schema.InputField) {
		d.input(path+"("+name+":)", "argument", was, is)
	})
}

func (d *schemaComparison) input(path, what string, b, a *schema.InputField) {
	switch {
	case b == nil:
		d.say(path, "added", isRequired(a), "%s added%s", what, map[bool]string{true: ", required"}[isRequired(a)])
	case a == nil:
		d.say(path, "removed", true, "%s removed", what)
	default:
		if was, is := b.Type.String(), a.Type.String(); was != is {
			d.say(path, "changed", !inputFits(b.Type, a.Type), "type changed from %s to %s", was, is)
		}
		if b.Default != a.Default {
			becomes := isRequired(a) && !isRequired(b)
			d.say(path, "changed", becomes, "default changed from %s to %s%s", orNothing(b.Default), orNothing(a.Default), map[bool]string{true: ", required"}[becomes])
		}
	}
}

// isRequired tells whether whoever leaves an input out is refused (GraphQL §5.4.2.1).
func isRequired(f *schema.InputField) bool { return f.Type.NonNull && f.Default == "" }

func orNothing(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// outputFits tells whether who expects b can take a: the same, or not null where b may be.
func outputFits(b, a *schema.Ref) bool {
	switch {
	case b.NonNull && !a.NonNull, (b.Elem == nil) != (a.Elem == nil):
		return false
	case b.Elem != nil:
		return outputFits(b.Elem, a.Elem)
	}
	return b.Named.Name == a.Named.Name
}

// inputFits tells whether what was written for b is good for a: the same, or nullable where b was not.
func inputFits(b, a *schema.Ref) bool {
	switch {
	case a.NonNull && !b.NonNull, (b.Elem == nil) != (a.Elem == nil):
		return false
	case b.Elem != nil:
		return inputFits(b.Elem, a.Elem)
	}
	return b.Named.Name == a.Named.Name
}
