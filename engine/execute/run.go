package execute

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"gatehouse/engine/operation"
	"gatehouse/engine/plan"
	"gatehouse/engine/schema"
	"gatehouse/engine/session"
	"gatehouse/engine/translate"
	"gatehouse/postgres"
	"gatehouse/telemetry"
)

// Request is what steps need to know of one request.
type Request struct {
	Bound   *operation.Bound
	Session *session.Session
	Schema  *schema.Schema
	// Remember keeps an introspection's answer, or finds it; nil keeps none.
	Remember func(i *plan.Introspect, answer func() []byte) []byte
	// TimeLimit is how long one poll of a subscription may take; 0 is not limited. Other operations have a context that ends.
	TimeLimit time.Duration
	// Seen is what the caller knows to be written, and learns what was; nil where there are no replicas.
	Seen *Seen
	// Span is the operation's, nil where it is not traced; ShowsSQL has the spans within it show their statements.
	Span     *telemetry.Span
	ShowsSQL bool
}

// Run executes an operation's steps and gives the response body, {"data":{…}}.
func (e *Executor) Run(ctx context.Context, kind operation.Kind, steps []translate.Step, r Request) ([]byte, error) {
	run := &run{e: e, r: r}
	if len(steps) == 1 && steps[0].Introspect != nil {
		return run.introspection(&steps[0]), nil
	}
	var err error
	if kind == operation.Mutation {
		err = run.mutation(ctx, steps)
	} else {
		err = run.query(ctx, steps)
	}
	if err == nil {
		if err = run.join(ctx, steps); err != nil && kind == operation.Mutation {
			err = Committed{err}
		}
	}
	if err != nil {
		return nil, err
	}
	body := append(make([]byte, 0, run.size+64), `{"data":`...)
	return append(run.object(body, steps), '}'), nil
}

// Committed is an error that came when a mutation was committed already, so that it must not be run again.
type Committed struct{ error }

func (c Committed) Unwrap() error { return c.error }

// introspection is the body of a request for nothing else. It can be many megabytes, so it is kept as it is sent.
func (r *run) introspection(s *translate.Step) []byte {
	body := func() []byte {
		return introspectAround(`{"data":{"`+s.Alias+`":`, r.r.Schema, s.Introspect.Field, r.r.Bound, "}}")
	}
	if r.r.Remember != nil && fixed(s.Introspect.Field) {
		return r.r.Remember(s.Introspect, body)
	}
	return body()
}

type run struct {
	e *Executor
	r Request
	// results are looked through, which is faster than a map: few, or in the order they are asked for.
	results []result
	size    int
	// at is the result looked at next.
	at int
	// batches are the joins done so far.
	batches []*batch
}

// leaves are the steps that do something, groups opened.
func leaves(steps []translate.Step, visit func(*translate.Step)) {
	for i := range steps {
		if s := &steps[i]; s.IsGroup {
			leaves(s.Group, visit)
		} else {
			visit(s)
		}
	}
}

func (r *run) local(s *translate.Step) bool {
	switch {
	case s.Constant != nil:
		r.put(s, s.Constant)
	case s.Introspect != nil:
		answer := func() []byte { return introspect(r.r.Schema, s.Introspect.Field, r.r.Bound) }
		if r.r.Remember != nil && fixed(s.Introspect.Field) {
			r.put(s, r.r.Remember(s.Introspect, answer))
		} else {
			r.put(s, answer())
		}
	default:
		return false
	}
	return true
}

func (r *run) put(s *translate.Step, json []byte) { r.keep(s, result{json: json}) }

func (r *run) keep(s *translate.Step, out result) {
	out.of = s
	r.results = append(r.results, out)
	r.size += out.size() + len(s.Alias) + 8
}

// object writes the response keys in the order selected.
func (r *run) object(body []byte, steps []translate.Step) []byte {
	body = append(body, '{')
	for i := range steps {
		s := &steps[i]
		if i > 0 {
			body = append(body, ',')
		}
		body = append(append(append(body, '"'), s.Alias...), '"', ':')
		body = r.value(body, s)
	}
	return append(body, '}')
}

func (r *run) value(body []byte, s *translate.Step) []byte {
	switch {
	case s.IsList:
		body = append(body, '[')
		for i := range s.Group {
			if i > 0 {
				body = append(body, ',')
			}
			body = r.value(body, &s.Group[i])
		}
		return append(body, ']')
	case s.IsGroup:
		return r.object(body, s.Group)
	}
	for range r.results {
		out := r.results[r.at]
		r.at = (r.at + 1) % len(r.results)
		if out.of == s {
			return out.append(body)
		}
	}
	return body
}

// query runs reading steps: one statement on its own; several of one source in one snapshot, so that the parts of a
// response fit together.
func (r *run) query(ctx context.Context, steps []translate.Step) error {
	if len(steps) == 1 && steps[0].Read != nil {
		return r.read(ctx, steps[0].Source, []*translate.Step{&steps[0]})
	}
	var order []string
	bySource := map[string][]*translate.Step{}
	leaves(steps, func(s *translate.Step) {
		if r.local(s) {
			return
		}
		if bySource[s.Source] == nil {
			order = append(order, s.Source)
		}
		bySource[s.Source] = append(bySource[s.Source], s)
	})
	for _, name := range order {
		if err := r.read(ctx, name, bySource[name]); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) read(ctx context.Context, name string, steps []*translate.Step) error {
	src, err := r.e.source(name)
	if err != nil {
		return err
	}
	spans := r.traced(operation.Query, steps)
	if src.replicas != nil {
		err = r.readBeside(ctx, src, steps)
	} else {
		err = r.readOn(ctx, src.primary, steps)
	}
	spans.end(err)
	return err
}

// readOn runs reading steps of one source on one of its servers.
func (r *run) readOn(ctx context.Context, on *server, steps []*translate.Step) (err error) {
	if len(steps) == 1 {
		if result, done, err := on.Multiplexer.lookup(ctx, steps[0].Read, r); done {
			r.put(steps[0], result)
			return mapError(err, "$", steps[0].Read)
		}
	}
	args := make([][]any, len(steps))
	for i, s := range steps {
		if args[i], err = arguments(s.Read, r); err != nil {
			return err
		}
	}
	if len(steps) > 1 {
		return r.readSeveral(ctx, on, steps, args)
	}
	conn, err := on.Acquire(ctx)
	if err != nil {
		return mapError(err, "$", nil)
	}
	defer conn.Release()
	out, err := one(ctx, conn, steps[0].Read, args[0])
	if err != nil {
		return mapError(err, "$", steps[0].Read)
	}
	r.keep(steps[0], out)
	return nil
}

// readSeveral reads several root fields in one snapshot. What a native query does is not known before: where one writes,
// the transaction may not be one that only reads.
func (r *run) readSeveral(ctx context.Context, on *server, steps []*translate.Step, args [][]any) error {
	if slices.ContainsFunc(steps, func(s *translate.Step) bool { return s.Read.IsVolatile }) {
		return r.readIn(ctx, on, steps, args, pgx.ReadWrite)
	}
	kept, size := len(r.results), r.size
	err := r.readIn(ctx, on, steps, args, pgx.ReadOnly)
	if postgres.Code(err) == readOnlyTransaction && !on.isReplica {
		r.results, r.size = r.results[:kept], size
		err = r.readIn(ctx, on, steps, args, pgx.ReadWrite)
	}
	return err
}

// readOnlyTransaction is the SQLSTATE of a write where none may be, on a replica too.
const readOnlyTransaction = "25006"

// readIn reads them in one transaction. It calls the methods by name: through a value, the arguments of every read would
// go to the heap.
func (r *run) readIn(ctx context.Context, on *server, steps []*translate.Step, args [][]any, mode pgx.TxAccessMode) error {
	if on.isPrepared {
		return r.readTogether(ctx, on, steps, args, mode)
	}
	return r.readInTurn(ctx, on, steps, args, mode)
}

// readInTurn reads one root field after the other.
func (r *run) readInTurn(ctx context.Context, on *server, steps []*translate.Step, args [][]any, mode pgx.TxAccessMode) error {
	tx, end, err := on.begin(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: mode})
	if err != nil {
		return mapError(err, "$", nil)
	}
	defer end()
	for i, s := range steps {
		out, err := one(ctx, tx, s.Read, args[i])
		if err != nil {
			return mapError(err, "$", s.Read)
		}
		r.keep(s, out)
	}
	return mapError(tx.Commit(ctx), "$", nil)
}

// readTogether reads them in one round trip.
func (r *run) readTogether(ctx context.Context, on *server, steps []*translate.Step, args [][]any, mode pgx.TxAccessMode) error {
	conn, err := on.Acquire(ctx)
	if err != nil {
		return mapError(err, "$", nil)
	}
	defer conn.Release()
	for i, s := range steps {
		if err := tryPatterns(ctx, conn, s.Read, args[i]); err != nil {
			return mapError(err, "$", s.Read)
		}
	}
	var batch pgx.Batch
	batch.Queue("begin isolation level repeatable read " + string(mode))
	for i, s := range steps {
		batch.Queue(s.Read.SQL, args[i]...)
	}
	batch.Queue("commit")
	results := conn.SendBatch(ctx, &batch)
	_, err = results.Exec()
	var at *translate.Statement
	for _, s := range steps {
		if err != nil {
			break
		}
		at = s.Read
		var rows pgx.Rows
		var out result
		if rows, err = results.Query(); err == nil {
			out, err = readRows(s.Read, rows)
		}
		r.keep(s, out)
	}
	if closed := results.Close(); err == nil {
		err = closed
	}
	if err != nil {
		// The connection is inside the failed transaction; left so, the pool would throw it away.
		if !conn.Conn().IsClosed() {
			_, _ = conn.Exec(context.WithoutCancel(ctx), "rollback")
		}
		return mapError(err, "$", at)
	}
	return nil
}

func rollback(tx pgx.Tx) { _ = tx.Rollback(context.WithoutCancel(context.Background())) }

type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// one runs a statement and gives its result as JSON.
func one(ctx context.Context, q querier, s *translate.Statement, args []any) (result, error) {
	if err := tryPatterns(ctx, q, s, args); err != nil {
		return null, err
	}
	rows, err := q.Query(ctx, s.SQL, append([]any{pgx.QueryResultFormats(s.Formats())}, args...)...)
	if err != nil {
		return null, err
	}
	return readRows(s, rows)
}

// values runs a statement and gives the first row's columns as text; no row is no columns.
func values(ctx context.Context, q querier, s *translate.Statement, args []any) ([][]byte, error) {
	if err := tryPatterns(ctx, q, s, args); err != nil {
		return nil, err
	}
	rows, err := q.Query(ctx, s.SQL, append([]any{pgx.QueryResultFormats{pgx.TextFormatCode}}, args...)...)
	if err != nil {
		return nil, err
	}
	return firstRow(rows)
}

// tryPatterns fails when the statement would on some rows and not on others.
func tryPatterns(ctx context.Context, q querier, s *translate.Statement, args []any) error {
	for _, i := range s.Patterns {
		if err := tryPattern(ctx, q, s.Args[i].Try(), args[i]); err != nil {
			return err
		}
	}
	return nil
}

// tryPattern runs a statement that fails on a pattern or says nothing.
func tryPattern(ctx context.Context, q querier, sql string, pattern any) error {
	rows, err := q.Query(ctx, sql, pattern)
	if err == nil {
		_, err = firstRow(rows)
	}
	return err
}

// firstRow copies the first row's bytes and closes rows.
func firstRow(rows pgx.Rows) ([][]byte, error) {
	defer rows.Close()
	var out [][]byte
	for rows.Next() {
		if out != nil {
			continue
		}
		raw := rows.RawValues()
		out = make([][]byte, len(raw))
		for i, v := range raw {
			if v != nil {
				out[i] = append([]byte{}, v...)
			}
		}
	}
	return out, rows.Err()
}

// Arguments are the values a statement's parameters would have in a request, as text; nil is null.
func (r Request) Arguments(s *translate.Statement) ([]any, error) { return arguments(s, &run{r: r}) }

// arguments are the values of a statement's parameters, as text.
func arguments(s *translate.Statement, in translate.Values) ([]any, error) {
	out := make([]any, len(s.Args))
	for i, a := range s.Args {
		text, err := a.Text(in)
		if err != nil {
			return nil, err
		}
		if text != nil {
			out[i] = *text
		}
	}
	return out, nil
}

// Variable, Session, SessionJSON and Produced make a run translate.Values.

func (r *run) Variable(v *schema.Variable) json.RawMessage { return r.r.Bound.Raw(v) }

func (r *run) Session(name string) (string, bool) {
	v, ok := r.r.Session.Variables[name]
	return v, ok
}

func (r *run) SessionJSON() string { return sessionJSON(r.r.Session) }

func (r *run) Produced(v schema.Produced) *string { return r.keys(v) }

func sessionJSON(s *session.Session) string {
	names := make([]string, 0, 8)
	for name := range s.Variables {
		names = append(names, name)
	}
	slices.Sort(names)
	out := []byte{'{'}
	for i, name := range names {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(appendText(out, name), ':')
		out = appendText(out, s.Variables[name])
	}
	return string(append(out, '}'))
}

// appendText appends a JSON string.
func appendText(out []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			raw, err := json.Marshal(s)
			if err != nil {
				panic(fmt.Sprintf("execute: text does not encode: %v", err))
			}
			return append(out, raw...)
		}
	}
	return append(append(append(out, '"'), s...), '"')
}
