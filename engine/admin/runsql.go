package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"gatehouse/engine/catalog"
	"gatehouse/engine/fault"
	"gatehouse/engine/metadata"
)

type sqlArgs struct {
	SQL           *string `json:"sql"`
	Source        string  `json:"source"`
	Cascade       bool    `json:"cascade"`
	Check         *bool   `json:"check_metadata_consistency"`
	ReadOnly      bool    `json:"read_only"`
	NoTransaction bool    `json:"no_transaction"`
	// Typed, MaxRows and Timeout are Gatehouse's own; see typedResult.
	Typed   bool `json:"typed"`
	MaxRows int  `json:"max_rows"`
	// Timeout ends a statement, in milliseconds; it is for typed answers.
	Timeout int `json:"timeout_ms"`
}

func parseSQL(r *request) (*sqlArgs, error) {
	var a sqlArgs
	if err := json.Unmarshal(r.args, &a); err != nil {
		return nil, misread(r.parsePath, err)
	}
	if a.SQL == nil {
		return nil, fault.New(fault.ParseFailed, r.parsePath, "key %q not found", "sql")
	}
	if a.Source == "" {
		a.Source = metadata.DefaultSource
	}
	return &a, nil
}

// changesSchema finds what may change the part of the schema that metadata relies on (Hasura:
// Backends/Postgres/DDL/RunSQL). creates finds what may add to it.
var (
	changesSchema = regexp.MustCompile(`(?im)\balter\b|\bdrop\b|\breplace\b|\bcreate function\b|\bcomment on\b`)
	creates       = regexp.MustCompile(`(?i)\bcreate\b`)
)

// needsCheck tells whether metadata must be compared with the schema after a run_sql.
func needsCheck(args json.RawMessage) bool {
	var a sqlArgs
	if json.Unmarshal(args, &a) != nil || a.SQL == nil || a.ReadOnly {
		return false
	}
	if a.Check != nil {
		return *a.Check
	}
	return changesSchema.MatchString(*a.SQL)
}

// mayCreate tells whether a run_sql may leave the catalog that is known out of date.
func mayCreate(args json.RawMessage) bool {
	var a sqlArgs
	return json.Unmarshal(args, &a) == nil && a.SQL != nil && !a.ReadOnly && creates.MatchString(*a.SQL)
}

// plainSQL runs SQL that does not concern metadata.
func (e *execution) plainSQL(ctx context.Context, v View, r *request) ([]byte, error) {
	a, err := parseSQL(r)
	if err != nil {
		return nil, err
	}
	pool, err := v.Pool(a.Source)
	if err == nil {
		err = e.mayRun(ctx, pool, a)
	}
	if err != nil {
		return nil, under(r.runPath, err)
	}
	if !a.ReadOnly {
		defer v.Wrote(a.Source)
	}
	if a.NoTransaction && !a.ReadOnly { // what only reads needs none, and would not be held to it
		conn, err := pool.Acquire(ctx)
		if err != nil {
			return nil, err
		}
		defer conn.Release()
		answer, err := a.execute(ctx, conn.Conn().PgConn())
		return answer, under(r.runPath, err)
	}
	mode := pgx.ReadWrite
	if a.ReadOnly {
		mode = pgx.ReadOnly
	}
	var answer []byte
	err = pgx.BeginTxFunc(ctx, pool, pgx.TxOptions{AccessMode: mode}, func(tx pgx.Tx) error {
		if err := e.setUser(ctx, tx); err != nil {
			return err
		}
		answer, err = a.execute(ctx, tx.Conn().PgConn())
		return err
	})
	return answer, under(r.runPath, commitError(err, *a.SQL))
}

// setUser shows the session to triggers and functions (Hasura: hasura.user).
func (e *execution) setUser(ctx context.Context, tx pgx.Tx) error {
	vars, err := json.Marshal(e.session.Variables)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `select pg_catalog.set_config('hasura.user', $1, true)`, string(vars))
	return err
}

// errCommit marks errors of a commit: unless Postgres has refused it, it may have been done.
var errCommit = errors.New("commit")

// runSQL runs SQL that may change the schema. The change is compared with the metadata before it is committed: renames
// are followed, what depends on something dropped is refused or, with cascade, dropped.
func (e *execution) runSQL(ctx context.Context, d Draft, r *request) ([]byte, error) {
	a, err := parseSQL(r)
	if err != nil {
		return nil, err
	}
	if !needsCheck(r.args) {
		d.Acted()
		answer, err := e.plainSQL(ctx, d, r)
		d.MayHaveChanged(a.Source)
		return answer, err
	}
	if a.NoTransaction {
		d.Acted()
		answer, err := e.plainSQL(ctx, d, r)
		if err != nil {
			return nil, err
		}
		return answer, under(r.runPath, d.Rebuild(ctx, d.Metadata(), a.Source))
	}
	pool, err := d.Pool(a.Source)
	if err == nil {
		err = e.mayRun(ctx, pool, a)
	}
	if err != nil {
		return nil, under(r.runPath, err)
	}
	defer d.Wrote(a.Source)
	restore := d.Mark()
	var answer []byte
	isEnding := false // it is committed next
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if err := e.setUser(ctx, tx); err != nil {
			return err
		}
		if answer, err = a.execute(ctx, tx.Conn().PgConn()); err != nil {
			return err
		}
		after, err := catalog.Load(ctx, tx)
		if err != nil {
			return err
		}
		after = after.Share(d.Catalog(a.Source))
		err = follow(ctx, d, a, after, tx)
		isEnding = err == nil
		return err
	})
	if err != nil {
		restore()
		err = commitError(err, *a.SQL)
		if isEnding {
			err = fmt.Errorf("%w: %w", errCommit, err)
		}
		return nil, under(r.runPath, err)
	}
	d.Acted()
	return answer, nil
}

// follow brings the draft in line with a source's catalog after a change.
func follow(ctx context.Context, d Draft, a *sqlArgs, after *catalog.Catalog, tx pgx.Tx) error {
	doc, facts := d.Metadata(), d.Facts()
	change := compare(doc.Source(a.Source), d.Catalog(a.Source), after)
	if err := change.refusal(doc, facts); err != nil {
		return err
	}
	gone := change.objects
	if dependents := change.dependents(doc, facts); len(dependents) > 0 {
		if !a.Cascade {
			return metadata.RefuseDependents(dependents)
		}
		for _, dependent := range dependents {
			gone = append(gone, dependent.ID)
		}
	}
	adapt := func(doc *metadata.Metadata) *metadata.Metadata {
		doc = doc.Without(gone...)
		for _, c := range change.droppedColumns {
			doc = doc.DropColumn(a.Source, c.Table, c.Column)
		}
		return doc.Rename(facts, a.Source, change.renames)
	}
	before := d.Inconsistencies()
	if err := d.RebuildIn(ctx, adapt(doc), a.Source, after, tx); err != nil {
		return err
	}
	if fresh := newInconsistencies(before, d.Inconsistencies()); len(fresh) > 0 {
		return newlyFound(fresh)
	}
	return d.Announce(ctx, tx, a.Source, adapt)
}

// sqlFailure is the internal part of a failed run_sql, as Hasura's database library gives it.
type sqlFailure struct {
	Statement string   `json:"statement"`
	Prepared  bool     `json:"prepared"`
	Error     sqlError `json:"error"`
	Arguments []string `json:"arguments"`
}

type sqlError struct {
	ExecStatus  string  `json:"exec_status"`
	Hint        *string `json:"hint"`
	Message     string  `json:"message"`
	StatusCode  string  `json:"status_code"`
	Description *string `json:"description"`
}

// commitError is the client's answer to an error of Postgres.
func commitError(err error, sql string) error {
	var pgErr *pgconn.PgError
	var known *fault.Error
	if errors.As(err, &known) || !errors.As(err, &pgErr) {
		return err
	}
	return fault.New(fault.PostgresError, "", "query execution failed").WithInternal(sqlFailure{
		Statement: sql, Arguments: []string{},
		Error: sqlError{"FatalError", orNull(pgErr.Hint), pgErr.Message, pgErr.Code, orNull(pgErr.Detail)},
	}).WithCause(err)
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func (a *sqlArgs) execute(ctx context.Context, conn *pgconn.PgConn) ([]byte, error) {
	if a.Typed {
		return executeTyped(ctx, conn, a)
	}
	return execute(ctx, conn, *a.SQL)
}

// execute sends SQL as one simple query, which may hold several statements; the last one's result is the answer.
func execute(ctx context.Context, conn *pgconn.PgConn, sql string) ([]byte, error) {
	if err := refuseCopy(sql); err != nil {
		return nil, err
	}
	var table [][]string // of the last statement; nil when it gives no rows
	results := conn.Exec(ctx, sql)
	for results.NextResult() {
		table = readTable(results.ResultReader())
	}
	if err := results.Close(); err != nil {
		return nil, commitError(err, sql)
	}
	if table == nil {
		return []byte(`{"result_type":"CommandOk","result":null}`), nil
	}
	return marshal(struct {
		Type   string     `json:"result_type"`
		Result [][]string `json:"result"`
	}{"TuplesOk", table})
}

// readTable reads a statement's rows below a row of column names.
func readTable(r *pgconn.ResultReader) [][]string {
	columns := r.FieldDescriptions()
	if len(columns) == 0 {
		return nil
	}
	header := make([]string, len(columns))
	for i, c := range columns {
		header[i] = c.Name
	}
	table := [][]string{header}
	for r.NextRow() {
		line := make([]string, len(columns))
		for i, value := range r.Values() {
			if value == nil {
				line[i] = "NULL" // Hasura's way to show it
			} else {
				line[i] = string(value)
			}
		}
		table = append(table, line)
	}
	return table
}
