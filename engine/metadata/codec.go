package metadata

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

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
		if slices.Contains(known, k) {
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
