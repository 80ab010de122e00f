package operation

import (
	"encoding/json"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"gatehouse/engine/fault"
	"gatehouse/engine/schema"
)

// checkVariable checks a variable's declaration against the place it stands at (GraphQL §5.8.5).
func (r *resolver) checkVariable(name string, place *schema.Ref, hasDefault bool, path string) error {
	v := r.b.variables[name]
	if v == nil {
		return invalid(path, "unbound variable %q", name)
	}
	if r.types[name] == nil || place.Base().Steers {
		r.types[name] = place
	}
	ok := compatible(v.Type, place)
	if place.NonNull && !v.Type.NonNull {
		nullDefault := v.DefaultValue == nil || v.DefaultValue.Kind == ast.NullValue
		ok = ok && (!nullDefault || hasDefault)
	}
	if !ok {
		return invalid(path, "variable '%s' is declared as '%s', but used where '%s' is expected", name, v.Type.String(), place.String())
	}
	return nil
}

// compatible compares types, the outermost nullability left out.
func compatible(declared *ast.Type, place *schema.Ref) bool {
	if declared.Elem != nil {
		return place.Elem != nil && (declared.Elem.NonNull || !place.Elem.NonNull) && compatible(declared.Elem, place.Elem)
	}
	return place.Elem == nil && declared.NamedType == place.Named.Name
}

func (r *resolver) absent(name string) bool {
	v := r.b.variables[name]
	return r.b.value(name) == nil && v != nil && v.DefaultValue == nil
}

// literal resolves a value written in the document. def is the argument or field it is for, nil inside lists.
func (r *resolver) literal(ref *schema.Ref, v *ast.Value, path string, def *schema.InputField) (*Input, error) {
	if v.Kind == ast.Variable {
		if def == nil {
			if err := r.checkVariable(v.Raw, ref, false, path); err != nil {
				return nil, err
			}
		}
		if r.isStatic {
			return &Input{Type: ref, Path: path, Value: &schema.Variable{Name: v.Raw}}, nil
		}
		if n := r.b.value(v.Raw); n != nil {
			return r.variable(ref, n, &schema.Variable{Name: v.Raw}, path, def)
		}
		if d := r.b.variables[v.Raw].DefaultValue; d != nil {
			return r.literal(ref, d, path, def)
		}
		return r.null(ref, path, def)
	}
	if v.Kind == ast.NullValue {
		return r.null(ref, path, def)
	}
	in := &Input{Type: ref, Path: path}
	if ref.Class != nil {
		return in, r.literalColumn(in, v)
	}
	if ref.Elem != nil {
		in.IsList = true
		if v.Kind != ast.ListValue {
			item, err := r.literal(ref.Elem, v, path+"[0]", nil)
			in.Items = []*Input{item}
			return in, err
		}
		for i, child := range v.Children {
			item, err := r.literal(ref.Elem, child.Value, fault.Index(path, i), nil)
			if err != nil {
				return nil, err
			}
			in.Items = append(in.Items, item)
		}
		return in, nil
	}
	switch ref.Named.Kind {
	case schema.Enum:
		if v.Kind != ast.EnumValue {
			return nil, mismatch(path, "an enum value", ref, describe(v))
		}
		return in, in.setEnum(v.Raw)
	case schema.InputObject:
		if v.Kind != ast.ObjectValue {
			return nil, mismatch(path, "an object", ref, describe(v))
		}
		return in, r.literalObject(in, v)
	}
	return in, r.literalScalar(in, v, def)
}

func (r *resolver) null(ref *schema.Ref, path string, def *schema.InputField) (*Input, error) {
	if ref.NonNull {
		return nil, RefuseNull(ref, def, path)
	}
	return &Input{Type: ref, Path: path, Null: true}, nil
}

// RefuseNull is the complaint about null where the place takes none, though its type may say it does: an optional
// argument may be left out and yet not be null.
func RefuseNull(ref *schema.Ref, def *schema.InputField, path string) error {
	if ref.Class != nil {
		return invalid(path, "unexpected null value for type '%s'", ref.Base().Name)
	}
	return mismatch(path, expected(ref, def), ref, "null")
}

// mismatch is Hasura's complaint about a value of the wrong kind.
func mismatch(path, want string, ref *schema.Ref, got string) error {
	if ref.Elem != nil {
		return invalid(path, "expected %s, but found %s", want, got)
	}
	return invalid(path, "expected %s for type '%s', but found %s", want, ref.Named.Name, got)
}

// expected words what a place wants.
func expected(ref *schema.Ref, def *schema.InputField) string {
	switch {
	case ref.Elem != nil:
		return "a list"
	case ref.Named.Kind == schema.Enum:
		return "an enum value"
	case ref.Named.Kind == schema.InputObject:
		return "an object"
	case def != nil && (def.Meaning == schema.Meaning(schema.ArgLimit) || def.Meaning == schema.Meaning(schema.ArgFirst) || def.Meaning == schema.Meaning(schema.ArgLast)):
		return "a non-negative 32-bit integer"
	case def != nil && def.Meaning == schema.Meaning(schema.ArgOffset):
		return "a 32-bit integer, or a 64-bit integer represented as a string"
	}
	switch schema.KindOf(ref.Named.Name) {
	case schema.IntKind:
		return "a 32-bit integer"
	case schema.FloatKind:
		return "a float"
	case schema.StringKind:
		return "a string"
	case schema.BooleanKind:
		return "a boolean"
	}
	if ref.Named.Name == "ID" {
		return "a String or a 32-bit integer"
	}
	return "a value"
}

func describe(v *ast.Value) string {
	switch v.Kind {
	case ast.NullValue:
		return "null"
	case ast.IntValue:
		return "an integer"
	case ast.FloatValue:
		return "a float"
	case ast.StringValue, ast.BlockValue:
		return "a string"
	case ast.BooleanValue:
		return "a boolean"
	case ast.EnumValue:
		return "an enum value"
	case ast.ListValue:
		return "a list"
	default:
		return "an object"
	}
}

func describeJSON(n *node) string {
	switch n.kind {
	case 'n':
		return "null"
	case 't', 'f':
		return "a boolean"
	case '#':
		return "a number"
	case 's':
		return "a string"
	case '[':
		return "a list"
	default:
		return "an object"
	}
}

func (in *Input) setEnum(name string) error {
	if in.Enum = in.Type.Named.Member(name); in.Enum == nil {
		return invalid(in.Path, "expected one of the values %s for type '%s', but found '%s'", in.Type.Named.MemberList(), in.Type.Named.Name, name)
	}
	return nil
}

// within enters an input object, which the caller leaves again: one inside another, and so on, has a bound as selections
// have.
func (r *resolver) within(in *Input) error {
	if r.inputs++; r.inputs > maxDepth {
		return invalid(in.Path, "the value is nested too deeply")
	}
	return nil
}

func (r *resolver) literalObject(in *Input, v *ast.Value) error {
	if err := r.within(in); err != nil {
		return err
	}
	defer func() { r.inputs-- }()
	t := in.Type.Named
	for _, c := range v.Children {
		if t.Input(c.Name) == nil {
			return invalid(fault.Key(in.Path, c.Name), "field '%s' not found in type: '%s'", c.Name, t.Name)
		}
	}
	seen := map[string]bool{}
	for _, c := range v.Children {
		if seen[c.Name] {
			return invalid(fault.Key(in.Path, c.Name), "field '%s' is given twice", c.Name)
		}
		seen[c.Name] = true
		def := t.Input(c.Name)
		value, err := r.argument(def, c.Value, fault.Key(in.Path, c.Name))
		if err != nil {
			return err
		}
		if value != nil {
			in.Members = append(in.Members, Member{def, value})
		}
	}
	return r.missing(in, func(name string) bool { return seen[name] })
}

// missing completes an input object with defaults and complains about required fields.
func (r *resolver) missing(in *Input, given func(string) bool) error {
	for _, def := range in.Type.Named.Inputs() {
		if given(def.Name) || def.Default == "" && !def.Type.NonNull {
			continue
		}
		value, err := r.argument(def, nil, fault.Key(in.Path, def.Name))
		if err != nil {
			return err
		}
		in.Members = append(in.Members, Member{def, value})
	}
	return nil
}

func (r *resolver) literalScalar(in *Input, v *ast.Value, def *schema.InputField) error {
	if in.Type.Named.Steers && schema.KindOf(in.Type.Named.Name) == schema.JSONKind {
		var t templateBuilder
		if err := r.json(&t, v, in.Path); err != nil {
			return err
		}
		in.Value = t.build()
		r.steer(in, &t)
		return nil
	}
	n := &node{raw: []byte(v.Raw)}
	switch v.Kind {
	case ast.IntValue, ast.FloatValue:
		n.kind = '#'
	case ast.StringValue, ast.BlockValue:
		n.kind, n.raw = 's', quote(v.Raw)
	case ast.BooleanValue:
		n.kind = v.Raw[0]
	case ast.EnumValue:
		n.kind = 'e'
	case ast.ListValue:
		n.kind = '['
	default:
		n.kind = '{'
	}
	if err := checkScalar(in.Type, n, in.Path, def, describe(v)); err != nil {
		return err
	}
	in.Value, in.Text = &schema.Literal{JSON: n.raw}, string(n.raw)
	return nil
}

// steer notes a JSON value that decides what is read: what it is in this request, and that its variables decide too.
func (r *resolver) steer(in *Input, t *templateBuilder) {
	var text strings.Builder
	for i, hole := range t.holes {
		r.types[hole.Name] = in.Type
		text.WriteString(t.parts[i])
		text.Write(r.b.Raw(hole))
	}
	text.Write(t.open)
	in.Text = text.String()
}

// checkScalar checks a value of one of GraphQL's own scalars, where no column's value is wanted.
func checkScalar(ref *schema.Ref, n *node, path string, def *schema.InputField, got string) error {
	bad := func() error { return mismatch(path, expected(ref, def), ref, got) }
	outside := func() error { return fault.New(fault.ParseFailed, path, "%s", schema.OutsideInteger(n.raw)) }
	isFloat := got == "a float"
	if def != nil {
		switch def.Meaning {
		case schema.Meaning(schema.ArgLimit), schema.Meaning(schema.ArgFirst), schema.Meaning(schema.ArgLast):
			switch {
			case n.kind != '#', isFloat, n.raw[0] == '-':
				return bad()
			case numberShape(n.raw) != 'i':
				return outside()
			}
			return nil
		case schema.Meaning(schema.ArgOffset):
			switch {
			case n.kind == 's':
				if v, ok := schema.WholeNumber([]byte(n.text())); ok && v >= 0 {
					return nil
				}
				return bad()
			case n.kind != '#', isFloat:
				return bad()
			case numberShape(n.raw) == 'd':
				return outside()
			}
			return nil
		}
	}
	name := ref.Named.Name
	switch schema.KindOf(name) {
	case schema.IntKind:
		if n.kind != '#' || isFloat {
			return bad()
		}
		if s := numberShape(n.raw); s != 'i' && s != 'm' {
			return outside()
		}
	case schema.FloatKind:
		if n.kind != '#' {
			return bad()
		}
	case schema.StringKind:
		if n.kind != 's' {
			return bad()
		}
	case schema.BooleanKind:
		if n.kind != 't' && n.kind != 'f' {
			return bad()
		}
	default:
		if name == "ID" && n.kind == '#' && !isFloat {
			return nil
		}
		if n.kind != 's' {
			return bad()
		}
	}
	return nil
}

// json writes a document's value as JSON, leaving holes for variables.
func (r *resolver) json(t *templateBuilder, v *ast.Value, path string) error {
	switch v.Kind {
	case ast.Variable:
		decl := r.b.variables[v.Raw]
		if decl == nil {
			return invalid(path, "unbound variable %q", v.Raw)
		}
		if r.inJSON == nil {
			r.inJSON = map[string]bool{}
		}
		r.inJSON[v.Raw] = true
		switch {
		case r.b.value(v.Raw) != nil:
			t.value(&schema.Variable{Name: v.Raw})
		case decl.DefaultValue != nil:
			return r.json(t, decl.DefaultValue, path)
		default:
			t.text("null")
		}
	case ast.IntValue, ast.FloatValue, ast.BooleanValue:
		t.text(v.Raw)
	case ast.StringValue, ast.BlockValue, ast.EnumValue:
		t.text(string(quote(v.Raw)))
	case ast.NullValue:
		t.text("null")
	case ast.ListValue:
		t.text("[")
		for i, c := range v.Children {
			if i > 0 {
				t.text(",")
			}
			if err := r.json(t, c.Value, path); err != nil {
				return err
			}
		}
		t.text("]")
	case ast.ObjectValue:
		t.text("{")
		for i, c := range v.Children {
			if i > 0 {
				t.text(",")
			}
			t.text(string(quote(c.Name)) + ":")
			if err := r.json(t, c.Value, path); err != nil {
				return err
			}
		}
		t.text("}")
	}
	return nil
}

// variable resolves (a part of) a variable's value.
func (r *resolver) variable(ref *schema.Ref, n *node, at *schema.Variable, path string, def *schema.InputField) (*Input, error) {
	if n.kind == 'n' {
		return r.null(ref, path, def)
	}
	in := &Input{Type: ref, Path: path}
	if ref.Class != nil {
		in.Value, in.Text = at, string(n.raw)
		return in, checkColumn(ref.Class, n, path)
	}
	if ref.Elem != nil {
		in.IsList = true
		if n.kind != '[' {
			item, err := r.variable(ref.Elem, n, at, path+"[0]", nil)
			in.Items = []*Input{item}
			return in, err
		}
		whole := ref.Base().Kind == schema.Scalar
		for i, kid := range n.kids {
			item, err := r.variable(ref.Elem, kid, at.At(i), fault.Index(path, i), nil)
			if err != nil {
				return nil, err
			}
			in.Items = append(in.Items, item)
		}
		if whole {
			in.Value = at
		}
		return in, nil
	}
	switch ref.Named.Kind {
	case schema.Enum:
		if n.kind != 's' {
			return nil, mismatch(path, "an enum value", ref, describeJSON(n))
		}
		return in, in.setEnum(n.text())
	case schema.InputObject:
		if n.kind != '{' {
			return nil, mismatch(path, "an object", ref, describeJSON(n))
		}
		return in, r.variableObject(in, n, at)
	}
	in.Value, in.Text = at, string(n.raw)
	if schema.KindOf(ref.Named.Name) == schema.JSONKind {
		return in, nil
	}
	return in, checkScalar(ref, n, path, def, describeJSON(n))
}

func (r *resolver) variableObject(in *Input, n *node, at *schema.Variable) error {
	if err := r.within(in); err != nil {
		return err
	}
	defer func() { r.inputs-- }()
	t := in.Type.Named
	for i, key := range n.keys {
		def := t.Input(key)
		if !schema.IsName(key) {
			return invalid(in.Path, "variable value contains object with key %q, which is not a legal GraphQL name", key)
		}
		if def == nil {
			return invalid(fault.Key(in.Path, key), "field '%s' not found in type: '%s'", key, t.Name)
		}
		if n.child(key) != n.kids[i] {
			continue // an earlier duplicate
		}
		value, err := r.variable(def.Type, n.kids[i], at.At(key), fault.Key(in.Path, key), def)
		if err != nil {
			return err
		}
		in.Members = append(in.Members, Member{def, value})
	}
	return r.missing(in, func(name string) bool { return n.child(name) != nil })
}

// Raw finds the JSON a variable holds in this request; nil when there is none.
func (b *Bound) Raw(v *schema.Variable) json.RawMessage {
	n := b.value(v.Name)
	for _, step := range v.Path {
		if n == nil {
			return nil
		}
		switch step := step.(type) {
		case string:
			n = n.child(step)
		case int:
			if step >= len(n.kids) {
				return nil
			}
			n = n.kids[step]
		}
	}
	if n == nil {
		return nil
	}
	return n.raw
}
