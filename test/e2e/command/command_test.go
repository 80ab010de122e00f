// Package command_test uses the built binary as a newcomer does: with its own Postgres, from a terminal.
package command_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gatehouse/internal/testbin"
)

func command(t *testing.T, env map[string]string, args ...string) (*exec.Cmd, *output) {
	t.Helper()
	bin := testbin.Path(t)
	cmd, out := exec.Command(bin, args...), &output{}
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}
	for k, v := range env {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	cmd.Stdout, cmd.Stderr = out, out
	return cmd, out
}

type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) { o.mu.Lock(); defer o.mu.Unlock(); return o.b.Write(p) }

func (o *output) String() string { o.mu.Lock(); defer o.mu.Unlock(); return o.b.String() }

// dataDir is a directory that Postgres' unprivileged user can reach when the test runs as root.
func dataDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "gh-command-test-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// running is a started Gatehouse whose banner has been printed.
type running struct {
	t    *testing.T
	cmd  *exec.Cmd
	out  *output
	base string
}

func start(t *testing.T, dir string, env map[string]string, args ...string) *running {
	t.Helper()
	port := testbin.FreePort(t)
	cmd, out := command(t, env, append([]string{"serve", "--port", port, "--data-dir", dir}, args...)...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r := &running{t: t, cmd: cmd, out: out, base: "http://localhost:" + port}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	for deadline := time.Now().Add(60 * time.Second); !strings.Contains(out.String(), "is ready"); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("no banner:\n%s", out)
		}
	}
	return r
}

func (r *running) stop(signal syscall.Signal) error {
	r.t.Helper()
	if err := r.cmd.Process.Signal(signal); err != nil {
		r.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- r.cmd.Wait() }()
	select {
	case err := <-ended:
		return err
	case <-time.After(30 * time.Second):
		r.t.Fatalf("did not end within 30 s:\n%s", r.out)
		return nil
	}
}

func (r *running) post(path, secret string, body any) (int, string) {
	r.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		r.t.Fatal(err)
	}
	req, err := http.NewRequest("POST", r.base+path, bytes.NewReader(text))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if secret != "" {
		req.Header.Set("X-Hasura-Admin-Secret", secret)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(answer)
}

func (r *running) get(path string) (int, string) {
	r.t.Helper()
	resp, err := http.Get(r.base + path)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(answer)
}

func runSQL(sql string) map[string]any {
	return map[string]any{"type": "run_sql", "args": map[string]any{"sql": sql}}
}

func secretOf(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "admin-secret")
	st, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if st.Mode().Perm() != 0o600 {
		t.Errorf("admin-secret has mode %v, want 0600", st.Mode().Perm())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

func TestServe_firstStartSaysEverythingOnce(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	r := start(t, dir, nil, "--demo")
	secret := secretOf(t, dir)
	for _, want := range []string{r.base + "/console", r.base + "/demo", r.base + "/v1/graphql", r.base + "/oidc", dir, secret, r.base + "/console/setup#"} {
		if !strings.Contains(r.out.String(), want) {
			t.Errorf("the banner does not name %s:\n%s", want, r.out)
		}
	}
	for _, path := range []string{"/console", "/demo", "/sign-in", "/healthz", "/v1/version", "/oidc/.well-known/openid-configuration", "/"} {
		if status, body := r.get(path); status != 200 {
			t.Errorf("GET %s: %d %.200s", path, status, body)
		}
	}
	if status, body := r.get("/nobody/here"); status != 404 || body != `{"path":"$","error":"resource does not exist","code":"not-found"}` {
		t.Errorf("an unknown path: %d %s", status, body)
	}
	if err := r.stop(syscall.SIGTERM); err != nil {
		t.Errorf("SIGTERM: %v, want exit status 0", err)
	}
	if again := start(t, dir, nil); strings.Contains(again.out.String(), secret) {
		t.Error("the admin secret is printed again at the second start")
	}
}

func TestServe_killedLosesNothing(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	r := start(t, dir, nil)
	secret := secretOf(t, dir)
	if status, body := r.post("/v2/query", secret, runSQL("create table kept (v int); insert into kept values (7)")); status != 200 {
		t.Fatalf("run_sql: %d %s", status, body)
	}
	if status, body := r.post("/v1/metadata", secret, map[string]any{"type": "pg_track_table", "args": map[string]any{"table": "kept"}}); status != 200 {
		t.Fatalf("track: %d %s", status, body)
	}
	_ = r.stop(syscall.SIGKILL)
	r = start(t, dir, nil)
	if status, body := r.post("/v1/graphql", secret, map[string]any{"query": "{ kept { v } }"}); status != 200 || body != `{"data":{"kept":[{"v":7}]}}` {
		t.Errorf("after kill -9: %d %s", status, body)
	}
}

func TestServe_secondOnOneDataDirectoryIsRefused(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	start(t, dir, nil)
	cmd, out := command(t, nil, "serve", "--port", testbin.FreePort(t), "--data-dir", dir)
	if err := cmd.Run(); err == nil || !strings.Contains(out.String(), "--data-dir") {
		t.Errorf("got %v: %s", err, out)
	}
}

func TestServe_engineCannotReachIdentity(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	r := start(t, dir, nil)
	secret := secretOf(t, dir)
	for _, sql := range []string{
		"select * from identity.users", "select value from identity.configs", "set role gatehouse", "create role x superuser",
		"alter schema identity owner to current_user", "copy (select 1) to program 'id'", "select pg_read_file('/etc/passwd')",
	} {
		if status, body := r.post("/v2/query", secret, runSQL(sql)); status == 200 {
			t.Errorf("%s: %d %s", sql, status, body)
		}
	}
	status, body := r.post("/v1/metadata", secret, map[string]any{"type": "pg_track_table", "args": map[string]any{"table": map[string]string{"schema": "identity", "name": "users"}}})
	if status/100 != 4 {
		t.Errorf("tracking identity.users: %d %s", status, body)
	}
}

func TestServe_refusesToBeOpenByAccident(t *testing.T) {
	t.Parallel()
	cmd, out := command(t, map[string]string{"GATEHOUSE_DATABASE_URL": "postgres://nobody@127.0.0.1:1/none", "HASURA_GRAPHQL_NO_OF_RETRIES": "0"}, "serve", "--port", testbin.FreePort(t))
	if err := cmd.Run(); err == nil {
		t.Errorf("started without a reachable database and without a secret:\n%s", out)
	}
}

func TestServe_portInUse(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	cmd, out := command(t, nil, "serve", "--port", port, "--data-dir", dataDir(t), "--server-host", "127.0.0.1")
	if err := cmd.Run(); err == nil || !strings.Contains(out.String(), "--port") {
		t.Errorf("got %v: %s", err, out)
	}
}

// A deployment looks for one line of JSON that says what to change.
func TestServe_aBadValueEndsTheStartWithOneLine(t *testing.T) {
	t.Parallel()
	for variable, value := range map[string]string{
		"HASURA_GRAPHQL_SERVER_PORT": "eighty", "HASURA_GRAPHQL_ENABLED_APIS": "graphql,rest", "HASURA_GRAPHQL_DEV_MODE": "perhaps",
		"HASURA_GRAPHQL_CORS_DOMAIN": "example.com", "HASURA_GRAPHQL_LOG_LEVEL": "loud",
	} {
		cmd, out := command(t, map[string]string{variable: value}, "graphql-engine", "serve")
		var failed *exec.ExitError
		if err := cmd.Run(); !errors.As(err, &failed) || failed.ExitCode() != 1 {
			t.Errorf("%s=%s: ended with %v", variable, value, err)
		}
		var line struct{ Type, Level string }
		if err := json.Unmarshal([]byte(out.String()), &line); err != nil || line.Type != "startup" || line.Level != "error" || !strings.Contains(out.String(), variable) {
			t.Errorf("%s=%s: got %s", variable, value, out)
		}
	}
}

func TestServe_unknownVariablesAreNamed(t *testing.T) {
	t.Parallel()
	r := start(t, dataDir(t), map[string]string{"HASURA_GRAPHQL_ADMIN_SECERT": "x"})
	if !strings.Contains(r.out.String(), "HASURA_GRAPHQL_ADMIN_SECERT") {
		t.Errorf("not named:\n%s", r.out)
	}
}

var setupLink = regexp.MustCompile(`/console/setup#(\S+)`)

func TestSetup_onlyTheLinkMakesTheFirstAdministratorAndOnlyOnce(t *testing.T) {
	t.Parallel()
	r := start(t, dataDir(t), nil)
	m := setupLink.FindStringSubmatch(r.out.String())
	if m == nil {
		t.Fatalf("no set-up link:\n%s", r.out)
	}
	body := func(token string) map[string]string {
		return map[string]string{"token": token, "username": "root_user", "password": "Zk9_fjq!w2"}
	}
	for _, token := range []string{"", "wrong", m[1] + "x"} {
		if status, answer := r.post("/console/api/setup", "", body(token)); status != 401 {
			t.Errorf("token %q: %d %s", token, status, answer)
		}
	}
	weak := map[string]string{"token": m[1], "username": "root_user", "password": "12345678"}
	if status, answer := r.post("/console/api/setup", "", weak); status != 422 {
		t.Errorf("a weak password: %d %s", status, answer)
	}
	if status, answer := r.post("/console/api/setup", "", body(m[1])); status != 201 || !strings.Contains(answer, "userId") {
		t.Fatalf("the link: %d %s", status, answer)
	}
	if status, answer := r.post("/console/api/setup", "", body(m[1])); status/100 != 4 {
		t.Errorf("the link again: %d %s", status, answer)
	}
}

func TestAdminCreate_besideARunningGatehouse(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	r := start(t, dir, nil)
	cmd, out := command(t, nil, "admin", "create", "--username", "operator", "--data-dir", dir)
	cmd.Stdin = strings.NewReader("Zk9_fjq!w2\n")
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	req, _ := http.NewRequest("GET", r.base+"/api/users?search=operator", nil)
	req.Header.Set("X-Hasura-Admin-Secret", secretOf(t, dir))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, _ := io.ReadAll(resp.Body); !strings.Contains(string(text), `"operator"`) {
		t.Errorf("users: %d %s", resp.StatusCode, text)
	}
}

func TestDoctorAndVersion(t *testing.T) {
	t.Parallel()
	cmd, out := command(t, map[string]string{"GATEHOUSE_TYPO": "1"}, "doctor", "--data-dir", dataDir(t))
	if err := cmd.Run(); err != nil || !strings.Contains(out.String(), "GATEHOUSE_TYPO") {
		t.Errorf("doctor: %v: %s", err, out)
	}
	cmd, out = command(t, nil, "doctor", "--database-url", "postgres://nobody@127.0.0.1:1/none")
	var exit *exec.ExitError
	if err := cmd.Run(); !errors.As(err, &exit) || !strings.Contains(out.String(), "->") {
		t.Errorf("doctor with a database that is not there: %v: %s", err, out)
	}
	cmd, out = command(t, nil, "version")
	if err := cmd.Run(); err != nil || !strings.HasPrefix(out.String(), "gatehouse ") {
		t.Errorf("version: %v: %s", err, out)
	}
	cmd, out = command(t, nil, "--port", "eighty")
	if err := cmd.Run(); !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("a bad value: %v: %s", err, out)
	}
}
