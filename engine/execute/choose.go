package execute

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"gatehouse/engine/fault"
	"gatehouse/engine/translate"
)

// choose does the first of a step's choices that goes through. What a refused one wrote is undone. Where none does, the
// first refusal by the database says more than that of a role's check.
func (r *run) choose(ctx context.Context, tx pgx.Tx, s *translate.Step) error {
	var refused error
	for _, choice := range s.Write.Choices {
		attempt, err := tx.Begin(ctx) // a savepoint
		if err != nil {
			return mapError(err, "$", nil)
		}
		one := *s
		one.Write = choice
		if err = r.write(ctx, attempt, &one); err == nil {
			for i := range r.results {
				if r.results[i].of == &one {
					r.results[i].of = s
				}
			}
			return mapError(attempt.Commit(ctx), "$", nil)
		}
		isCheck, isData := isRefusal(err)
		if !isCheck && !isData {
			return err
		}
		if was, _ := isRefusal(refused); refused == nil || was && isData {
			refused = err
		}
		if err := attempt.Rollback(ctx); err != nil {
			return mapError(err, "$", nil)
		}
	}
	return refused
}

// isRefusal tells whether a role's check refused a write, or something did for the data's sake, where another role's rules
// may do better: a value (PG docs: errcodes-appendix, classes 21, 22 and 23), or a row that others need and that a conflict
// kept out.
func isRefusal(err error) (isCheck, isData bool) {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || len(pg.Code) < 2 {
		var known *fault.Error
		return false, errors.As(err, &known) && known.Code == fault.NotSupported
	}
	if strings.Contains(pg.Message, translate.CheckFailed) {
		return true, false
	}
	class := pg.Code[:2]
	return false, class == "21" || class == "22" || class == "23"
}
