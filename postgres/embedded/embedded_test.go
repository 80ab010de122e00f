package embedded_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"gatehouse/postgres/embedded"
)

// directory is a data directory that an unprivileged server user can reach (t.TempDir is private to this user).
func directory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "gh-embedded-test-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func start(t *testing.T, dir string) *embedded.Server {
	t.Helper()
	s, err := embedded.Start(t.Context(), embedded.Config{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop(context.Background()) })
	return s
}

func exec(t *testing.T, s *embedded.Server, sql string) (text string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.OwnerURL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	rows, err := conn.Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
	}
	if rows.Err() != nil {
		t.Fatal(rows.Err())
	}
	return text
}

func TestStart_keepsDataOverAStop(t *testing.T) {
	t.Parallel()
	dir := directory(t)
	s := start(t, dir)
	exec(t, s, "create table kept (v text)")
	exec(t, s, "insert into kept values ('here') returning v")
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := exec(t, start(t, dir), "select v from kept"); got != "here" {
		t.Errorf("after a restart: got %q, want %q", got, "here")
	}
}

func TestStart_recoversFromAKilledServer(t *testing.T) {
	t.Parallel()
	dir := directory(t)
	s := start(t, dir)
	exec(t, s, "create table kept as select 'here'::text as v")
	pid := firstLine(t, filepath.Join(dir, "pgdata", "postmaster.pid"))
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	select {
	case <-s.Done():
	case <-time.After(10 * time.Second):
		t.Fatal("Done was not closed after the server was killed")
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := exec(t, start(t, dir), "select v from kept"); got != "here" {
		t.Errorf("after kill -9: got %q, want %q", got, "here")
	}
}

func TestStart_refusesADirectoryInUse(t *testing.T) {
	t.Parallel()
	dir := directory(t)
	start(t, dir)
	_, err := embedded.Start(t.Context(), embedded.Config{DataDir: dir})
	if !errors.Is(err, embedded.ErrInUse) || !strings.Contains(err.Error(), "--data-dir") {
		t.Errorf("second start: got %v, want ErrInUse with advice", err)
	}
}

func TestStart_refusesAnotherMajorVersion(t *testing.T) {
	t.Parallel()
	dir := directory(t)
	if err := start(t, dir).Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "pgdata", "PG_VERSION"), []byte("9\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := embedded.Start(t.Context(), embedded.Config{DataDir: dir})
	if err == nil || !strings.Contains(err.Error(), "made by Postgres 9") {
		t.Errorf("got %v, want the version named", err)
	}
}

func TestStart_refusesAForeignDirectory(t *testing.T) {
	t.Parallel()
	dir := directory(t)
	if err := os.MkdirAll(filepath.Join(dir, "pgdata"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "pgdata", "thesis.txt"), []byte("words"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := embedded.Start(t.Context(), embedded.Config{DataDir: dir}); err == nil {
		t.Error("a directory with other files was taken over")
	}
	if _, err := os.Stat(filepath.Join(dir, "pgdata", "thesis.txt")); err != nil {
		t.Errorf("the file is gone: %v", err)
	}
}

func TestRunning_reachesTheClusterOfAnotherProcess(t *testing.T) {
	t.Parallel()
	dir := directory(t)
	if _, ok := embedded.Running(t.Context(), dir); ok {
		t.Error("nothing runs there yet")
	}
	s := start(t, dir)
	if url, ok := embedded.Running(t.Context(), dir); !ok || url != s.OwnerURL() {
		t.Errorf("got %q, %v; want the server's URL", url, ok)
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, ok := embedded.Running(t.Context(), dir); ok {
		t.Error("the server has stopped")
	}
}

func TestFindBinaries_namesTheInstallCommand(t *testing.T) {
	if _, err := embedded.FindBinaries(t.TempDir()); err == nil {
		t.Error("an empty directory was accepted")
	}
}

func firstLine(t *testing.T, path string) (n int) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range strings.SplitN(string(text), "\n", 2)[0] {
		n = 10*n + int(c-'0')
	}
	return n
}
