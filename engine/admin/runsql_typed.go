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
	// typedRows are of the last statement that gave any.
	typedRows
	// Commands are the statements' tags in their order: "INSERT 0 1".
	Commands []string `json:"commands"`
	// Results are what each statement gave, in their order.
	Results []typedRows `json:"results"`
	Notices []notice    `json:"notices"`
	// Milliseconds are Postgres' and the network's, without what metadata costs.
	Milliseconds float64 `json:"took_ms"`
}

// typedRows are the rows of a statement, nil values null. RowCount counts all of them, of which the first args.max_rows are in
// Rows. A statement that gives no rows has no columns either.
type typedRows struct {
	Command  string        `json:"command"`
	Columns  []typedColumn `json:"columns"`
	Rows     [][]*string   `json:"rows"`
	RowCount int64         `json:"row_count"`

	fields []pgconn.FieldDescription
}

type typedColumn struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// notice is what Postgres says beside its results, as raise notice does.
type notice struct {
	Severity string `json:"severity"`
	Message  string `json:"message"`
	Detail   string `json:"detail,omitempty"`
	Hint     string `json:"hint,omitempty"`
}

// defaultMaxRows bounds a typed answer that does not bound itself; of several results those behind the first maxTotal times as
// many rows are counted only. maxNotices bounds what is said beside them.
const defaultMaxRows, maxTotal, maxNotices = 1000, 5, 100

// noticesKey is where a connection keeps who listens to its notices.
const noticesKey = "gatehouse.notices"

// Notice takes what Postgres says beside its results, for run_sql; pools call it.
func Notice(conn *pgconn.PgConn, n *pgconn.Notice) {
	if listen, ok := conn.CustomData()[noticesKey].(func(*pgconn.Notice)); ok {
		listen(n)
	}
}

// executeTyped is execute for args.typed.
func executeTyped(ctx context.Context, conn *pgconn.PgConn, a *sqlArgs) ([]byte, error) {
	if err := refuseCopy(*a.SQL); err != nil {
		return nil, err
	}
	out := typedResult{Type: "CommandOk", Commands: []string{}, Results: []typedRows{}, Notices: []notice{}}
	conn.CustomData()[noticesKey] = func(n *pgconn.Notice) {
		if len(out.Notices) < maxNotices {
			out.Notices = append(out.Notices, notice{Severity: n.Severity, Message: n.Message, Detail: n.Detail, Hint: n.Hint})
		}
	}
	defer delete(conn.CustomData(), noticesKey)
	if err := a.limit(ctx, conn); err != nil {
		return nil, err
	}
	began := time.Now()
	if err := out.read(conn.Exec(ctx, *a.SQL), a); err != nil {
		return nil, placedError(err, *a.SQL)
	}
	out.Milliseconds = float64(time.Since(began).Microseconds()) / 1000
	if a.Timeout > 0 {
		if _, err := conn.Exec(ctx, `set local statement_timeout to default`).ReadAll(); err != nil {
			return nil, err
		}
	}
	if err := columnTypes(ctx, conn, out.Results); err != nil {
		return nil, err
	}
	out.typedRows = typedRows{Columns: []typedColumn{}, Rows: [][]*string{}}
	for _, r := range out.Results {
		if len(r.Columns) > 0 {
			out.Type, out.typedRows = "TuplesOk", r
		}
	}
	return marshal(out)
}

// limit has Postgres end statements that take longer than was asked for.
func (a *sqlArgs) limit(ctx context.Context, conn *pgconn.PgConn) error {
	if a.Timeout <= 0 {
		return nil
	}
	if a.NoTransaction {
		return errTimeout()
	}
	_, err := conn.Exec(ctx, fmt.Sprintf(`set local statement_timeout = %d`, a.Timeout)).ReadAll()
	return err
}

func errTimeout() error {
	return fault.New(fault.BadRequest, "", "timeout_ms is for a transaction")
}

func (out *typedResult) read(results *pgconn.MultiResultReader, a *sqlArgs) error {
	limit := a.MaxRows
	if limit <= 0 {
		limit = defaultMaxRows
	}
	left := maxTotal * limit
	for results.NextResult() {
		r := results.ResultReader()
		one := typedRows{Columns: []typedColumn{}, Rows: [][]*string{}, fields: append([]pgconn.FieldDescription(nil), r.FieldDescriptions()...)}
		for r.NextRow() {
			if one.RowCount++; len(one.Rows) < limit && left > 0 {
				one.Rows = append(one.Rows, texts(r.Values()))
				left--
			}
		}
		tag, err := r.Close()
		if err != nil {
			break // results.Close says it
		}
		one.Command = tag.String()
		out.Commands, out.Results = append(out.Commands, one.Command), append(out.Results, one)
	}
	return results.Close()
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

// columnTypes asks for the names of the columns' types. What it puts into the statement are numbers.
func columnTypes(ctx context.Context, conn *pgconn.PgConn, list []typedRows) error {
	type typeOf struct {
		oid uint32
		mod int32
	}
	var b strings.Builder
	of := map[typeOf][]*typedColumn{}
	var asked []typeOf
	for i := range list {
		one := &list[i]
		one.Columns = make([]typedColumn, len(one.fields))
		for j, f := range one.fields {
			one.Columns[j].Name = f.Name
			t := typeOf{f.DataTypeOID, f.TypeModifier}
			if of[t] == nil {
				if len(asked) > 0 {
					b.WriteString(" union all ")
				}
				fmt.Fprintf(&b, "select %d, pg_catalog.format_type(%d, %d)", len(asked), t.oid, t.mod)
				asked = append(asked, t)
			}
			of[t] = append(of[t], &one.Columns[j])
		}
	}
	if len(asked) == 0 {
		return nil
	}
	results, err := conn.Exec(ctx, b.String()).ReadAll()
	if err != nil {
		return fmt.Errorf("read the types' names: %w", err)
	}
	for i, line := range results[0].Rows {
		for _, column := range of[asked[i]] {
			column.Type = string(line[1])
		}
	}
	return nil
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
