package console_test

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gatehouse/internal/testbin"
	"gatehouse/postgres/embedded"
)

// dataDir is a data directory for the embedded Postgres, which may not run as root and has to reach it.
func dataDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "gh-console-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "data")
}

// embeddedProcess is a Gatehouse with its own Postgres.
type embeddedProcess struct {
	*process
	stop func()
}

func startEmbedded(t *testing.T, dir string) *embeddedProcess {
	t.Helper()
	port := freePort(t)
	p := &process{databases: &databases{T: t}, base: "http://localhost:" + port, out: &output{}}
	cmd := exec.Command(testbin.Path(t), "serve", "--port", port, "--data-dir", dir, "--postgres-port", freePort(t))
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "HASURA_GRAPHQL_ADMIN_SECRET=" + adminSecret}
	cmd.Stdout, cmd.Stderr = p.out, p.out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	isStopped := false
	stop := func() {
		if !isStopped {
			isStopped = true
			_ = cmd.Process.Signal(os.Interrupt)
			_ = cmd.Wait()
		}
	}
	t.Cleanup(stop)
	p.eventually("Gatehouse answers", time.Minute, func() bool {
		resp, err := http.Get(p.base + "/healthz")
		if err == nil {
			_ = resp.Body.Close()
		}
		return err == nil
	})
	return &embeddedProcess{p, stop}
}

// A data directory from when source default's login owned the metadata is taken over: nothing of it is lost, and that login
// reaches it no more.
func TestEmbedded_takesTheMetadataOfOlderDataDirectories(t *testing.T) {
	dir := dataDir(t)
	p := startEmbedded(t, dir)
	p.page().wants("a table", p.secretly(http.MethodPost, "/v2/query", `{"type":"run_sql","args":{"sql":"create table note (id int primary key); create table other (id int)"}}`), 200, "CommandOk")
	p.page().wants("tracked", p.secretly(http.MethodPost, "/v1/metadata", `{"type":"pg_track_table","args":{"table":"note"}}`), 200, "success")
	url, isRunning := embedded.Running(context.Background(), dir)
	if !isRunning {
		t.Fatal("the cluster is not running")
	}
	// As it was: everything in hdb_catalog is the engine's, and there is no login for the metadata.
	p.exec(url, `reassign owned by gatehouse_metadata to gatehouse_data`)
	p.exec(url, `drop owned by gatehouse_metadata`)
	p.exec(url, `drop role gatehouse_metadata`)
	p.stop()

	p = startEmbedded(t, dir)
	p.page().wants("the metadata is there", p.secretly(http.MethodPost, "/v1/graphql", allOfNote), 200, `{"data":{"note":[]}}`)
	p.page().wants("and can be changed", p.secretly(http.MethodPost, "/v1/metadata", `{"type":"pg_track_table","args":{"table":"other"}}`), 200, "success")
	if url, isRunning = embedded.Running(context.Background(), dir); !isRunning {
		t.Fatal("the cluster is not running")
	}
	var others int
	p.query(url, `
select (select count(*) from pg_class where relnamespace = 'hdb_catalog'::regnamespace and relowner <> 'gatehouse_metadata'::regrole)
     + (select count(*) from pg_proc where pronamespace = 'hdb_catalog'::regnamespace and proowner <> 'gatehouse_metadata'::regrole)
     + (select count(*) from pg_type where typnamespace = 'hdb_catalog'::regnamespace and typowner <> 'gatehouse_metadata'::regrole)
     + (select count(*) from pg_namespace where nspname = 'hdb_catalog' and nspowner <> 'gatehouse_metadata'::regrole)`, &others)
	if others != 0 {
		t.Errorf("%d objects of hdb_catalog are not the metadata login's", others)
	}
	for _, sql := range []string{"select * from hdb_catalog.hdb_metadata", "update hdb_catalog.hdb_metadata set metadata = '{}'", "create table hdb_catalog.x ()", "set role gatehouse_metadata"} {
		p.page().wants(sql, p.secretly(http.MethodPost, "/v2/query", `{"type":"run_sql","args":{"sql":"`+strings.ReplaceAll(sql, `"`, `\"`)+`"}}`), 400, "permission denied")
	}
}
