package testpg

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"gatehouse/postgres/embedded"
)

// Cluster starts a cluster of the test's own, which ends with it: a primary that Replica can follow. port opens it on
// loopback too; 0 does not.
func Cluster(t testing.TB, port int, settings map[string]string) *embedded.Server {
	t.Helper()
	return start(t, clusterDir(t), port, settings)
}

// Replica starts a streaming replica of a cluster, with the same superuser and password. It ends with the test.
func Replica(t testing.TB, primary *embedded.Server, settings map[string]string) *embedded.Server {
	t.Helper()
	dir := clusterDir(t)
	if err := backup(primary, dir); err != nil {
		t.Fatal(err)
	}
	return start(t, dir, 0, settings)
}

// clusterDir is below the directory that every user may enter, and cleared when the test is killed (clearAbandoned).
func clusterDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "gh-testpg-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func start(t testing.TB, dir string, port int, settings map[string]string) *embedded.Server {
	t.Helper()
	all := map[string]string{"max_connections": "100", "shared_buffers": "16MB", "wal_receiver_status_interval": "1"}
	maps.Copy(all, settings)
	s, err := embedded.Start(context.Background(), embedded.Config{DataDir: dir, Port: port, Volatile: true, Settings: all})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = s.Stop(ctx)
	})
	return s
}

func backup(primary *embedded.Server, dir string) error {
	bin, err := embedded.FindBinaries("")
	if err != nil {
		return err
	}
	password, err := os.ReadFile(filepath.Join(primary.DataDir(), "postgres-password"))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "postgres-password"), password, 0o600); err != nil {
		return err
	}
	data := filepath.Join(dir, "pgdata")
	command := exec.Command(filepath.Join(bin.Dir, "pg_basebackup"), "-D", data, "-d", primary.OwnerURL(), "-R", "-X", "stream", "--checkpoint=fast", "--no-sync")
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("pg_basebackup: %w: %s", err, out)
	}
	return give(data, filepath.Join(primary.DataDir(), "pgdata"))
}

// give makes the owner of like the owner of everything in dir: Postgres runs on nothing that is somebody else's.
func give(dir, like string) error {
	st, err := os.Stat(like)
	if err != nil {
		return err
	}
	owner := st.Sys().(*syscall.Stat_t)
	return filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, int(owner.Uid), int(owner.Gid))
	})
}
