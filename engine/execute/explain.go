package execute

import (
	"context"

	"github.com/jackc/pgx/v5"

	"gatehouse/engine/translate"
)

// Explanation is a root field's statement and Postgres' plan of it; both are nil where no database is asked.
type Explanation struct {
	Field string   `json:"field"`
	SQL   *string  `json:"sql"`
	Plan  []string `json:"plan"`
}

// Explain asks Postgres how it would run reading steps. Nothing is run.
func (e *Executor) Explain(ctx context.Context, steps []translate.Step, r Request) ([]Explanation, error) {
	run := &run{e: e, r: r}
	out := []Explanation{}
	var err error
	leaves(steps, func(s *translate.Step) {
		x := Explanation{Field: s.Alias}
		if s.Read != nil && err == nil {
			x.SQL = &s.Read.SQL
			x.Plan, err = run.explain(ctx, s)
		}
		out = append(out, x)
	})
	return out, err
}

func (r *run) explain(ctx context.Context, s *translate.Step) ([]string, error) {
	args, err := arguments(s.Read, r)
	if err != nil {
		return nil, err
	}
	return r.e.explain(ctx, s.Source, s.Read, args)
}

func (e *Executor) explain(ctx context.Context, source string, s *translate.Statement, args []any) ([]string, error) {
	src, err := e.source(source)
	if err != nil {
		return nil, err
	}
	tx, end, err := src.primary.begin(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly})
	if err != nil {
		return nil, mapError(err, "$", nil)
	}
	defer end()
	rows, err := tx.Query(ctx, "explain (format text) "+s.SQL, args...)
	if err != nil {
		return nil, mapError(err, "$", s)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return lines, mapError(err, "$", s)
}
