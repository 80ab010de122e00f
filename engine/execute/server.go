package execute

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"gatehouse/telemetry"
)

// Database is an open database on one server.
type Database struct {
	Pool *pgxpool.Pool
	// Isolation is "", "read-committed", "repeatable-read" or "serializable": the mutations' isolation level.
	Isolation string
	// Multiplexer is where cheap statements may go; nil: all go over the pool.
	Multiplexer *Multiplexer
	// Replicas may answer reads; nil: none.
	Replicas *Replicas
	Acquiring
}

// Acquiring says how connections are had from a pool.
type Acquiring struct {
	// Timeout bounds the wait for one; 0 waits as long as the request.
	Timeout time.Duration
	// Retries is how often one that cannot be made is tried again.
	Retries int
	// Watched is told how long it took; nil is not.
	Watched *telemetry.Pool
}

// retryPause is how long to wait before a connection that could not be made is tried again.
const retryPause = 200 * time.Millisecond

// errPoolTimeout is worded as Hasura words it (pg-client-hs: Database/PG/Query/Connection).
var errPoolTimeout = errors.New("connection acquisition timeout expired")

// Acquire has a connection from the pool; the caller releases it.
func (d *Database) Acquire(ctx context.Context) (*pgxpool.Conn, error) {
	if !d.Watched.Counts() {
		return d.acquire(ctx)
	}
	began := time.Now()
	conn, err := d.acquire(ctx)
	var refused *pgconn.ConnectError
	if errors.As(err, &refused) {
		d.Watched.Failed()
	} else {
		d.Watched.Waited(time.Since(began))
	}
	return conn, err
}

func (d *Database) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	wait := ctx
	if d.Timeout > 0 {
		var cancel context.CancelFunc
		wait, cancel = context.WithTimeout(ctx, d.Timeout)
		defer cancel()
	}
	for try := 0; ; try++ {
		conn, err := d.Pool.Acquire(wait)
		if err == nil {
			return conn, nil
		}
		var failed *pgconn.ConnectError
		if wait.Err() == nil && try < d.Retries && errors.As(err, &failed) {
			select {
			case <-time.After(retryPause):
				continue
			case <-wait.Done():
			}
		}
		if wait.Err() != nil && ctx.Err() == nil {
			return nil, &unavailable{error: errPoolTimeout}
		}
		return nil, &unavailable{err, ctx.Err() != nil}
	}
}

// unavailable is why no connection could be had; isGivenUp: the request did not wait for one.
type unavailable struct {
	error
	isGivenUp bool
}

func (u *unavailable) Unwrap() error { return u.error }

// Ping proves that the server answers.
func (d *Database) Ping(ctx context.Context) error {
	conn, err := d.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	return conn.Ping(ctx)
}

// server is one of a source's servers.
type server struct {
	Database
	// isPrepared: statements are prepared and sent in pipelines; false behind a pooler that cannot follow.
	isPrepared bool
	isReplica  bool
}

func newServer(d Database) *server {
	return &server{Database: d, isPrepared: d.Pool.Config().ConnConfig.DefaultQueryExecMode == pgx.QueryExecModeCacheStatement}
}

// begin starts a transaction on a connection of its own, which end gives back.
func (s *server) begin(ctx context.Context, o pgx.TxOptions) (tx pgx.Tx, end func(), err error) {
	conn, err := s.Acquire(ctx)
	if err != nil {
		return nil, nil, err
	}
	if tx, err = conn.BeginTx(ctx, o); err != nil {
		conn.Release()
		return nil, nil, err
	}
	return tx, func() {
		rollback(tx) // does nothing after a commit
		conn.Release()
	}, nil
}
