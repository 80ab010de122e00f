// Package testpg gives tests a real Postgres: a fresh database, or a clone of a template, per test.
//
// TEST_DATABASE_URL names a superuser's connection to a server to use (make test starts one for all packages);
// without it every test process starts a private cluster of its own. Nothing here is durable.
package testpg

import (
	"context"
	"fmt"
	"hash/fnv"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"gatehouse/postgres"
	"gatehouse/postgres/embedded"
	"gatehouse/secret"
)

// Env names the variable with the server to use.
const Env = "TEST_DATABASE_URL"

var cluster = sync.OnceValues(startCluster)

// startCluster gives a superuser URL. A private cluster ends with the test process (parent-death signal); its directory
// is below the system's temporary directory and is cleared by the next run that finds it abandoned.
func startCluster() (string, error) {
	if u := os.Getenv(Env); u != "" {
		return u, nil
	}
	clearAbandoned()
	dir, err := os.MkdirTemp("/tmp", "gh-testpg-")
	if err != nil {
		return "", err
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return "", err
	}
	private, err = Start(context.Background(), dir)
	if err != nil {
		return "", err
	}
	return private.OwnerURL(), nil
}

// private is this process's own cluster. It is kept so that its lock is: a file nobody refers to is closed when garbage is
// collected, and the next test process takes the directory for abandoned.
var private *embedded.Server

// clearAbandoned removes clusters of test processes that have ended: their lock is free, and has been there for a while
// (a process that is just starting creates the file before it locks it).
func clearAbandoned() {
	dirs, _ := filepath.Glob("/tmp/gh-testpg-*")
	for _, dir := range dirs {
		f, err := os.Open(filepath.Join(dir, "lock"))
		if err != nil {
			continue
		}
		st, err := f.Stat()
		isOld := err == nil && time.Since(st.ModTime()) > 5*time.Minute
		if isOld && syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			_ = os.RemoveAll(dir)
		}
		_ = f.Close()
	}
}

// Start starts a cluster for tests in dir: no fsync, many connections.
func Start(ctx context.Context, dir string) (*embedded.Server, error) {
	return embedded.Start(ctx, embedded.Config{DataDir: dir, Volatile: true, Settings: map[string]string{"max_connections": "500", "shared_buffers": "64MB"}})
}

// Database is the superuser URL of a fresh, empty database, dropped when the test ends.
func Database(t testing.TB) string {
	t.Helper()
	return create(t, "")
}

var templates sync.Map // name -> func() error

// Clone is the superuser URL of a copy of a template database. The template is built once per process by migrate; name
// it after what migrate does.
func Clone(t testing.TB, template string, migrate func(ctx context.Context, url string) error) string {
	t.Helper()
	name := fmt.Sprintf("template_%s_%d", template, os.Getpid())
	build, _ := templates.LoadOrStore(name, sync.OnceValue(func() error {
		ctx := context.Background()
		if err := adminExec(ctx, "create database "+pgx.Identifier{name}.Sanitize()); err != nil {
			return err
		}
		u, err := withDatabase(name)
		if err != nil {
			return err
		}
		return migrate(ctx, u)
	}))
	if err := build.(func() error)(); err != nil {
		t.Fatalf("build template database %s: %v", template, err)
	}
	return create(t, name)
}

// Pool opens a pool that closes when the test ends.
func Pool(t testing.TB, url string) *pgxpool.Pool {
	t.Helper()
	pool, err := postgres.Open(context.Background(), postgres.Config{URL: url, MaxConns: 8, AppName: "gatehouse-test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

var serial atomic.Int64

func create(t testing.TB, template string) string {
	t.Helper()
	ctx := context.Background()
	h := fnv.New32a()
	_, _ = h.Write([]byte(t.Name()))
	name := fmt.Sprintf("test_%d_%d_%08x_%s", os.Getpid(), serial.Add(1), h.Sum32(), secret.ShortID()[:4])
	sql := "create database " + pgx.Identifier{name}.Sanitize()
	if template != "" {
		sql += " template " + pgx.Identifier{template}.Sanitize() + " strategy file_copy"
	}
	err := postgres.Retry(ctx, 50, 100*time.Millisecond, func(ctx context.Context) error { return adminExec(ctx, sql) })
	if err != nil {
		t.Fatalf("create database: %v", err)
	}
	t.Cleanup(func() {
		// Force ends sessions, but not at once those that stream changes: their slots are let go of a moment after who read them.
		err := postgres.Retry(ctx, 100, 100*time.Millisecond, func(ctx context.Context) error {
			return adminExec(ctx, "drop database if exists "+pgx.Identifier{name}.Sanitize()+" with (force)")
		})
		if err != nil {
			t.Errorf("drop database: %v", err)
		}
	})
	u, err := withDatabase(name)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func adminExec(ctx context.Context, sql string) error {
	u, err := cluster()
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, u)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql)
	return err
}

func withDatabase(name string) (string, error) {
	base, err := cluster()
	if err != nil {
		return "", err
	}
	u, err := url.Parse(base)
	if err != nil {
		return "", fmt.Errorf("parse %s: %w", Env, err)
	}
	u.Path = "/" + name
	return u.String(), nil
}
