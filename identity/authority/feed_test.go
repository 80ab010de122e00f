package authority_test

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"gatehouse/identity/authority"
	"gatehouse/internal/testpg"
)

// remembers waits until answers come from memory: the feed is trusted.
func remembers(t *testing.T, a *authority.Authority, statements *counter, tok authority.Token) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; {
		before := statements.n.Load()
		for range 10 {
			standing(t, a, tok)
		}
		if statements.n.Load() == before {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("every answer is read")
		}
	}
}

// counted is a pool that counts statements.
func counted(t *testing.T, url string, conns int32) (*pgxpool.Pool, *counter) {
	t.Helper()
	statements := &counter{}
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	cfg.ConnConfig.Tracer, cfg.MaxConns = statements, conns
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool, statements
}

func listeningOn(t *testing.T, pool *pgxpool.Pool, url string) *authority.Authority {
	t.Helper()
	a := authority.New(authority.Config{Pool: pool, URL: url, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { a.Run(ctx) })
	t.Cleanup(func() { cancel(); done.Wait() })
	return a
}

// TestRun_aFeedThatFallsSilent: the connection that listens carries nothing any more and stays open. Nothing old is given
// to who begins a second after a change or later, and the process finds its way back to a feed by itself.
func TestRun_aFeedThatFallsSilent(t *testing.T) {
	t.Parallel()
	_, direct, url := directory(t)
	pool, statements := counted(t, url, authority.Connections)
	way := testpg.NewWire(t, url)
	a, tok := listeningOn(t, pool, way.URL), token(t, direct, "ada")
	for range 2 { // cut, and cut again after it has come back
		remembers(t, a, statements, tok)
		made := way.Made()
		way.Silence()
		exec(t, direct, "delete from identity.users_roles where user_id = 'ada'")
		changed := time.Now()
		for oldest := time.Duration(0); oldest < 1500*time.Millisecond; {
			began := time.Since(changed)
			if len(standing(t, a, tok).Roles) > 0 && began > time.Second {
				t.Fatalf("old roles %s after they were taken", began)
			}
			oldest = began
		}
		a.Settle(t.Context()) // waits for nothing it cannot have
		exec(t, direct, "insert into identity.users_roles (user_id, role_id) values ('ada', 'r1')")
		a.Settle(t.Context())
		if len(standing(t, a, tok).Roles) != 1 {
			t.Error("a change settled while the feed is silent is not seen")
		}
		way.Restore()
		remembers(t, a, statements, tok)
		if way.Made() == made {
			t.Error("nobody listened again")
		}
	}
}

// TestSettle_whenNothingCanBeProved: all connections are taken and the feed is silent, so the change cannot be proved to
// have been heard. Its answer leaves in a second or two, and from then on nobody gets an old standing: an error at worst.
func TestSettle_whenNothingCanBeProved(t *testing.T) {
	t.Parallel()
	_, direct, url := directory(t)
	pool, statements := counted(t, url, authority.Connections)
	way := testpg.NewWire(t, url)
	a, tok := listeningOn(t, pool, way.URL), token(t, direct, "ada")
	remembers(t, a, statements, tok)
	var taken []*pgxpool.Conn
	for range authority.Connections {
		c, err := pool.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		taken = append(taken, c)
	}
	way.Silence()
	exec(t, direct, "delete from identity.users_roles where user_id = 'ada'")
	began := time.Now()
	a.Settle(t.Context())
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the answer was held back for %s", took)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if s, err := a.Standing(ctx, tok); err == nil {
		t.Errorf("without a directory to ask: %+v", s)
	}
	for _, c := range taken {
		c.Release()
	}
	if s := standing(t, a, tok); len(s.Roles) > 0 {
		t.Errorf("old roles: %+v", s)
	}
}
