// Package cli_test replays the HTTP conversations of the Hasura v2 CLI against the built binary: what `hasura migrate`,
// `metadata` and `seed` send and what they read of the answers (Hasura: cli/internal/hasura, cli/internal/statestore).
package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"gatehouse/internal/testbin"
	"gatehouse/internal/testpg"
)

// project is a Hasura project whose endpoint is a Gatehouse of its own.
type project struct {
	*testing.T
	base string
}

func start(t *testing.T) *project {
	t.Helper()
	bin := testbin.Path(t)
	port := testbin.FreePort(t)
	var out bytes.Buffer
	cmd := exec.Command(bin, "serve", "--only", "data", "--port", port)
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(),
		"HASURA_GRAPHQL_DATABASE_URL=" + testpg.Database(t), "HASURA_GRAPHQL_ADMIN_SECRET=secret",
	}
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Signal(os.Interrupt); _ = cmd.Wait() })
	p := &project{t, "http://127.0.0.1:" + port}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if resp, err := http.Get(p.base + "/healthz"); err == nil {
			_ = resp.Body.Close()
			return p
		}
		if time.Now().After(deadline) {
			t.Fatal("Gatehouse does not answer")
		}
	}
}

// get is what the CLI does before every command.
func (p *project) get(path string, into any) int {
	p.Helper()
	req, _ := http.NewRequestWithContext(p.Context(), http.MethodGet, p.base+path, nil)
	return p.do(req, into)
}

func (p *project) send(path string, body, into any) int {
	p.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		p.Fatal(err)
	}
	req, _ := http.NewRequestWithContext(p.Context(), http.MethodPost, p.base+path, bytes.NewReader(raw))
	return p.do(req, into)
}

func (p *project) do(req *http.Request, into any) int {
	p.Helper()
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Hasura-Admin-Secret", "secret")
	req.Header.Set("Hasura-Client-Name", "hasura-cli")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		p.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		p.Fatal(err)
	}
	if text, ok := into.(*string); ok {
		*text = string(raw)
	} else if err := json.Unmarshal(raw, into); err != nil {
		p.Fatalf("%s: %v: %s", req.URL.Path, err, raw)
	}
	return resp.StatusCode
}

type command struct {
	Type    string `json:"type"`
	Version int    `json:"version,omitempty"`
	Args    any    `json:"args"`
}

// metadata sends a command that must succeed.
func (p *project) metadata(kind string, version int, args, into any) {
	p.Helper()
	var text string
	if code := p.send("/v1/metadata", command{kind, version, args}, &text); code != 200 {
		p.Fatalf("%s: %d %s", kind, code, text)
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		p.Fatalf("%s: %v: %s", kind, err, text)
	}
}

// state is the CLI's state in the catalog.
type state struct {
	Migrations           map[string]map[string]bool `json:"migrations,omitempty"`
	Settings             map[string]string          `json:"settings"`
	IsStateCopyCompleted bool                       `json:"isStateCopyCompleted"`
}

func (p *project) state() state {
	p.Helper()
	var answer struct {
		CLI *state `json:"cli_state"`
	}
	p.metadata("get_catalog_state", 0, map[string]string{}, &answer)
	if answer.CLI == nil {
		p.Fatal("no cli_state: the CLI would crash")
	}
	return *answer.CLI
}

// migrate is `hasura migrate apply --database-name default` for one migration.
func (p *project) migrate(version, sql string) (int, string) {
	p.Helper()
	s := p.state()
	set := func(dirty bool) {
		if s.Migrations == nil {
			s.Migrations = map[string]map[string]bool{}
		}
		if s.Migrations["default"] == nil {
			s.Migrations["default"] = map[string]bool{}
		}
		s.Migrations["default"][version] = dirty
		var done map[string]string
		p.metadata("set_catalog_state", 0, map[string]any{"type": "cli", "state": s}, &done)
	}
	set(true)
	var answer string
	code := p.send("/v2/query", command{Type: "run_sql", Args: map[string]any{
		"sql": sql, "source": "default", "cascade": false, "read_only": false, "check_metadata_consistency": false,
	}}, &answer)
	if code == 200 {
		set(false)
	}
	return code, answer
}

const tables = `
create table author (id serial primary key, name text not null);
create table book (id serial primary key, title text, author_id int references author (id));`

// document is what the CLI makes of a metadata directory.
func document(tableNames ...string) map[string]any {
	list := make([]any, len(tableNames))
	for i, n := range tableNames {
		list[i] = map[string]any{"table": map[string]string{"schema": "public", "name": n}}
	}
	return map[string]any{
		"version": 3,
		"sources": []any{map[string]any{
			"name": "default", "kind": "postgres", "tables": list,
			"configuration": map[string]any{"connection_info": map[string]any{
				"database_url": map[string]string{"from_env": "HASURA_GRAPHQL_DATABASE_URL"}, "isolation_level": "read-committed", "use_prepared_statements": false,
			}},
		}},
	}
}

type applied struct {
	IsConsistent bool             `json:"is_consistent"`
	Objects      []map[string]any `json:"inconsistent_objects"`
}

func (p *project) apply(doc any) applied {
	p.Helper()
	var a applied
	p.metadata("replace_metadata", 2, map[string]any{"allow_inconsistent_metadata": true, "metadata": doc}, &a)
	return a
}

func TestProject_movesIn(t *testing.T) {
	t.Parallel()
	p := start(t)
	var version struct {
		Version string `json:"version"`
	}
	if code := p.get("/v1/version", &version); code != 200 || !strings.HasPrefix(version.Version, "v2.") {
		t.Errorf("version: %d %q; the CLI wants a v2", code, version.Version)
	}
	var config map[string]any
	if code := p.get("/v1alpha1/config", &config); code != 200 || config["is_admin_secret_set"] != true {
		t.Errorf("config: %d %v", code, config)
	}

	// migrate apply, twice; migrate status; a migration that fails stays marked
	if code, answer := p.migrate("1700000000001", tables); code != 200 {
		t.Fatalf("migrate: %d %s", code, answer)
	}
	if code, answer := p.migrate("1700000000002", "alter table book add column isbn text;"); code != 200 || answer != `{"result_type":"CommandOk","result":null}` {
		t.Fatalf("migrate: %d %s", code, answer)
	}
	if code, answer := p.migrate("1700000000003", "create table author (id int)"); code != 400 || !strings.Contains(answer, `"status_code":"42P07"`) {
		t.Errorf("a failing migration: %d %s", code, answer)
	}
	want := map[string]bool{"1700000000001": false, "1700000000002": false, "1700000000003": true}
	if got := fmt.Sprint(p.state().Migrations["default"]); got != fmt.Sprint(want) {
		t.Errorf("status: got %s, want %v", got, want)
	}

	// metadata apply, inconsistency list and drop, reload, export, diff
	if a := p.apply(document("author", "book")); !a.IsConsistent || len(a.Objects) != 0 {
		t.Fatalf("apply: %+v", a)
	}
	a := p.apply(document("author", "book", "shelf"))
	if a.IsConsistent || len(a.Objects) != 1 || a.Objects[0]["type"] != "table" || a.Objects[0]["reason"] == "" || a.Objects[0]["definition"] == nil {
		t.Errorf("apply with a table that is not there: %+v", a)
	}
	var inconsistent applied
	p.metadata("get_inconsistent_metadata", 0, map[string]string{}, &inconsistent)
	if inconsistent.IsConsistent || len(inconsistent.Objects) != 1 {
		t.Errorf("inconsistency list: %+v", inconsistent)
	}
	var done struct {
		Message      string `json:"message"`
		IsConsistent *bool  `json:"is_consistent"`
	}
	p.metadata("drop_inconsistent_metadata", 0, map[string]string{}, &done)
	p.metadata("reload_metadata", 0, map[string]string{}, &done)
	if done.Message != "success" || done.IsConsistent == nil || !*done.IsConsistent {
		t.Errorf("reload: %+v", done)
	}
	var exported struct {
		Version int `json:"version"`
		Sources []struct {
			Tables []any `json:"tables"`
		} `json:"sources"`
	}
	p.metadata("export_metadata", 0, map[string]string{}, &exported)
	if exported.Version != 3 || len(exported.Sources) != 1 || len(exported.Sources[0].Tables) != 2 {
		t.Errorf("export: %+v", exported)
	}

	// seed apply sends a bulk; migrate apply --down on a tracked table is not held up by metadata
	var text string
	code := p.send("/v2/query", command{Type: "bulk", Args: []command{{Type: "run_sql", Args: map[string]any{
		"sql": "insert into author (name) values ('Ada'); insert into author (name) values ('Grace');", "source": "default",
	}}}}, &text)
	if code != 200 || text != `[{"result_type":"CommandOk","result":null}]` {
		t.Errorf("seed: %d %s", code, text)
	}
	var rows struct {
		Data struct {
			Author []struct{ Name string }
			Book   []struct{ ISBN string }
		}
	}
	if code := p.send("/v1/graphql", map[string]string{"query": "{author(order_by:{id:asc}){name} book{isbn}}"}, &rows); code != 200 || fmt.Sprint(rows) != "{{[{Ada} {Grace}] []}}" {
		t.Errorf("query: %d %v", code, rows)
	}
	if code, answer := p.migrate("1700000000004", "drop table book"); code != 200 {
		t.Errorf("down: %d %s", code, answer)
	}
}

// `hasura migrate create --from-server` and `metadata export` of a fresh clone.
func TestProject_fromServer(t *testing.T) {
	t.Parallel()
	p := start(t)
	if code, answer := p.migrate("1", tables); code != 200 {
		t.Fatalf("migrate: %d %s", code, answer)
	}
	var dump string
	code := p.send("/v1alpha1/pg_dump", map[string]any{
		"opts": []string{"-O", "-x", "--schema-only", "--schema", "public"}, "clean_output": true, "source": "default",
	}, &dump)
	if code != 200 || !strings.Contains(dump, "CREATE TABLE public.book") {
		t.Fatalf("pg_dump: %d %s", code, dump)
	}
	again := start(t)
	if code, answer := again.migrate("2", dump); code != 200 {
		t.Errorf("the dump does not apply: %d %s", code, answer)
	}
	if a := again.apply(document("author", "book")); !a.IsConsistent {
		t.Errorf("apply: %+v", a)
	}
}

// `hasura metadata apply` in continuous integration, twice at once: one of two edits based on the same version wins.
func TestProject_resourceVersion(t *testing.T) {
	t.Parallel()
	p := start(t)
	var now struct {
		Version int `json:"resource_version"`
	}
	p.metadata("export_metadata", 2, map[string]string{}, &now)
	edit := map[string]any{"type": "create_query_collection", "resource_version": now.Version, "args": map[string]any{"name": "c", "definition": map[string]any{"queries": []any{}}}}
	var text string
	if code := p.send("/v1/metadata", edit, &text); code != 200 {
		t.Fatalf("%d %s", code, text)
	}
	if code := p.send("/v1/metadata", edit, &text); code != 409 || !strings.Contains(text, `"code":"conflict"`) {
		t.Errorf("the second edit: %d %s", code, text)
	}
}
