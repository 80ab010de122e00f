// Package observe_test watches a running Gatehouse as an operator does: by its log, its metrics and its traces.
package observe_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"gatehouse/internal/testbin"
	"gatehouse/internal/testpg"
	"gatehouse/server"
)

const adminSecret = "hunter2-admin-secret"

// output is what the process wrote.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) { o.mu.Lock(); defer o.mu.Unlock(); return o.b.Write(p) }

func (o *output) String() string { o.mu.Lock(); defer o.mu.Unlock(); return o.b.String() }

// gatehouse is a running one.
type gatehouse struct {
	t        *testing.T
	base     string
	log, out output
	database string
	stop     func()
}

// start runs a Gatehouse on databases of its own until the test ends.
func start(t *testing.T, args ...string) *gatehouse {
	t.Helper()
	port := testbin.FreePort(t)
	g := &gatehouse{t: t, base: "http://localhost:" + port, database: testpg.Database(t)}
	var settings server.Settings
	k, err := kong.New(&settings, server.SettingsOptions()...)
	if err != nil {
		t.Fatal(err)
	}
	args = append([]string{"--port", port, "--gatehouse-database-url", g.database, "--admin-secret", adminSecret}, args...)
	if _, err := k.Parse(args); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx, &settings, &g.out, &g.log) }()
	g.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("ended with %v", err)
		}
	})
	t.Cleanup(g.stop)
	g.until("the start", func() bool { return strings.Contains(g.out.String(), "is ready") })
	return g
}

// until waits for something to become true.
func (g *gatehouse) until(what string, is func() bool) {
	g.t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			g.t.Fatalf("no end of waiting for %s; log:\n%s", what, g.log.String())
		}
	}
}

// do sends a request; header are names and values in turn.
func (g *gatehouse) do(method, path, body string, header ...string) (int, string, http.Header) {
	g.t.Helper()
	req, err := http.NewRequest(method, g.base+path, strings.NewReader(body))
	if err != nil {
		g.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		g.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	return resp.StatusCode, string(b), resp.Header
}

// admin sends a request with the admin secret that must be granted.
func (g *gatehouse) admin(path, body string) string {
	g.t.Helper()
	status, answer, _ := g.do("POST", path, body, "X-Hasura-Admin-Secret", adminSecret)
	if status != http.StatusOK {
		g.t.Fatalf("%s %s: %d %s", path, body, status, answer)
	}
	return answer
}

// notes makes the table that the tests ask for.
func (g *gatehouse) notes() {
	g.t.Helper()
	g.admin("/v2/query", `{"type":"run_sql","args":{"sql":"create table note (id serial primary key, text text not null); insert into note (text) values ('one')"}}`)
	g.admin("/v1/metadata", `{"type":"pg_track_table","args":{"table":"note"}}`)
	g.admin("/v1/metadata", `{"type":"pg_create_select_permission","args":{"table":"note","role":"user","permission":{"columns":["id","text"],"filter":{}}}}`)
}

type line struct {
	Type, Timestamp, Level string
	Detail                 map[string]any
}

// lines are the log's lines of a type. All must be well formed.
func (g *gatehouse) lines(of string) (out []line) {
	g.t.Helper()
	for text := range strings.Lines(g.log.String()) {
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			g.t.Fatalf("a line is not JSON: %v: %s", err, text)
		}
		if _, err := time.Parse("2006-01-02T15:04:05.000-0700", l.Timestamp); err != nil || l.Level == "" || l.Type == "" || l.Detail == nil {
			g.t.Errorf("not in the form of Hasura's lines: %s", text)
		}
		if l.Type == of {
			out = append(out, l)
		}
	}
	return out
}

// at is a value inside a line's detail.
func (l line) at(path string) any {
	var v any = l.Detail
	for _, key := range strings.Split(path, ".") {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[key]
	}
	return v
}
