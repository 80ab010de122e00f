package testpg_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"gatehouse/internal/testpg"
)

func TestClone_isolatesTests(t *testing.T) {
	t.Parallel()
	migrate := func(ctx context.Context, url string) error {
		conn, err := pgx.Connect(ctx, url)
		if err != nil {
			return err
		}
		defer conn.Close(ctx)
		_, err = conn.Exec(ctx, "create table t (v int); insert into t values (1)")
		return err
	}
	a := testpg.Pool(t, testpg.Clone(t, "isolation", migrate))
	b := testpg.Pool(t, testpg.Clone(t, "isolation", migrate))
	if _, err := a.Exec(t.Context(), "insert into t values (2)"); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := b.QueryRow(t.Context(), "select count(*) from t").Scan(&n); err != nil || n != 1 {
		t.Errorf("second clone has %d rows (%v), want 1", n, err)
	}
}
