package sheet

import (
	"bufio"
	"context"
	"io"
	"strings"

	"github.com/jackc/pgx/v5"

	"gatehouse/engine/catalog"
	"gatehouse/engine/pgsql"
)

// Export writes all rows that a Read asks for, as CSV with a line of names, or as a JSON array. Limit, offset and places do
// not bound it. Nothing is written before the first row is there, so that an error can still be told.
func (r *Read) Export(ctx context.Context, tx pgx.Tx, t *catalog.Table, asJSON bool, to io.Writer) error {
	r.Limit, r.Offset, r.IsWhole = 0, 0, true
	r.After, r.Before, r.IsLast = nil, nil, false
	columns, err := r.columns(t)
	if err != nil {
		return err
	}
	s, _, err := r.plain(t)
	if err != nil {
		return err
	}
	s.Output = outputs(columns, true)
	if asJSON {
		for i, c := range columns {
			s.Output[i] = pgsql.Output{Expr: of(c), As: pgsql.Ident(c.Name)}
		}
		whole := row // but no column's name: it stands alone here
		for t.Column(string(whole)) != nil {
			whole += "'"
		}
		s = &pgsql.Select{
			Output: []pgsql.Output{{Expr: pgsql.Call{Func: builtin("row_to_json"), Args: []pgsql.Expr{pgsql.Row{Table: whole}}}}},
			From:   pgsql.Derived{Query: s, As: whole},
		}
	}
	sql, args := pgsql.Print(s)
	rows, err := tx.Query(ctx, sql, append([]any{pgx.QueryExecModeExec, pgx.QueryResultFormats{pgx.TextFormatCode}}, args...)...)
	if err != nil {
		return failed(err)
	}
	defer rows.Close()
	out := bufio.NewWriterSize(to, 64<<10)
	has := rows.Next()
	if err := rows.Err(); err != nil {
		return failed(err)
	}
	if asJSON {
		writeJSON(out, rows, has)
	} else {
		writeCSV(out, columns, rows, has)
	}
	if err := rows.Err(); err != nil {
		return failed(err)
	}
	return out.Flush()
}

// What a bufio.Writer could not write is told by its Flush.

func writeJSON(out *bufio.Writer, rows pgx.Rows, has bool) {
	_, _ = out.WriteString("[")
	for first := true; has; has, first = rows.Next(), false {
		if !first {
			_, _ = out.WriteString(",")
		}
		_, _ = out.WriteString("\n")
		_, _ = out.Write(rows.RawValues()[0])
	}
	_, _ = out.WriteString("\n]\n")
}

// writeCSV writes as Postgres' copy does: null is nothing, an empty text is quoted.
func writeCSV(out *bufio.Writer, columns []*catalog.Column, rows pgx.Rows, has bool) {
	for i, c := range columns {
		field(out, i, c.Name)
	}
	_, _ = out.WriteString("\r\n")
	for ; has; has = rows.Next() {
		for i, v := range rows.RawValues() {
			if v != nil {
				field(out, i, string(v))
			} else if i > 0 {
				_ = out.WriteByte(',')
			}
		}
		_, _ = out.WriteString("\r\n")
	}
}

func field(out *bufio.Writer, i int, v string) {
	if i > 0 {
		_ = out.WriteByte(',')
	}
	if v != "" && !strings.ContainsAny(v, "\",\r\n") && v != `\.` {
		_, _ = out.WriteString(v)
		return
	}
	_, _ = out.WriteString(`"` + strings.ReplaceAll(v, `"`, `""`) + `"`)
}
