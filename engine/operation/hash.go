package operation

import (
	"crypto/sha1" //nolint:gosec // a name for a text, not a protection; as long as Hasura's
	"encoding/hex"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// maxHashed bounds the text that is hashed: fragments in fragments can make much of little.
const maxHashed = 256 << 10

// ParameterizedHash is equal for operations that differ in scalar values only, whether they stand in the text or in
// variables (Hasura: ParameterizedQueryHash; the values are not Hasura's, whose order of arguments is not defined).
func (b *Bound) ParameterizedHash() string {
	n := normal{of: b}
	n.selections(b.def.SelectionSet)
	sum := sha1.Sum(n.text) //nolint:gosec // see above
	return hex.EncodeToString(sum[:])
}

// normal is an operation without aliases, directives, fragments and scalar values.
type normal struct {
	of   *Bound
	text []byte
	// spreads counts fragments, which add no text themselves.
	spreads int
}

func (n *normal) add(parts ...string) {
	for _, p := range parts {
		if len(n.text)+len(p) <= maxHashed {
			n.text = append(n.text, p...)
		}
	}
}

func (n *normal) selections(set ast.SelectionSet) {
	n.add("{")
	n.inside(set)
	n.add("}")
}

func (n *normal) inside(set ast.SelectionSet) {
	for _, s := range set {
		if len(n.text)+n.spreads >= maxHashed {
			return
		}
		switch s := s.(type) {
		case *ast.Field:
			n.add(" ", s.Name)
			n.arguments(s.Arguments)
			if len(s.SelectionSet) > 0 {
				n.selections(s.SelectionSet)
			}
		case *ast.InlineFragment:
			n.inside(s.SelectionSet)
		case *ast.FragmentSpread:
			if f := n.of.fragments[s.Name]; f != nil {
				n.spreads++
				n.inside(f.SelectionSet)
			}
		}
	}
}

func (n *normal) arguments(list ast.ArgumentList) {
	if len(list) == 0 {
		return
	}
	sorted := slices.SortedFunc(slices.Values(list), func(a, b *ast.Argument) int { return strings.Compare(a.Name, b.Name) })
	n.add("(")
	for _, a := range sorted {
		n.add(a.Name, ":")
		n.value(a.Value)
	}
	n.add(")")
}

func (n *normal) value(v *ast.Value) {
	switch {
	case v.Kind == ast.Variable:
		n.node(n.of.value(v.Raw))
	case v.Kind == ast.ListValue:
		n.add("[")
		for _, child := range v.Children {
			n.value(child.Value)
			n.add(",")
		}
		n.add("]")
	case v.Kind == ast.ObjectValue:
		sorted := slices.SortedFunc(slices.Values(v.Children), func(a, b *ast.ChildValue) int { return strings.Compare(a.Name, b.Name) })
		n.add("{")
		for _, child := range sorted {
			n.add(child.Name, ":")
			n.value(child.Value)
			n.add(",")
		}
		n.add("}")
	default:
		n.add("null")
	}
}

func (n *normal) node(v *node) {
	switch {
	case v == nil:
		n.add("null")
	case v.kind == '[':
		n.add("[")
		for _, kid := range v.kids {
			n.node(kid)
			n.add(",")
		}
		n.add("]")
	case v.kind == '{':
		order := make([]int, len(v.keys))
		for i := range order {
			order[i] = i
		}
		slices.SortFunc(order, func(a, b int) int { return strings.Compare(v.keys[a], v.keys[b]) })
		n.add("{")
		for _, i := range order {
			n.add(v.keys[i], ":")
			n.node(v.kids[i])
			n.add(",")
		}
		n.add("}")
	default:
		n.add("null")
	}
}
