// Package graphql runs GraphQL's own tools, unmodified, against a running data API: graphql-js, the GraphQL-over-HTTP audit of
// graphql-http, graphql-codegen, and GraphiQL in a browser.
package graphql

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"gatehouse/internal/testbin"
	"gatehouse/internal/testpg"
)

// api is a data API: one way of naming things over the same tables.
type api struct {
	Name  string   `json:"name"`
	URL   string   `json:"url"`
	Roles []string `json:"roles"`
	// Federated: it describes itself to an Apollo gateway.
	Federated bool `json:"federated"`
	t         *testing.T
}

const adminSecret = "secret"

const tables = `
	create type mood as enum ('sad', 'ok');
	create domain email as text;
	create table colour (value text primary key, comment text);
	insert into colour values ('red', 'like a rose'), ('green', null);
	create table author (id serial primary key, full_name text not null, mail email, feeling mood, favourite text references colour);
	create table article (id serial primary key, author_id int not null references author, title text not null, tags text[], meta jsonb,
		rating numeric, score float8, is_published bool default false, created_at timestamptz default now(), seen int4range);
	comment on table article is 'what authors write';
	create view published_article as select id, title from article where is_published;
	create function search_article(phrase text default '') returns setof article language sql stable as
		$$ select * from article where title ilike '%' || phrase || '%' $$;
	create function add_author(full_name text) returns author language sql volatile as
		$$ insert into author (full_name) values (full_name) returning * $$;
	create function author_initials(author_row author, separator text default '') returns text language sql stable as
		$$ select string_agg(left(w, 1), separator) from regexp_split_to_table(author_row.full_name, ' ') w $$;
	insert into author (full_name) values ('Ann Ash');
	insert into article (author_id, title, is_published) values (1, 'One', true);`

// start starts a data API over tables of its own. customization is its source's, "null" for none.
func start(t *testing.T, name, customization string, env ...string) *api {
	t.Helper()
	port := testbin.FreePort(t)
	database := testpg.Database(t)
	if _, err := testpg.Pool(t, database).Exec(t.Context(), tables); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd := exec.Command(testbin.Path(t), "serve", "--only", "data", "--port", port)
	cmd.Env = append(env, "PATH="+os.Getenv("PATH"), "HOME="+t.TempDir(), "HASURA_GRAPHQL_ADMIN_SECRET="+adminSecret,
		"HASURA_GRAPHQL_METADATA_DATABASE_URL="+testpg.Database(t), "SOURCE_URL="+database)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Signal(os.Interrupt); _ = cmd.Wait() })
	a := &api{Name: name, URL: "http://127.0.0.1:" + port, Roles: []string{"", "user", "nobody"}, t: t}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if resp, err := http.Get(a.URL + "/healthz"); err == nil {
			_ = resp.Body.Close()
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("Gatehouse does not answer\n%s", &out)
		}
	}
	a.do("pg_add_source", `{"name":"default","configuration":{"connection_info":{"database_url":{"from_env":"SOURCE_URL"}}},"customization":`+customization+`}`)
	for _, table := range []string{"colour", "author", "article", "published_article"} {
		a.do("pg_track_table", `{"table":"`+table+`","apollo_federation_config":{"enable":"v1"}}`)
	}
	a.do("pg_set_table_is_enum", `{"table":"colour","is_enum":true}`)
	a.do("pg_create_object_relationship", `{"table":"article","name":"author","using":{"foreign_key_constraint_on":"author_id"}}`)
	a.do("pg_create_array_relationship", `{"table":"author","name":"articles","using":{"foreign_key_constraint_on":{"table":"article","column":"author_id"}}}`)
	a.do("pg_add_computed_field", `{"table":"author","name":"initials","definition":{"function":"author_initials"}}`)
	a.do("pg_track_function", `{"function":"search_article"}`)
	a.do("pg_track_function", `{"function":"add_author"}`)
	a.do("pg_create_select_permission", `{"table":"article","role":"user","permission":{"columns":["id","title"],"filter":{"is_published":true},"allow_aggregations":true}}`)
	a.do("pg_create_insert_permission", `{"table":"article","role":"user","permission":{"columns":["title"],"check":{},"set":{"author_id":1}}}`)
	a.do("pg_create_update_permission", `{"table":"article","role":"user","permission":{"columns":[],"filter":{},"set":{"is_published":true}}}`)
	return a
}

func (a *api) do(command, args string) {
	a.t.Helper()
	req, _ := http.NewRequestWithContext(a.t.Context(), http.MethodPost, a.URL+"/v1/metadata", strings.NewReader(`{"type":"`+command+`","args":`+args+`}`))
	req.Header.Set("X-Hasura-Admin-Secret", adminSecret)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusOK {
		a.t.Fatalf("%s: %d %s", command, resp.StatusCode, body)
	}
}

// run runs a script of this directory on the APIs. It needs node and the modules of package-lock.json (npm ci here, or make test).
func run(t *testing.T, script string, apis ...*api) {
	t.Helper()
	list, err := json.Marshal(apis)
	if err != nil {
		t.Fatal(err)
	}
	node := exec.Command("node", script)
	node.Env = append(os.Environ(), "APIS="+string(list), "ADMIN_SECRET="+adminSecret)
	out, err := node.CombinedOutput()
	if err != nil {
		t.Fatalf("node %s: %v\n%s", script, err, out)
	}
	t.Logf("%s", out)
}

func needTools(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("node is not installed: GraphQL's tools are not run")
	}
	if _, err := os.Stat("node_modules/graphql-http"); err != nil {
		t.Skip("node modules are not installed (npm ci --prefix test/e2e/graphql): GraphQL's tools are not run")
	}
}

func TestAudit_findsNoError(t *testing.T) {
	needTools(t)
	t.Parallel()
	run(t, "audit.mjs", start(t, "plain", "null"))
}

func TestSchema_loadsInGraphQLsTools(t *testing.T) {
	needTools(t)
	t.Parallel()
	plain := start(t, "plain", "null", "HASURA_GRAPHQL_ENABLE_APOLLO_FEDERATION=true")
	plain.Federated = true
	run(
		t, "schema.mjs", plain,
		start(t, "graphql-default", `{"naming_convention":"graphql-default"}`, "HASURA_GRAPHQL_EXPERIMENTAL_FEATURES=naming_convention"),
		start(t, "customized", `{"root_fields":{"namespace":"lib","prefix":"my_","suffix":"_x"},"type_names":{"prefix":"T_","suffix":"_t"}}`),
		start(t, "graphql-default, customized", `{"root_fields":{"namespace":"lib","prefix":"my","suffix":"x"},"type_names":{"prefix":"t","suffix":"s"},"naming_convention":"graphql-default"}`,
			"HASURA_GRAPHQL_EXPERIMENTAL_FEATURES=naming_convention"),
	)
}

func TestGraphiQL_loadsTheSchemaAndAsks(t *testing.T) {
	needTools(t)
	if _, err := exec.LookPath("chromium"); err != nil && os.Getenv("CHROMIUM") == "" {
		t.Skip("no chromium on the PATH: install it, or name another in CHROMIUM")
	}
	t.Parallel()
	run(t, "graphiql.mjs", start(t, "plain", "null"))
}
