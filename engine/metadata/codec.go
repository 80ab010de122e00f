package metadata

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"gatehouse/engine/fault"
)

// codec reads and writes one kind of value of the document. Reading and writing share one declaration per type
// (object), so that the order of keys, their spelling and their defaults are decided in one place.
type codec[T any] struct {
	read  func(r *reader, n *node) T
	write func(w *writer, v T)
}

// reader carries where in the document we are. The first error sticks; later reads give zero values.
type reader struct {
	path string
	err  *fault.Error
	// strict refuses unknown keys: on for what a client sends, off for a catalog another engine may have written. There they
	// are collected in unknown, each with the steps that lead to it.
	strict  bool
	steps   []any
	unknown []unknownKey
}

func (r *reader) fail(format string, args ...any) { r.refuse(fault.ParseFailed, format, args...) }

func (r *reader) refuse(code, format string, args ...any) {
	if r.err == nil {
		r.err = fault.New(code, r.path, format, args...)
	}
}

func (r *reader) under(step any, path string, read func()) {
	outer := r.path
	r.path = path
	if !r.strict {
		r.steps = append(r.steps, step)
	}
	read()
	if !r.strict {
		r.steps = r.steps[:len(r.steps)-1]
	}
	r.path = outer
}

func (r *reader) key(name string, read func()) { r.under(name, fault.Key(r.path, name), read) }
func (r *reader) index(i int, read func())     { r.under(i, fault.Index(r.path, i), read) }

// mismatch words a wrong type as Hasura's JSON library does.
func (r *reader) mismatch(what, expected string, n *node) {
	r.fail("parsing %s failed, expected %s, but encountered %s", what, expected, n.kind)
}

// writer builds compact JSON.
type writer struct{ bytes.Buffer }

func (w *writer) text(s string) {
	if !isPlain(s) {
		w.Write(quoteJSON(s))
		return
	}
	w.WriteByte('"')
	w.WriteString(s)
	w.WriteByte('"')
}

// isPlain tells whether s is its own JSON form: nearly every name is, and a document has very many.
func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// quoteJSON is s as a JSON string, without the HTML escapes of encoding/json.
func quoteJSON(s string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string always encodes
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// field is one key of an object of type T.
type field[T any] struct {
	name     string
	required bool
	read     func(r *reader, n *node, into *T)
	// write writes the value and tells whether the key is to be written at all.
	write func(w *writer, from *T) bool
}

// object is a JSON object with exactly the given keys, written in the given order. what names it in errors.
func object[T any](what string, fields ...field[T]) codec[T] {
	known := make([]string, len(fields))
	for i, f := range fields {
		known[i] = f.name
	}
	return codec[T]{
		read: func(r *reader, n *node) T {
			var v T
			if n.kind != objectNode {
				r.mismatch(what, "Object", n)
				return v
			}
			r.refuseUnknown(n, known) // first: a key that is missing is often one that is misspelt
			for _, f := range fields {
				m := n.member(f.name)
				switch {
				case m == nil && f.required:
					r.fail("key %q not found", f.name)
				case m == nil, m.kind == nullNode && !f.required:
				default:
					r.key(f.name, func() { f.read(r, m, &v) })
				}
			}
			return v
		},
		write: func(w *writer, v T) {
			start := w.Len()
			w.WriteByte('{')
			first := true
			for _, f := range fields {
				mark := w.Len()
				if !first {
					w.WriteByte(',')
				}
				w.text(f.name)
				w.WriteByte(':')
				if f.write(w, &v) {
					first = false
				} else {
					w.Truncate(mark)
				}
			}
			w.WriteByte('}')
			if aside := leftoversOf(&v); aside != nil && *aside != nil {
				whole := (*aside).merge(bytes.Clone(w.Bytes()[start:]))
				w.Truncate(start)
				w.Write(whole)
			}
		},
	}
}

// after lets a check look at a value that was read without error.
func after[T any](c codec[T], check func(r *reader, n *node, v *T)) codec[T] {
	return codec[T]{func(r *reader, n *node) T {
		v := c.read(r, n)
		if r.err == nil {
			check(r, n, &v)
		}
		return v
	}, c.write}
}

// refuseUnknown reports the first key that is not known, with the nearest one that is. Of a stored document it
// remembers all of them.
func (r *reader) refuseUnknown(n *node, known []string) {
	if r.err != nil {
		return
	}
	for _, k := range n.keys {
		if contains(known, k) {
			continue
		}
		text := fmt.Sprintf("unexpected key %q%s", k, suggestion(k, known))
		if r.strict {
			r.key(k, func() { r.fail("%s", text) })
			return
		}
		r.unknown = append(r.unknown, unknownKey{
			steps: slices.Clone(r.steps), key: k, value: n.member(k).compact(), reason: text + " (at " + fault.Key(r.path, k) + ")",
		})
	}
}

// must is a key that is always there.
func must[T, F any](name string, c codec[F], at func(*T) *F) field[T] {
	return field[T]{
		name, true,
		func(r *reader, n *node, into *T) { *at(into) = c.read(r, n) },
		func(w *writer, from *T) bool { c.write(w, *at(from)); return true },
	}
}

// may is a key that is left out when it holds the zero value.
func may[T any, F comparable](name string, c codec[F], at func(*T) *F) field[T] {
	var zero F
	return field[T]{
		name, false,
		func(r *reader, n *node, into *T) { *at(into) = c.read(r, n) },
		func(w *writer, from *T) bool {
			if *at(from) == zero {
				return false
			}
			c.write(w, *at(from))
			return true
		},
	}
}

// mayRef is a key that is left out when the pointer is nil.
func mayRef[T, F any](name string, c codec[F], at func(*T) **F) field[T] {
	return field[T]{
		name, false,
		func(r *reader, n *node, into *T) { v := c.read(r, n); *at(into) = &v },
		func(w *writer, from *T) bool {
			p := *at(from)
			if p == nil {
				return false
			}
			c.write(w, *p)
			return true
		},
	}
}

// nested is a key whose value is spread over several fields of T, or needs a closer look.
func nested[T, F any](name string, required bool, c codec[F], get func(*T) F, set func(*reader, *T, F)) field[T] {
	return field[T]{
		name, required,
		func(r *reader, n *node, into *T) {
			if v := c.read(r, n); r.err == nil {
				set(r, into, v)
			}
		},
		func(w *writer, from *T) bool { c.write(w, get(from)); return true },
	}
}

// omitWhen leaves a key out where the condition holds.
func omitWhen[T any](f field[T], empty func(*T) bool) field[T] {
	write := f.write
	f.required = false
	f.write = func(w *writer, from *T) bool { return !empty(from) && write(w, from) }
	return f
}

// orNull is an optional key that is written even when it is not there, as null.
func orNull[T any](f field[T]) field[T] {
	write := f.write
	f.write = func(w *writer, from *T) bool {
		if !write(w, from) {
			w.WriteString("null")
		}
		return true
	}
	return f
}

// nullable is a text that is written even when it is not there, as null.
func nullable[T any](name string, c codec[string], at func(*T) *string) field[T] {
	return field[T]{
		name, false,
		func(r *reader, n *node, into *T) { *at(into) = c.read(r, n) },
		func(w *writer, from *T) bool {
			if s := *at(from); s != "" {
				c.write(w, s)
			} else {
				w.WriteString("null")
			}
			return true
		},
	}
}

// mayList is a list that is left out when empty and written sorted by name, as Hasura exports it; the same name twice
// is refused. things names the elements in that error.
func mayList[T, F any](name, things string, c codec[F], at func(*T) *[]*F, key func(*F) string) field[T] {
	return omitWhen(listOf(name, things, c, at, key), func(v *T) bool { return len(*at(v)) == 0 })
}

// listOf is mayList for a key that is always there.
func listOf[T, F any](name, things string, c codec[F], at func(*T) *[]*F, key func(*F) string) field[T] {
	return field[T]{
		name, true,
		func(r *reader, n *node, into *T) {
			if aside := leftoversOf(into); aside != nil && !r.strict && n.kind == arrayNode {
				*at(into) = lenientList(r, n, name, c, aside, key)
				return
			}
			items := readList(r, n, c)
			list := make([]*F, len(items))
			for i := range items {
				list[i] = &items[i]
			}
			if twice := duplicates(list, key); len(twice) > 0 {
				r.fail("multiple declarations exist for the following %s: %s", things, strings.Join(twice, ", "))
			}
			*at(into) = list
		},
		func(w *writer, from *T) bool {
			sorted := append([]*F(nil), *at(from)...)
			if key != nil {
				sort.SliceStable(sorted, func(i, j int) bool { return key(sorted[i]) < key(sorted[j]) })
			}
			w.WriteByte('[')
			for i, v := range sorted {
				if i > 0 {
					w.WriteByte(',')
				}
				c.write(w, *v)
			}
			w.WriteByte(']')
			return true
		},
	}
}

func duplicates[F any](list []*F, key func(*F) string) []string {
	if key == nil {
		return nil
	}
	seen, twice := map[string]int{}, []string(nil)
	for _, v := range list {
		k := key(v)
		if seen[k]++; seen[k] == 2 {
			twice = append(twice, strings.ReplaceAll(k, "\x00", "."))
		}
	}
	return twice
}

func readList[F any](r *reader, n *node, c codec[F]) []F {
	if n.kind != arrayNode {
		r.mismatch("List", "Array", n)
		return nil
	}
	out := make([]F, len(n.items))
	for i, item := range n.items {
		r.index(i, func() { out[i] = c.read(r, item) })
	}
	return out
}

// mayMap is an object used as a map, left out when empty and written with sorted keys.
func mayMap[T, F any](name string, c codec[F], at func(*T) *map[string]F) field[T] {
	return omitWhen(mapOf(name, c, at), func(v *T) bool { return len(*at(v)) == 0 })
}

// mapOf is mayMap for a key that is always written; on input it may be left out.
func mapOf[T, F any](name string, c codec[F], at func(*T) *map[string]F) field[T] {
	return field[T]{
		name, false,
		func(r *reader, n *node, into *T) {
			if n.kind != objectNode {
				r.mismatch("HashMap", "Object", n)
				return
			}
			m := make(map[string]F, len(n.keys))
			for _, k := range n.keys {
				r.key(k, func() { m[k] = c.read(r, n.member(k)) })
			}
			*at(into) = m
		},
		func(w *writer, from *T) bool {
			m := *at(from)
			w.WriteByte('{')
			for i, k := range sortedKeys(m) {
				if i > 0 {
					w.WriteByte(',')
				}
				w.text(k)
				w.WriteByte(':')
				c.write(w, m[k])
			}
			w.WriteByte('}')
			return true
		},
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// raw is a JSON value kept as it was written, white space aside.
func raw[T any](name string, required bool, at func(*T) *json.RawMessage) field[T] {
	return field[T]{
		name, required,
		func(_ *reader, n *node, into *T) { *at(into) = n.compact() },
		func(w *writer, from *T) bool {
			if len(*at(from)) == 0 {
				return false
			}
			w.Write(*at(from))
			return true
		},
	}
}

// constant is a key with one possible value.
func constant[T any](name, value string) field[T] {
	return field[T]{
		name, false,
		func(r *reader, n *node, _ *T) {
			if string(n.raw) != value {
				r.fail("expected %s, encountered %s", value, n.raw)
			}
		},
		func(w *writer, _ *T) bool { w.WriteString(value); return true },
	}
}

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
			if r.err == nil && !contains(values, s) {
				r.fail("unexpected %s %q: expected one of %s", what, s, strings.Join(values, ", "))
			}
			return s
		},
		text.write,
	}
}

// decode runs a codec over a JSON text.
func decode[T any](c codec[T], data []byte, path string, strict bool) (T, error) {
	r := &reader{path: path, strict: strict}
	var v T
	n, err := parseNode(data)
	if err != nil {
		return v, fault.New(fault.ParseFailed, path, "%s", err.Error())
	}
	v = c.read(r, n)
	if r.err != nil {
		var zero T
		return zero, r.err
	}
	if aside := leftoversOf(&v); aside != nil {
		r.leaveUnknown(aside)
	}
	return v, nil
}

func encode[T any](c codec[T], v T) []byte {
	w := &writer{}
	c.write(w, v)
	return bytes.Clone(w.Bytes())
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}

// suggestion words the nearest known key, when one is near.
func suggestion(key string, known []string) string {
	best, at := "", len(key)/2+1
	for _, k := range known {
		if d := editDistance(key, k); d < at {
			best, at = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; the nearest known key is %q", best)
}

// editDistance is Levenshtein's.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			above := row[j]
			cost := diagonal
			if a[i-1] != b[j-1] {
				cost++
			}
			row[j] = min(cost, above+1, row[j-1]+1)
			diagonal = above
		}
	}
	return row[len(b)]
}
