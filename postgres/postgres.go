// Package postgres is how Gatehouse's own tables are reached: a pool, transactions, migrations, notifications.
//
// It knows neither wing. Users' databases are opened by engine/execute; only the helpers on errors and
// transactions are shared.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Config says which database to open.
type Config struct {
	// URL is a connection URL or a libpq keyword/value string.
	URL string
	// MaxConns bounds the pool; 0 means pgx's default (the greater of 4 and the number of CPUs).
	MaxConns int32
	// AppName shows in pg_stat_activity; "gatehouse" when empty.
	AppName string
	// IsOwn: only Gatehouse's own SQL runs, which names its schemas. Then no other is looked into, as the functions that
	// somebody puts into schema public could be a better match for a call than Postgres' own, and would run with our rights (PG
	// docs: typeconv-func).
	IsOwn bool
}

// pingTimeout bounds the look at a connection that was idle: on a network that fell silent it would keep a place of the
// pool, and the end of the process, waiting for minutes.
const pingTimeout = 5 * time.Second

// Open opens a pool and proves that the database answers.
func Open(ctx context.Context, c Config) (*pgxpool.Pool, error) {
	cfg, err := pgxpool.ParseConfig(c.URL)
	if err != nil {
		// pgx's message repeats the connection string with the password masked.
		return nil, fmt.Errorf("parse database URL: %w", err)
	}
	if c.MaxConns > 0 {
		cfg.MaxConns = c.MaxConns
	}
	if c.AppName == "" {
		c.AppName = "gatehouse"
	}
	if _, set := cfg.ConnConfig.RuntimeParams["application_name"]; !set {
		cfg.ConnConfig.RuntimeParams["application_name"] = c.AppName
	}
	if cfg.ConnConfig.ConnectTimeout == 0 {
		cfg.ConnConfig.ConnectTimeout = 10 * time.Second
	}
	if cfg.PingTimeout == 0 {
		cfg.PingTimeout = pingTimeout
	}
	if c.IsOwn { // not as a parameter of the start, which poolers refuse
		cfg.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, "set search_path = pg_catalog")
			return err
		}
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("reach database: %w", err)
	}
	return pool, nil
}

// Beginner starts transactions: a pool, a connection, or a transaction (which then nests by savepoint).
type Beginner interface {
	Begin(ctx context.Context) (pgx.Tx, error)
}

// InTx runs fn in a transaction: committed when fn returns nil, rolled back when it returns an error or panics.
func InTx(ctx context.Context, db Beginner, fn func(tx pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, db, fn)
}

// Code is the SQLSTATE of a Postgres error, or "" when err is not one.
func Code(err error) string {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		return pgErr.Code
	}
	return ""
}

// IsUniqueViolation tells whether err is a unique violation (23505), and of which constraint.
func IsUniqueViolation(err error) (constraint string, ok bool) {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) && pgErr.Code == "23505" {
		return pgErr.ConstraintName, true
	}
	return "", false
}
