package cli_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gatehouse/cli"
	"gatehouse/engine"
	"gatehouse/engine/impact"
	"gatehouse/engine/schema"
	"gatehouse/engine/session"
	"gatehouse/internal/testpg"
)

// gatehouse runs a command line in a directory of its own.
func gatehouse(t *testing.T, dir string, args ...string) (code int, out, said string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = cli.Run(t.Context(), args, cli.IO{In: strings.NewReader(""), Out: &stdout, Err: &stderr, Dir: dir, Now: time.Now, Environ: []string{"HOOK=http://hook"}})
	return code, stdout.String(), stderr.String()
}

const shopDocument = `{"version":3,"sources":[{"name":"default","kind":"postgres","tables":[{"table":"author",
	"select_permissions":[{"role":"user","permission":{"columns":["id"],"filter":{"id":"X-Hasura-User-Id"},"limit":5}}]}],
	"configuration":{"connection_info":{"database_url":{"from_env":"PG"}}}}]}`

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestMetadataCheck_exitCodesSayWhetherAProjectMovesIn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "honoured.json", shopDocument)
	write(t, dir, "kept.json", strings.Replace(shopDocument, `"sources"`, `"actions":[{"name":"pay","definition":{"handler":"{{HOOK}}/pay","output_type":"Paid"}}],"sources"`, 1))
	write(t, dir, "refused.json", strings.Replace(shopDocument, `"limit"`, `"limits"`, 1))
	write(t, dir, "nothing.json", `{"version":9}`)
	for _, c := range []struct {
		file string
		code int
		want []string
	}{
		{"honoured.json", 0, []string{"✓ user on author", "filter, limit", "! PG", "This moves in as it is."}},
		{"kept.json", 2, []string{"– pay", "actions are not supported by Gatehouse yet", "✓ HOOK", "1 kept but not executed yet"}},
		{"refused.json", 1, []string{`$.sources[0].tables[0].select_permissions[0].permission.limits: unexpected key "limits"; the nearest known key is "limit"`, "cannot move in"}},
	} {
		code, out, said := gatehouse(t, dir, "metadata", "check", c.file)
		if code != c.code {
			t.Errorf("%s: exit code %d, want %d\n%s%s", c.file, code, c.code, out, said)
		}
		for _, want := range c.want {
			if !strings.Contains(out, want) {
				t.Errorf("%s: %q is not in\n%s", c.file, want, out)
			}
		}
		_, out, _ = gatehouse(t, dir, "metadata", "check", c.file, "-o", "json")
		var report struct{ Verdict string }
		if err := json.Unmarshal([]byte(out), &report); err != nil || report.Verdict+".json" != c.file {
			t.Errorf("%s: verdict %q, %v", c.file, report.Verdict, err)
		}
	}
	if code, out, said := gatehouse(t, dir, "metadata", "check", "nothing.json"); code != 1 || !strings.Contains(said, "version") {
		t.Errorf("%d %s %s", code, out, said)
	}
}

// engineAt is a running engine with one table.
func engineAt(t *testing.T) (endpoint, databaseURL string) {
	t.Helper()
	settings, err := session.ParseConfig(session.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	databaseURL = testpg.Database(t)
	e, err := engine.New(t.Context(), engine.Config{
		MetadataURL: testpg.Database(t), DefaultSourceURL: databaseURL, Session: settings, Options: schema.Options{InferFunctionPermissions: true},
		LookupEnv: func(name string) (string, bool) { return databaseURL, name == "PG" },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	s := httptest.NewServer(e.Handler())
	t.Cleanup(s.Close)
	for path, body := range map[string]string{
		"/v2/query": `{"type":"run_sql","args":{"sql":"create table author (id integer primary key, name text)"}}`,
	} {
		resp, err := s.Client().Post(s.URL+path, "application/json", strings.NewReader(body))
		if err != nil || resp.StatusCode != 200 {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	}
	resp, err := s.Client().Post(s.URL+"/v1/metadata", "application/json", strings.NewReader(`{"type":"replace_metadata","args":`+shopDocument+`}`))
	if err != nil || resp.StatusCode != 200 {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return s.URL, databaseURL
}

func TestMetadataCheck_withADatabaseAndARunningServer(t *testing.T) {
	t.Parallel()
	endpoint, databaseURL := engineAt(t)
	dir := t.TempDir()
	write(t, dir, "good.json", shopDocument)
	write(t, dir, "bad.json", strings.Replace(shopDocument, `"columns":["id"]`, `"columns":["ids"]`, 1))
	if code, out, said := gatehouse(t, dir, "metadata", "check", "good.json", "--database-url", databaseURL); code != 0 {
		t.Errorf("%d %s%s", code, out, said)
	}
	if code, out, _ := gatehouse(t, dir, "metadata", "check", "bad.json", "--database-url", "default="+databaseURL); code != 2 || !strings.Contains(out, `inconsistent: select_permission user in table author in source default`) {
		t.Errorf("%d %s", code, out)
	}
	if code, out, said := gatehouse(t, dir, "metadata", "check", endpoint); code != 0 || !strings.Contains(out, "✓ user on author") || !strings.Contains(out, "Server: ") {
		t.Errorf("%d %s%s", code, out, said)
	}
}

// What is kept is told once, however the server words it, and what the server finds besides is told as well.
func TestMetadataCheck_ofAServerThatKeeps(t *testing.T) {
	t.Parallel()
	answers := map[string]string{
		"/v1/version":      `{"version":"v2.48.1","gatehouse":"9"}`,
		"/v1alpha1/config": `{"version":"v2.48.1","is_function_permissions_inferred":false}`,
		"export_metadata":  strings.Replace(shopDocument, `"sources"`, `"actions":[{"name":"pay","definition":{"handler":"{{HOOK}}/pay","output_type":"Paid"}}],"sources"`, 1),
		"get_inconsistent_metadata": `{"is_consistent":false,"inconsistent_objects":[
			{"type":"action","name":"action pay","definition":{"definition":{"output_type":"Paid","handler":"{{HOOK}}/pay"},"name":"pay"},"reason":"Inconsistent object: actions wait for a later version"},
			{"type":"table","name":"table author in source default","definition":"author","reason":"Inconsistent object: no such table, whose name says: not supported by Gatehouse yet"}]}`,
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked := struct{ Type string }{r.URL.Path}
		_ = json.NewDecoder(r.Body).Decode(&asked)
		_, _ = w.Write([]byte(answers[asked.Type]))
	}))
	t.Cleanup(s.Close)
	code, out, said := gatehouse(t, t.TempDir(), "metadata", "check", s.URL)
	if code != 2 || strings.Count(out, "pay") != 2 || strings.Contains(out, "later version") || !strings.Contains(out, "✗ inconsistent: table author in source default: Inconsistent object: no such table") {
		t.Errorf("%d\n%s%s", code, out, said)
	}
}

// Where the server is comes from the project, and without one from the environment; a project that cannot be read is no reason
// to ask another server.
func TestMetadataPlan_whichServer(t *testing.T) {
	t.Parallel()
	var secret string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		secret = r.Header.Get("X-Hasura-Admin-Secret")
		_, _ = w.Write([]byte(`{}`))
	}))
	t.Cleanup(s.Close)
	run := func(dir string, environ ...string) (int, string) {
		secret = ""
		var out bytes.Buffer
		return cli.Run(t.Context(), []string{"metadata", "plan", "m.json"}, cli.IO{Out: &out, Err: &out, Dir: dir, Environ: environ}), out.String()
	}
	alone := t.TempDir()
	write(t, alone, "m.json", shopDocument)
	if code, out := run(alone, "HASURA_GRAPHQL_ENDPOINT="+s.URL, "HASURA_GRAPHQL_ACCESS_KEY=old"); code != 0 || secret != "old" {
		t.Errorf("%d, secret %q\n%s", code, secret, out)
	}
	write(t, alone, ".env", "HASURA_GRAPHQL_ENDPOINT="+s.URL+"\nHASURA_GRAPHQL_ADMIN_SECRET=beside\n")
	if code, out := run(alone); code != 0 || secret != "beside" {
		t.Errorf("%d, secret %q\n%s", code, secret, out)
	}
	for name, text := range map[string]string{"config.yaml": "endpoint: [", ".env": "NO VALUE"} {
		broken := t.TempDir()
		write(t, broken, "m.json", shopDocument)
		write(t, broken, "config.yaml", "version: 3")
		write(t, broken, name, text)
		if code, out := run(broken, "HASURA_GRAPHQL_ENDPOINT="+s.URL); code != 1 || !strings.Contains(out, name) {
			t.Errorf("a broken %s: %d\n%s", name, code, out)
		}
	}
}

func TestMetadataPlan_failsOnWhatItIsToldTo(t *testing.T) {
	t.Parallel()
	endpoint, _ := engineAt(t)
	dir := t.TempDir()
	write(t, dir, "same.json", shopDocument)
	write(t, dir, "wider.json", strings.Replace(shopDocument, `"filter":{"id":"X-Hasura-User-Id"}`, `"filter":{}`, 1))
	write(t, dir, "narrower.json", strings.Replace(shopDocument, `"limit":5`, `"limit":3`, 1))
	write(t, dir, "broken.json", strings.Replace(shopDocument, `"table":"author"`, `"table":"nobody"`, 1))
	for _, c := range []struct {
		file, failOn string
		code         int
		want         string
	}{
		{"same.json", "widened,breaking,inconsistent", 0, ""},
		{"wider.json", "widened", 1, "wider  user  default author  select  row filter removed: id = x-hasura-user-id"},
		{"wider.json", "breaking,inconsistent", 0, "1 rights wider"},
		{"narrower.json", "widened,breaking,inconsistent", 0, "narrower  user  default author  select  limit changed from 5 to 3"},
		{"broken.json", "inconsistent", 1, "table nobody in source default"},
		{"broken.json", "breaking", 1, "removed, breaking  author"},
	} {
		code, out, said := gatehouse(t, dir, "metadata", "plan", c.file, "--endpoint", endpoint, "--fail-on", c.failOn)
		if code != c.code || !strings.Contains(out, c.want) {
			t.Errorf("%s --fail-on %s: exit code %d, want %d with %q\n%s%s", c.file, c.failOn, code, c.code, c.want, out, said)
		}
	}
	write(t, dir, "renamed.json", strings.Replace(shopDocument, `"table":"author"`, `"table":"author","configuration":{"custom_name":"writer"}`, 1))
	_, out, said := gatehouse(t, dir, "metadata", "plan", "renamed.json", "--endpoint", endpoint, "--sdl")
	if !strings.Contains(out, "Schema of user\n@@") || !strings.Contains(out, "\n-type author {\n") || !strings.Contains(out, "\n+type writer {\n") {
		t.Errorf("schemas as text: %s%s", out, said)
	}
	_, out, _ = gatehouse(t, dir, "metadata", "plan", "wider.json", "--endpoint", endpoint, "-o", "json")
	var plan impact.Plan
	if err := json.Unmarshal([]byte(out), &plan); err != nil || plan.Summary.Widened != 1 {
		t.Errorf("%v %s", err, out)
	}
}
