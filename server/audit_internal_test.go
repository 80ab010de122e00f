package server

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"gatehouse/identity/event"
)

// hanging is a database that does not answer.
type hanging struct{ t *testing.T }

func (h hanging) Exec(ctx context.Context, _ string, _ ...any) (pgconn.CommandTag, error) {
	if _, isBounded := ctx.Deadline(); !isBounded {
		h.t.Error("the entry is waited for without end")
	}
	return pgconn.CommandTag{}, context.DeadlineExceeded
}

// An entry that cannot be written holds nobody up for good.
func TestAudit_isWaitedForSoLong(t *testing.T) {
	err := keepEntry(context.WithoutCancel(t.Context()), hanging{t}, event.Entry{Key: "Data.SQL.Run", Data: map[string]any{}})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}
