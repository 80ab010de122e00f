// Package sdk runs published client libraries, unmodified, against a running provider.
package sdk_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"gatehouse/httpd"
	"gatehouse/identity"
	"gatehouse/internal/testpg"
	"gatehouse/secret"
)

const (
	resource  = "https://hasura.example/api"
	callback  = "http://localhost:3999/callback"
	signedOut = "http://localhost:3999/"
)

// TestSDKs needs node and the modules of package-lock.json (npm ci in this directory, or make test).
func TestSDKs(t *testing.T) {
	t.Parallel()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not installed: the SDKs are not tested")
	}
	if _, err := os.Stat("node_modules/@logto/node"); err != nil {
		t.Skip("node modules are not installed (npm ci --prefix test/e2e/sdk): the SDKs are not tested")
	}
	endpoint := startProvider(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, "sdk.mjs")
	cmd.Env = append(os.Environ(), "ENDPOINT="+endpoint, "SPA=spa", "WEB=web", "WEB_SECRET=webSecret", "MACHINE=m2m", "MACHINE_SECRET=m2mSecret",
		"RESOURCE="+resource, "USERNAME=alice", "PASSWORD=Passw0rd_alice", "CALLBACK="+callback, "SIGNED_OUT="+signedOut)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}

func startProvider(t *testing.T) string {
	t.Helper()
	pool := testpg.Pool(t, testpg.Database(t))
	var handler http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	id, err := identity.New(t.Context(), identity.Config{Endpoint: server.URL, Pool: pool, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(id.Close)
	handler = httpd.Middleware(httpd.Config{Log: log}, id.Handler())
	seed(t, pool)
	return server.URL
}

func seed(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	hash, err := secret.HashPassword(t.Context(), "Passw0rd_alice")
	if err != nil {
		t.Fatal(err)
	}
	metadata := `{"redirectUris":["` + callback + `"],"postLogoutRedirectUris":["` + signedOut + `"]}`
	for _, step := range []struct {
		sql  string
		args []any
	}{
		{`insert into identity.resources (id, name, indicator) values ('r', 'API', $1)`, []any{resource}},
		{`insert into identity.scopes (id, resource_id, name) values ('read', 'r', 'read:todos'), ('write', 'r', 'write:todos')`, nil},
		{`insert into identity.roles (id, name, description, type) values ('user', 'user', 'u', 'User'), ('admin', 'admin', 'a', 'User'), ('svc', 'svc', 's', 'MachineToMachine')`, nil},
		{`insert into identity.roles_scopes (role_id, scope_id) values ('user', 'read'), ('admin', 'write'), ('svc', 'read')`, nil},
		{`insert into identity.applications (id, name, type, oidc_client_metadata) values ('spa', 'spa', 'SPA', $1), ('web', 'web', 'Traditional', $1), ('m2m', 'm2m', 'MachineToMachine', '{}')`, []any{metadata}},
		{`insert into identity.application_secrets (application_id, name, value) values ('web', 'Default secret', 'webSecret'), ('m2m', 'Default secret', 'm2mSecret')`, nil},
		{`insert into identity.applications_roles (application_id, role_id) values ('m2m', 'svc')`, nil},
		{`insert into identity.users (id, username, custom_data, password_algorithm, password_digest) values ('alice', 'alice', '{"tier":"gold"}', $1, $2)`, []any{hash.Algorithm, hash.Digest}},
		{`insert into identity.users_roles (user_id, role_id, created_at) values ('alice', 'user', '2026-01-01'), ('alice', 'admin', '2026-01-02')`, nil},
	} {
		if _, err := pool.Exec(t.Context(), step.sql, step.args...); err != nil {
			t.Fatalf("%v\n%s", err, step.sql)
		}
	}
}
