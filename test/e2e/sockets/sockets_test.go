// Package sockets runs published GraphQL clients, unmodified, against a running engine.
package sockets_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"gatehouse/engine"
	"gatehouse/engine/session"
	"gatehouse/engine/subscription"
	"gatehouse/internal/testpg"
)

const adminSecret = "secret"

// TestClients needs node and the modules of package-lock.json (npm ci in this directory, or make test).
func TestClients(t *testing.T) {
	t.Parallel()
	missing := t.Skip
	if os.Getenv("REQUIRE_CLIENTS") != "" { // make test, which installs them
		missing = t.Fatal
	}
	node, err := exec.LookPath("node")
	if err != nil {
		missing("node is not installed: the clients are not tested")
	}
	if _, err := os.Stat("node_modules/graphql-sse"); err != nil {
		missing("node modules are not installed (npm ci --prefix test/e2e/sockets): the clients are not tested")
	}
	for _, script := range []string{"sockets.mjs", "apollo.mjs", "urql.mjs", "events.mjs"} {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, node, script)
			cmd.Env = append(os.Environ(), "ENDPOINT="+s.url, "CONTROL="+s.control, "ADMIN_SECRET="+adminSecret)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			t.Logf("%s", out)
		})
	}
}

// served is an engine at an address that stays the same when it is started again, and an address to ask for that.
type served struct {
	t            *testing.T
	config       engine.Config
	address      string
	url, control string
	engine       *engine.Engine
	server       *http.Server
}

func start(t *testing.T) *served {
	t.Helper()
	callers, err := session.ParseConfig(session.Settings{AdminSecrets: []session.AdminSecret{{Secret: adminSecret}}})
	if err != nil {
		t.Fatal(err)
	}
	often := subscription.Polling{Interval: 10 * time.Millisecond}
	s := &served{t: t, address: "127.0.0.1:0", config: engine.Config{
		MetadataURL: testpg.Database(t), DefaultSourceURL: testpg.Database(t), Session: callers,
		LiveQueries: often, Streams: often, SocketKeepAlive: 50 * time.Millisecond, SocketInitTimeout: 3 * time.Second, SocketCompression: true,
	}}
	if err := s.up(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.down() })
	s.url = "http://" + s.address
	control := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.down()
		if err := s.up(); err != nil || r.URL.Path != "/restart" {
			t.Errorf("%s: %v", r.URL.Path, err)
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	t.Cleanup(control.Close)
	s.control = control.URL
	post(t, s.url+"/v2/query", `{"type":"run_sql","args":{"sql":"create table note (id serial primary key, text text not null)"}}`)
	post(t, s.url+"/v1/metadata", `{"type":"pg_track_table","args":{"table":"note"}}`)
	return s
}

func (s *served) up() (err error) {
	if s.engine, err = engine.New(context.WithoutCancel(s.t.Context()), s.config); err != nil {
		return err
	}
	l, err := net.Listen("tcp", s.address)
	if err != nil {
		return err
	}
	s.address = l.Addr().String()
	s.server = &http.Server{Handler: s.engine.Handler(), ReadHeaderTimeout: time.Minute}
	go func() { _ = s.server.Serve(l) }()
	return nil
}

// down ends it without a good-bye.
func (s *served) down() {
	_ = s.server.Close()
	s.engine.Close()
}

func post(t *testing.T, url, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Hasura-Admin-Secret", adminSecret)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", body, resp.Status)
	}
}
