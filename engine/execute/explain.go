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

// Explain asks Postgres how it would run reading steps, what is joined to them included. Nothing is run.
func (e *Executor) Explain(ctx context.Context, steps []translate.Step, r Request) ([]Explanation, error) {
	run := &run{e: e, r: r}
	out := []Explanation{}
	var err error
	add := func(field string, s *translate.Step) {
		x := Explanation{Field: field}
		if s.Read != nil && err == nil {
			x.SQL = &s.Read.SQL
			x.Plan, err = run.explain(ctx, s)
		}
		out = append(out, x)
	}
	var addJoins func(field string, joins translate.Joins)
	addJoins = func(field string, joins translate.Joins) {
		for i := range joins {
			at := &joins[i]
			here := field + "." + at.Key
			addJoins(here, at.Inside)
			if at.Join != nil {
				add(here, &at.Join.Step)
				addJoins(here, at.Join.Joins)
			}
		}
	}
	leaves(steps, func(s *translate.Step) {
		add(s.Alias, s)
		addJoins(s.Alias, s.Joins)
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
