package schema

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"gatehouse/engine/catalog"
)

// describe is everything about a model that anybody can tell, by what it is about.
func describe(m *Model) map[string]string {
	out := map[string]string{"roles": fmt.Sprint(m.Roles())}
	for i, one := range m.Inconsistencies() {
		raw, _ := json.Marshal(one)
		out[fmt.Sprintf("inconsistency %d", i)] = fmt.Sprint(string(raw), one.Unsupported, one.Fatal, one.IDs())
	}
	has := func(string) bool { return true }
	schemas := map[string]*Schema{"nobody": m.Role("nobody", false)}
	for _, role := range append(m.Roles(), AdminRole) {
		schemas[role], schemas[role+" as backend"], schemas[role+" of Relay"] = m.Role(role, false), m.Role(role, true), m.RelayRole(role, false)
	}
	if roles := m.Roles(); len(roles) > 1 {
		schemas["several"] = m.Several(roles[:2], has, false, false)
	}
	for name, s := range schemas {
		out["roots of "+name] = rootsOneByOne(s)
		out["schema of "+name] = s.SDL()
		if s.Relay {
			for i, t := range s.nodeInterface().Possible() {
				out[fmt.Sprintf("node %d of %s", i, name)] = t.Name
			}
		}
	}
	for _, c := range m.sources {
		for _, t := range m.readableTables() {
			if t.Source != c.Source {
				continue
			}
			for _, role := range append(m.Roles(), AdminRole) {
				out[fmt.Sprintf("%s on %s in %s", role, t.Name.Name, c.Name)] = printed(m.Permissions(t, role)) + printed(schemas[role].Permissions(t))
			}
		}
		for _, f := range c.functions {
			out["function "+f.Name.Name+" in "+c.Name] = fmt.Sprint(f.permissions, f.Mutation, f.Set)
		}
	}
	return out
}

// rootsOneByOne are the root fields as they are found one by one, in a schema that did not derive them all.
func rootsOneByOne(s *Schema) string {
	var b strings.Builder
	all, apart := s.Whole(), s.Whole()
	for _, root := range []struct{ all, apart *Type }{{all.Query, apart.Query}, {all.Mutation, apart.Mutation}, {all.Subscription, apart.Subscription}} {
		if root.all == nil || root.apart == nil {
			fmt.Fprintln(&b, root.all == nil, root.apart == nil)
			continue
		}
		for _, want := range root.all.Fields() {
			got := root.apart.Field(want.Name)
			if got == nil || got.Name+arguments(got.Args)+got.Type.String()+got.Description != want.Name+arguments(want.Args)+want.Type.String()+want.Description {
				panic(fmt.Sprintf("field %s of %s found alone is another one", want.Name, root.all.Name))
			}
			fmt.Fprintln(&b, got.Name)
		}
		for _, name := range []string{"a", "b_by_pk", "insert_e", "nope"} {
			if (root.apart.Field(name) == nil) != (root.all.Field(name) == nil) {
				panic(fmt.Sprintf("field %s of %s is found alone only, or not at all", name, root.all.Name))
			}
		}
	}
	return b.String()
}

// printed shows permissions and conditions by the names of what they are about.
func printed(v any) string {
	var b strings.Builder
	print(&b, reflect.ValueOf(v))
	return b.String()
}

func print(b *strings.Builder, v reflect.Value) {
	switch v.Kind() {
	case reflect.Invalid:
		b.WriteString("nil")
	case reflect.Interface:
		print(b, v.Elem())
	case reflect.Pointer:
		if v.IsNil() {
			b.WriteString("nil")
			return
		}
		switch o := v.Interface().(type) {
		case *Table:
			fmt.Fprintf(b, "table %v", o.Name)
		case *Column:
			fmt.Fprintf(b, "column %s.%s", o.Table.Name.Name, o.Name)
		case *Relation:
			fmt.Fprintf(b, "relation %s.%s to %s", o.Table.Name.Name, o.Name, o.Target.Name.Name)
		case *ComputedField:
			fmt.Fprintf(b, "computed %s.%s", o.Table.Name.Name, o.Name)
		case *catalog.Type:
			fmt.Fprintf(b, "type %v", o.Name)
		default:
			print(b, v.Elem())
		}
	case reflect.Struct:
		b.WriteString(v.Type().Name() + "{")
		for i := range v.NumField() {
			print(b, v.Field(i))
			b.WriteString(" ")
		}
		b.WriteString("}")
	case reflect.Slice:
		if raw, ok := v.Interface().(json.RawMessage); ok {
			b.WriteString(string(raw))
			return
		}
		b.WriteString(v.Type().Name() + "[")
		for i := range v.Len() {
			print(b, v.Index(i))
			b.WriteString(" ")
		}
		b.WriteString("]")
	case reflect.Map:
		var entries []string
		for _, k := range v.MapKeys() {
			var one strings.Builder
			print(&one, k)
			one.WriteString(": ")
			print(&one, v.MapIndex(k))
			entries = append(entries, one.String())
		}
		slices.Sort(entries)
		b.WriteString("map" + fmt.Sprint(entries))
	default:
		fmt.Fprint(b, v.Interface())
	}
}

// strays finds what refers to an object that is not the model's own; "" when nothing does.
func strays(m *Model) string {
	own := map[any]bool{}
	tables := m.readableTables()
	for _, c := range m.sources {
		tables = append(tables, m.memos[c.Name].models...)
	}
	for _, t := range tables {
		own[t] = true
		for _, c := range append(slices.Clone(t.Columns), t.Nested...) {
			own[c] = true
		}
		for _, r := range append(slices.Clone(m.Relations(t)), m.RemoteRelations(t)...) {
			own[r] = true
		}
		for _, f := range m.of(t).computed {
			own[f] = true
		}
	}
	seen := map[any]bool{}
	var stray string
	var look func(v reflect.Value, from string)
	look = func(v reflect.Value, from string) {
		switch v.Kind() {
		case reflect.Interface:
			look(v.Elem(), from)
		case reflect.Pointer:
			if v.IsNil() || seen[v.Interface()] {
				return
			}
			seen[v.Interface()] = true
			switch o := v.Interface().(type) {
			case *Table, *Relation, *ComputedField:
				if !own[o] {
					stray = fmt.Sprintf("%s refers to a %T of another model", from, o)
				}
			case *Column: // a permission may test a column that is not served
				if !own[o] && o.Table.Column(o.Name) != nil || !own[o.Table] {
					stray = fmt.Sprintf("%s refers to column %s of another model", from, o.Name)
				}
			case *catalog.Type, *catalog.Table, *catalog.Function, *claim:
				return
			}
			look(v.Elem(), from)
		case reflect.Struct:
			for i := range v.NumField() {
				if v.Type().Field(i).IsExported() {
					look(v.Field(i), from)
				}
			}
		case reflect.Slice:
			for i := range v.Len() {
				look(v.Index(i), from)
			}
		case reflect.Map:
			for _, k := range v.MapKeys() {
				look(k, from)
				look(v.MapIndex(k), from)
			}
		}
	}
	for _, t := range tables {
		d := m.of(t)
		for _, one := range []any{t, d.relations, m.RemoteRelations(t), d.computed, d.all, d.explicit} {
			look(reflect.ValueOf(one), "table "+t.Name.Name)
		}
	}
	for _, c := range m.sources {
		for _, f := range c.functions {
			look(reflect.ValueOf(f), "function "+f.Name.Name)
		}
		for _, n := range c.natives {
			look(reflect.ValueOf(n), "native query "+n.Name)
		}
	}
	return stray
}
