package metadata

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
)

// shape is the grammar of what is kept as it was written: it refuses what Hasura would not take, and unknown keys.
type shape func(r *reader, n *node)

// of is the grammar of a value that is understood elsewhere.
func of[T any](c codec[T]) shape { return func(r *reader, n *node) { c.read(r, n) } }

var (
	textShape    = of(text)
	nameShape    = of(nonEmpty)
	boolShape    = of(boolean)
	integerShape = of(integer)
	textsShape   = of(texts)
)

// anything is a value nobody looks at.
func anything(*reader, *node) {}

// graphQLNameShape is a name that GraphQL's syntax takes.
func graphQLNameShape(r *reader, n *node) {
	if name := text.read(r, n); r.err == nil && !graphqlNames.MatchString(name) {
		r.fail("%s is not valid GraphQL name", name)
	}
}

// numberShape is a number, whole or not.
func numberShape(r *reader, n *node) {
	if n.kind != numberNode {
		r.mismatch("Scientific", "Number", n)
	}
}

// naturalShape is a whole number that is not negative.
func naturalShape(r *reader, n *node) {
	if v := integer.read(r, n); r.err == nil && v < 0 {
		r.fail("parsing Natural failed, unexpected negative number %d", v)
	}
}

// part is one key of an object.
type part struct {
	name       string
	isRequired bool
	shape      shape
}

func needs(name string, s shape) part { return part{name, true, s} }
func has(name string, s shape) part   { return part{name, false, s} }

// record is an object with exactly the given keys. what names it in errors.
func record(what string, parts ...part) shape {
	known := make([]string, len(parts))
	for i, p := range parts {
		known[i] = p.name
	}
	return func(r *reader, n *node) {
		if n.kind != objectNode {
			r.mismatch(what, "Object", n)
			return
		}
		r.refuseUnknown(n, known) // first: a key that is missing is often one that is misspelt
		for _, p := range parts {
			m := n.member(p.name)
			switch {
			case m == nil && p.isRequired:
				r.fail("key %q not found", p.name)
			case m == nil, m.kind == nullNode && !p.isRequired:
			default:
				r.key(p.name, func() { p.shape(r, m) })
			}
		}
	}
}

// with adds a check of the whole to a shape that holds.
func (s shape) with(check func(r *reader, n *node)) shape {
	return func(r *reader, n *node) {
		if s(r, n); r.err == nil {
			check(r, n)
		}
	}
}

// given tells whether an object has a key that is not null.
func (n *node) given(key string) bool {
	m := n.member(key)
	return m != nil && m.kind != nullNode
}

// every is a list of one shape.
func every(s shape) shape {
	return func(r *reader, n *node) {
		if n.kind != arrayNode {
			r.mismatch("List", "Array", n)
			return
		}
		for i, item := range n.items {
			r.index(i, func() { s(r, item) })
		}
	}
}

// dictionary is an object whose keys are names.
func dictionary(s shape) shape {
	return func(r *reader, n *node) {
		if n.kind != objectNode {
			r.mismatch("HashMap", "Object", n)
			return
		}
		for i, key := range n.keys {
			r.key(key, func() { s(r, n.values[i]) })
		}
	}
}

// choice is a text out of a few.
func choice(what string, values ...string) shape { return of(oneOf(what, values...)) }

// textOr is a text or an object.
func textOr(object shape) shape {
	return func(r *reader, n *node) {
		if n.kind != stringNode {
			object(r, n)
		}
	}
}

// starOr is "*" or a list of texts.
var starOr shape = func(r *reader, n *node) { columnsCodec.read(r, n) }

// tableNameShape is a table's or function's name.
var tableNameShape = of(tableName)

// check runs a shape on something that is stored, and words what is wrong with it; "" when nothing is.
func (s shape) check(doc json.RawMessage) string {
	r := &reader{path: "$", strict: true}
	n, err := parseNode(doc)
	if err != nil {
		return err.Error()
	}
	if s(r, n); r.err != nil {
		return problem(r.err)
	}
	return ""
}

// versioned picks a shape by the key "version", 1 where there is none.
func versioned(first, second shape) shape {
	return func(r *reader, n *node) {
		if n.kind != objectNode {
			r.mismatch("Object", "Object", n)
			return
		}
		version := 1.0
		if v := n.member("version"); n.given("version") {
			var err error
			if version, err = strconv.ParseFloat(strings.Trim(string(v.raw), `"`), 64); err != nil {
				version = math.NaN()
			}
			if version != 1 && version != 2 {
				r.key("version", func() { r.fail("expected 1 or 2, encountered %s", v.raw) })
				return
			}
		}
		if version == 2 {
			second(r, n)
			return
		}
		first(r, n)
	}
}

// exactlyOne picks the shape of the one key of a few that is there.
func exactlyOne(what string, parts ...part) shape {
	return func(r *reader, n *node) {
		if n.kind != objectNode {
			r.mismatch(what, "Object", n)
			return
		}
		names := make([]string, len(parts))
		var found []string
		for i, p := range parts {
			names[i] = p.name
			if n.given(p.name) {
				found = append(found, p.name)
			}
		}
		if r.refuseUnknown(n, names); r.err == nil && len(found) != 1 {
			r.fail("expected exactly one of %s", strings.Join(names, ", "))
		}
		for _, p := range parts {
			if slices.Contains(found, p.name) {
				r.key(p.name, func() { p.shape(r, n.member(p.name)) })
			}
		}
	}
}
