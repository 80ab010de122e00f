package sheet

import (
	"context"
	"errors"
	"fmt"
	"slices"

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
	// Estimate is how many rows Postgres' planner takes it for, where they were not counted to the end.
	Estimate *int64 `json:"estimate"`
	// First and Last are the places of the first and the last row in the order; nil where there are none.
	First []*string `json:"first"`
	Last  []*string `json:"last"`
}

// Row is a row as it was read.
type Row struct {
	Values []*string `json:"values"`
	// Cut are the positions of values that are longer than what is shown.
	Cut []int `json:"cut,omitempty"`
	// Version is of the row's content, Place where it was stored.
	Version string `json:"version"`
	Place   string `json:"place,omitempty"`

	order []*string
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
	if out.Rows, err = collect(ctx, tx, query, t, len(columns), r.IsWhole); err != nil {
		return nil, err
	}
	if r.isBackwards() {
		slices.Reverse(out.Rows)
	}
	if n := len(out.Rows); n > 0 && isTotal(t) {
		out.First, out.Last = tellable(out.Rows[0].order), tellable(out.Rows[n-1].order)
	}
	if r.Counts {
		if err := r.count(ctx, tx, t, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// collect runs a statement that gives the values of columns as text, the version, the place if there is one, and perhaps the
// place in the order.
func collect(ctx context.Context, tx pgx.Tx, s pgsql.Statement, t *catalog.Table, columns int, isWhole bool) ([]Row, error) {
	sql, args := pgsql.Print(s)
	rows, err := tx.Query(ctx, sql, append([]any{pgx.QueryExecModeExec, pgx.QueryResultFormats{pgx.TextFormatCode}}, args...)...)
	if err != nil {
		return nil, failed(err)
	}
	defer rows.Close()
	list := []Row{}
	for rows.Next() {
		list = append(list, readRow(rows.RawValues(), t, columns, isWhole))
	}
	return list, failed(rows.Err())
}

func readRow(raw [][]byte, t *catalog.Table, columns int, isWhole bool) Row {
	one := Row{Values: texts(raw[:columns]), Version: string(raw[columns])}
	raw = raw[columns+1:]
	if hasPlace(t) {
		one.Place = string(raw[0])
		raw = raw[1:]
	}
	one.order = texts(raw)
	if isWhole {
		return one
	}
	for i, v := range one.Values {
		if v == nil {
			continue
		}
		if cut, isCut := shorten(*v); isCut {
			one.Values[i] = &cut
			one.Cut = append(one.Cut, i)
		}
	}
	return one
}

// tellable is nil for a place that is too long to be named in an address: offsets serve there.
func tellable(place []*string) []*string {
	total := 0
	for _, v := range place {
		if v != nil {
			total += len(*v)
		}
	}
	if total > maxText {
		return nil
	}
	return place
}

func texts(raw [][]byte) []*string {
	out := make([]*string, len(raw))
	for i, v := range raw {
		if v != nil {
			text := string(v)
			out[i] = &text
		}
	}
	return out
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

// count counts within its bounds, and leaves more than that to the planner's estimate.
func (r *Read) count(ctx context.Context, tx pgx.Tx, t *catalog.Table, out *Rows) error {
	if err := r.countExactly(ctx, tx, t, out); err != nil || out.Count != nil && !out.IsCapped {
		return err
	}
	where, err := condition(t, r.Where)
	if err != nil {
		return err
	}
	sql, args := pgsql.Print(&pgsql.Select{
		Output: []pgsql.Output{{Expr: pgsql.Int(1)}}, From: pgsql.Table{Name: nameOf(t.Name), As: row}, Where: where,
	})
	var plan []struct {
		Plan struct {
			Rows float64 `json:"Plan Rows"`
		}
	}
	err = tx.QueryRow(ctx, "explain (format json) "+sql, append([]any{pgx.QueryExecModeExec}, args...)...).Scan(&plan)
	if err != nil {
		return failed(err)
	}
	if len(plan) == 1 {
		n := int64(plan[0].Plan.Rows)
		if out.Count != nil {
			n = max(n, *out.Count+1) // it is known to be more
		}
		out.Estimate = &n
	}
	return nil
}

// countExactly leaves what cannot be counted in time.
func (r *Read) countExactly(ctx context.Context, tx pgx.Tx, t *catalog.Table, out *Rows) error {
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
