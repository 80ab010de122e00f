// Package sockets runs published GraphQL clients, unmodified, against a running engine.
package sockets_test

import (
	"context"
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
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not installed: the clients are not tested")
	}
	if _, err := os.Stat("node_modules/graphql-ws"); err != nil {
		t.Skip("node modules are not installed (npm ci --prefix test/e2e/sockets): the clients are not tested")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, "sockets.mjs")
	cmd.Env = append(os.Environ(), "ENDPOINT="+start(t), "ADMIN_SECRET="+adminSecret)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}

func start(t *testing.T) string {
	t.Helper()
	callers, err := session.ParseConfig(session.Settings{AdminSecrets: []session.AdminSecret{{Secret: adminSecret}}})
	if err != nil {
		t.Fatal(err)
	}
	often := subscription.Polling{Interval: 10 * time.Millisecond}
	e, err := engine.New(t.Context(), engine.Config{
		MetadataURL: testpg.Database(t), DefaultSourceURL: testpg.Database(t), Session: callers,
		LiveQueries: often, Streams: often, SocketKeepAlive: 50 * time.Millisecond, SocketInitTimeout: 3 * time.Second, SocketCompression: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	server := httptest.NewServer(e.Handler())
	t.Cleanup(server.Close)
	post(t, server.URL+"/v2/query", `{"type":"run_sql","args":{"sql":"create table note (id serial primary key, text text not null)"}}`)
	post(t, server.URL+"/v1/metadata", `{"type":"pg_track_table","args":{"table":"note"}}`)
	return server.URL
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
