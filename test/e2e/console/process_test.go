// Package console_test signs in to built Gatehouses as the console does: what each member may do is refused by the server,
// on both halves, and ends at once.
package console_test

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
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"gatehouse/internal/testbin"
	"gatehouse/internal/testpg"
)

const adminSecret = "opensesame"

// databases are what the processes of a test share.
type databases struct {
	*testing.T
	data, identity string
}

func fresh(t *testing.T) *databases {
	t.Helper()
	return &databases{t, testpg.Database(t), testpg.Database(t)}
}

func (d *databases) exec(url, sql string, args ...any) {
	d.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		d.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, sql, args...); err != nil {
		d.Fatalf("%s: %v", sql, err)
	}
}

// query reads one value.
func (d *databases) query(url, sql string, into any) {
	d.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		d.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if err := conn.QueryRow(ctx, sql).Scan(into); err != nil {
		d.Fatalf("%s: %v", sql, err)
	}
}

// process is a running Gatehouse.
type process struct {
	*databases
	base    string
	out     *output
	command *exec.Cmd
}

// output is what a process prints, while it does.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) { o.mu.Lock(); defer o.mu.Unlock(); return o.b.Write(p) }

func (o *output) String() string { o.mu.Lock(); defer o.mu.Unlock(); return o.b.String() }

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// start starts a Gatehouse with further variables of the environment.
func (d *databases) start(env ...string) *process {
	d.Helper()
	return d.startAt(freePort(d.T), env...)
}

func (d *databases) startAt(port string, env ...string) *process {
	d.Helper()
	p := &process{databases: d, base: "http://localhost:" + port, out: &output{}}
	cmd := exec.Command(testbin.Path(d), "serve", "--port", port)
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "HASURA_GRAPHQL_DATABASE_URL=" + d.data, "DB_URL=" + d.identity,
		"HASURA_GRAPHQL_ADMIN_SECRET=" + adminSecret, "HASURA_GRAPHQL_ADMIN_SECRETS=" + `[{"secret":"narrow","name":"night","scopes":["graphql","operations"]}]`,
	}, env...)
	cmd.Stdout, cmd.Stderr, p.command = p.out, p.out, cmd
	if err := cmd.Start(); err != nil {
		d.Fatal(err)
	}
	d.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	p.eventually("Gatehouse answers", time.Minute, func() bool {
		resp, err := http.Get(p.base + "/healthz")
		if err == nil {
			_ = resp.Body.Close()
		}
		return err == nil
	})
	return p
}

func (p *process) eventually(what string, patience time.Duration, is func() bool) {
	p.Helper()
	for deadline := time.Now().Add(patience); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.Fatalf("not in time: %s\n%s", what, p.out)
		}
	}
}

type object = map[string]any

// answer is a response as tests look at it.
type answer struct {
	status int
	header http.Header
	raw    string
}

func (a answer) json(t testing.TB) object {
	t.Helper()
	var out object
	if err := json.Unmarshal([]byte(a.raw), &out); err != nil {
		t.Fatalf("%d %s: %v", a.status, a.raw, err)
	}
	return out
}

// page is a page of the console in a browser: its requests carry the browser's cookies and say where they come from.
type page struct {
	*process
	cookies map[string]string
}

func (p *process) page() *page { return &page{p, map[string]string{}} }

var direct = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// send sends a request as the page does; headers are pairs, and one of an empty value takes a header away.
func (p *page) send(method, path, body string, headers ...string) answer {
	p.Helper()
	target := path
	if strings.HasPrefix(path, "/") {
		target = p.base + path
	}
	r, err := http.NewRequestWithContext(p.Context(), method, target, strings.NewReader(body))
	if err != nil {
		p.Fatal(err)
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, value := range p.cookies {
		r.Header.Add("Cookie", name+"="+value)
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
			continue
		}
		if r.Header.Set(headers[i], headers[i+1]); headers[i+1] == "" {
			r.Header.Del(headers[i])
		}
	}
	resp, err := direct.Do(r)
	if err != nil {
		p.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		p.Fatal(err)
	}
	for _, line := range resp.Header.Values("Set-Cookie") { // values of the provider's cookies hold quotes, which net/http drops
		pair, attributes, _ := strings.Cut(line, ";")
		name, value, _ := strings.Cut(pair, "=")
		if p.cookies[name] = value; strings.Contains(attributes, "1970") || strings.Contains(attributes, "Max-Age=0") {
			delete(p.cookies, name)
		}
	}
	return answer{resp.StatusCode, resp.Header, string(raw)}
}

// metadata sends a command and gives status and body.
func (p *page) metadata(kind string, args any, headers ...string) answer {
	p.Helper()
	body, err := json.Marshal(object{"type": kind, "args": args})
	if err != nil {
		p.Fatal(err)
	}
	return p.send(http.MethodPost, "/v1/metadata", string(body), headers...)
}

// signInBySecret signs the page in.
func (p *page) signInBySecret(secret string) {
	p.Helper()
	if got := p.send(http.MethodPost, "/console/api/session", `{"secret":"`+secret+`"}`); got.status != http.StatusNoContent {
		p.Fatalf("%d %s", got.status, got.raw)
	}
}

// wants checks an answer's status, and that its body holds something.
func (p *page) wants(what string, got answer, status int, part string) {
	p.Helper()
	if got.status != status || !strings.Contains(got.raw, part) {
		p.Errorf("%s: %d %s\nwant %d … %s", what, got.status, got.raw, status, part)
	}
}
