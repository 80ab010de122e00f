package execute

import (
	"encoding/json"
	"slices"
	"strings"

	"gatehouse/engine/operation"
	"gatehouse/engine/schema"
)

// introspect answers __schema and __type from the role's schema. It derives the schema anew, so that the whole of it is
// not kept afterwards.
func introspect(s *schema.Schema, f *operation.Field, b *operation.Bound) []byte {
	return introspectAround("", s, f, b, "")
}

// introspectAround is introspect between two texts.
func introspectAround(before string, s *schema.Schema, f *operation.Field, b *operation.Bound, after string) []byte {
	s = s.Whole()
	w := &introspector{s: s}
	w.raw(before)
	w.answer(f, b)
	w.raw(after)
	return w.bytes()
}

func (w *introspector) answer(f *operation.Field, b *operation.Bound) {
	if _, ok := f.Def.Meaning.(schema.IntrospectSchema); ok {
		w.schema(f)
		return
	}
	var name string
	for _, a := range f.Args {
		raw := []byte(a.Value.Text)
		if v, ok := a.Value.Value.(*schema.Variable); ok {
			raw = b.Raw(v)
		}
		_ = json.Unmarshal(raw, &name) // checked to be a string
	}
	t := w.s.Lookup(name)
	if t == nil {
		w.raw("null")
		return
	}
	w.typ(&schema.Ref{Named: t}, f)
}

// fixed tells whether an introspection's answer is the same whatever the variables are.
func fixed(f *operation.Field) bool {
	for _, a := range f.Args {
		if _, ok := a.Value.Value.(*schema.Variable); ok {
			return false
		}
	}
	for _, sub := range f.Fields {
		if !fixed(sub) {
			return false
		}
	}
	return true
}

// introspector writes JSON; every writer takes the field whose selection it answers.
type introspector struct {
	s *schema.Schema
	b []byte
	// full are the parts before b. An answer has tens of megabytes: one growing slice would be copied time and again.
	full [][]byte
}

const partSize = 1 << 20

// bytes is the answer, in a slice of its size.
func (w *introspector) bytes() []byte {
	return slices.Concat(append(w.full, w.b)...)
}

func (w *introspector) raw(s string) { w.b = append(w.b, s...) }

func (w *introspector) text(s string) {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x80 {
			q, _ := json.Marshal(s) // a string always encodes
			w.b = append(w.b, q...)
			return
		}
	}
	w.b = append(append(append(w.b, '"'), s...), '"')
}

func (w *introspector) textOrNull(s string) {
	if s == "" {
		w.raw("null")
		return
	}
	w.text(s)
}

// object writes an object's selected keys.
func (w *introspector) object(f *operation.Field, key func(sub *operation.Field)) {
	w.raw("{")
	for i, sub := range f.Fields {
		if i > 0 {
			w.raw(",")
		}
		w.text(sub.Alias)
		w.raw(":")
		if sub.Def == nil {
			w.text(sub.Parent.Name)
			continue
		}
		key(sub)
	}
	w.raw("}")
}

func writeList[T any](w *introspector, items []T, one func(T)) {
	w.raw("[")
	for i, item := range items {
		if i > 0 {
			w.raw(",")
		}
		if len(w.b) > partSize {
			w.full, w.b = append(w.full, w.b), make([]byte, 0, partSize+partSize/8)
		}
		one(item)
	}
	w.raw("]")
}

func (w *introspector) schema(f *operation.Field) {
	root := func(t *schema.Type, sub *operation.Field) {
		if t == nil {
			w.raw("null")
			return
		}
		w.typ(&schema.Ref{Named: t}, sub)
	}
	w.object(f, func(sub *operation.Field) {
		switch sub.Def.Name {
		case "types":
			writeList(w, w.s.Types(), func(t *schema.Type) { w.typ(&schema.Ref{Named: t}, sub) })
		case "queryType":
			root(w.s.Query, sub)
		case "mutationType":
			root(w.s.Mutation, sub)
		case "subscriptionType":
			root(w.s.Subscription, sub)
		case "directives":
			writeList(w, w.s.Directives(), func(d *schema.Directive) { w.directive(d, sub) })
		default:
			w.raw("null")
		}
	})
}

func (w *introspector) directive(d *schema.Directive, f *operation.Field) {
	w.object(f, func(sub *operation.Field) {
		switch sub.Def.Name {
		case "name":
			w.text(d.Name)
		case "description":
			w.textOrNull(d.Description)
		case "locations":
			writeList(w, d.Locations, w.text)
		case "args":
			w.inputs(d.Args, sub)
		case "isRepeatable":
			w.raw("false")
		}
	})
}

// typ writes a use of a type: wrappers first, as ofType wants them.
func (w *introspector) typ(r *schema.Ref, f *operation.Field) {
	w.object(f, func(sub *operation.Field) {
		switch name := sub.Def.Name; {
		case name == "kind":
			switch {
			case r.NonNull:
				w.text("NON_NULL")
			case r.Elem != nil:
				w.text("LIST")
			default:
				w.text(string(r.Named.Kind))
			}
		case name == "ofType" && r.NonNull:
			inner := *r
			inner.NonNull = false
			w.typ(&inner, sub)
		case name == "ofType" && r.Elem != nil:
			w.typ(r.Elem, sub)
		case r.NonNull || r.Elem != nil:
			w.raw("null")
		default:
			w.named(r.Named, sub)
		}
	})
}

func (w *introspector) named(t *schema.Type, sub *operation.Field) {
	switch sub.Def.Name {
	case "name":
		w.text(t.Name)
	case "description":
		w.textOrNull(t.Description)
	case "fields":
		if t.Kind != schema.Object && t.Kind != schema.Interface {
			w.raw("null")
			return
		}
		writeList(w, t.Fields(), func(f *schema.Field) { w.field(f, sub) })
	case "inputFields":
		if t.Kind != schema.InputObject {
			w.raw("null")
			return
		}
		w.inputs(t.Inputs(), sub)
	case "enumValues":
		if t.Kind != schema.Enum {
			w.raw("null")
			return
		}
		writeList(w, t.Members(), func(v *schema.EnumMember) {
			w.object(sub, func(sub *operation.Field) { w.described(sub, v.Name, v.Description) })
		})
	case "interfaces":
		if t.Kind == schema.Object {
			writeList(w, t.Interfaces(), func(i *schema.Type) { w.typ(&schema.Ref{Named: i}, sub) })
			return
		}
		w.raw("null")
	case "possibleTypes":
		if t.IsAbstract() {
			writeList(w, t.Possible(), func(o *schema.Type) { w.typ(&schema.Ref{Named: o}, sub) })
			return
		}
		w.raw("null")
	default:
		w.raw("null") // ofType, specifiedByURL
	}
}

func (w *introspector) described(sub *operation.Field, name, description string) {
	switch {
	case sub.Def.Name == "name":
		w.text(name)
	case sub.Def.Name == "description":
		w.textOrNull(description)
	case strings.HasPrefix(sub.Def.Name, "is"):
		w.raw("false")
	default:
		w.raw("null")
	}
}

func (w *introspector) field(f *schema.Field, at *operation.Field) {
	w.object(at, func(sub *operation.Field) {
		switch sub.Def.Name {
		case "args":
			w.inputs(f.Args, sub)
		case "type":
			w.typ(f.Type, sub)
		default:
			w.described(sub, f.Name, f.Description)
		}
	})
}

func (w *introspector) inputs(inputs []*schema.InputField, at *operation.Field) {
	writeList(w, inputs, func(in *schema.InputField) {
		w.object(at, func(sub *operation.Field) {
			switch sub.Def.Name {
			case "type":
				w.typ(in.Type, sub)
			case "defaultValue":
				w.textOrNull(in.Default)
			default:
				w.described(sub, in.Name, in.Description)
			}
		})
	})
}
