package property_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"gatehouse/engine"
	"gatehouse/engine/schema"
	"gatehouse/engine/session"
	"gatehouse/internal/testpg"
)

// cases is how many requests are compared with the oracle; of the other properties, each takes a part of the worlds.
var cases = 10_000

func TestMain(m *testing.M) {
	flag.Parse()
	if checks := os.Getenv("PROPERTY_CHECKS"); checks != "" {
		n, err := strconv.Atoi(checks)
		if err != nil || n < 1 {
			panic("PROPERTY_CHECKS is the number of cases, not " + checks)
		}
		cases = n
	} else if testing.Short() {
		cases = 1_000
	}
	worlds := strconv.Itoa(cases/(requests-10)/2 + 1) // some requests drawn are none
	for name, v := range map[string]string{"rapid.checks": worlds, "rapid.nofailfile": "true", "rapid.shrinktime": "30s"} {
		if err := flag.Set(name, v); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// failer is testing.T, or rapid's.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// server is an engine in open mode, so that a header says the role, on a database that cases share one after the other.
type server struct {
	handler http.Handler
	pool    *pgxpool.Pool
}

func start(t *testing.T) *server {
	t.Helper()
	settings, err := session.ParseConfig(session.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	data := testpg.Database(t)
	pool := testpg.Pool(t, data)
	// Tables that were never analysed look large, and compiling a statement for a handful of rows takes longer than all else.
	if _, err := pool.Exec(t.Context(), "do $$ begin execute format('alter database %I set jit = off', current_database()); end $$"); err != nil {
		t.Fatal(err)
	}
	e, err := engine.New(t.Context(), engine.Config{
		MetadataURL: testpg.Database(t), DefaultSourceURL: data, Session: settings,
		Options: schema.Options{InferFunctionPermissions: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return &server{handler: e.Handler(), pool: pool}
}

func (s *server) post(path, body string, headers map[string]string) (int, []byte) {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	for k, v := range headers {
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w.Code, w.Body.Bytes()
}

func (s *server) get(path, role string) (int, []byte) {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("x-hasura-role", role)
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w.Code, w.Body.Bytes()
}

func base64Of(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func (s *server) exec(t failer, sql string) {
	t.Helper()
	if _, err := s.pool.Exec(context.Background(), sql); err != nil {
		t.Fatalf("%v\n%s", err, sql)
	}
}

// load makes the database and the metadata those of a world.
func (s *server) load(t failer, w *world) {
	t.Helper()
	s.exec(t, w.sql())
	metadata, err := json.Marshal(w.metadata())
	if err != nil {
		t.Fatalf("%v", err)
	}
	if code, answer := s.post("/v1/metadata", `{"type":"reload_metadata","args":{"reload_sources":true}}`, nil); code != 200 {
		t.Fatalf("reload_metadata answers %s", answer)
	}
	code, body := s.post("/v1/metadata", `{"type":"replace_metadata","version":2,"args":{"metadata":`+string(metadata)+`,"allow_inconsistent_metadata":true}}`, nil)
	var answer struct {
		Objects []struct{ Type, Reason string } `json:"inconsistent_objects"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || code != 200 {
		t.Fatalf("replace_metadata of %s\nanswers %s", metadata, body)
	}
	for _, o := range answer.Objects {
		// Members of an inherited role that differ in a mutation permission are named; the role then has none.
		if o.Type != "inherited role permission inconsistency" {
			t.Fatalf("%s\nis inconsistent: %s", metadata, body)
		}
	}
}

// ask sends a GraphQL request as a role.
func (s *server) ask(r *request) []byte {
	headers := map[string]string{"x-hasura-role": r.role.name}
	for k, v := range r.session {
		headers[k] = v
	}
	if r.isBackend {
		headers["x-hasura-use-backend-only-permissions"] = "true"
	}
	_, body := s.post("/v1/graphql", r.body(), headers)
	return body
}

// content reads what the tables hold, whatever permissions say.
func (s *server) content(t failer, w *world) state {
	t.Helper()
	out := state{}
	for _, table := range w.tables {
		// The tables change from case to case, so no statement is remembered.
		rows, err := s.pool.Query(context.Background(), "select * from "+table.name, pgx.QueryExecModeExec)
		if err != nil {
			t.Fatalf("%v", err)
		}
		maps, err := pgx.CollectRows(rows, pgx.RowToMap)
		if err != nil {
			t.Fatalf("%v", err)
		}
		for _, m := range maps {
			r := row{}
			for k, v := range m {
				if n, ok := v.(int32); ok {
					v = int64(n)
				}
				r[k] = v
			}
			out[table.name] = append(out[table.name], r)
		}
	}
	return out
}

// difference compares two states of the tables: "" or the first table that differs.
func (w *world) difference(got, want state) string {
	for _, t := range w.tables {
		a, b := tuples(t, got[t.name]), tuples(t, want[t.name])
		if !slices.Equal(a, b) {
			return fmt.Sprintf("table %s\n  holds %q\n  wants %q", t.name, a, b)
		}
	}
	return ""
}

func tuples(t *table, rows []row) []string {
	var out []string
	for _, r := range rows {
		out = append(out, tuple(t, r))
	}
	slices.Sort(out)
	return out
}

// answer is a response body.
type answer struct {
	Data   map[string]any
	Errors []struct {
		Message    string
		Extensions map[string]any
	}
}

func decode(t failer, body []byte) answer {
	t.Helper()
	var a answer
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.UseNumber()
	if err := d.Decode(&a); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return a
}
