package operation

import (
	"math"

	"github.com/vektah/gqlparser/v2/ast"
)

// Size is how much an operation asks for, as Hasura counts it (Hasura: security/api-limits): a node is a field with a
// selection set, fragments count wherever they are spread, whatever @skip and @include say, and inline fragments are no
// level of their own.
type Size struct {
	// Depth is how many nodes stand inside each other at most. What is below an introspection field does not count.
	Depth int
	// Nodes is how many there are.
	Nodes int
	// Introspects names the first root field that shows the schema; "" when there is none.
	Introspects string
}

// Size is worked out when it is first asked for, and kept with the operation.
func (o *Operation) Size() Size {
	o.sizeOnce.Do(func() {
		s := sizer{o: o, fragments: map[string]Size{}}
		o.size = s.of(o.def.SelectionSet, o.Kind == Query)
	})
	return o.size
}

// sizer measures every fragment once: those that spread fragments that spread fragments amount to any number of nodes.
type sizer struct {
	o         *Operation
	fragments map[string]Size
}

// of measures a selection set; isRoot: it is the query's own.
func (s *sizer) of(set ast.SelectionSet, isRoot bool) (sum Size) {
	add := func(part Size) {
		sum.Depth = max(sum.Depth, part.Depth)
		if sum.Nodes += part.Nodes; sum.Nodes < 0 {
			sum.Nodes = math.MaxInt
		}
		if sum.Introspects == "" {
			sum.Introspects = part.Introspects
		}
	}
	for _, one := range set {
		switch one := one.(type) {
		case *ast.Field:
			if len(one.SelectionSet) == 0 {
				continue
			}
			below := s.of(one.SelectionSet, false)
			if below.Depth++; isRoot && isIntrospection(one.Name) {
				below.Depth, below.Introspects = 0, one.Name
			}
			if below.Nodes < math.MaxInt {
				below.Nodes++
			}
			add(below)
		case *ast.InlineFragment:
			add(s.of(one.SelectionSet, isRoot))
		case *ast.FragmentSpread:
			add(s.spread(one.Name, isRoot))
		}
	}
	return sum
}

// spread measures a fragment. Those spread at the root are few, so that they are told apart by being measured again.
func (s *sizer) spread(name string, isRoot bool) Size {
	key := name
	if isRoot {
		key = "\x00" + name
	}
	known, ok := s.fragments[key]
	if !ok {
		if f := s.o.fragments[name]; f != nil {
			known = s.of(f.SelectionSet, isRoot)
		}
		s.fragments[key] = known
	}
	return known
}

// isIntrospection tells whether a root field shows the schema: GraphQL's own, and Apollo federation's, whose sdl is all of
// it.
func isIntrospection(field string) bool {
	return field == "__schema" || field == "__type" || field == "_service"
}
