package engine

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"gatehouse/internal/testpg"
)

func cancellingPool(t *testing.T, change func(*pgxpool.Config)) *pgxpool.Pool {
	t.Helper()
	config, err := pgxpool.ParseConfig(testpg.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	config.MaxConns = 1
	config.ConnConfig.BuildContextWatcherHandler, config.PrepareConn = cancelling, isSettled
	if change != nil {
		change(config)
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// Whoever leaves while their statement ends anyway takes nobody's statement along.
func TestCanceller_nextStatementIsSpared(t *testing.T) {
	t.Parallel()
	pool := cancellingPool(t, nil)
	for i := range 400 {
		ctx, leave := context.WithTimeout(t.Context(), time.Duration(rand.IntN(2500))*time.Microsecond)
		_, _ = pool.Exec(ctx, "select pg_sleep(0.001)")
		leave()
		if _, err := pool.Exec(t.Context(), "select pg_sleep(0.001)"); err != nil {
			t.Fatalf("after %d: %v", i, err)
		}
	}
}

// A statement that nobody waits for is ended, and its connection is kept.
func TestCanceller_endsAndKeeps(t *testing.T) {
	t.Parallel()
	pool := cancellingPool(t, nil)
	pid := func() (pid int) {
		if err := pool.QueryRow(t.Context(), "select pg_backend_pid()").Scan(&pid); err != nil {
			t.Fatal(err)
		}
		return pid
	}
	was := pid()
	ctx, leave := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer leave()
	began := time.Now()
	if _, err := pool.Exec(ctx, "select pg_sleep(60)"); err == nil || time.Since(began) > 30*time.Second {
		t.Errorf("the statement ran for %s: %v", time.Since(began), err)
	}
	if is := pid(); is != was {
		t.Error("another connection")
	}
}

// Where Postgres could not be asked, the connection is not given to anybody else.
func TestCanceller_unaskedIsGivenUp(t *testing.T) {
	t.Parallel()
	var refused atomic.Int32 // of the dials to come; over a Unix socket pgx asks twice
	pool := cancellingPool(t, func(c *pgxpool.Config) {
		dial := c.ConnConfig.DialFunc
		c.ConnConfig.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
			if refused.Add(-1) >= 0 {
				return nil, errors.New("nobody there")
			}
			return dial(ctx, network, address)
		}
	})
	var was, is int
	if err := pool.QueryRow(t.Context(), "select pg_backend_pid()").Scan(&was); err != nil {
		t.Fatal(err)
	}
	refused.Store(2)
	ctx, leave := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer leave()
	_, _ = pool.Exec(ctx, "select pg_sleep(0.2)") // ends by itself
	refused.Store(0)
	if err := pool.QueryRow(t.Context(), "select pg_backend_pid()").Scan(&is); err != nil || is == was {
		t.Errorf("%v; the same connection: %v", err, is == was)
	}
}
