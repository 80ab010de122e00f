package execute

import (
	"github.com/jackc/pgx/v5"

	"gatehouse/engine/translate"
)

// result is a statement's result as JSON, and which step's it is: json, what rows were written to, or what others are
// joined to.
type result struct {
	of     *translate.Step
	json   []byte
	rows   *translate.Writer
	joined *document
}

var null = result{json: []byte("null")}

func (r result) size() int {
	if r.rows != nil {
		return r.rows.Size()
	}
	return len(r.json)
}

// append adds the JSON to a body, once.
func (r result) append(body []byte) []byte {
	switch {
	case r.joined != nil:
		return r.joined.append(body, r.joined.whole())
	case r.rows != nil:
		return r.rows.AppendJSON(body)
	}
	return append(body, r.json...)
}

// readResult turns a statement's result into JSON, however its rows arrive. next gives a row's columns as Postgres sent
// them, in the statement's formats, good until it is called again; nil after the last row or a failure, which is the
// caller's to notice.
func readResult(s *translate.Statement, next func() [][]byte) (result, error) {
	if s.Flat == nil {
		out := null
		if row := next(); len(row) > 0 && row[0] != nil {
			out.json = append(make([]byte, 0, len(row[0])), row[0]...)
		}
		for next() != nil {
		}
		return out, nil
	}
	w := s.Flat.Writer()
	for row := next(); row != nil; row = next() {
		if err := w.Row(row); err != nil {
			return null, err
		}
	}
	return result{rows: w}, nil
}

// readRows is readResult of rows read through pgx. It closes them.
func readRows(s *translate.Statement, rows pgx.Rows) (result, error) {
	defer rows.Close()
	out, err := readResult(s, func() [][]byte {
		if !rows.Next() {
			return nil
		}
		return rows.RawValues()
	})
	if err != nil {
		return null, err
	}
	return out, rows.Err()
}

// resultJSON is readResult as bytes, for results that are small.
func resultJSON(s *translate.Statement, next func() [][]byte) ([]byte, error) {
	r, err := readResult(s, next)
	return r.append(nil), err
}
