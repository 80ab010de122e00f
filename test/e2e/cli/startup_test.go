package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"gatehouse/internal/testbin"
	"gatehouse/internal/testpg"
)

// process is a Gatehouse that applies a mounted project when it starts.
type process struct {
	cmd  *exec.Cmd
	out  bytes.Buffer
	base string
	done chan error
}

func launch(t *testing.T, database string, env ...string) *process {
	t.Helper()
	port := testbin.FreePort(t)
	p := &process{cmd: exec.Command(testbin.Path(t), "serve", "--only", "data", "--port", port), base: "http://127.0.0.1:" + port, done: make(chan error, 1)}
	p.cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(),
		"HASURA_GRAPHQL_DATABASE_URL=" + database, "HASURA_GRAPHQL_ADMIN_SECRET=secret",
	}, env...)
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.done <- p.cmd.Wait() }()
	t.Cleanup(func() {
		_ = p.cmd.Process.Signal(os.Interrupt)
		select {
		case <-p.done:
		case <-time.After(20 * time.Second):
			_ = p.cmd.Process.Kill()
		}
	})
	return p
}

// ready waits until the process serves.
func (p *process) ready(t *testing.T) {
	t.Helper()
	client := http.Client{Timeout: time.Second}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		select {
		case err := <-p.done:
			p.done <- err
			t.Fatalf("it ended: %v\n%s", err, p.out.String())
		default:
		}
		if resp, err := client.Get(p.base + "/healthz"); err == nil {
			_ = resp.Body.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("Gatehouse does not answer")
		}
	}
}

// fails waits for the process to end with exit code 1 and gives what it said.
func (p *process) fails(t *testing.T) string {
	t.Helper()
	select {
	case err := <-p.done:
		p.done <- err
		if p.cmd.ProcessState.ExitCode() != 1 {
			t.Errorf("exit code %d: %s", p.cmd.ProcessState.ExitCode(), p.out.String())
		}
		return p.out.String()
	case <-time.After(30 * time.Second):
		t.Fatal("it does not end")
		return ""
	}
}

// ask runs a query on the database itself.
func ask(t *testing.T, database, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	var answer string
	if err := conn.QueryRow(t.Context(), sql).Scan(&answer); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return answer
}

func files(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func mounted(dir string) []string {
	return []string{"HASURA_GRAPHQL_MIGRATIONS_DIR=" + filepath.Join(dir, "migrations"), "HASURA_GRAPHQL_METADATA_DIR=" + filepath.Join(dir, "metadata")}
}

const defaultSource = `- name: default
  kind: postgres
  configuration:
    connection_info:
      database_url:
        from_env: HASURA_GRAPHQL_DATABASE_URL
  tables: "!include default/tables/tables.yaml"
`

// runs counts how often a migration was run.
const runs = `create table if not exists run (n int); insert into run values (%d); `

func small(t *testing.T) string {
	t.Helper()
	return files(t, map[string]string{
		"migrations/default/1_author/up.sql":                   fmt.Sprintf(runs, 1) + "create table author (id serial primary key, name text)",
		"migrations/default/2_book/up.sql":                     fmt.Sprintf(runs, 2) + "create table book (id serial primary key, author_id int references author)",
		"metadata/version.yaml":                                "version: 3\n",
		"metadata/databases/databases.yaml":                    defaultSource,
		"metadata/databases/default/tables/tables.yaml":        "- \"!include public_author.yaml\"\n- \"!include public_book.yaml\"\n",
		"metadata/databases/default/tables/public_author.yaml": "table: {name: author, schema: public}\n",
		"metadata/databases/default/tables/public_book.yaml":   "table: {name: book, schema: public}\nobject_relationships: [{name: author, using: {foreign_key_constraint_on: author_id}}]\n",
	})
}

func (p *process) query(t *testing.T, query string) string {
	t.Helper()
	body, _ := json.Marshal(map[string]string{"query": query})
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, p.base+"/v1/graphql", bytes.NewReader(body))
	req.Header.Set("X-Hasura-Admin-Secret", "secret")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var out bytes.Buffer
	_, _ = out.ReadFrom(resp.Body)
	return out.String()
}

// Whoever serves has the project applied, and of several processes one has done it.
func TestStart_appliesAProjectOnce(t *testing.T) {
	t.Parallel()
	database, dir := testpg.Database(t), small(t)
	var wait sync.WaitGroup
	processes := make([]*process, 3)
	for i := range processes {
		processes[i] = launch(t, database, mounted(dir)...)
	}
	for _, p := range processes {
		wait.Go(func() { p.ready(t) })
	}
	wait.Wait()
	for _, p := range processes {
		if got := p.query(t, "{author{name} book{author{name}}}"); got != `{"data":{"author":[],"book":[]}}` {
			t.Errorf("%s\n%s", got, p.out.String())
		}
	}
	if got := ask(t, database, "select string_agg(n::text, ',' order by n) from run"); got != "1,2" {
		t.Errorf("migrations ran: %s", got)
	}
	version := ask(t, database, "select resource_version::text from hdb_catalog.hdb_metadata")
	// Another start finds nothing to do.
	again := launch(t, database, mounted(dir)...)
	again.ready(t)
	if now := ask(t, database, "select resource_version::text from hdb_catalog.hdb_metadata"); now != version {
		t.Errorf("the resource version went from %s to %s", version, now)
	}
	if strings.Contains(again.out.String(), "applied") {
		t.Errorf("it applied something: %s", again.out.String())
	}
	if got := ask(t, database, "select cli_state::text from hdb_catalog.hdb_version"); got != `{"settings": {"migration_mode": "true"}, "migrations": {"default": {"1": false, "2": false}}, "isStateCopyCompleted": true}` {
		t.Errorf("the state that the Hasura command line reads: %s", got)
	}
}

func TestStart_endsWhereAMigrationFails(t *testing.T) {
	t.Parallel()
	database, dir := testpg.Database(t), small(t)
	bad := filepath.Join(dir, "migrations/default/2_book/up.sql")
	if err := os.WriteFile(bad, []byte("create table half (id int); create table book (a nonsense);"), 0o600); err != nil {
		t.Fatal(err)
	}
	said := launch(t, database, mounted(dir)...).fails(t)
	if !strings.Contains(said, `2_book/up.sql: type \"nonsense\" does not exist`) || !strings.Contains(said, "apply the project at start: database default:") {
		t.Errorf("it said %s", said)
	}
	for sql, want := range map[string]string{
		"select coalesce(to_regclass('half')::text, 'none')":                            "none",   // the file is one transaction
		"select coalesce(to_regclass('author')::text, 'none')":                          "author", // the one before it is done
		"select cli_state->'migrations'->>'default' from hdb_catalog.hdb_version":       `{"1": false}`,
		"select (metadata->'sources'->0->'tables')::text from hdb_catalog.hdb_metadata": "[]", // metadata is as it was
	} {
		if got := ask(t, database, sql); got != want {
			t.Errorf("%s: got %s, want %s", sql, got, want)
		}
	}
	// Once the file is right the next start goes on from there.
	if err := os.WriteFile(bad, []byte(fmt.Sprintf(runs, 2)+"create table book (id serial primary key, author_id int references author)"), 0o600); err != nil {
		t.Fatal(err)
	}
	launch(t, database, mounted(dir)...).ready(t)
	if got := ask(t, database, "select string_agg(n::text, ',' order by n) from run"); got != "1,2" {
		t.Errorf("migrations ran: %s", got)
	}
}

func TestStart_refusesMetadataItCannotRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, text, want string }{
		"a missing include": {"metadata/databases/default/tables/tables.yaml", `- "!include public_gone.yaml"`, "tables.yaml:1: the included file"},
		"an unknown key":    {"metadata/databases/default/tables/public_author.yaml", "table: {name: author, schema: public}\nselect_permissionz: []\n", "select_permissions"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			database, dir := testpg.Database(t), small(t)
			target := filepath.Join(dir, c.file)
			if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(target, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if said := launch(t, database, mounted(dir)...).fails(t); !strings.Contains(said, c.want) {
				t.Errorf("it said %s", said)
			}
		})
	}
}

// A second database comes with the metadata; its migrations run after that.
func TestStart_severalDatabases(t *testing.T) {
	t.Parallel()
	database, second, dir := testpg.Database(t), testpg.Database(t), small(t)
	for name, text := range map[string]string{
		"migrations/stats/1_visit/up.sql":             "create table visit (id serial primary key)",
		"metadata/databases/databases.yaml":           defaultSource + "- name: stats\n  kind: postgres\n  configuration: {connection_info: {database_url: {from_env: STATS_URL}}}\n  tables: \"!include stats/tables/tables.yaml\"\n",
		"metadata/databases/stats/tables/tables.yaml": "- table: {name: visit, schema: public}\n",
		"seeds/default/1_authors.sql":                 "insert into author (name) values ('Ada')",
	} {
		target := filepath.Join(dir, name)
		_ = os.MkdirAll(filepath.Dir(target), 0o755)
		if err := os.WriteFile(target, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := launch(t, database, append(mounted(dir), "STATS_URL="+second, "HASURA_GRAPHQL_SEEDS_DIR="+filepath.Join(dir, "seeds"))...)
	p.ready(t)
	if got := p.query(t, "{author{name} visit{id}}"); got != `{"data":{"author":[{"name":"Ada"}],"visit":[]}}` {
		t.Errorf("%s\n%s", got, p.out.String())
	}
}

// The older layout keeps its state in a table, where the command line of its time looks for it.
func TestStart_olderLayout(t *testing.T) {
	t.Parallel()
	database := testpg.Database(t)
	dir := files(t, map[string]string{
		"migrations/1_author/up.sql":  fmt.Sprintf(runs, 1) + "create table author (id serial primary key, name text)",
		"migrations/2_track/up.yaml":  "- type: track_table\n  args: {schema: public, name: author}\n",
		"metadata/version.yaml":       "version: 2\n",
		"metadata/tables.yaml":        "- table: {schema: public, name: author}\n  select_permissions: [{role: user, permission: {columns: '*', filter: {}}}]\n",
		"metadata/functions.yaml":     "[]\n",
		"metadata/cron_triggers.yaml": "[]\n",
	})
	for range 2 {
		p := launch(t, database, mounted(dir)...)
		p.ready(t)
		if got := p.query(t, "{author{name}}"); got != `{"data":{"author":[]}}` {
			t.Errorf("%s\n%s", got, p.out.String())
		}
	}
	if got := ask(t, database, "select string_agg(version || ' ' || dirty, ',' order by version) from hdb_catalog.schema_migrations"); got != "1 false,2 false" {
		t.Errorf("state: %s", got)
	}
	if got := ask(t, database, "select count(*)::text from run"); got != "1" {
		t.Errorf("run %s times", got)
	}
}

// A process that is killed in the middle of a migration leaves nothing of it and nobody waiting.
func TestStart_killedInTheMiddle(t *testing.T) {
	t.Parallel()
	database, dir := testpg.Database(t), small(t)
	second := filepath.Join(dir, "migrations/default/2_book/up.sql")
	text, _ := os.ReadFile(second)
	if err := os.WriteFile(second, append([]byte("alter table author add column born date; insert into gate values (1); "), text...), 0o600); err != nil {
		t.Fatal(err)
	}
	gate, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer gate.Close(context.WithoutCancel(t.Context()))
	for _, sql := range []string{"create table gate (n int)", "begin", "lock table gate"} {
		if _, err := gate.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	p := launch(t, database, mounted(dir)...)
	const waiting = "select count(*)::text from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
	for deadline := time.Now().Add(30 * time.Second); ask(t, database, waiting) == "0"; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the migration does not come to the gate: %s", p.out.String())
		}
	}
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := gate.Exec(t.Context(), "commit"); err != nil {
		t.Fatal(err)
	}
	again := launch(t, database, mounted(dir)...)
	again.ready(t)
	if got := again.query(t, "{author{name} book{id}}"); got != `{"data":{"author":[],"book":[]}}` {
		t.Errorf("%s\n%s", got, again.out.String())
	}
	if got := ask(t, database, "select string_agg(n::text, ',' order by n) from run"); got != "1,2" {
		t.Errorf("migrations ran: %s", got)
	}
}
