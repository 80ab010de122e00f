package admin

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"gatehouse/engine/fault"
)

// typedResult is run_sql's answer where args.typed is set, which is Gatehouse's own: Hasura's shows null as the text NULL,
// and says neither what the columns are nor what each statement did.
type typedResult struct {
	Type string `json:"result_type"`
	// Columns and Rows are of the last statement that gave any; nil values are null. RowCount counts all its rows, of which the
	// first args.max_rows are in Rows.
	Columns  []typedColumn `json:"columns"`
	Rows     [][]*string   `json:"rows"`
	RowCount int64         `json:"row_count"`
	// Commands are the statements' tags in their order: "INSERT 0 1".
	Commands []string `json:"commands"`
	// Milliseconds are Postgres' and the network's, without what metadata costs.
	Milliseconds float64 `json:"took_ms"`
}

type typedColumn struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// defaultMaxRows bounds a typed answer that does not bound itself.
const defaultMaxRows = 1000

// executeTyped is execute for args.typed.
func executeTyped(ctx context.Context, conn *pgconn.PgConn, a *sqlArgs) ([]byte, error) {
	if err := refuseCopy(*a.SQL); err != nil {
		return nil, err
	}
	limit := int64(a.MaxRows)
	if limit <= 0 {
		limit = defaultMaxRows
	}
	out := typedResult{Type: "CommandOk", Columns: []typedColumn{}, Rows: [][]*string{}, Commands: []string{}}
	var fields []pgconn.FieldDescription
	began := time.Now()
	results := conn.Exec(ctx, *a.SQL)
	for results.NextResult() {
		r := results.ResultReader()
		if f := r.FieldDescriptions(); len(f) > 0 {
			fields = append(fields[:0], f...)
			out.Rows, out.RowCount = [][]*string{}, 0
		}
		for r.NextRow() {
			if out.RowCount++; out.RowCount <= limit {
				out.Rows = append(out.Rows, texts(r.Values()))
			}
		}
		tag, err := r.Close()
		if err != nil {
			break // results.Close says it
		}
		out.Commands = append(out.Commands, tag.String())
	}
	if err := results.Close(); err != nil {
		return nil, placedError(err, *a.SQL)
	}
	out.Milliseconds = float64(time.Since(began).Microseconds()) / 1000
	if fields != nil {
		out.Type = "TuplesOk"
		var err error
		if out.Columns, err = columnTypes(ctx, conn, fields); err != nil {
			return nil, err
		}
	}
	return marshal(out)
}

func texts(values [][]byte) []*string {
	line := make([]*string, len(values))
	for i, v := range values {
		if v != nil {
			text := string(v)
			line[i] = &text
		}
	}
	return line
}

// columnTypes asks for the types' names. What it puts into the statement are numbers.
func columnTypes(ctx context.Context, conn *pgconn.PgConn, fields []pgconn.FieldDescription) ([]typedColumn, error) {
	var b strings.Builder
	out := make([]typedColumn, len(fields))
	for i, f := range fields {
		out[i].Name = f.Name
		if i > 0 {
			b.WriteString(" union all ")
		}
		fmt.Fprintf(&b, "select %d, pg_catalog.format_type(%d, %d)", i, f.DataTypeOID, f.TypeModifier)
	}
	results, err := conn.Exec(ctx, b.String()).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read the types' names: %w", err)
	}
	for i, line := range results[0].Rows {
		out[i].Type = string(line[1])
	}
	return out, nil
}

// placedError adds to a failure where in the SQL it is, counted in characters from 1.
func placedError(err error, sql string) error {
	told := commitError(err, sql)
	var f *fault.Error
	var pgErr *pgconn.PgError
	if !errors.As(told, &f) || !errors.As(err, &pgErr) {
		return told
	}
	failure, ok := f.Internal.(sqlFailure)
	if !ok {
		return told
	}
	return f.WithInternal(struct {
		sqlFailure
		Position int32 `json:"position,omitempty"`
	}{failure, pgErr.Position})
}
