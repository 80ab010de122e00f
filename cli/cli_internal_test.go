package cli

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestOwns(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]bool{
		"migrate apply":                         true,
		"md apply":                              true,
		"--project shop metadata export":        true,
		"--project=shop --no-color seed apply":  true,
		"--admin-secret migrate serve":          false, // the secret's value
		"serve --metadata-database-url migrate": false,
		"":                                      false,
		"--help":                                false,
		"doctor":                                false,
	} {
		if got := Owns(strings.Fields(line)); got != want {
			t.Errorf("%q: got %v", line, got)
		}
	}
}

// What names the server: a flag, then the environment, then .env, then config.yaml.
func TestConfig_precedence(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("config.yaml", "version: 3\nendpoint: http://config\nadmin_secret: from-config\nmigrations_directory: db\n")
	write("env", "# variables\nexport HASURA_GRAPHQL_ENDPOINT=\"http://file\" # quoted\nHASURA_GRAPHQL_ADMIN_SECRET=from-file # plain\n")
	sub := filepath.Join(dir, "migrations", "default")
	if err := os.MkdirAll(sub, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		flags   common
		environ []string
		want    string
	}{
		{common{EnvFile: ".env"}, nil, "http://config from-config"},
		{common{EnvFile: "env"}, nil, "http://file from-file"},
		{common{EnvFile: "env"}, []string{"HASURA_GRAPHQL_ENDPOINT=http://env", "HASURA_GRAPHQL_ADMIN_SECRET="}, "http://env from-file"},
		{common{EnvFile: "env", Endpoint: "http://flag", AccessKey: "old"}, []string{"HASURA_GRAPHQL_ENDPOINT=http://env"}, "http://flag old"},
	} {
		r := &run{IO: IO{Dir: sub, Environ: c.environ}, common: c.flags}
		got, err := r.config()
		if err != nil {
			t.Fatal(err)
		}
		if got.Endpoint+" "+got.AdminSecret != c.want || got.MigrationsDir != filepath.Join(dir, "db") {
			t.Errorf("got %s %s, want %s; migrations in %s", got.Endpoint, got.AdminSecret, c.want, got.MigrationsDir)
		}
	}
	r := &run{IO: IO{Dir: dir}, common: common{EnvFile: "nowhere"}}
	if _, err := r.config(); err == nil {
		t.Error("an env file that was named and is not there")
	}
	write("env", "NO VALUE\n")
	r.common.EnvFile = "env"
	if _, err := r.config(); err == nil || !strings.Contains(err.Error(), "env:1: KEY=value is expected") {
		t.Error(err)
	}
}

func TestUnified(t *testing.T) {
	t.Parallel()
	var a, b []string
	for i := 1; i <= 30; i++ {
		a, b = append(a, fmt.Sprint(i)), append(b, fmt.Sprint(i))
	}
	b[4] = "five"
	b = append(b[:20], b[21:]...)
	b = append(b, "31")
	want := "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n@@ -18,7 +18,6 @@\n 18\n 19\n 20\n-21\n 22\n 23\n 24\n@@ -28,3 +27,4 @@\n 28\n 29\n 30\n+31\n"
	if diff := cmp.Diff(want, unified(a, b)); diff != "" {
		t.Error(diff)
	}
	if got := unified(nil, []string{"x"}); got != "@@ -0,0 +1,1 @@\n+x\n" {
		t.Error(got)
	}
	if got := unified(a, a); got != "" {
		t.Error(got)
	}
}

// The server is told who asks, and the secret goes nowhere else.
func TestPost(t *testing.T) {
	t.Parallel()
	var header http.Header
	var path string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header, path = r.Header, r.URL.Path
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"path":"$","error":"no","code":"x"}`))
	}))
	defer s.Close()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "config.yaml"), []byte("version: 3\nendpoint: "+s.URL+"/hasura/\nadmin_secret: hush\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errOut bytes.Buffer
	code := Run(t.Context(), []string{"metadata", "reload"}, IO{In: strings.NewReader(""), Out: &out, Err: &errOut, Dir: dir, Now: time.Now})
	if code != 1 || out.String() != "" || errOut.String() != "gatehouse: reload_metadata: no [x]\n" {
		t.Errorf("%d %q %q", code, out.String(), errOut.String())
	}
	if path != "/hasura/v1/metadata" || header.Get("X-Hasura-Admin-Secret") != "hush" || header.Get("Content-Type") != "application/json" {
		t.Errorf("%s %v", path, header)
	}
	if strings.Contains(errOut.String(), "hush") {
		t.Error("the secret is shown")
	}
}

func TestRun_help(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if code := Run(t.Context(), []string{"migrate", "apply", "--help"}, IO{Out: &out, Err: &out}); code != 0 || !strings.Contains(out.String(), "--skip-execution") {
		t.Errorf("%d %s", code, out.String())
	}
}
