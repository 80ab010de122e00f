package translate

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"sync"
)

// Flat says how the rows of a statement that gives plain values become JSON. It knows nothing of connections: who reads
// the rows hands a Writer the columns' bytes.
type Flat struct {
	root flatObject
	// isSingle: an object or null instead of a list.
	isSingle bool
	formats  []int16
}

// flatObject is how one row is written as an object.
type flatObject struct {
	members []flatMember
	// end is what stands behind the last member.
	end string
}

// flatMember is a column of a row as a member of an object.
type flatMember struct {
	// before is what stands in front of the value: a brace or comma, constant members, the key.
	before string
	kind   flatKind
}

// flatKind is how a column's bytes become JSON. The statement casts each column to a type that fits its kind, so that what
// arrives has the form the kind reads, even when a table was changed after its schema was read.
type flatKind byte

const (
	// quoted is text that becomes a string.
	quoted flatKind = iota
	// number is text that is a number if it reads like one, else a string (NaN, Infinity).
	number
	// integer is a whole number in binary, of two, four or eight bytes.
	integer
	// boolean is one byte.
	boolean
	// document is JSON already.
	document
)

// Formats are the formats to ask for: Postgres sends an integer faster than it prints one. They are those pgx would choose
// by itself, where it does not let itself be told (in a batch); text is the same in both.
func (f *Flat) Formats() []int16 { return f.formats }

func (k flatKind) format() int16 {
	if k == integer || k == boolean {
		return 1
	}
	return 0
}

// Writer writes one result. It holds the JSON of the rows seen, and no row.
type Writer struct {
	flat *Flat
	rows int
	out  []byte
}

var writers = sync.Pool{New: func() any { return new(Writer) }}

// maxKept is the largest buffer a writer keeps for the next result.
const maxKept = 1 << 20

// Writer begins a result. Give it each row, then ask for the JSON, once.
func (f *Flat) Writer() *Writer {
	w := writers.Get().(*Writer)
	w.flat, w.rows, w.out = f, 0, w.out[:0]
	return w
}

// Row takes one row: the columns' bytes as Postgres sent them, nil for null. They are not kept.
func (w *Writer) Row(columns [][]byte) error {
	if len(columns) < len(w.flat.root.members) {
		return fmt.Errorf("a row has %d columns instead of %d", len(columns), len(w.flat.root.members))
	}
	w.rows++
	if w.flat.isSingle {
		if w.rows > 1 {
			return nil
		}
	} else if w.rows == 1 {
		w.out = append(w.out, '[')
	} else {
		w.out = append(w.out, ',')
	}
	w.out = w.flat.root.append(w.out, columns)
	return nil
}

// JSON is the result. The writer must not be used after it.
func (w *Writer) JSON() []byte {
	var out []byte
	switch {
	case w.rows == 0 && w.flat.isSingle:
		out = []byte("null")
	case w.rows == 0:
		out = []byte("[]")
	case w.flat.isSingle:
		out = append(make([]byte, 0, len(w.out)), w.out...)
	default:
		out = append(append(make([]byte, 0, len(w.out)+1), w.out...), ']')
	}
	if cap(w.out) <= maxKept {
		writers.Put(w)
	}
	return out
}

func (o *flatObject) append(out []byte, columns [][]byte) []byte {
	for i := range o.members {
		m := &o.members[i]
		out = append(out, m.before...)
		out = m.kind.append(out, columns[i])
	}
	return append(out, o.end...)
}

func (k flatKind) append(out, value []byte) []byte {
	if value == nil {
		return append(out, "null"...)
	}
	switch k {
	case document:
		return append(out, value...)
	case integer:
		return strconv.AppendInt(out, whole(value), 10)
	case boolean:
		return strconv.AppendBool(out, value[0] != 0)
	case number:
		if isNumber(value) {
			return append(out, value...)
		}
	}
	return appendQuoted(out, value)
}

// whole reads an integer.
func whole(b []byte) int64 {
	switch len(b) {
	case 4:
		return int64(int32(binary.BigEndian.Uint32(b)))
	case 8:
		return int64(binary.BigEndian.Uint64(b))
	}
	return int64(int16(binary.BigEndian.Uint16(b)))
}

// isNumber tells whether a text is a number in JSON's grammar (RFC 8259 section 6).
func isNumber(text []byte) bool {
	i := 0
	digits := func() bool {
		from := i
		for i < len(text) && '0' <= text[i] && text[i] <= '9' {
			i++
		}
		return i > from
	}
	if i < len(text) && text[i] == '-' {
		i++
	}
	if i < len(text) && text[i] == '0' {
		i++
	} else if !digits() {
		return false
	}
	if i < len(text) && text[i] == '.' {
		i++
		if !digits() {
			return false
		}
	}
	if i < len(text) && (text[i] == 'e' || text[i] == 'E') {
		i++
		if i < len(text) && (text[i] == '+' || text[i] == '-') {
			i++
		}
		if !digits() {
			return false
		}
	}
	return i == len(text)
}

// escapes are the escapes of the bytes that a JSON string cannot hold, in the form Postgres' escape_json gives them.
var escapes = func() (e [256]string) {
	for c := range 0x20 {
		e[c] = `\u00` + string("0123456789abcdef"[c>>4]) + string("0123456789abcdef"[c&15])
	}
	e['\b'], e['\f'], e['\n'], e['\r'], e['\t'], e['"'], e['\\'] = `\b`, `\f`, `\n`, `\r`, `\t`, `\"`, `\\`
	return e
}()

// appendQuoted writes a JSON string. What Postgres sends is valid in the client's encoding, UTF-8, and stays as it is.
func appendQuoted[T string | []byte](out []byte, s T) []byte {
	out = append(out, '"')
	from := 0
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' {
			out = append(append(out, s[from:i]...), escapes[c]...)
			from = i + 1
		}
	}
	return append(append(out, s[from:]...), '"')
}
