package translate

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strconv"
	"sync"
)

// Flat says how the rows of a statement that gives plain values become JSON. It knows nothing of connections: who reads
// the rows hands a Writer the columns' bytes.
//
// A tree comes as the rows of its levels, children before their parents: each row then is written once, with the lists of
// its children copied in, and no row has to be kept.
type Flat struct {
	// levels are the objects the rows become, in the order in which the rows arrive; the last is the root field's. With
	// more than one, the first columns of every row are tags.
	levels []flatObject
	// isSingle: the root field is an object or null instead of a list.
	isSingle bool
	formats  []int16
}

// The tags: the row's level, its parent's number, its own number (null where no other row needs them).
const (
	levelTag = iota
	parentTag
	numberTag
	tags
)

// flatObject is how a row, or a part of it, is written as an object.
type flatObject struct {
	members []flatMember
	// end is what stands behind the last member.
	end string
	// order is by what the rows of one parent are sorted; none leaves them as they come.
	order []flatKey
}

// flatKey is a column of integers, never null.
type flatKey struct {
	column int
	desc   bool
}

// flatMember is one member of an object.
type flatMember struct {
	// before is what stands in front of the value: a brace or comma, constant members, the key.
	before string
	kind   flatKind
	// column is where the value stands in the row; an object is null where its column is.
	column int
	// level is the level of a list's rows.
	level int
	// object is a related row's, whose columns stand in the same row.
	object *flatObject
}

// flatKind is how a column's bytes become JSON. The statement casts each column to a type that fits its kind, so that what
// arrives has the form the kind reads, even when a table was changed after its schema was read.
type flatKind byte

const (
	// asString is text that becomes a string.
	asString flatKind = iota
	// asNumber is text that is a number if it reads like one, else a string (NaN, Infinity).
	asNumber
	// asInteger is a whole number in binary, of two, four or eight bytes.
	asInteger
	// asBoolean is one byte.
	asBoolean
	// asDocument is JSON already.
	asDocument
	// asObject is an object made of further columns.
	asObject
	// asList is rows of another level.
	asList
)

// Formats are the formats to ask for: Postgres sends an integer faster than it prints one, and text as it is faster than as
// a string of C. Where pgx does not let itself be told (in a batch), what it chooses by itself has the same bytes.
func (f *Flat) Formats() []int16 { return f.formats }

// Writer writes one result. It holds the JSON of the rows seen and no row, so it needs the memory of the result times the
// levels it has.
type Writer struct {
	flat *Flat
	out  []byte
	// level is the level now arriving, number its last row's; lists are the levels before the root's.
	level  int
	number int64
	lists  []flatLists
	rows   int
}

// flatLists are the rows of a level, written, and which of them are whose.
type flatLists struct {
	json []byte
	// runs are stretches of json with rows of one parent, in order and separated by commas; parents, by the parents'
	// numbers, name the first and last run of each. A parent has mostly one: its rows follow each other, and where the
	// writer is to sort they tend to be sorted.
	runs    []flatRun
	parents []flatRuns
	// current is the parent of the last run.
	current int64
	// Of rows that are to be sorted: where each ends, and its keys, such that the smaller comes first.
	ends []int
	keys []int64
	// sorting is scratch.
	sorting []int
}

// flatRun stands at from to to, its rows being those from first on.
type flatRun struct{ from, to, next, first int }

// flatRuns counts runs from 1; 0 is none.
type flatRuns struct{ first, last int }

var writers = sync.Pool{New: func() any { return new(Writer) }}

// maxKept is how much memory a writer keeps for the next result.
const maxKept = 4 << 20

// Writer begins a result. Give it each row, then ask for the JSON, once.
func (f *Flat) Writer() *Writer {
	w := writers.Get().(*Writer)
	w.flat, w.rows, w.level, w.number, w.out = f, 0, 0, 0, w.out[:0]
	for len(w.lists) < len(f.levels)-1 {
		w.lists = append(w.lists, flatLists{})
	}
	for i := range w.lists[:len(f.levels)-1] {
		l := &w.lists[i]
		l.json, l.runs, l.current, l.ends, l.keys = l.json[:0], l.runs[:0], 0, l.ends[:0], l.keys[:0]
		clear(l.parents)
		l.parents = l.parents[:0]
	}
	return w
}

// Row takes one row: the columns' bytes as Postgres sent them, nil for null. They are not kept.
func (w *Writer) Row(columns [][]byte) error {
	f := w.flat
	if len(columns) != len(f.formats) {
		return fmt.Errorf("a row has %d columns instead of %d", len(columns), len(f.formats))
	}
	root := len(f.levels) - 1
	if root > 0 {
		level := int(whole(columns[levelTag]))
		switch {
		case level < w.level || level > root:
			return fmt.Errorf("a row of level %d arrived after one of level %d", level, w.level)
		case level > w.level:
			w.level, w.number = level, 0
		}
		if number := columns[numberTag]; number != nil {
			if w.number++; whole(number) != w.number {
				return fmt.Errorf("row %d arrived as row %d", whole(number), w.number)
			}
		}
		if level < root {
			l, object := &w.lists[level], &f.levels[level]
			l.begin(whole(columns[parentTag]), object.order, columns)
			l.json = w.object(l.json, object, columns)
			l.runs[len(l.runs)-1].to = len(l.json)
			if len(object.order) > 0 {
				l.ends = append(l.ends, len(l.json))
			}
			return nil
		}
	}
	w.rows++
	switch {
	case f.isSingle && w.rows > 1:
		return nil
	case f.isSingle:
	case w.rows == 1:
		w.out = append(w.out, '[')
	default:
		w.out = append(w.out, ',')
	}
	w.out = w.object(w.out, &f.levels[root], columns)
	return nil
}

// begin makes the next row one of a parent's.
func (l *flatLists) begin(parent int64, order []flatKey, columns [][]byte) {
	for _, k := range order {
		key := int64(math.MaxInt64) // null, if the column was changed after its schema was read
		if value := columns[k.column]; value != nil {
			key = whole(value)
		}
		if k.desc {
			key = ^key
		}
		l.keys = append(l.keys, key)
	}
	row := len(l.ends)
	if parent == l.current && len(l.runs) > 0 && (len(order) == 0 || l.compare(row-1, row, len(order)) <= 0) {
		l.json = append(l.json, ',')
		return
	}
	l.current = parent
	for int64(len(l.parents)) <= parent {
		l.parents = append(l.parents, flatRuns{})
	}
	l.runs = append(l.runs, flatRun{from: len(l.json), first: row})
	p := &l.parents[parent]
	if p.first == 0 {
		p.first = len(l.runs)
	} else {
		l.runs[p.last-1].next = len(l.runs)
	}
	p.last = len(l.runs)
}

// compare compares rows by their keys.
func (l *flatLists) compare(a, b, keys int) int {
	return slices.Compare(l.keys[a*keys:(a+1)*keys], l.keys[b*keys:(b+1)*keys])
}

// Size is about how long the result is.
func (w *Writer) Size() int { return len(w.out) + 4 }

// AppendJSON appends the result. The writer must not be used after it.
func (w *Writer) AppendJSON(body []byte) []byte {
	switch {
	case w.rows == 0 && w.flat.isSingle:
		body = append(body, "null"...)
	case w.rows == 0:
		body = append(body, "[]"...)
	case w.flat.isSingle:
		body = append(body, w.out...)
	default:
		body = append(append(body, w.out...), ']')
	}
	kept := cap(w.out)
	for _, l := range w.lists {
		kept += cap(l.json) + 32*cap(l.runs) + 16*cap(l.parents) + 8*(cap(l.ends)+cap(l.keys)+cap(l.sorting))
	}
	if kept <= maxKept {
		w.flat = nil
		writers.Put(w)
	}
	return body
}

func (w *Writer) object(out []byte, o *flatObject, columns [][]byte) []byte {
	for i := range o.members {
		m := &o.members[i]
		out = append(out, m.before...)
		switch {
		case m.kind == asList:
			out = w.lists[m.level].append(out, whole(columns[numberTag]), len(w.flat.levels[m.level].order))
		case m.kind == asObject && columns[m.column] != nil:
			out = w.object(out, m.object, columns)
		default:
			out = m.kind.append(out, columns[m.column])
		}
	}
	return append(out, o.end...)
}

// append writes the rows of a parent.
func (l *flatLists) append(out []byte, parent int64, keys int) []byte {
	out = append(out, '[')
	var runs flatRuns
	if parent < int64(len(l.parents)) {
		runs = l.parents[parent]
	}
	if keys > 0 && runs.first != runs.last {
		return append(l.appendSorted(out, runs, keys), ']')
	}
	for at := runs.first; at > 0; {
		run := l.runs[at-1]
		out = append(out, l.json[run.from:run.to]...)
		if at = run.next; at > 0 {
			out = append(out, ',')
		}
	}
	return append(out, ']')
}

// appendSorted writes the rows of several runs in their order; equal ones as they came.
func (l *flatLists) appendSorted(out []byte, runs flatRuns, keys int) []byte {
	l.sorting = l.sorting[:0]
	for at := runs.first; at > 0; at = l.runs[at-1].next {
		run := l.runs[at-1]
		for row := run.first; row < len(l.ends) && l.ends[row] <= run.to; row++ {
			l.sorting = append(l.sorting, row)
		}
	}
	slices.SortStableFunc(l.sorting, func(a, b int) int { return l.compare(a, b, keys) })
	for i, row := range l.sorting {
		if i > 0 {
			out = append(out, ',')
		}
		from := 0
		if row > 0 {
			from = l.ends[row-1]
			if l.json[from] == ',' {
				from++
			}
		}
		out = append(out, l.json[from:l.ends[row]]...)
	}
	return out
}

func (k flatKind) append(out, value []byte) []byte {
	if value == nil {
		return append(out, "null"...)
	}
	switch k {
	case asDocument:
		return append(out, value...)
	case asInteger:
		return strconv.AppendInt(out, whole(value), 10)
	case asBoolean:
		return strconv.AppendBool(out, len(value) == 1 && value[0] == 1)
	case asNumber:
		if isNumber(value) {
			return append(out, value...)
		}
	}
	return appendQuoted(out, value)
}

// whole reads an integer; null is 0.
func whole(b []byte) int64 {
	switch len(b) {
	case 4:
		return int64(int32(binary.BigEndian.Uint32(b)))
	case 8:
		return int64(binary.BigEndian.Uint64(b))
	case 2:
		return int64(int16(binary.BigEndian.Uint16(b)))
	}
	return 0
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
func appendQuoted(out, s []byte) []byte {
	out = append(out, '"')
	for {
		n := plain(s)
		if n == len(s) {
			return append(append(out, s...), '"')
		}
		out = append(append(out, s[:n]...), escapes[s[n]]...)
		s = s[n+1:]
	}
}

// plain is how many bytes in front need no escape. It looks at eight at a time: in a word of bytes less n, the high bit of
// a byte is set that was less than n, and the lowest such bit is right whatever was borrowed above it.
func plain(s []byte) int {
	const each, high = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(s); i += 8 {
		w := binary.LittleEndian.Uint64(s[i:])
		quote, backslash := w^each*'"', w^each*'\\'
		if found := ((w-each*0x20)&^w | (quote-each)&^quote | (backslash-each)&^backslash) & high; found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for ; i < len(s); i++ {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' {
			return i
		}
	}
	return i
}
