package sheet

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"gatehouse/engine/catalog"
	"gatehouse/engine/fault"
	"gatehouse/engine/pgsql"
)

// Rows is the answer to a Read.
type Rows struct {
	Columns []string `json:"columns"`
	// Rows are the columns' values, nil for null.
	Rows []Row `json:"rows"`
	// Identity are the columns that tell a row from others; empty where only its place does, or nothing.
	Identity []string `json:"identity"`
	// Count is nil where it was not asked for, or took too long; IsCapped that there are more than Count.
	Count    *int64 `json:"count"`
	IsCapped bool   `json:"count_capped"`
}

// Row is a row as it was read.
type Row struct {
	Values []*string `json:"values"`
	// Cut are the positions of values that are longer than what is shown.
	Cut []int `json:"cut,omitempty"`
	// Version is of the row's content, Place where it was stored.
	Version string `json:"version"`
	Place   string `json:"place,omitempty"`
}

// countUpTo bounds what is counted, countTime how long it takes.
const (
	countUpTo = 100_000
	countTime = "3s"
)

// Run reads rows.
func (r *Read) Run(ctx context.Context, tx pgx.Tx, t *catalog.Table) (*Rows, error) {
	if r.Limit <= 0 || r.Limit > maxRows {
		r.Limit = min(max(r.Limit, 100), maxRows)
	}
	query, columns, err := r.query(t)
	if err != nil {
		return nil, err
	}
	out := &Rows{Rows: []Row{}, Identity: identity(t)}
	if out.Identity == nil {
		out.Identity = []string{}
	}
	for _, c := range columns {
		out.Columns = append(out.Columns, c.Name)
	}
	if out.Rows, err = collect(ctx, tx, query, len(columns), r.IsWhole); err != nil {
		return nil, err
	}
	if r.Counts {
		if err := r.count(ctx, tx, t, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// collect runs a statement that gives values as text, the version and perhaps the place.
func collect(ctx context.Context, tx pgx.Tx, s pgsql.Statement, columns int, isWhole bool) ([]Row, error) {
	sql, args := pgsql.Print(s)
	rows, err := tx.Query(ctx, sql, append([]any{pgx.QueryExecModeExec, pgx.QueryResultFormats{pgx.TextFormatCode}}, args...)...)
	if err != nil {
		return nil, failed(err)
	}
	defer rows.Close()
	list := []Row{}
	for rows.Next() {
		list = append(list, readRow(rows.RawValues(), columns, isWhole))
	}
	return list, failed(rows.Err())
}

func readRow(raw [][]byte, columns int, isWhole bool) Row {
	one := Row{Values: make([]*string, columns), Version: string(raw[columns])}
	if len(raw) > columns+1 {
		one.Place = string(raw[columns+1])
	}
	for i, v := range raw[:columns] {
		if v == nil {
			continue
		}
		text := string(v)
		if cut, isCut := shorten(text); isCut && !isWhole {
			text = cut
			one.Cut = append(one.Cut, i)
		}
		one.Values[i] = &text
	}
	return one
}

// shorten leaves maxText characters.
func shorten(text string) (string, bool) {
	if len(text) <= maxText {
		return text, false
	}
	n := 0
	for at := range text {
		if n == maxText {
			return text[:at], true
		}
		n++
	}
	return text, false
}

// count counts within its bounds; rows that cannot be counted in time are not.
func (r *Read) count(ctx context.Context, tx pgx.Tx, t *catalog.Table, out *Rows) error {
	where, err := condition(t, r.Where)
	if err != nil {
		return err
	}
	sql, args := pgsql.Print(&pgsql.Select{
		Output: []pgsql.Output{{Expr: pgsql.Call{Func: builtin("count"), Star: true}}},
		From: pgsql.Derived{As: row, Query: &pgsql.Select{
			Output: []pgsql.Output{{Expr: pgsql.Int(1)}},
			From:   pgsql.Table{Name: nameOf(t.Name), As: row}, Where: where, Limit: pgsql.Int(countUpTo + 1),
		}},
	})
	inner, err := tx.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = inner.Rollback(ctx) }()
	if _, err := inner.Exec(ctx, `set local statement_timeout = '`+countTime+`'`); err != nil {
		return err
	}
	var n int64
	err = inner.QueryRow(ctx, sql, append([]any{pgx.QueryExecModeExec}, args...)...).Scan(&n)
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) && pgErr.Code == "57014" { // query_canceled
		return nil
	}
	if err != nil {
		return failed(err)
	}
	if out.IsCapped = n > countUpTo; out.IsCapped {
		n = countUpTo
	}
	out.Count = &n
	return nil
}

// failed is a client's error for what Postgres refuses, in Postgres' words: who edits a table knows what it is.
func failed(err error) error {
	var pgErr *pgconn.PgError
	var told *fault.Error
	if !errors.As(err, &pgErr) || errors.As(err, &told) {
		return err
	}
	message := pgErr.Message
	if pgErr.Detail != "" {
		message = fmt.Sprintf("%s (%s)", message, pgErr.Detail)
	}
	return fault.New(fault.PostgresError, fault.Root, "%s", message).
		WithInternal(map[string]string{"status_code": pgErr.Code, "column": pgErr.ColumnName, "constraint": pgErr.ConstraintName, "hint": pgErr.Hint}).WithCause(err)
}

// Refused is the client's answer to an error of a commit, where deferred constraints are checked.
func Refused(err error) error { return failed(err) }
