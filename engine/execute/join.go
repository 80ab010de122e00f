package execute

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"gatehouse/engine/fault"
	"gatehouse/engine/schema"
	"gatehouse/engine/translate"
)

// Joins are done once what is around them was read: what the rows around are joined by is collected, each combination once,
// one statement per join reads what belongs to them, and what it gives may have joins itself, and so on level by level.
// Nothing is copied until the response is written: a document remembers where in it the values of others stand.

// document is a result with places for the values of others.
type document struct {
	json  []byte
	holes []hole
}

// hole is a stretch of a document's JSON and what stands there instead: the value of a row of a batch.
type hole struct {
	from, to int
	batch    *batch
	row      int
}

// batch is one join of one request.
type batch struct {
	document
	join *translate.Join
	// rows are the keys' combinations as they stand in results, with their numbers; texts are the arrays of the keys' texts.
	rows  map[string]int
	texts []strings.Builder
	// values, by row, are what was read.
	values []stretch
}

// stretch is a part of a document's JSON, with its holes.
type stretch struct{ from, to, firstHole, lastHole int }

// join fills in what other statements read.
func (r *run) join(ctx context.Context, steps []translate.Step) error {
	var level []*batch
	var err error
	leaves(steps, func(s *translate.Step) {
		if len(s.Joins) == 0 || err != nil {
			return
		}
		for i := range r.results {
			if out := &r.results[i]; out.of == s {
				in := scanner{document: document{json: out.append(make([]byte, 0, out.size()))}}
				err = in.scan(&level, in.value, s.Joins)
				*out = result{of: s, joined: &in.document}
			}
		}
	})
	for err == nil && len(level) > 0 {
		level, err = r.joinLevel(ctx, level)
	}
	return err
}

// mayJoin fails where a join would for what the caller brings, a session variable that is missing. Joins are done when a
// mutation is committed, and what is refused then was written all the same.
func (r *run) mayJoin(joins translate.Joins) error {
	for _, at := range joins {
		if err := r.mayJoin(at.Inside); err != nil {
			return err
		}
		if at.Join == nil {
			continue
		}
		if _, err := arguments(at.Join.Read, r); err != nil {
			return err
		}
		if err := r.mayJoin(at.Join.Joins); err != nil {
			return err
		}
	}
	return nil
}

// joinLevel reads the batches of a level, those of one source together, and gives those inside their results.
func (r *run) joinLevel(ctx context.Context, level []*batch) (next []*batch, err error) {
	var order []string
	bySource := map[string][]*translate.Step{}
	for _, b := range level {
		name := b.join.Source
		if bySource[name] == nil {
			order = append(order, name)
		}
		bySource[name] = append(bySource[name], &b.join.Step)
		r.batches = append(r.batches, b)
	}
	before := len(r.results)
	for _, name := range order {
		if err := r.read(ctx, name, bySource[name]); err != nil {
			return nil, err
		}
	}
	for _, out := range r.results[before:] {
		b := r.batch(out.of)
		s := scanner{document: document{json: out.append(make([]byte, 0, out.size()))}}
		if err := s.scan(&next, func(joins translate.Joins) { b.values = s.rows(joins) }, b.join.Joins); err != nil {
			return nil, err
		}
		if b.document = s.document; len(b.values) != len(b.rows) {
			return nil, fault.New(fault.Unexpected, fault.Root, "a join gave %d results for %d rows", len(b.values), len(b.rows))
		}
	}
	r.results = r.results[:before]
	return next, nil
}

func (r *run) batch(of *translate.Step) *batch {
	for _, b := range r.batches {
		if &b.join.Step == of {
			return b
		}
	}
	return nil
}

// keys are the texts of one of a join's keys, an array; empty where nothing is joined yet.
func (r *run) keys(of schema.Produced) *string {
	text := "{}"
	for _, b := range r.batches {
		for i := range b.texts {
			if b.join.Number == of.Step && translate.JoinKey(i) == of.Column {
				text = b.texts[i].String() + "}"
			}
		}
	}
	return &text
}

// append writes a stretch of the document, and in its holes what belongs there.
func (d *document) append(out []byte, part stretch) []byte {
	at := part.from
	for _, h := range d.holes[part.firstHole:part.lastHole] {
		out = append(out, d.json[at:h.from]...)
		out = h.batch.append(out, h.batch.values[h.row])
		at = h.to
	}
	return append(out, d.json[at:part.to]...)
}

func (d *document) whole() stretch { return stretch{0, len(d.json), 0, len(d.holes)} }

// add is the number of the row that stands for keys as they were found: a text, or a list of texts.
func (b *batch) add(found []byte) (int, error) {
	if n, known := b.rows[string(found)]; known {
		return n, nil
	}
	n := len(b.rows)
	b.rows[string(found)] = n
	if b.join.Keys == 1 {
		return n, b.addText(0, found)
	}
	var texts []json.RawMessage
	if err := json.Unmarshal(found, &texts); err != nil || len(texts) != b.join.Keys {
		return 0, fmt.Errorf("a row is joined by %s", found)
	}
	for i, text := range texts {
		if err := b.addText(i, text); err != nil {
			return 0, err
		}
	}
	return n, nil
}

// addText adds a text, as JSON, to a Postgres array. Both quote with " and escape with \, but JSON has more escapes.
func (b *batch) addText(i int, text []byte) error {
	to := &b.texts[i]
	if to.Len() == 0 {
		to.WriteByte('{')
	} else {
		to.WriteByte(',')
	}
	if bytes.IndexByte(text, '\\') < 0 {
		to.Write(text)
		return nil
	}
	var plain string
	if err := json.Unmarshal(text, &plain); err != nil {
		return err
	}
	to.WriteByte('"')
	_, _ = translate.ArrayEscapes.WriteString(to, plain) // a builder takes everything
	to.WriteByte('"')
	return nil
}

// scanner goes through a document and collects what is to be joined. It follows the response keys that lead to joins and
// looks at nothing else, so that no value of a user can be taken for what it is not.
type scanner struct {
	document
	at      int
	batches *[]*batch
	err     error
}

// scan goes through the document, adding to batches.
func (s *scanner) scan(batches *[]*batch, through func(translate.Joins), joins translate.Joins) error {
	s.batches = batches
	through(joins)
	if s.err == nil && s.next() != 0 {
		s.fail()
	}
	return s.err
}

func (s *scanner) fail() {
	if s.err == nil {
		s.err = fault.New(fault.Unexpected, fault.Root, "a result that is joined to is not as expected")
	}
	s.at = len(s.json)
}

// value goes through a value with joins inside.
func (s *scanner) value(joins translate.Joins) {
	switch s.next() {
	case '{':
		s.object(joins)
	case '[':
		s.elements(']', func() { s.value(joins) })
	default:
		s.skip()
	}
}

// rows goes through a batch's result: a list of objects with one value each, which may have joins inside.
func (s *scanner) rows(joins translate.Joins) (values []stretch) {
	if s.next() != '[' {
		s.fail()
		return nil
	}
	s.elements(']', func() {
		if s.next() != '{' {
			s.fail()
			return
		}
		s.members(func([]byte) {
			s.next()
			v := stretch{from: s.at, firstHole: len(s.holes)}
			if len(joins) > 0 {
				s.value(joins)
			} else {
				s.skip()
			}
			v.to, v.lastHole = s.at, len(s.holes)
			values = append(values, v)
		})
	})
	return values
}

func (s *scanner) object(joins translate.Joins) {
	s.members(func(key []byte) {
		for i := range joins {
			if at := &joins[i]; string(key) == at.Key {
				if at.Join != nil {
					s.hole(at.Join)
				} else {
					s.value(at.Inside)
				}
				return
			}
		}
		s.skip()
	})
}

// hole takes up what a row is joined by. Null stays.
func (s *scanner) hole(join *translate.Join) {
	s.next()
	from := s.at
	if s.skip(); s.err != nil || s.json[from] == 'n' {
		return
	}
	var to *batch
	for _, b := range *s.batches {
		if b.join == join {
			to = b
		}
	}
	if to == nil {
		to = &batch{join: join, rows: map[string]int{}, texts: make([]strings.Builder, join.Keys)}
		*s.batches = append(*s.batches, to)
	}
	row, err := to.add(s.json[from:s.at])
	if err != nil {
		s.err = fault.New(fault.Unexpected, fault.Root, "a result that is joined to is not as expected").WithCause(err)
		return
	}
	s.holes = append(s.holes, hole{from: from, to: s.at, batch: to, row: row})
}

// members calls with the key of each member of an object, as it stands between its quotes, for the value to be gone through.
func (s *scanner) members(visit func(key []byte)) {
	s.elements('}', func() {
		if s.next() != '"' {
			s.fail()
			return
		}
		from := s.at + 1
		if s.text(); s.err != nil {
			return
		}
		key := s.json[from : s.at-1]
		if s.next() != ':' {
			s.fail()
			return
		}
		s.at++
		visit(key)
	})
}

// elements calls for each element of a list or member of an object, at whose first byte it is.
func (s *scanner) elements(end byte, visit func()) {
	s.at++
	if s.next() == end {
		s.at++
		return
	}
	for s.err == nil {
		visit()
		switch s.next() {
		case ',':
			s.at++
		case end:
			s.at++
			return
		default:
			s.fail()
		}
	}
}

// next is the first byte of what comes next, 0 at the end.
func (s *scanner) next() byte {
	for s.at < len(s.json) {
		switch c := s.json[s.at]; c {
		case ' ', '\n', '\t', '\r':
			s.at++
		default:
			return c
		}
	}
	return 0
}

// text passes a string.
func (s *scanner) text() {
	s.at++
	for {
		end := bytes.IndexByte(s.json[min(s.at, len(s.json)):], '"')
		if end < 0 {
			s.fail()
			return
		}
		s.at += end + 1
		escapes := 0
		for s.json[s.at-2-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return
		}
	}
}

// skip passes a value.
func (s *scanner) skip() {
	depth := 0
	for {
		switch s.next() {
		case 0:
			s.fail()
			return
		case '"':
			if s.text(); s.err != nil {
				return
			}
		case '{', '[':
			depth++
			s.at++
		case '}', ']':
			depth--
			s.at++
		case ',', ':':
			s.at++
		default:
			s.word()
		}
		if depth <= 0 {
			return
		}
	}
}

// word passes a number, or true, false or null.
func (s *scanner) word() {
	for s.at < len(s.json) {
		switch s.json[s.at] {
		case ',', ':', ']', '}', ' ', '\n', '\t', '\r':
			return
		}
		s.at++
	}
}
