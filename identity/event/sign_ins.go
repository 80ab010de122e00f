package event

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// SignIns counts sign-ins and failed attempts at one in n steps from a time on.
func SignIns(ctx context.Context, db Querier, from time.Time, step time.Duration, n int) (done, failed []int64, err error) {
	rows, err := db.Query(ctx, `
select floor(extract(epoch from created_at - $1) / $2)::int as step,
  count(*) filter (where key = 'Interaction.Submit' and payload ->> 'result' = 'Success'),
  count(*) filter (where payload ->> 'result' = 'Error')
from identity.logs
where created_at >= $1 and (key = 'Interaction.Submit' or key like 'Interaction.%.Verification.%')
group by step`, from, step.Seconds())
	if err != nil {
		return nil, nil, fmt.Errorf("count sign-ins: %w", err)
	}
	done, failed = make([]int64, n), make([]int64, n)
	var k int
	var ok, bad int64
	_, err = pgx.ForEachRow(rows, []any{&k, &ok, &bad}, func() error {
		if k >= 0 && k < n {
			done[k], failed[k] = ok, bad
		}
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("count sign-ins: %w", err)
	}
	return done, failed, nil
}
