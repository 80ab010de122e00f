package project_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/engine/project"
)

// fake is a server that remembers the state and the statements it was sent.
type fake struct {
	t     *testing.T
	state json.RawMessage
	old   [][]string // of hdb_catalog.schema_migrations; nil when there is no such table
	set   [][]string // of hdb_catalog.migration_settings, likewise
	fails string     // a statement that is refused
	ran   []string
	sent  []string // bodies

	applied json.RawMessage // the answer to replace_metadata
	isAway  bool            // the database does not answer
}

func (f *fake) Post(_ context.Context, path string, body any) ([]byte, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		f.t.Fatal(err)
	}
	f.sent = append(f.sent, path+" "+string(raw))
	var c struct {
		Type string
		Args struct {
			SQL   string
			State json.RawMessage
		}
	}
	_ = json.Unmarshal(raw, &c)
	switch c.Type {
	case "get_catalog_state":
		return fmt.Appendf(nil, `{"id":"x","cli_state":%s,"console_state":{}}`, f.state), nil
	case "set_catalog_state":
		f.state = c.Args.State
		return []byte(`{"message":"success"}`), nil
	case "export_metadata":
		return []byte(`{"version":3,"sources":[{"name":"default","kind":"postgres","tables":[]}]}`), nil
	case "replace_metadata":
		return f.applied, nil
	case "reload_metadata":
		return []byte(`{"is_consistent":true}`), nil
	case "run_sql":
		return f.sql(c.Args.SQL)
	case "bulk":
		f.ran = append(f.ran, path)
		return []byte(`[]`), nil
	}
	f.t.Fatalf("unexpected %s", raw)
	return nil, nil
}

func (f *fake) sql(sql string) ([]byte, error) {
	result := func(rows ...[]string) ([]byte, error) {
		return json.Marshal(map[string]any{"result_type": "TuplesOk", "result": append([][]string{{"a", "b"}}, rows...)})
	}
	switch {
	case f.isAway:
		return nil, project.ReadRefusal(400, []byte(`{"path":"$","error":"source with name \"default\" is inconsistent","code":"unexpected"}`))
	case strings.Contains(sql, "information_schema.tables where table_name = 'migration_settings'"):
		return result([]string{fmt.Sprint(min(1, len(f.set)))})
	case strings.Contains(sql, "information_schema.tables"):
		return result([]string{fmt.Sprint(min(1, len(f.old)))})
	case strings.Contains(sql, "from hdb_catalog.migration_settings") && f.set == nil:
		return nil, project.ReadRefusal(400, []byte(`{"path":"$.args","error":"query execution failed","code":"postgres-error","internal":{"error":{"message":"relation \"hdb_catalog.migration_settings\" does not exist","status_code":"42P01"}}}`))
	case strings.Contains(sql, "from hdb_catalog.migration_settings"):
		return result(f.set...)
	case strings.Contains(sql, "from hdb_catalog.schema_migrations"):
		return result(f.old...)
	case strings.Contains(sql, "hdb_catalog."):
		return result()
	case f.fails != "" && strings.Contains(sql, f.fails):
		return nil, project.ReadRefusal(400, []byte(`{"path":"$.args","error":"query execution failed","code":"postgres-error","internal":{"error":{"message":"no such thing","status_code":"42P01","hint":"look elsewhere"}}}`))
	}
	f.ran = append(f.ran, strings.TrimSpace(sql))
	return []byte(`{"result_type":"CommandOk","result":null}`), nil
}

// migrations is a project with migrations 1 to 4 on a server where some are applied.
func migrations(t *testing.T, state string) (*project.Project, *fake) {
	t.Helper()
	files := map[string]string{"migrations/default/README.md": "", "migrations/default/squashed_0_to_0/x": ""}
	for i := 1; i <= 4; i++ {
		files[fmt.Sprintf("migrations/default/%d_m/up.sql", i)] = fmt.Sprintf("up %d;", i)
		files[fmt.Sprintf("migrations/default/%d_m/down.sql", i)] = fmt.Sprintf("down %d", i)
	}
	c, err := project.ReadConfig(write(t, files))
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{t: t, state: json.RawMessage(state)}
	return &project.Project{Config: c, Server: f}, f
}

var db = project.Database{Name: "default", Kind: "postgres"}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

const applied12 = `{"migrations":{"default":{"1":false,"2":false}},"settings":{"migration_mode":"true"},"isStateCopyCompleted":true}`

func TestMigrations_whichAreRun(t *testing.T) {
	t.Parallel()
	steps := func(s []project.Step, short int, err error) string {
		if err != nil {
			return err.Error()
		}
		var out []string
		for _, step := range s {
			out = append(out, fmt.Sprintf("%s %d", step.Direction, step.Version))
		}
		if short > 0 {
			out = append(out, fmt.Sprintf("%d short", short))
		}
		return strings.Join(out, ", ")
	}
	whole := func(s []project.Step, err error) string { return steps(s, 0, err) }
	for name, c := range map[string]struct {
		state string
		ask   func(*project.Status) string
		want  string
	}{
		"all":                       {applied12, func(s *project.Status) string { return steps(s.Up(-1)) }, "up 3, up 4"},
		"one":                       {applied12, func(s *project.Status) string { return steps(s.Up(1)) }, "up 3"},
		"more than there are":       {applied12, func(s *project.Status) string { return steps(s.Up(3)) }, "up 3, up 4, 1 short"},
		"from nothing":              {`{}`, func(s *project.Status) string { return steps(s.Up(2)) }, "up 1, up 2"},
		"one that was left out":     {`{"migrations":{"default":{"2":false}}}`, func(s *project.Status) string { return steps(s.Up(-1)) }, "up 1, up 3, up 4"},
		"down":                      {applied12, func(s *project.Status) string { return steps(s.Down(1)) }, "down 2"},
		"all down":                  {applied12, func(s *project.Status) string { return steps(s.Down(-1)) }, "down 2, down 1"},
		"down what is not here":     {`{"migrations":{"default":{"9":false}}}`, func(s *project.Status) string { return steps(s.Down(1)) }, "migration 9 of database default has no down file here: write down.sql, or change what the server knows with --skip-execution"},
		"goto, up":                  {applied12, func(s *project.Status) string { return whole(s.Goto(3)) }, "up 3"},
		"goto, down":                {applied12, func(s *project.Status) string { return whole(s.Goto(1)) }, "down 2"},
		"goto, here":                {applied12, func(s *project.Status) string { return whole(s.Goto(2)) }, ""},
		"goto, nowhere":             {applied12, func(s *project.Status) string { return whole(s.Goto(7)) }, "there is no migration 7 for database default"},
		"only one":                  {applied12, func(s *project.Status) string { return whole(s.Only(4, project.Up, false)) }, "up 4"},
		"only one, applied":         {applied12, func(s *project.Status) string { return whole(s.Only(1, project.Up, false)) }, "migration 1 is already applied on database default"},
		"only one down":             {applied12, func(s *project.Status) string { return whole(s.Only(1, project.Down, false)) }, "down 1"},
		"only one down, unapplied":  {applied12, func(s *project.Status) string { return whole(s.Only(3, project.Down, false)) }, "migration 3 is not applied on database default"},
		"after one was interrupted": {`{"migrations":{"default":{"1":false,"2":true}}}`, func(s *project.Status) string { return steps(s.Up(-1)) }, "migration 2 of database default was begun and not seen to end. Look at the database; then mark it as applied (migrate apply --version 2 --skip-execution) or as not applied (--type down as well)"},
		"marking that one":          {`{"migrations":{"default":{"1":false,"2":true}}}`, func(s *project.Status) string { return whole(s.Only(2, project.Up, true)) }, "up 2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, _ := migrations(t, c.state)
			if got := c.ask(must(p.Status(t.Context(), db))(t)); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestRun_stopsAtWhatFailsAndKnowsWhatIsDone(t *testing.T) {
	t.Parallel()
	p, f := migrations(t, applied12)
	f.fails = "up 4"
	steps, _, err := must(p.Status(t.Context(), db))(t).Up(-1)
	if err != nil {
		t.Fatal(err)
	}
	err = p.Run(t.Context(), db, steps, project.RunOptions{})
	want := filepath.Join(p.Config.MigrationsDir, "default/4_m/up.sql") + ": no such thing\n  hint: look elsewhere\n  SQLSTATE 42P01 [postgres-error]"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if diff := cmp.Diff([]string{"up 3;"}, f.ran); diff != "" {
		t.Error(diff)
	}
	if want := `{"isStateCopyCompleted":true,"migrations":{"default":{"1":false,"2":false,"3":false}},"settings":{"migration_mode":"true"}}`; string(f.state) != want {
		t.Errorf("state %s", f.state)
	}
	steps, _, _ = must(p.Status(t.Context(), db))(t).Down(2)
	if err := p.Run(t.Context(), db, steps, project.RunOptions{}); err != nil {
		t.Fatal(err)
	}
	if want := `{"isStateCopyCompleted":true,"migrations":{"default":{"1":false}},"settings":{"migration_mode":"true"}}`; string(f.state) != want {
		t.Errorf("state after going down %s", f.state)
	}
	// What goes over the wire is what the Hasura command line sends.
	if sent := strings.Join(f.sent, "\n"); !strings.Contains(sent, `/v2/query {"type":"run_sql","args":{"sql":"down 2","source":"default","check_metadata_consistency":false}}`) {
		t.Errorf("sent\n%s", sent)
	}
}

func TestRun_skipExecutionRunsNothing(t *testing.T) {
	t.Parallel()
	p, f := migrations(t, applied12)
	steps, err := must(p.Status(t.Context(), db))(t).Only(3, project.Up, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Run(t.Context(), db, steps, project.RunOptions{SkipExecution: true}); err != nil || len(f.ran) != 0 {
		t.Errorf("%v, ran %v", err, f.ran)
	}
	if !strings.Contains(string(f.state), `"3":false`) {
		t.Errorf("state %s", f.state)
	}
}

// Statements outside of a transaction may stop halfway, so that they were begun is known.
func TestRun_outsideATransaction(t *testing.T) {
	t.Parallel()
	p, f := migrations(t, applied12)
	file := filepath.Join(p.Config.MigrationsDir, "default/3_m/up.sql")
	if err := os.WriteFile(file, []byte("-- gatehouse:no-transaction\ncreate index concurrently i on t (a)"), 0o600); err != nil {
		t.Fatal(err)
	}
	f.fails = "create index"
	steps, _, _ := must(p.Status(t.Context(), db))(t).Up(1)
	if err := p.Run(t.Context(), db, steps, project.RunOptions{}); err == nil || !strings.Contains(f.sent[len(f.sent)-1], `"no_transaction":true`) {
		t.Errorf("%v, sent %s", err, f.sent[len(f.sent)-1])
	}
	if !strings.Contains(string(f.state), `"3":true`) {
		t.Errorf("state %s", f.state)
	}
	if _, _, err := must(p.Status(t.Context(), db))(t).Up(-1); err == nil || !strings.Contains(err.Error(), "was begun and not seen to end") {
		t.Errorf("afterwards: %v", err)
	}
}

func TestRun_olderProjectsHaveCommands(t *testing.T) {
	t.Parallel()
	p, f := migrations(t, applied12)
	dir := filepath.Join(p.Config.MigrationsDir, "default/3_m")
	if err := os.WriteFile(filepath.Join(dir, "up.yaml"), []byte("- type: track_table\n  args: {schema: public, name: t}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	steps, _, _ := must(p.Status(t.Context(), db))(t).Up(1)
	if err := p.Run(t.Context(), db, steps, project.RunOptions{}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"up 3;", "/v1/query"}, f.ran); diff != "" {
		t.Error(diff)
	}
	if sent := strings.Join(f.sent, "\n"); !strings.Contains(sent, `/v1/query {"type":"bulk","args":[{"type":"track_table","args":{"schema":"public","name":"t"}}]}`) {
		t.Errorf("sent\n%s", sent)
	}
}

// The state of an older project is taken over once; what others keep in it stays.
func TestState_isTakenOver(t *testing.T) {
	t.Parallel()
	p, f := migrations(t, `{"someone_elses":{"a":1}}`)
	f.old = [][]string{{"1", "f"}, {"2", "t"}}
	status := must(p.Status(t.Context(), db))(t)
	if !status.Migrations[0].IsApplied || !status.Migrations[1].IsDirty || status.Migrations[2].IsApplied {
		t.Errorf("%+v", status.Migrations)
	}
	if want := `{"isStateCopyCompleted":true,"migrations":{"default":{"1":false,"2":true}},"settings":{"migration_mode":"true"},"someone_elses":{"a":1}}`; string(f.state) != want {
		t.Errorf("state %s", f.state)
	}
	f.old = append(f.old, []string{"3", "f"})
	if status := must(p.Status(t.Context(), db))(t); status.Migrations[2].IsApplied {
		t.Error("taken over twice")
	}
}

// Projects of the first versions have no settings, and those that have them keep them.
func TestState_settingsOfAnOlderProject(t *testing.T) {
	t.Parallel()
	p, f := migrations(t, `{}`)
	f.old, f.set = [][]string{{"1", "f"}}, [][]string{{"migration_mode", "true"}, {"other", "x"}}
	if status := must(p.Status(t.Context(), db))(t); !status.Migrations[0].IsApplied || !strings.Contains(string(f.state), `"settings":{"migration_mode":"true","other":"x"}`) {
		t.Errorf("%+v, state %s", status.Migrations, f.state)
	}
	p, f = migrations(t, `{}`)
	p.Config.Version = 2
	p.Config.MigrationsDir += "/default"
	f.old = [][]string{{"1", "f"}}
	if status := must(p.Status(t.Context(), project.Database{}))(t); !status.Migrations[0].IsApplied {
		t.Errorf("%+v", status.Migrations)
	}
	f.set = [][]string{{"migration_mode", "false"}}
	if _, err := p.Status(t.Context(), project.Database{}); err == nil || !strings.Contains(err.Error(), "migration_mode") {
		t.Errorf("switched off: %v", err)
	}
}

func TestState_switchedOff(t *testing.T) {
	t.Parallel()
	p, _ := migrations(t, `{"settings":{"migration_mode":"false"},"isStateCopyCompleted":true}`)
	if _, err := p.Status(t.Context(), db); err == nil || !strings.Contains(err.Error(), "migration_mode") {
		t.Error(err)
	}
}

func TestSquash(t *testing.T) {
	t.Parallel()
	p, f := migrations(t, applied12)
	if _, err := p.Squash(t.Context(), db, 2, 3, "two", false); err == nil || !strings.Contains(err.Error(), "must all be applied or all not be, and 3 differs") {
		t.Errorf("a mixture: %v", err)
	}
	if _, err := p.Squash(t.Context(), db, 3, 2, "two", false); err == nil {
		t.Error("backwards")
	}
	done, err := p.Squash(t.Context(), db, 1, 2, "first", true)
	if err != nil {
		t.Fatal(err)
	}
	files := tree(t, p.Config.MigrationsDir)
	if diff := cmp.Diff("\nup 1;\n\nup 2;\n", files["default/2_first/up.sql"]); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff("\ndown 2;\n\ndown 1;\n", files["default/2_first/down.sql"]); diff != "" {
		t.Error(diff)
	}
	if _, is := files["default/1_m/up.sql"]; is || done.Kept != "" {
		t.Errorf("the originals are there: %v", files)
	}
	if want := `"migrations":{"default":{"2":false}}`; !strings.Contains(string(f.state), want) {
		t.Errorf("state %s", f.state)
	}
	if done, err = p.Squash(t.Context(), db, 3, 0, "rest", false); err != nil {
		t.Fatal(err)
	}
	files = tree(t, p.Config.MigrationsDir)
	if filepath.Base(done.Kept) != "squashed_3_to_4" || files["default/squashed_3_to_4/3_m/up.sql"] != "up 3;" || files["default/4_rest/down.sql"] != "\ndown 4;\n\ndown 3;\n" {
		t.Errorf("%+v %v", done, files)
	}
}

func TestDeleteMigrations(t *testing.T) {
	t.Parallel()
	p, f := migrations(t, applied12)
	if _, err := p.DeleteMigrations(t.Context(), db, 7, false); err == nil {
		t.Error("one that is not there")
	}
	if _, err := p.DeleteMigrations(t.Context(), db, 1, false); err != nil {
		t.Fatal(err)
	}
	if files := tree(t, p.Config.MigrationsDir); files["default/1_m/up.sql"] != "" || files["default/2_m/up.sql"] == "" {
		t.Errorf("%v", files)
	}
	if _, err := p.DeleteMigrations(t.Context(), db, 0, true); err != nil {
		t.Fatal(err)
	}
	if files := tree(t, p.Config.MigrationsDir); files["default/2_m/up.sql"] == "" || strings.Contains(string(f.state), `"2"`) {
		t.Errorf("%v %s", files, f.state)
	}
}

func TestDatabase_nameIsNoPath(t *testing.T) {
	t.Parallel()
	p, _ := migrations(t, `{}`)
	for _, name := range []string{"../../etc", "a/b", "..", "."} {
		if _, err := p.Status(t.Context(), project.Database{Name: name}); err == nil {
			t.Errorf("%q is taken", name)
		}
		if _, err := p.CreateMigration(project.Database{Name: "default"}, 1, name+"/x", "select", ""); err == nil {
			t.Errorf("migration %q is taken", name)
		}
	}
}

func TestApplySeeds(t *testing.T) {
	t.Parallel()
	p, f := migrations(t, `{}`)
	if _, err := p.ApplySeeds(t.Context(), db, nil); err == nil {
		t.Error("no seeds, no error")
	}
	for i, sql := range []string{"one", "two"} {
		if _, err := p.CreateSeed(db, uint64(i+1), "s", sql); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.ApplySeeds(t.Context(), db, []string{"../../secret.sql"}); err == nil {
		t.Error("a file outside is read")
	}
	files, err := p.ApplySeeds(t.Context(), db, nil)
	if err != nil || len(files) != 2 {
		t.Fatalf("%v %v", files, err)
	}
	if want := `/v2/query {"type":"bulk","args":[{"type":"run_sql","args":{"sql":"one","source":"default"}},{"type":"run_sql","args":{"sql":"two","source":"default"}}]}`; f.sent[len(f.sent)-1] != want {
		t.Errorf("sent %s", f.sent[len(f.sent)-1])
	}
}

func TestRefusal(t *testing.T) {
	t.Parallel()
	var r *project.Refusal
	err := fmt.Errorf("x: %w", project.ReadRefusal(502, []byte("<html>bad gateway</html>")))
	if !errors.As(err, &r) || r.Error() != "<html>bad gateway</html> (status 502)" {
		t.Error(err)
	}
	if got := project.ReadRefusal(400, []byte(`{"path":"$.args.metadata","error":"unknown key \"x\"","code":"parse-failed"}`)).Error(); got != `unknown key "x" (at $.args.metadata) [parse-failed]` {
		t.Error(got)
	}
}

// What an older project has applied is asked for until somebody answers: nothing is run that may have been run before.
func TestMigrations_stateOfAnOlderProjectIsAskedForAgain(t *testing.T) {
	t.Parallel()
	p, f := migrations(t, `{}`)
	f.old, f.isAway = [][]string{{"1", "f"}, {"2", "f"}}, true
	if _, err := p.Status(t.Context(), db); err == nil || !strings.Contains(err.Error(), `take over the migrations' state from hdb_catalog.schema_migrations of database default: source with name "default" is inconsistent`) {
		t.Errorf("got %v", err)
	}
	if string(f.state) != `{}` {
		t.Errorf("state %s", f.state)
	}
	other := project.Database{Name: "warehouse", Kind: "mssql"} // has no such table
	if _, err := p.Status(t.Context(), other); err != nil || strings.Contains(string(f.state), "warehouse") || !strings.Contains(string(f.state), `"isStateCopyCompleted":false`) {
		t.Errorf("got %v, state %s", err, f.state)
	}
	f.isAway = false
	status := must(p.Status(t.Context(), db))(t)
	if steps, _, err := status.Up(-1); err != nil || len(steps) != 2 || steps[0].Version != 3 {
		t.Errorf("got %v %v", steps, err)
	}
}
