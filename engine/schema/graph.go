package schema

import (
	"sort"
	"strings"
	"sync"
)

// Kind is a GraphQL type kind, as introspection names it.
type Kind string

// The type kinds.
const (
	Scalar      Kind = "SCALAR"
	Object      Kind = "OBJECT"
	Enum        Kind = "ENUM"
	InputObject Kind = "INPUT_OBJECT"
	Interface   Kind = "INTERFACE"
	Union       Kind = "UNION"
)

// Type is a named GraphQL type of one role's schema. Its members are derived when they are first asked for.
type Type struct {
	Kind        Kind
	Name        string
	Description string
	// Steers: the values of this scalar decide what is read (a node's id, a cursor), so a plan serves one value only.
	Steers bool

	once sync.Once
	fill func(*Type)
	// find derives one field alone, where it knows whose it is.
	find   func(name string) (f *Field, isKnown bool)
	fields []*Field
	inputs []*InputField
	values []*EnumMember
	index  map[string]int
	// possible are the object types of an interface or union; interfaces are what an object type implements.
	possible, interfaces []*Type
}

// EnumMember is one value of an enum type.
type EnumMember struct {
	Name        string
	Description string
	Meaning     Meaning
}

// Field is a field of an object type.
type Field struct {
	Name        string
	Description string
	Args        []*InputField // sorted by name
	Type        *Ref
	Meaning     Meaning
}

// InputField is an argument, or a field of an input object.
type InputField struct {
	Name        string
	Description string
	Type        *Ref
	// Default is a GraphQL literal; "" is none.
	Default string
	Meaning Meaning
}

// Ref is a use of a type: named, or a list of Elem.
type Ref struct {
	Named   *Type
	Elem    *Ref
	NonNull bool
	// Class is set where the value is a Postgres column's: strings are then Postgres' to judge, and an array is one value.
	Class *Class
}

// String is the type in GraphQL notation.
func (r *Ref) String() string {
	var s string
	if r.Elem != nil {
		s = "[" + r.Elem.String() + "]"
	} else {
		s = r.Named.Name
	}
	if r.NonNull {
		s += "!"
	}
	return s
}

// Base is the named type under all lists.
func (r *Ref) Base() *Type {
	for r.Elem != nil {
		r = r.Elem
	}
	return r.Named
}

func (r *Ref) notNull() *Ref {
	if r.NonNull {
		return r
	}
	c := *r
	c.NonNull = true
	return &c
}

func named(t *Type) *Ref         { return &Ref{Named: t} }
func listOf(r *Ref) *Ref         { return &Ref{Elem: r} }
func nonNull(t *Type) *Ref       { return &Ref{Named: t, NonNull: true} }
func listOfNonNull(t *Type) *Ref { return listOf(nonNull(t)) }

func (t *Type) materialise() {
	t.once.Do(func() {
		if t.fill != nil {
			t.fill(t)
		}
		sort.SliceStable(t.fields, func(i, j int) bool { return t.fields[i].Name < t.fields[j].Name })
		sort.SliceStable(t.inputs, func(i, j int) bool { return t.inputs[i].Name < t.inputs[j].Name })
		t.fill = nil
		if n := len(t.fields) + len(t.inputs) + len(t.values); n > 8 {
			t.index = make(map[string]int, n)
			for i, f := range t.fields {
				t.index[f.Name] = i
			}
			for i, f := range t.inputs {
				t.index[f.Name] = i
			}
			for i, v := range t.values {
				t.index[v.Name] = i
			}
		}
		for _, f := range t.fields {
			f.sortArgs()
		}
	})
}

// sortArgs leaves arguments alone that are in order: others may be reading them.
func (f *Field) sortArgs() {
	byName := func(i, j int) bool { return f.Args[i].Name < f.Args[j].Name }
	if !sort.SliceIsSorted(f.Args, byName) {
		sort.SliceStable(f.Args, byName)
	}
}

// Possible are the object types of an interface or union.
func (t *Type) Possible() []*Type { t.materialise(); return t.possible }

// Interfaces are the interfaces an object type implements.
func (t *Type) Interfaces() []*Type { t.materialise(); return t.interfaces }

// IsAbstract tells whether values of t are of one of several object types.
func (t *Type) IsAbstract() bool { return t.Kind == Interface || t.Kind == Union }

// IsComposite tells whether t has a selection set.
func (t *Type) IsComposite() bool { return t.Kind == Object || t.IsAbstract() }

// Fields are an object type's fields, sorted by name.
func (t *Type) Fields() []*Field { t.materialise(); return t.fields }

// Inputs are an input object's fields, sorted by name.
func (t *Type) Inputs() []*InputField { t.materialise(); return t.inputs }

// Members are an enum's values.
func (t *Type) Members() []*EnumMember { t.materialise(); return t.values }

// Field finds a field by name; nil if there is none.
func (t *Type) Field(name string) *Field {
	if t.find != nil {
		if f, isKnown := t.find(name); isKnown {
			return f
		}
	}
	t.materialise()
	if t.index != nil {
		if i, ok := t.index[name]; ok && i < len(t.fields) {
			return t.fields[i]
		}
		return nil
	}
	for _, f := range t.fields {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// Input finds an input field by name; nil if there is none.
func (t *Type) Input(name string) *InputField {
	t.materialise()
	if t.index != nil {
		if i, ok := t.index[name]; ok && i < len(t.inputs) {
			return t.inputs[i]
		}
		return nil
	}
	return FindInput(t.inputs, name)
}

// FindInput finds an argument by name; nil if there is none.
func FindInput(fields []*InputField, name string) *InputField {
	for _, f := range fields {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// Member finds an enum value by name; nil if there is none.
func (t *Type) Member(name string) *EnumMember {
	t.materialise()
	if t.index != nil {
		if i, ok := t.index[name]; ok && i < len(t.values) {
			return t.values[i]
		}
		return nil
	}
	for _, v := range t.values {
		if v.Name == name {
			return v
		}
	}
	return nil
}

// MemberList shows an enum's values as Hasura's messages do: ['a', 'b'].
func (t *Type) MemberList() string {
	names := make([]string, 0, len(t.Members()))
	for _, v := range t.Members() {
		names = append(names, "'"+v.Name+"'")
	}
	return "[" + strings.Join(names, ", ") + "]"
}
