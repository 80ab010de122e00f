package server_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/jackc/pgx/v5"

	"gatehouse/engine"
	"gatehouse/engine/session"
	"gatehouse/internal/testpg"
	"gatehouse/server"
)

func TestHasuraArguments(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ args, want string }{
		{"serve --server-port 8080", "serve --server-port 8080"},
		{"graphql-engine serve --port 1", "serve --port 1"},
		{"--port 8080", "--port 8080"}, // Gatehouse's own
		{"--database-url postgres://x serve --port 1", "--database-url postgres://x serve --port 1"},
		{"--host h --port 5433 --user u --password p@/ss --dbname d serve --server-port 8080", "--database-url=postgres://u:p%40%2Fss@h:5433/d serve --server-port 8080"},
		{"--retries 3 --host=h -p 5432 -u u -d d --metadata-database-url postgres://m export", "--database-url=postgres://u@h:5432/d --retries 3 --metadata-database-url postgres://m export"},
		{"--host h --port 1 --user u --dbname d -o=sslmode serve", "--database-url=postgres://u@h:1/d?options=sslmode serve"},
		{"serve --host h", "serve --host h"},
	} {
		got, err := server.HasuraArguments(strings.Fields(c.args))
		if err != nil || !slices.Equal(got, strings.Fields(c.want)) {
			t.Errorf("%s\ngot  %s, %v\nwant %s", c.args, strings.Join(got, " "), err, c.want)
		}
	}
	for _, bad := range []string{"--host h --user u --dbname d serve", "--host"} {
		if got, err := server.HasuraArguments(strings.Fields(bad)); err == nil {
			t.Errorf("%s became %v", bad, got)
		}
	}
}

func TestReportFatal_namesTheVariable(t *testing.T) {
	t.Parallel()
	k, err := kong.New(&server.Settings{}, server.SettingsOptions()...)
	if err != nil {
		t.Fatal(err)
	}
	for args, want := range map[string]string{
		"--log-level=x":                `--log-level (HASURA_GRAPHQL_LOG_LEVEL) must be one of "debug","info","warn","error" but got "x"`,
		"--enabled-apis=graphql,foo":   `--enabled-apis (HASURA_GRAPHQL_ENABLED_APIS): "foo" is none of metadata, graphql, pgdump, developer, config, metrics`,
		"--enabled-log-types=sql":      `--enabled-log-types (HASURA_GRAPHQL_ENABLED_LOG_TYPES): "sql" is none of startup, `,
		"--experimental-features=warp": `--experimental-features (HASURA_GRAPHQL_EXPERIMENTAL_FEATURES): "warp" is none of inherited_roles, `,
		"--connections=-1":             "--connections (HASURA_GRAPHQL_PG_CONNECTIONS): expected a number that is not negative but got -1",
		"--cors-domain=a.com":          "--cors-domain (HASURA_GRAPHQL_CORS_DOMAIN): invalid domain: 'a.com'; scheme and port belong to it",
		"--server-timeout=soon":        `--server-timeout (HASURA_GRAPHQL_SERVER_TIMEOUT): expected a valid 64 bit int but got "soon"`,
	} {
		_, err := k.Parse([]string{args})
		if err == nil {
			t.Errorf("%s was accepted", args)
			continue
		}
		var out bytes.Buffer
		server.ReportFatal(&out, k, err)
		var line struct {
			Type, Level, Timestamp string
			Detail                 struct{ Kind, Info string }
		}
		if err := json.Unmarshal(out.Bytes(), &line); err != nil || strings.Count(out.String(), "\n") != 1 {
			t.Fatalf("%s: %q is not one line of JSON: %v", args, &out, err)
		}
		if line.Type != "startup" || line.Level != "error" || line.Timestamp == "" || !strings.HasPrefix(line.Detail.Info, want) {
			t.Errorf("%s\ngot  %s\nwant %s", args, &out, want)
		}
	}
}

// Every flag of Hasura's command line is known, with a value where Hasura wants one.
func TestSettings_hasurasFlagsOfWhatIsNotServed(t *testing.T) {
	s, err := parse(t, strings.Fields("serve --events-fetch-batch-size 0 --events-http-pool-size 1 --events-fetch-interval 1 --async-actions-fetch-interval 5 "+
		"--async-actions-fetch-batch-size 1 --enable-remote-schema-permissions --enable-metadata-query-logging --enable-triggers-error-log-level "+
		"--remote-schema-prioritize-data --configured-header-precedence --trace-sql-query --disable-native-query-validation "+
		"--http-log-query-only-on-error --enable-persisted-queries --persisted-queries-ttl 60 --max-total-header-length 4096 --server-timeout 5 "+
		"--disable-close-websockets-on-metadata-change --metadata-defaults {} --enable-maintenance-mode=false --infer-function-permissions=false")...)
	if err != nil {
		t.Fatal(err)
	}
	if s.Engine.CloseSockets || !s.Engine.PersistedQueries || s.Engine.PersistedQueriesTTL != 60 || s.Listening.MaxHeaders != 4096 || s.Listening.Timeout != 5 || s.Engine.InferFunctionPermissions {
		t.Errorf("got %+v", s)
	}
}

func TestExportAndClean(t *testing.T) {
	t.Parallel()
	url := testpg.Database(t)
	settings := func() *server.Settings {
		var s server.Settings
		s.Database.HasuraDatabaseURL = url
		return &s
	}
	var out bytes.Buffer
	if err := server.Export(t.Context(), settings(), &out); err == nil || !strings.Contains(err.Error(), "no catalog") {
		t.Errorf("export of an empty database: %q, %v", &out, err)
	}
	if err := server.Clean(t.Context(), settings(), &out); err == nil || !strings.Contains(err.Error(), "no catalog") {
		t.Errorf("clean of an empty database: %q, %v", &out, err)
	}
	callers, err := session.ParseConfig(session.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.New(t.Context(), engine.Config{MetadataURL: url, Session: callers})
	if err != nil {
		t.Fatal(err)
	}
	e.Close()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	// A Hasura's catalog has no table for our settings.
	if _, err := conn.Exec(t.Context(), `
		drop table hdb_catalog.gatehouse_settings;
		update hdb_catalog.hdb_metadata set metadata = '{"version":3,"sources":[],"inherited_roles":[{"role_name":"r","role_set":["a"]}]}'`); err != nil {
		t.Fatal(err)
	}
	if err := server.Export(t.Context(), settings(), &out); err != nil || out.String() != `{"version":3,"sources":[],"inherited_roles":[{"role_name":"r","role_set":["a"]}]}`+"\n" {
		t.Errorf("export: %q, %v", &out, err)
	}
	out.Reset()
	if err := server.Clean(t.Context(), settings(), &out); err != nil || out.String() != "successfully cleaned graphql-engine related data\n" {
		t.Errorf("clean: %q, %v", &out, err)
	}
	var left bool
	if err := conn.QueryRow(t.Context(), `select exists (select from pg_namespace where nspname = 'hdb_catalog')`).Scan(&left); err != nil || left {
		t.Errorf("hdb_catalog is left: %v, %v", left, err)
	}
}

func TestDowngrade(t *testing.T) {
	t.Parallel()
	for target, isPossible := range map[string]bool{
		"": false, "--to-v1.3.4": false, "--to-v2.0.0": false, "--to-v2.10.1": false, "--to-catalog-version 43": false,
		"--to-v2.11.0": true, "--to-v2.36": true, "--to-catalog-version 48": true,
	} {
		var out bytes.Buffer
		d := server.Downgrade{Target: strings.Fields(target)}
		if err := d.Run(&out); (err == nil) != isPossible || isPossible != strings.HasPrefix(out.String(), "nothing to do") {
			t.Errorf("%q: %q, %v", target, &out, err)
		}
	}
}
