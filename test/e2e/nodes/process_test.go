// Package nodes_test runs several built Gatehouses on one metadata database: what one changes the others see, nothing
// that was acknowledged is lost, and a process that is killed in the middle of anything leaves nothing half done.
package nodes_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
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

// databases are what the processes of a test share.
type databases struct {
	*testing.T
	metadata, source string
}

func fresh(t *testing.T) *databases {
	t.Helper()
	return &databases{t, testpg.Database(t), testpg.Database(t)}
}

// exec runs SQL past Gatehouse.
func (d *databases) exec(url, sql string) {
	d.Helper()
	var ignored any
	d.query(url, sql, &ignored)
}

// query reads one value, if there is one.
func (d *databases) query(url, sql string, into any) {
	d.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		d.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	rows, err := conn.Query(ctx, sql, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		d.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(into); err != nil {
			d.Fatal(err)
		}
	}
	if err := rows.Err(); err != nil {
		d.Fatalf("%s: %v", sql, err)
	}
}

// process is a running Gatehouse.
type process struct {
	*databases
	cmd  *exec.Cmd
	base string
	out  *output
}

// output is what a process prints, while it does.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) { o.mu.Lock(); defer o.mu.Unlock(); return o.b.Write(p) }

func (o *output) String() string { o.mu.Lock(); defer o.mu.Unlock(); return o.b.String() }

// launch starts a process and does not wait until it answers.
func (d *databases) launch() *process {
	d.Helper()
	port := testbin.FreePort(d)
	p := &process{databases: d, base: "http://127.0.0.1:" + port, out: &output{}}
	p.cmd = exec.Command(testbin.Path(d), "serve", "--only", "data", "--port", port)
	p.cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "HASURA_GRAPHQL_METADATA_DATABASE_URL=" + d.metadata,
		"HASURA_GRAPHQL_DATABASE_URL=" + d.source, "HASURA_GRAPHQL_ADMIN_SECRET=secret",
	}
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	if err := p.cmd.Start(); err != nil {
		d.Fatal(err)
	}
	d.Cleanup(p.kill)
	return p
}

func (d *databases) start() *process {
	d.Helper()
	p := d.launch()
	p.eventually("Gatehouse answers", time.Minute, func() bool {
		resp, err := http.Get(p.base + "/healthz")
		if err == nil {
			_ = resp.Body.Close()
		}
		return err == nil
	})
	return p
}

// kill is kill -9.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// eventually waits for something.
func (p *process) eventually(what string, patience time.Duration, is func() bool) {
	p.Helper()
	began := time.Now()
	for !is() {
		if time.Since(began) > patience {
			p.Fatalf("not within %s: %s", patience, what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// send posts a request as administrator; status 0 is no answer.
func (p *process) send(path, body string) (status int, answer string) {
	req, err := http.NewRequest(http.MethodPost, p.base+path, strings.NewReader(body))
	if err != nil {
		p.Fatal(err)
	}
	req.Header.Set("X-Hasura-Admin-Secret", "secret")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error()
	}
	return resp.StatusCode, string(b)
}

func command(kind string, args any) string {
	b, _ := json.Marshal(map[string]any{"type": kind, "args": args})
	return string(b)
}

func (p *process) must(path, body string) string {
	p.Helper()
	status, answer := p.send(path, body)
	if status != 200 {
		p.Fatalf("%s: %d %s\n%s", body, status, answer, p.out)
	}
	return answer
}

func (p *process) metadataAPI(kind string, args any) string {
	p.Helper()
	return p.must("/v1/metadata", command(kind, args))
}

func (p *process) sql(sql string) {
	p.Helper()
	p.must("/v2/query", command("run_sql", map[string]any{"sql": sql}))
}

// has tells whether the query root shows a field.
func (p *process) has(field string) bool {
	_, answer := p.send("/v1/graphql", `{"query":"{ __type(name: \"query_root\") { fields { name } } }"}`)
	return strings.Contains(answer, `"name":"`+field+`"`)
}

type object = map[string]any
