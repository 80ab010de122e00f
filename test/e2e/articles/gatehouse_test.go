// Package articles_test follows the two articles, "Logto x Hasura" (webhook mode) and "Logto x Hasura: Use JWT for access
// control", step by step against the built binary: once with one Gatehouse doing both halves, once with two.
package articles_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gatehouse/internal/testbin"
	"gatehouse/internal/testpg"
)

const adminSecret = "myadminsecretkey" // the webhook article's

// process is one running Gatehouse.
type process struct {
	t     *testing.T
	cmd   *exec.Cmd
	log   *syncBuffer
	ended sync.Once
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// startProcess starts the binary with exactly these variables and waits until health answers.
func startProcess(t *testing.T, health string, env map[string]string, args ...string) *process {
	t.Helper()
	bin := testbin.Path(t)
	p := &process{t: t, cmd: exec.Command(bin, args...), log: &syncBuffer{}}
	p.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}
	for k, v := range env {
		p.cmd.Env = append(p.cmd.Env, k+"="+v)
	}
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.stop)
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if resp, err := http.Get(health); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return p
			}
		}
		if p.cmd.ProcessState != nil || time.Now().After(deadline) {
			t.Fatalf("Gatehouse did not become healthy at %s:\n%s", health, p.log)
		}
	}
}

func (p *process) stop() { p.ended.Do(p.terminate) }

func (p *process) terminate() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	ended := make(chan error, 1)
	go func() { ended <- p.cmd.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			p.t.Errorf("SIGTERM: Gatehouse ended with %v, want exit status 0", err)
		}
	case <-time.After(30 * time.Second):
		_ = p.cmd.Process.Kill()
		p.t.Error("Gatehouse did not end within 30 s of SIGTERM")
	}
	if p.t.Failed() {
		p.t.Logf("output of Gatehouse:\n%s", p.log)
	}
	if strings.Contains(p.log.String(), "handler panicked") {
		p.t.Errorf("a handler panicked:\n%s", p.log)
	}
}

// system is a Gatehouse, in one process or two, as the articles see it.
type system struct {
	t *testing.T
	// data and identity are the base URLs: http://localhost:8080 and http://localhost:3001 when those ports are free.
	data, identity string
	// identityDatabase is where schema identity is.
	identityDatabase string
	// restart starts the data half again with more settings, as the articles go on.
	restart func(env map[string]string)
}

// ports gives the articles' ports when they are free, else two others.
func ports(t *testing.T) (data, identity string) {
	t.Helper()
	pick := func(wanted string) string {
		l, err := net.Listen("tcp", "127.0.0.1:"+wanted)
		if err != nil {
			l, err = net.Listen("tcp", "127.0.0.1:0")
		}
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		_, port, _ := net.SplitHostPort(l.Addr().String())
		return port
	}
	return pick("8080"), pick("3001")
}

// both runs a test on one process doing both halves and on two processes.
func both(t *testing.T, identityEnv map[string]string, test func(t *testing.T, s *system)) {
	t.Run("one process", func(t *testing.T) { test(t, oneProcess(t, identityEnv)) })
	t.Run("two processes", func(t *testing.T) { test(t, twoProcesses(t, identityEnv)) })
}

func oneProcess(t *testing.T, identityEnv map[string]string) *system {
	data, identity := ports(t)
	s := &system{t: t, data: "http://localhost:" + data, identity: "http://localhost:" + identity}
	database := testpg.Database(t)
	if s.identityDatabase = identityEnv["DB_URL"]; s.identityDatabase == "" {
		s.identityDatabase = database
	}
	var p *process
	s.restart = func(more map[string]string) {
		if p != nil {
			p.stop()
		}
		env := map[string]string{
			"GATEHOUSE_DATABASE_URL": database, "HASURA_GRAPHQL_SERVER_PORT": data, "PORT": identity,
			"HASURA_GRAPHQL_ADMIN_SECRET": adminSecret,
		}
		merge(env, identityEnv, more)
		p = startProcess(t, s.data+"/healthz", env)
	}
	s.restart(nil)
	return s
}

func twoProcesses(t *testing.T, identityEnv map[string]string) *system {
	data, identity := ports(t)
	s := &system{t: t, data: "http://localhost:" + data, identity: "http://localhost:" + identity}
	env := map[string]string{"DB_URL": testpg.Database(t), "PORT": identity, "HASURA_GRAPHQL_ADMIN_SECRET": adminSecret}
	merge(env, identityEnv)
	startProcess(t, s.identity+"/oidc/.well-known/openid-configuration", env, "serve", "--only", "identity")
	database := testpg.Database(t)
	var p *process
	s.restart = func(more map[string]string) {
		if p != nil {
			p.stop()
		}
		env := map[string]string{"HASURA_GRAPHQL_DATABASE_URL": database, "HASURA_GRAPHQL_SERVER_PORT": data, "HASURA_GRAPHQL_ADMIN_SECRET": adminSecret}
		merge(env, more)
		p = startProcess(t, s.data+"/healthz", env, "serve", "--only", "data")
	}
	s.restart(nil)
	return s
}

func merge(into map[string]string, more ...map[string]string) {
	for _, m := range more {
		for k, v := range m {
			into[k] = v
		}
	}
}

// answer is an HTTP response, read.
type answer struct {
	status int
	header http.Header
	body   string
}

// get finds a value in a JSON body by path: object keys and array indexes.
func (a answer) get(path ...any) any {
	var v any
	if json.Unmarshal([]byte(a.body), &v) != nil {
		return nil
	}
	for _, p := range path {
		switch k := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[k]
		case int:
			l, _ := v.([]any)
			if k >= len(l) {
				return nil
			}
			v = l[k]
		}
	}
	return v
}

func (a answer) text(path ...any) string {
	s, _ := a.get(path...).(string)
	return s
}

func (s *system) request(method, url string, header map[string]string, body any) answer {
	s.t.Helper()
	var reader io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			s.t.Fatal(err)
		}
		reader = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(context.Background(), method, url, reader)
	if err != nil {
		s.t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for k, v := range header {
		req.Header.Set(k, v)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		s.t.Fatal(err)
	}
	return read(s.t, resp)
}

func read(t *testing.T, resp *http.Response) answer {
	t.Helper()
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	// Postgres breaks lines in the arrays it builds; compacted, bodies compare as texts and keep the order of keys.
	var compact bytes.Buffer
	if json.Compact(&compact, text) == nil {
		text = compact.Bytes()
	}
	return answer{resp.StatusCode, resp.Header, string(text)}
}

// admin sends a request with the admin secret and wants a status.
func (s *system) admin(want int, method, url string, body any) answer {
	s.t.Helper()
	a := s.request(method, url, map[string]string{"X-Hasura-Admin-Secret": adminSecret}, body)
	if a.status != want {
		s.t.Fatalf("%s %s: status %d, want %d: %s", method, url, a.status, want, a.body)
	}
	return a
}

// manage calls the Management API.
func (s *system) manage(want int, method, path string, body any) answer {
	s.t.Helper()
	return s.admin(want, method, s.identity+"/api"+path, body)
}

// sql runs SQL as the administrator, and metadata commands are one bulk.
func (s *system) sql(text string) {
	s.t.Helper()
	s.admin(200, "POST", s.data+"/v2/query", map[string]any{"type": "run_sql", "args": map[string]any{"sql": text}})
}

func (s *system) metadata(commands ...map[string]any) {
	s.t.Helper()
	s.admin(200, "POST", s.data+"/v1/metadata", map[string]any{"type": "bulk", "args": commands})
}

func command(kind string, args map[string]any) map[string]any {
	return map[string]any{"type": kind, "args": args}
}

// graphql sends a GraphQL request with these headers.
func (s *system) graphql(header map[string]string, query string, variables map[string]any) answer {
	s.t.Helper()
	return s.request("POST", s.data+"/v1/graphql", header, map[string]any{"query": query, "variables": variables})
}
