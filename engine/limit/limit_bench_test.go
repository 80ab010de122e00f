package limit_test

import (
	"context"
	"testing"
	"time"

	"gatehouse/engine/limit"
	"gatehouse/engine/operation"
	"gatehouse/engine/session"
)

// allOf is what the query line asks of limits for one operation.
func allOf(ctx context.Context, l *limit.Limits, counts *limit.Counts, s *session.Session, op *operation.Operation) bool {
	r := l.Of(s)
	ctx, end := r.Within(ctx)
	defer end()
	return r.Admit(counts, s, "192.0.2.1") == nil && r.Check(op) == nil && limit.Explain(ctx, nil) == nil
}

const everything = `"api_limits":{"depth_limit":{"global":9},"node_limit":{"global":99},"time_limit":{"global":9},
	"rate_limit":{"global":{"max_reqs_per_min":1000000000,"unique_params":["x-hasura-user-id"]}}}`

func BenchmarkLimits(b *testing.B) {
	op, s, counts := parse(b, `{ author { articles { id title } } }`), caller("user", "x-hasura-user-id", "1"), limit.NewCounts(time.Now, 1)
	for _, c := range []struct{ name, keys string }{
		{"None", `"actions":[]`},
		{"Depth", `"api_limits":{"depth_limit":{"global":9}}`},
		{"Everything", everything},
	} {
		b.Run(c.name, func(b *testing.B) {
			l := limits(b, c.keys)
			b.ReportAllocs()
			for b.Loop() {
				if !allOf(b.Context(), l, counts, s, op) {
					b.Fatal("refused")
				}
			}
		})
	}
}

// Where there are no limits, nothing is allocated for them.
func TestLimits_noneCostNothing(t *testing.T) {
	ctx, op, s := t.Context(), parse(t, `{ author { id } }`), caller("user")
	if n := testing.AllocsPerRun(100, func() { allOf(ctx, nil, nil, s, op) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
