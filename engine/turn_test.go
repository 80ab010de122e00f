package engine_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"gatehouse/internal/testpg"
)

func TestHoldTurn_isForAdministrators(t *testing.T) {
	t.Parallel()
	s := start(t)
	code, body := post(s.engine, "/v1alpha1/migrations/turn", "{}", "X-Hasura-Role", "user")
	if want := `{"path":"$","error":"You have to be an admin to access this endpoint","code":"access-denied"}`; code != http.StatusBadRequest || body != want {
		t.Errorf("got %d %s", code, body)
	}
}

// Who has the turn is told when it is lost: the connection that held it is gone, and others may have it.
func TestHoldTurn_endsWithItsConnection(t *testing.T) {
	t.Parallel()
	s := start(t)
	taken, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		first := true
		ended <- s.engine.HoldTurn(t.Context(), func(string) error {
			if first {
				close(taken)
			}
			first = false
			return nil
		})
	}()
	<-taken
	pool := testpg.Pool(t, s.metadataURL)
	// A migration may run what waits for every snapshot of its database, which may be this one.
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for _, sql := range []string{`create table indexed (id integer)`, `create index concurrently on indexed (id)`} {
		if _, err := pool.Exec(ctx, sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	if _, err := pool.Exec(t.Context(), `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and objid = hashtext('gatehouse project')::oid
		and database = (select oid from pg_database where datname = current_database())`); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err == nil || errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Error("the turn goes on without its lock")
	}
}
