package admin

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"gatehouse/engine/fault"
)

// A failed migration is forgotten only where nothing of it stands for sure.
func TestMigrate_mayHaveRun(t *testing.T) {
	lost := fmt.Errorf("read: %w", context.Canceled)
	for _, c := range []struct {
		err           error
		noTransaction bool
		want          bool
	}{
		{fmt.Errorf("%w: %w", errCommit, lost), false, true},
		{fmt.Errorf("%w: %w", errCommit, commitError(&pgconn.PgError{Code: "57014"}, "")), false, false},
		{lost, false, false},
		{lost, true, true},
		{fault.New(fault.DependencyError, "", "no"), false, false},
		{context.DeadlineExceeded, false, true},
	} {
		if got := mayHaveRun(c.err, c.noTransaction); got != c.want {
			t.Errorf("%v, %v: got %v", c.err, c.noTransaction, got)
		}
	}
}
