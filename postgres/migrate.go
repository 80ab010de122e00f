package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// Migrate brings schema up to the newest of files: numbered .sql files in goose's format at the root of files, forward
// only. The schema is created when missing and the state kept in <schema>.schema_version. Several processes may start
// at once: a session lock lets one migrate while the others wait.
func Migrate(ctx context.Context, pool *pgxpool.Pool, schema string, files fs.FS) error {
	create := "create schema if not exists " + pgx.Identifier{schema}.Sanitize()
	if _, err := pool.Exec(ctx, create); err != nil && !racedCreate(err) {
		return fmt.Errorf("create schema %q: %w", schema, err)
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 60))
	if err != nil {
		return fmt.Errorf("migration lock: %w", err)
	}
	db := stdlib.OpenDBFromPool(pool)
	defer closeDB(db)
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files,
		goose.WithTableName(schema+".schema_version"),
		goose.WithSessionLocker(locker),
		goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("read migrations of schema %q: %w", schema, err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate schema %q: %w", schema, err)
	}
	return nil
}

// racedCreate: two sessions running "create schema if not exists" at once can collide on the catalogue's index.
func racedCreate(err error) bool {
	_, unique := IsUniqueViolation(err)
	return unique || Code(err) == "42P06"
}

// closeDB closes the database/sql view of the pool; the pool itself stays open.
func closeDB(db *sql.DB) { _ = db.Close() }

// Retry calls fn until it succeeds, the context ends or attempts run out, waiting pause between attempts. It is for
// start-up, where the database may come up after Gatehouse.
func Retry(ctx context.Context, attempts int, pause time.Duration, fn func(context.Context) error) error {
	var err error
	for i := 0; i < attempts; i++ {
		if err = fn(ctx); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		case <-time.After(pause):
		}
	}
	return err
}
