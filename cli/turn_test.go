package cli_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"gatehouse/cli"
	"gatehouse/internal/testpg"
)

// spoken is what a command says while it runs.
type spoken struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *spoken) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *spoken) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// running is a command that was begun.
type running struct {
	*spoken
	stop context.CancelFunc
	code chan int
}

func begin(t *testing.T, dir string, args ...string) *running {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	r := &running{new(spoken), stop, make(chan int, 1)}
	go func() {
		r.code <- cli.Run(ctx, args, cli.IO{In: strings.NewReader(""), Out: r, Err: r, Dir: dir, Now: time.Now})
	}()
	return r
}

func (r *running) ends(t *testing.T, code int, says string) {
	t.Helper()
	select {
	case got := <-r.code:
		if got != code || !strings.Contains(r.String(), says) {
			t.Errorf("exit code %d, want %d and %q\n%s", got, code, says, r)
		}
	case <-time.After(30 * time.Second):
		t.Fatalf("did not end\n%s", r)
	}
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not so: " + what)
		}
	}
}

// migrating is a project whose first migration waits for a gate, which the test opens by ending gate's transaction.
func migrating(t *testing.T) (dir string, open func(), isAtGate func() bool) {
	t.Helper()
	endpoint, databaseURL := engineAt(t)
	dir = t.TempDir()
	for name, text := range map[string]string{
		"config.yaml":                     "version: 3\nendpoint: " + endpoint + "\n",
		"migrations/default/1_a/up.sql":   "select pg_advisory_xact_lock(77); create table a (id integer);",
		"migrations/default/1_a/down.sql": "drop table a",
		"migrations/default/2_b/up.sql":   "create table b (id integer);",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, dir, name, text)
	}
	pool := testpg.Pool(t, databaseURL)
	gate, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := gate.Exec(t.Context(), `select pg_advisory_xact_lock(77)`); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = gate.Rollback(context.WithoutCancel(t.Context())) })
	open = func() {
		if err := gate.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return dir, open, func() bool {
		var n int
		err := pool.QueryRow(t.Context(), `select count(*) from pg_locks where locktype = 'advisory' and objid = 77 and not granted
			and database = (select oid from pg_database where datname = current_database())`).Scan(&n)
		return err == nil && n == 1
	}
}

const waits = "waiting for somebody else who applies migrations"

// Of two at the same time one waits, says so, and then finds nothing to do.
func TestMigrateApply_oneAfterTheOther(t *testing.T) {
	t.Parallel()
	dir, open, isAtGate := migrating(t)
	first := begin(t, dir, "migrate", "apply")
	eventually(t, "the first applies", isAtGate)
	second := begin(t, dir, "migrate", "apply")
	third := begin(t, dir, "deploy")
	eventually(t, "the others wait", func() bool {
		return strings.Contains(second.String(), waits) && strings.Contains(third.String(), waits)
	})
	begin(t, dir, "migrate", "status").ends(t, 0, "Not Present") // who only looks does not wait
	open()
	first.ends(t, 0, "migrations applied on database default")
	second.ends(t, 0, "nothing to apply on database default")
	third.ends(t, 0, "the project is applied")
	if strings.Contains(first.String(), waits) || strings.Count(second.String(), waits) != 1 || strings.Contains(third.String(), "migration applied") {
		t.Errorf("the first said\n%sthe second\n%sthe third\n%s", first, second, third)
	}
}

// Whoever is interrupted lets the next in, whether it was at work or waited.
func TestMigrateApply_interrupted(t *testing.T) {
	t.Parallel()
	dir, open, isAtGate := migrating(t)
	first := begin(t, dir, "migrate", "apply")
	eventually(t, "the first applies", isAtGate)
	second, third := begin(t, dir, "migrate", "apply"), begin(t, dir, "migrate", "apply")
	eventually(t, "the others wait", func() bool {
		return strings.Contains(second.String(), waits) && strings.Contains(third.String(), waits)
	})
	second.stop()
	second.ends(t, 1, "context canceled")
	first.stop()
	first.ends(t, 1, "context canceled")
	eventually(t, "the third applies", isAtGate)
	open()
	third.ends(t, 0, "migrations applied on database default")
	begin(t, dir, "migrate", "apply").ends(t, 0, "nothing to apply")
}

// A server that knows no turns, or something before it that answers in its place, is asked for everything else all the same.
func TestMigrateApply_withoutTurns(t *testing.T) {
	t.Parallel()
	for name, turn := range map[string]http.HandlerFunc{
		"Hasura":          func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) },
		"a page":          func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
		"another's event": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("event: hello\n\n")) },
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/turn") {
				turn(w, r)
				return
			}
			_, _ = w.Write([]byte(`{"cli_state":{"settings":{"migration_mode":"true"},"isStateCopyCompleted":true},"sources":[{"name":"default","kind":"postgres"}]}`))
		}))
		t.Cleanup(s.Close)
		dir := t.TempDir()
		write(t, dir, "config.yaml", "version: 3\nendpoint: "+s.URL)
		if code, out, said := gatehouse(t, dir, "migrate", "apply"); code != 0 || !strings.Contains(said, "nothing to apply") {
			t.Errorf("%s: %d %s%s", name, code, out, said)
		}
	}
}

// The secret does not follow to another server.
func TestPost_staysAtTheServer(t *testing.T) {
	t.Parallel()
	asked := false
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	t.Cleanup(other.Close)
	elsewhere := strings.Replace(other.URL, "127.0.0.1", "localhost", 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere, http.StatusTemporaryRedirect)
	}))
	t.Cleanup(s.Close)
	dir := t.TempDir()
	write(t, dir, "config.yaml", "version: 3\nadmin_secret: hush\nendpoint: "+s.URL)
	if code, out, said := gatehouse(t, dir, "metadata", "reload"); code != 1 || asked || !strings.Contains(said, "the admin secret is for no other server") {
		t.Errorf("%d, asked: %t\n%s%s", code, asked, out, said)
	}
}
