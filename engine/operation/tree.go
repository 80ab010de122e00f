package operation

import (
	"encoding/json"

	"gatehouse/engine/schema"
)

// Resolved is an operation with a role's schema and concrete variables applied: fragments merged, directives obeyed,
// everything checked.
type Resolved struct {
	Kind   Kind
	Fields []*Field
	// VariableTypes are the types of the places where variables stand, for Bound.Shape.
	VariableTypes map[string]*schema.Ref
}

// Field is one selected field.
type Field struct {
	// Alias is the response key.
	Alias string
	// Def is nil for __typename, whose value is Parent's name.
	Def    *schema.Field
	Parent *schema.Type
	Args   []Member
	Fields []*Field
	// On gives the fields selected on one of the possible object types, where the field's type is an interface or union;
	// Fields is empty then.
	On func(t *schema.Type) ([]*Field, error)
	// Path is where the field stands, "$.selectionSet.author".
	Path string
}

// Arg is the argument that means a; nil when it was not given.
func (f *Field) Arg(a schema.Arg) *Input { return find(f.Args, a) }

// Member is an argument or a field of an input object that was given.
type Member struct {
	Def   *schema.InputField
	Value *Input
}

// Input is a checked input value.
type Input struct {
	Type *schema.Ref
	// Path is where the value stands, "$.selectionSet.author.args.where".
	Path string
	// Null is true for null; the rest is then empty.
	Null bool
	// Members are an input object's fields, in the order written.
	Members []Member
	// Items are a list's elements.
	Items  []*Input
	IsList bool
	// Enum is an enum's value.
	Enum *schema.EnumMember
	// Value is a scalar, or a list of scalars that one variable gave as a whole.
	Value schema.Value
	// Text is what a scalar's JSON was in this request. It may steer the plan only where Bound.Shape tells values
	// apart: booleans, literals and scalars that steer.
	Text string
}

// Member is the field of an input object that means a; nil when it was not given.
func (in *Input) Member(a schema.Arg) *Input { return find(in.Members, a) }

func find(members []Member, a schema.Arg) *Input {
	for _, m := range members {
		if m.Def.Meaning == schema.Meaning(a) {
			return m.Value
		}
	}
	return nil
}

// Bool is a boolean's value.
func (in *Input) Bool() bool { return in.Text == "true" }

// JSON is the value with its provenance as one Value, whatever its kind; nil for an input object.
func (in *Input) JSON() schema.Value {
	switch {
	case in.Null:
		return &schema.Literal{JSON: json.RawMessage("null")}
	case in.Value != nil:
		return in.Value
	case in.Enum != nil:
		text := in.Enum.Name
		if t, ok := schema.EnumText(in.Enum.Meaning); ok {
			text = t
		}
		return &schema.Literal{JSON: quote(text)}
	case in.IsList:
		var t templateBuilder
		t.text("[")
		for i, item := range in.Items {
			if i > 0 {
				t.text(",")
			}
			t.value(item.JSON())
		}
		t.text("]")
		return t.build()
	}
	return nil
}

// Documents are inputs as one JSON list, input objects with the names the client used.
func Documents(inputs ...*Input) schema.Value {
	var t templateBuilder
	t.text("[")
	for i, in := range inputs {
		if i > 0 {
			t.text(",")
		}
		t.input(in)
	}
	t.text("]")
	return t.build()
}

// MemberDocuments are arguments as a JSON list of one object.
func MemberDocuments(members []Member) schema.Value {
	return Documents(&Input{Members: members})
}

// KeyDocuments are the arguments of a by_pk field as a JSON list of one object, {"pk_columns": {…}}.
func KeyDocuments(members []Member) schema.Value {
	key := &Input{Members: members}
	return MemberDocuments([]Member{{Def: &schema.InputField{Name: "pk_columns"}, Value: key}})
}

func (t *templateBuilder) input(in *Input) {
	switch {
	case in.Null || in.Value != nil || in.Enum != nil:
		t.value(in.JSON())
	case in.IsList:
		t.text("[")
		for i, item := range in.Items {
			if i > 0 {
				t.text(",")
			}
			t.input(item)
		}
		t.text("]")
	default:
		t.text("{")
		for i, m := range in.Members {
			if i > 0 {
				t.text(",")
			}
			t.text(string(quote(m.Def.Name)) + ":")
			t.input(m.Value)
		}
		t.text("}")
	}
}

// JSON is what a value is in this request; nil when a variable is missing. Values that do not come from the operation
// are null.
func (b *Bound) JSON(v schema.Value) json.RawMessage {
	switch v := v.(type) {
	case *schema.Literal:
		return v.JSON
	case *schema.Variable:
		return b.Raw(v)
	case *schema.Template:
		var out []byte
		for i, hole := range v.Holes {
			out = append(append(out, v.Parts[i]...), b.Raw(hole)...)
		}
		return append(out, v.Parts[len(v.Parts)-1]...)
	}
	return json.RawMessage("null")
}

// templateBuilder joins literal JSON and variables.
type templateBuilder struct {
	parts []string
	holes []*schema.Variable
	open  []byte
}

func (t *templateBuilder) text(s string) { t.open = append(t.open, s...) }

func (t *templateBuilder) value(v schema.Value) {
	switch v := v.(type) {
	case *schema.Literal:
		t.open = append(t.open, v.JSON...)
	case *schema.Variable:
		t.parts = append(t.parts, string(t.open))
		t.holes = append(t.holes, v)
		t.open = nil
	case *schema.Template:
		for i, hole := range v.Holes {
			t.text(v.Parts[i])
			t.value(hole)
		}
		t.text(v.Parts[len(v.Parts)-1])
	default:
		t.text("null")
	}
}

func (t *templateBuilder) build() schema.Value {
	if len(t.holes) == 0 {
		return &schema.Literal{JSON: json.RawMessage(t.open)}
	}
	return &schema.Template{Parts: append(t.parts, string(t.open)), Holes: t.holes}
}
