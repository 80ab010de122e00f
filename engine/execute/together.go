package execute

import (
	"context"

	"github.com/jackc/pgx/v5"

	"gatehouse/engine/operation"
	"gatehouse/engine/translate"
)

// part is one statement of a mutation, and where its errors are reported.
type part struct {
	of        *translate.Step
	statement *translate.Statement
	path      string
	args      []any
}

// parts are a mutation's statements, when none of them needs what another gave and all are one source's.
func parts(todo []*translate.Step) (out []part, ok bool) {
	for _, s := range todo {
		if s.Source != todo[0].Source {
			return nil, false
		}
		if s.Read != nil { // a function that writes
			out = append(out, part{of: s, statement: s.Read, path: "$"})
			continue
		}
		w := s.Write
		if w.Insert != nil || w.Programs != nil || w.Answers != nil || w.Choices != nil {
			return nil, false
		}
		for _, st := range w.Statements {
			out = append(out, part{of: s, statement: st, path: w.Path})
		}
	}
	for _, p := range out {
		if len(p.statement.Patterns) > 0 { // to be tried first
			return nil, false
		}
	}
	return out, len(out) > 0
}

// together runs a mutation in one round trip. Postgres makes one transaction of what is sent before a sync (PG docs:
// protocol-flow, pipelining) and skips what follows an error; a failed check is an error. done is false when the steps
// must be run one after the other.
func (r *run) together(ctx context.Context, todo []*translate.Step) (done bool, err error) {
	all, ok := parts(todo)
	if !ok {
		return false, nil
	}
	src, err := r.e.source(todo[0].Source)
	if err != nil {
		return true, err
	}
	if !src.primary.isPrepared {
		return false, nil
	}
	spans := r.traced(operation.Mutation, todo)
	isExplicit := src.isolation != "" && (src.isolation != "read-committed" || len(all) > 1)
	if len(all) == 1 && !isExplicit {
		if json, done, err := src.primary.Multiplexer.insert(ctx, all[0].statement, r); done {
			spans.end(err)
			r.put(todo[0], json)
			r.wrote(ctx, src, err)
			return true, mapError(err, all[0].path, all[0].statement)
		}
	}
	for i := range all {
		if all[i].args, err = arguments(all[i].statement, r); err != nil {
			// An error of the statements before it would come first.
			return i == 0, err
		}
	}
	results, err := r.send(ctx, src, all, isExplicit)
	spans.end(err)
	r.wrote(ctx, src, err)
	if err != nil {
		return true, err
	}
	r.keepParts(todo, all, results)
	return true, nil
}

// send runs the parts in one transaction and gives their results.
func (r *run) send(ctx context.Context, src *source, all []part, isExplicit bool) ([]result, error) {
	conn, err := src.primary.Acquire(ctx)
	if err != nil {
		return nil, mapError(err, "$", nil)
	}
	defer conn.Release()
	var batch pgx.Batch
	if isExplicit {
		batch.Queue("begin isolation level " + string(isolation[src.isolation]) + " read write")
	}
	batch.Queue(setUser, r.SessionJSON())
	for _, p := range all {
		batch.Queue(p.statement.SQL, p.args...)
	}
	if isExplicit {
		batch.Queue("commit")
	}
	sent := conn.SendBatch(ctx, &batch)
	results, at, err := readParts(sent, all, isExplicit)
	if closed := sent.Close(); err == nil { // where deferred constraints speak
		err = closed
	}
	switch {
	case err == nil:
		return results, nil
	case isExplicit && !conn.Conn().IsClosed():
		// The connection is inside the failed transaction; left so, the pool would throw it away.
		_, _ = conn.Exec(context.WithoutCancel(ctx), "rollback")
	case len(all) == 1 && at == nil:
		at = &all[0]
	}
	if at == nil {
		return nil, mapError(err, "$", nil)
	}
	return nil, mapError(err, at.path, at.statement)
}

// readParts reads the results; at is the part that failed.
func readParts(sent pgx.BatchResults, all []part, isExplicit bool) (results []result, at *part, err error) {
	before := 1 // set_config
	if isExplicit {
		before++
	}
	for range before {
		if _, err := sent.Exec(); err != nil {
			return nil, nil, err
		}
	}
	results = make([]result, len(all))
	for i := range all {
		rows, err := sent.Query()
		if err == nil {
			results[i], err = readRows(all[i].statement, rows)
		}
		if err != nil {
			return nil, &all[i], err
		}
	}
	return results, nil, nil
}

// keepParts makes the steps' results of their parts'.
func (r *run) keepParts(todo []*translate.Step, all []part, results []result) {
	for _, s := range todo {
		var mine []result
		for len(all) > 0 && all[0].of == s {
			mine = append(mine, results[0])
			all, results = all[1:], results[1:]
		}
		if s.Write == nil || !s.Write.IsList {
			r.keep(s, mine[0])
			continue
		}
		items := make([][]byte, len(mine))
		for i, m := range mine {
			items[i] = m.append(nil)
		}
		r.put(s, jsonList(items))
	}
}
