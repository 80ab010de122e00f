package execute

import (
	"github.com/jackc/pgx/v5"

	"gatehouse/engine/translate"
)

// resultJSON turns a statement's result into JSON, however its rows arrive. next gives a row's columns as Postgres sent
// them, in the statement's formats, good until it is called again; nil after the last row or a failure, which is the
// caller's to notice.
func resultJSON(s *translate.Statement, next func() [][]byte) ([]byte, error) {
	if s.Flat == nil {
		out := []byte("null")
		if row := next(); len(row) > 0 && row[0] != nil {
			out = append(make([]byte, 0, len(row[0])), row[0]...)
		}
		for next() != nil {
		}
		return out, nil
	}
	w := s.Flat.Writer()
	for row := next(); row != nil; row = next() {
		if err := w.Row(row); err != nil {
			return nil, err
		}
	}
	return w.JSON(), nil
}

// poolJSON is resultJSON of rows read through pgx. It closes them.
func poolJSON(s *translate.Statement, rows pgx.Rows) ([]byte, error) {
	defer rows.Close()
	out, err := resultJSON(s, func() [][]byte {
		if !rows.Next() {
			return nil
		}
		return rows.RawValues()
	})
	if err != nil {
		return nil, err
	}
	return out, rows.Err()
}
