package engine_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"gatehouse/engine"
	"gatehouse/internal/testpg"
)

// inspected is what Inspect says, a line per finding; those with a fix begin with "!".
func inspected(t *testing.T, c engine.Config) string {
	t.Helper()
	findings, err := engine.Inspect(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, f := range findings {
		if f.Fix != "" {
			b.WriteString("! ")
		}
		b.WriteString(f.What + "\n")
	}
	return b.String()
}

func TestInspect(t *testing.T) {
	t.Parallel()
	r := withReplica(t, nil)
	c := config(r.metadataURL, r.primaryURL)
	c.ReplicaURLs = []string{r.replicaURL, databaseOf(t, r.replica, "postgres"), r.primaryURL, "postgres://u:hush@127.0.0.1:1/x"}
	c.ReplicaConnections = 3
	got := inspected(t, c)
	for _, want := range []string{
		"source \"default\": up to 50 connections\n", "read replica 1 of source \"default\": up to 3 connections\n",
		"! read replica 2 of source \"default\": it is another database than the source's\n", "! read replica 3 of source \"default\": it is no standby\n",
		"! read replica 4 of source \"default\" cannot be reached: ",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not said:\n%s", want, got)
		}
	}
	// A login that may not know which cluster it is.
	r.exec(r.primaryURL, `revoke execute on function pg_control_system() from public; create role plain login password 'plain'`)
	plain, err := url.Parse(r.replicaURL)
	if err != nil {
		t.Fatal(err)
	}
	plain.User = url.UserPassword("plain", "plain")
	c.ReplicaURLs[0] = plain.String()
	eventually(t, "the replica knows of the login", func() bool {
		got = inspected(t, c)
		return !strings.Contains(got, "password authentication failed")
	})
	if !strings.Contains(got, "\nread replica 1 of source \"default\": up to 3 connections\n") {
		t.Errorf("got %s", got)
	}
	if strings.Contains(got, "hush") || strings.Contains(got, "one process may ask") {
		t.Errorf("got %s", got)
	}
	// More than the servers give, of two sources together; and one that cannot be served.
	r.want(200, "", "replace_metadata", fmt.Sprintf(`{"allow_inconsistent_metadata":true,"metadata":{"version":3,"sources":[
		{"name":"a","kind":"postgres","tables":[],"configuration":{"connection_info":{"database_url":%[1]q}}},
		{"name":"b","kind":"postgres","tables":[],"configuration":{"connection_info":{"database_url":%[1]q,"pool_settings":{"max_connections":80,"total_max_connections":60}}}},
		{"name":"c","kind":"postgres","tables":[],"configuration":{"connection_info":{"database_url":{"from_env":"NOT_SET"}}}}]}}`, r.replicaURL))
	c.ReplicaURLs = nil
	got = inspected(t, c)
	if !strings.Contains(got, "! one process may ask for 110 connections, and the server gives 97: [source \"a\" source \"b\"]\n") ||
		!strings.Contains(got, "! source \"c\" cannot be served: environment variable 'NOT_SET' not set\n") {
		t.Errorf("got %s", got)
	}
	// Before the first start.
	c.MetadataURL = testpg.Database(t)
	if got := inspected(t, c); got != "source \"default\": up to 50 connections\n" {
		t.Errorf("got %s", got)
	}
}
