package metadata

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The values that stand under keys.

var boolean = codec[bool]{
	func(r *reader, n *node) bool {
		if n.kind != boolNode {
			r.mismatch("Bool", "Bool", n)
		}
		return string(n.raw) == "true"
	},
	func(w *writer, v bool) { w.WriteString(strconv.FormatBool(v)) },
}

var text = codec[string]{
	func(r *reader, n *node) string {
		if n.kind != stringNode {
			r.mismatch("Text", "String", n)
		}
		return n.text
	},
	func(w *writer, v string) { w.text(v) },
}

// nonEmpty is a text that must not be "".
var nonEmpty = codec[string]{
	func(r *reader, n *node) string {
		if n.kind == stringNode && n.text == "" {
			r.fail("empty string not allowed")
		}
		return text.read(r, n)
	},
	text.write,
}

// graphqlName is a name that GraphQL's syntax takes; "" stands for none. What is stored already is taken as it is.
var graphqlName = codec[string]{
	func(r *reader, n *node) string {
		if name := text.read(r, n); name == "" || !r.strict || graphqlNames.MatchString(name) {
			return name
		}
		r.fail("%s is not valid GraphQL name", n.text)
		return ""
	},
	text.write,
}

var graphqlNames = regexp.MustCompile(`^[_A-Za-z][_0-9A-Za-z]*$`)

var integer = codec[int]{
	func(r *reader, n *node) int {
		if n.kind != numberNode {
			r.mismatch("Int", "Number", n)
			return 0
		}
		f, err := strconv.ParseFloat(string(n.raw), 64)
		if err != nil || f != float64(int(f)) {
			r.fail("parsing Int failed, value is either floating or will cause over or underflow %s", n.raw)
		}
		return int(f)
	},
	func(w *writer, v int) { w.WriteString(strconv.Itoa(v)) },
}

// texts is a list of texts in the order written.
var texts = codec[[]string]{
	func(r *reader, n *node) []string { return readList(r, n, text) },
	func(w *writer, v []string) {
		w.WriteByte('[')
		for i, s := range v {
			if i > 0 {
				w.WriteByte(',')
			}
			w.text(s)
		}
		w.WriteByte(']')
	},
}

// oneOf is a text out of a few.
func oneOf(what string, values ...string) codec[string] {
	return codec[string]{
		func(r *reader, n *node) string {
			s := text.read(r, n)
			if r.err == nil && !slices.Contains(values, s) {
				r.fail("unexpected %s %q: expected one of %s", what, s, strings.Join(values, ", "))
			}
			return s
		},
		text.write,
	}
}
