package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"gatehouse/engine"
	"gatehouse/engine/schema"
	"gatehouse/engine/session"
	"gatehouse/internal/testpg"
)

// server is an engine in open mode on fresh databases.
type server struct {
	*testing.T
	engine               *engine.Engine
	metadataURL, dataURL string
}

func config(metadataURL, dataURL string) engine.Config {
	s, err := session.ParseConfig(session.Settings{})
	if err != nil {
		panic(err)
	}
	return engine.Config{
		MetadataURL: metadataURL, DefaultSourceURL: dataURL, Session: s,
		Options: schema.Options{InferFunctionPermissions: true},
	}
}

func start(t *testing.T) *server {
	t.Helper()
	s := &server{T: t, metadataURL: testpg.Database(t), dataURL: testpg.Database(t)}
	s.engine = s.open()
	return s
}

// open starts one more engine on the same databases.
func (s *server) open() *engine.Engine {
	s.Helper()
	e, err := engine.New(s.Context(), config(s.metadataURL, s.dataURL))
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(e.Close)
	return e
}

// post sends a request and gives status and body.
func post(e *engine.Engine, path, body string, headers ...string) (int, string) {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	e.Handler().ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// want sends a request to /v1/metadata, or to /v2/query for run_sql, and compares the answer.
func (s *server) want(status int, answer, kind, args string) {
	s.Helper()
	path := "/v1/metadata"
	if kind == "run_sql" {
		path = "/v2/query"
	}
	code, body := post(s.engine, path, fmt.Sprintf(`{"type":%q,"args":%s}`, kind, args))
	if code != status || answer != "" && body != answer {
		s.Errorf("%s %s\ngot  %d %s\nwant %d %s", kind, args, code, body, status, answer)
	}
}

const ok = `{"message":"success"}`

func (s *server) do(kind, args string) { s.Helper(); s.want(200, ok, kind, args) }

// sql runs SQL through the API.
func (s *server) sql(sql string) {
	s.Helper()
	s.want(200, "", "run_sql", sqlArgs(sql))
}

func sqlArgs(sql string) string {
	b, _ := json.Marshal(map[string]any{"sql": sql})
	return string(b)
}

// exec runs SQL past the engine.
func (s *server) exec(url, sql string) {
	s.Helper()
	conn, err := pgx.Connect(s.Context(), url)
	if err != nil {
		s.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if _, err := conn.Exec(s.Context(), sql); err != nil {
		s.Fatal(err)
	}
}

// document is the exported metadata's source "default", for searching in.
func (s *server) document() string {
	s.Helper()
	code, body := post(s.engine, "/v1/metadata", `{"type":"export_metadata","args":{}}`)
	if code != 200 {
		s.Fatalf("export: %d %s", code, body)
	}
	return body
}

const shop = `
create table author (id serial primary key, name text not null, email text);
create table article (id serial primary key, title text, author_id int references author (id), published boolean);`

// withShop tracks two tables with relationships and permissions through them.
func (s *server) withShop() {
	s.Helper()
	s.sql(shop)
	s.do("pg_track_table", `{"table":"author"}`)
	s.do("pg_track_table", `{"table":"article"}`)
	s.do("pg_create_object_relationship", `{"table":"article","name":"author","using":{"foreign_key_constraint_on":"author_id"}}`)
	s.do("pg_create_array_relationship", `{"table":"author","name":"articles","using":{"foreign_key_constraint_on":{"table":"article","column":"author_id"}}}`)
	s.do("pg_create_select_permission", `{"table":"article","role":"user","permission":{"columns":["id","title"],"filter":{"author":{"email":{"_eq":"X-Hasura-Email"}}}}}`)
	s.do("pg_create_update_permission", `{"table":"author","role":"user","permission":{"columns":["name"],"filter":{"id":{"_eq":"X-Hasura-User-Id"}},"set":{"email":"X-Hasura-Email"}}}`)
}

func TestTrackTable(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.sql(shop)
	s.want(400, `{"path":"$.args","error":"Inconsistent object: no such table/view exists in source: \"nothing\"","code":"invalid-configuration","internal":[{"definition":{"name":"nothing","schema":"public"},"name":"table nothing in source default","reason":"Inconsistent object: no such table/view exists in source: \"nothing\"","type":"table"}]}`,
		"pg_track_table", `{"table":"nothing"}`)
	s.do("pg_track_table", `{"table":"author"}`)
	s.want(400, `{"path":"$.args","error":"view/table already tracked: \"author\"","code":"already-tracked"}`, "pg_track_table", `{"table":{"schema":"public","name":"author"}}`)
	s.want(400, `{"path":"$.args","error":"source with name \"other\" does not exist","code":"not-exists"}`, "pg_track_table", `{"source":"other","table":"author"}`)
	s.want(400, `{"path":"$.args","error":"schema \"identity\" belongs to Gatehouse's identity service and cannot be tracked","code":"not-supported"}`, "pg_track_table", `{"table":{"schema":"identity","name":"users"}}`)
	s.want(400, `{"path":"$.args.configuratio","error":"unexpected key \"configuratio\"; the nearest known key is \"configuration\"","code":"parse-failed"}`, "pg_track_table", `{"table":"article","configuratio":{}}`)
	s.do("pg_untrack_table", `{"table":"author"}`)
	s.want(400, `{"path":"$.args","error":"view/table already untracked: \"author\"","code":"already-untracked"}`, "pg_untrack_table", `{"table":"author"}`)
}

func TestTrackTable_aTableMadePastTheEngine(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.exec(s.dataURL, shop)
	s.do("pg_track_table", `{"table":"article"}`)
}

func TestEverybodyButAdministratorsIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	const refusal = `{"path":"$.args","error":"restricted access : admin only","code":"access-denied"}`
	for _, path := range []string{"/v1/metadata", "/v1/query", "/v2/query"} {
		for _, kind := range []string{"export_metadata", "run_sql", "clear_metadata", "pg_track_table", "bulk", "mssql_add_source"} {
			args := `{"sql":"select 1"}`
			if kind == "bulk" {
				args = `[{"type":"run_sql","args":{"sql":"select 1"}}]`
			}
			code, body := post(s.engine, path, fmt.Sprintf(`{"type":%q,"args":%s}`, kind, args), "X-Hasura-Role", "user")
			if code != 400 || body != refusal && !strings.Contains(body, `"code":"parse-failed"`) && !strings.Contains(body, `"code":"not-supported"`) {
				t.Errorf("%s %s: got %d %s", path, kind, code, body)
			}
			if path == "/v1/metadata" && body != refusal {
				t.Errorf("%s %s: got %s", path, kind, body)
			}
		}
	}
}

func TestUntrackTable_dependents(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withShop()
	s.want(400, `{"path":"$.args","error":"cannot drop due to the following dependent objects: permission article.user.select in source \"default\", relationship article.author in source \"default\"","code":"dependency-error"}`,
		"pg_untrack_table", `{"table":"author"}`)
	s.do("pg_untrack_table", `{"table":"author","cascade":true}`)
	if doc := s.document(); strings.Contains(doc, "author\"") || strings.Contains(doc, "permission") {
		t.Errorf("something of author is left: %s", doc)
	}
}
