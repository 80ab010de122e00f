package operation

import (
	"encoding/json"
	"sort"
	"strings"
	"unsafe"

	"gatehouse/engine/schema"
)

// Bound is an operation with one request's variables.
type Bound struct {
	*Operation
	values []bound // absent variables are missing
}

// bound is a variable's value. A request has few: looking through them is faster than a map.
type bound struct {
	name string
	node *node
}

// value is a variable's value, nil when it is absent.
func (b *Bound) value(name string) *node {
	for i := range b.values {
		if b.values[i].name == name {
			return b.values[i].node
		}
	}
	return nil
}

// Bind checks the variables against their declarations.
func (o *Operation) Bind(variables map[string]json.RawMessage) (*Bound, error) {
	b := &Bound{Operation: o}
	var extra []string
	if len(variables) > 0 {
		b.values = make([]bound, 0, len(variables))
		for name, raw := range variables {
			if o.variables[name] == nil || !o.used[name] {
				extra = append(extra, name)
				continue
			}
			b.values = append(b.values, bound{name, parseJSON(raw)})
		}
	}
	for _, v := range o.def.VariableDefinitions {
		if !v.Type.NonNull {
			continue
		}
		switch raw, given := variables[v.Variable]; {
		case !given && v.DefaultValue == nil:
			return nil, invalid("$", "expecting a value for non-nullable variable: %q", v.Variable)
		case given && isNull(raw):
			return nil, invalid("$", "null value found for non-nullable type: %q", v.Type.String())
		}
	}
	if len(extra) > 0 {
		sort.Strings(extra)
		return nil, invalid("$", "unexpected variables in variableValues: %s", strings.Join(extra, ", "))
	}
	return b, nil
}

func isNull(raw json.RawMessage) bool {
	p := jsonParser{b: raw}
	p.space()
	return p.i >= len(raw) || raw[p.i] == 'n'
}

// Shape is a key that is equal for two requests of one operation whenever Resolve gives both the same verdict and
// the same tree but for the scalars' values. types are the variables' types as Resolved.VariableTypes gives them.
func (b *Bound) Shape(types map[string]*schema.Ref) string {
	if len(b.def.VariableDefinitions) == 0 {
		return ""
	}
	key := make([]byte, 0, 8*len(b.def.VariableDefinitions))
	for _, v := range b.def.VariableDefinitions {
		n := b.value(v.Variable)
		if n == nil {
			key = append(key, '-')
			continue
		}
		ref := types[v.Variable]
		if ref == nil {
			// Used nowhere yet, or inside JSON: the kind alone would not do if another branch used it.
			key = append(append(key, '?'), n.raw...)
			key = append(key, 0)
			continue
		}
		key = shape(key, ref, n, false)
	}
	return unsafe.String(unsafe.SliceData(key), len(key)) //nolint:gosec // key is not changed after this
}

// shape appends a value's shape. opaque values (columns to write) do not steer the tree, whatever they are.
func shape(key []byte, ref *schema.Ref, n *node, opaque bool) []byte {
	if n.kind == 'n' {
		return append(key, '0')
	}
	if ref.Base().Steers {
		return append(append(append(key, 's'), n.raw...), 0)
	}
	if ref.Elem != nil {
		return shapeList(key, ref, n, opaque)
	}
	switch t := ref.Named; t.Kind {
	case schema.Enum:
		key = append(append(key, 'e'), n.raw...)
		return append(key, 0)
	case schema.InputObject:
		if n.kind != '{' {
			return append(key, 'x', n.kind)
		}
		key = append(key, '{')
		for i, k := range n.keys {
			key = append(append(key, k...), ':')
			in := t.Input(k)
			if in == nil {
				return append(key, 0xff) // no request with this key resolves, so no plan is kept under it
			}
			key = shape(key, in.Type, n.kids[i], isColumn(in.Meaning))
		}
		return append(key, '}')
	default:
		if schema.KindOf(t.Name) == schema.JSONKind {
			return append(key, 'j')
		}
		if n.kind == '#' && ref.Class != nil && ref.Class.Name == "smallint" && columnProblem(ref.Class, n) != "" {
			return append(key, 'd')
		}
		return append(key, scalarShape(n, opaque))
	}
}

func isColumn(m schema.Meaning) bool {
	_, ok := m.(schema.ColumnInput)
	return ok
}

func shapeList(key []byte, ref *schema.Ref, n *node, opaque bool) []byte {
	if n.kind != '[' {
		key = append(key, '1')
		return shape(key, ref.Elem, n, opaque)
	}
	if base := ref.Base(); base.Kind == schema.Scalar {
		// A list of scalars is one parameter whatever its length; what kinds of value occur decides the verdict.
		var seen [256]bool
		mark(&seen, n)
		key = append(key, '[')
		for c, yes := range seen {
			if yes {
				key = append(key, byte(c))
			}
		}
		return append(key, ']')
	}
	key = append(key, '[')
	for _, k := range n.kids {
		key = append(shape(key, ref.Elem, k, opaque), ',')
	}
	return append(key, ']')
}

func mark(seen *[256]bool, n *node) {
	for _, k := range n.kids {
		if k.kind == '[' {
			seen['['] = true
			mark(seen, k)
		} else {
			seen[scalarShape(k, true)] = true
		}
	}
}

// scalarShape tells apart what Resolve tells apart: the kind of value, and of a number its range and sign. A
// boolean that is not just stored may steer a directive or _is_null, so its value counts.
func scalarShape(n *node, opaque bool) byte {
	switch n.kind {
	case '#':
		return numberShape(n.raw)
	case 't', 'f':
		if opaque {
			return 'b'
		}
	}
	return n.kind
}

func numberShape(raw []byte) byte {
	v, exact := schema.WholeNumber(raw)
	switch {
	case !exact:
		return 'd'
	case v < -1<<31 || v >= 1<<31:
		return 'I'
	case v < 0:
		return 'm'
	}
	return 'i'
}
