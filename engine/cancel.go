package engine

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
)

// canceller asks Postgres to end a statement that nobody waits for any more, and keeps its connection. Unlike pgx's own
// (pgconn.CancelRequestContextWatcherHandler) it never stops asking halfway when the statement ends by itself: the server
// could then end what is run next on the connection, which is somebody else's. Postgres signals the backend before it closes
// the connection that asked, and a backend that waits for its next command drops the signal (postmaster.c,
// processCancelRequest; postgres.c, PostgresMain). A connection whose server did not get to that is not used again.
type canceller struct {
	conn           *pgconn.PgConn
	asked          chan struct{} // closed when the server has answered, or did not
	isAcknowledged bool
}

// cancelling is for primaries: a replica that does not answer is to be left at once.
func cancelling(c *pgconn.PgConn) ctxwatch.Handler { return &canceller{conn: c} }

// HandleCancel implements ctxwatch.Handler.
func (c *canceller) HandleCancel(ended context.Context) {
	asked := make(chan struct{})
	c.asked, c.isAcknowledged = asked, false
	_ = c.conn.Conn().SetDeadline(time.Now().Add(cancelTimeout))
	go func() {
		defer close(asked)
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ended), cancelTimeout)
		defer cancel()
		err := c.conn.CancelRequest(ctx)
		c.isAcknowledged = err == nil && ctx.Err() == nil // it tells nothing of a read that was cut short
	}()
}

// HandleUnwatchAfterCancel implements ctxwatch.Handler.
func (c *canceller) HandleUnwatchAfterCancel() {
	<-c.asked
	_ = c.conn.Conn().SetDeadline(time.Time{})
	if !c.isAcknowledged {
		c.conn.CustomData()[unsettled] = true
	}
}

// unsettled marks, in a connection's custom data, that a statement of it may still be ended.
const unsettled = "gatehouse: unsettled"

// isSettled lets a pool give a connection out again.
func isSettled(_ context.Context, c *pgx.Conn) (bool, error) {
	return c.PgConn().CustomData()[unsettled] == nil, nil
}
