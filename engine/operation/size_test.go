package operation_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gatehouse/engine/operation"
)

func sizeOf(t *testing.T, text string) operation.Size {
	t.Helper()
	op, err := operation.Parse(text, "")
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return op.Size()
}

// The examples of Hasura's documentation (security/api-limits), and what they leave open.
func TestSize(t *testing.T) {
	for text, want := range map[string]operation.Size{
		`query deep1_1 { viewer { name } }`:                 {Depth: 1, Nodes: 1},
		`query deep1_2 { viewer { ... on User { name } } }`: {Depth: 1, Nodes: 1},
		`query deep2 { viewer { albums { title } } }`:       {Depth: 2, Nodes: 2},
		`query deep3 { viewer { albums { ...musicInfo songs { ...musicInfo } } } } fragment musicInfo on Music { id title artists }`: {Depth: 3, Nodes: 3},
		`{ author { name articles { id title } } homepage_entries { article_id } }`:                                                  {Depth: 2, Nodes: 3},

		`{ __typename }`: {},
		`mutation { insert_a(objects: [{b: {data: {c: 1}}}]) { returning { id } } }`: {Depth: 2, Nodes: 2},
		`{ __schema { types { fields { name } } } a { b } }`:                         {Depth: 1, Nodes: 4, Introspects: "__schema"},
		`{ a { __typename } x: __type(name: "a") { name } }`:                         {Depth: 1, Nodes: 2, Introspects: "__type"},
		`{ ...r } fragment r on query_root { ... { __type(name: "a") { name } } }`:   {Depth: 0, Nodes: 1, Introspects: "__type"},
		`{ a { ...r } } fragment r on a { __type { name } }`:                         {Depth: 2, Nodes: 2},
		`{ a { ...r } ...r } fragment r on a { __type { name } }`:                    {Depth: 2, Nodes: 3, Introspects: "__type"},
		`subscription { __type { name } }`:                                           {Depth: 1, Nodes: 1},
		`{ a { b } a { c { d } } }`:                                                  {Depth: 2, Nodes: 3},
		`{ a @skip(if: true) { b } }`:                                                {Depth: 1, Nodes: 1},
	} {
		if got := sizeOf(t, text); got != want {
			t.Errorf("%s\ngot  %+v\nwant %+v", text, got, want)
		}
	}
	var bomb strings.Builder
	bomb.WriteString(`{ ...f0 }`)
	for i := range 80 {
		fmt.Fprintf(&bomb, ` fragment f%d on a { a { ...f%d } b { ...f%d } }`, i, i+1, i+1)
	}
	bomb.WriteString(` fragment f80 on a { c }`)
	if got := sizeOf(t, bomb.String()); got.Depth != 80 || got.Nodes != math.MaxInt {
		t.Errorf("fragments that double eighty times: %+v", got)
	}
}

// tree is a random operation as it is after every fragment was put in the place of its spreads.
type tree struct {
	fragment bool // an inline fragment or a spread: its children are its parent's
	children []*tree
}

func depth(children []*tree) (deepest int) {
	for _, c := range children {
		d := depth(c.children)
		if !c.fragment && len(c.children) > 0 {
			d++
		}
		deepest = max(deepest, d)
	}
	return deepest
}

func nodes(children []*tree) (n int) {
	for _, c := range children {
		if n += nodes(c.children); !c.fragment && len(c.children) > 0 {
			n++
		}
	}
	return n
}

// Of random operations, the size is what counting field by field gives, with every fragment written out.
func TestSize_likeCountingByHand(t *testing.T) {
	for seed := range uint64(2_000) {
		r := rand.New(rand.NewPCG(seed, 7))
		var bodies []string
		var fragments [][]*tree
		var write func(level int) (string, []*tree)
		write = func(level int) (string, []*tree) {
			var text strings.Builder
			var out []*tree
			text.WriteString("{")
			for i := range 1 + r.IntN(3) {
				switch kind := r.IntN(10); {
				case kind < 4 && level < 5:
					inner, children := write(level + 1)
					fmt.Fprintf(&text, " f%d %s", i, inner)
					out = append(out, &tree{children: children})
				case kind < 6 && level < 5:
					inner, children := write(level + 1)
					text.WriteString(" ... on t " + inner)
					out = append(out, &tree{fragment: true, children: children})
				case kind < 8 && len(bodies) > 0:
					n := r.IntN(len(bodies))
					fmt.Fprintf(&text, " ...F%d", n)
					out = append(out, &tree{fragment: true, children: fragments[n]})
				default:
					text.WriteString(" leaf")
					out = append(out, &tree{})
				}
			}
			return text.String() + "}", out
		}
		for range r.IntN(5) { // each spreads those before it
			body, children := write(0)
			bodies, fragments = append(bodies, body), append(fragments, children)
		}
		text, root := write(0)
		for i, body := range bodies {
			text += fmt.Sprintf(" fragment F%d on t %s", i, body)
		}
		if got, want := sizeOf(t, text), (operation.Size{Depth: depth(root), Nodes: nodes(root)}); got != want {
			t.Fatalf("%s\ngot  %+v\nwant %+v", text, got, want)
		}
	}
}
