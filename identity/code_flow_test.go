package identity_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"gatehouse/internal/testpg"
)

// No step holds one connection of the pool while it waits for another: with two connections, many sign-ins at once all end.
func TestCodeFlow_manyOnFewConnections(t *testing.T) {
	t.Parallel()
	url := testpg.Clone(t, "identity", migrated)
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	config.MaxConns = 2
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	w := &wing{t: t, pool: pool, clock: &clock{}}
	var handler http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 20*time.Second)
		defer cancel()
		handler.ServeHTTP(rw, r.WithContext(ctx))
	}))
	t.Cleanup(server.Close)
	w.url = server.URL
	w.id, handler = startIdentity(t, w)
	w.seed()

	first := w.browser()
	first.authorize(authQuery(spa, newPKCE()))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			b, proof := first.fork(), newPKCE()
			code := b.authorize(authQuery(spa, proof, "prompt", "-")).Get("code")
			if a := w.exchange(spa, code, proof.verifier); a.status != 200 {
				t.Errorf("exchange: %d %s", a.status, a.body)
			}
		})
	}
	wg.Wait()
	if tokens := w.tokens(spa); w.refresh(spa, tokens["refresh_token"].(string), "resource", resource).status != 200 {
		t.Error("refresh")
	}
}
