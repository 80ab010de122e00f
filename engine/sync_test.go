package engine_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"gatehouse/engine"
	"gatehouse/internal/testpg"
)

func TestStart_createsTheCatalogAndNamesTheDefaultSourceByItsVariable(t *testing.T) {
	t.Parallel()
	s := start(t)
	want := `{"version":3,"sources":[{"name":"default","kind":"postgres","tables":[],"configuration":{"connection_info":{"database_url":{"from_env":"HASURA_GRAPHQL_DATABASE_URL"},"isolation_level":"read-committed","pool_settings":{"connection_lifetime":600,"idle_timeout":180,"max_connections":50,"retries":1},"use_prepared_statements":true}}}]}`
	if got := s.document(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	s.exec(s.metadataURL, `do $$ begin assert (select version from hdb_catalog.hdb_version) = '48'; end $$`)
}

func TestStart_usesAnExistingCatalog(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withShop()
	s.exec(s.metadataURL, `update hdb_catalog.hdb_metadata set metadata = replace(metadata::text, '"version":3', '"version":3,"from_tomorrow":1')::json`)
	doc := s.document()
	e := s.open()
	want := strings.TrimSuffix(doc, "}") + `,"from_tomorrow":1}`
	if _, body := post(e, "/v1/metadata", `{"type":"export_metadata","args":{}}`); body != want {
		t.Errorf("got  %s\nwant %s", body, want)
	}
	if _, body := post(e, "/v1/metadata", `{"type":"get_inconsistent_metadata","args":{}}`); !strings.Contains(body, `unexpected key \"from_tomorrow\"`) {
		t.Errorf("not listed: %s", body)
	}
}

func TestStart_aSourceThatCannotBeReachedIsInconsistent(t *testing.T) {
	t.Parallel()
	e, err := engine.New(t.Context(), config(testpg.Database(t), "postgresql://nobody@127.0.0.1:1/nothing"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	_, body := post(e, "/v1/metadata", `{"type":"get_inconsistent_metadata","args":{}}`)
	if !strings.Contains(body, `"name":"source default"`) || !strings.Contains(body, `"type":"source"`) {
		t.Errorf("got %s", body)
	}
	if code, body := post(e, "/v2/query", `{"type":"run_sql","args":{"sql":"select 1"}}`); code != 400 || !strings.Contains(body, "is inconsistent") {
		t.Errorf("got %d %s", code, body)
	}
}

func TestTwoEngines_seeEachOthersChanges(t *testing.T) {
	t.Parallel()
	s := start(t)
	other := s.open()
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = other.Run(ctx) })
	t.Cleanup(func() { stop(); running.Wait() })

	s.withShop()
	deadline := time.Now().Add(10 * time.Second)
	for other.Snapshot().ResourceVersion != s.engine.Snapshot().ResourceVersion {
		if time.Now().After(deadline) {
			t.Fatalf("version %d against %d", other.Snapshot().ResourceVersion, s.engine.Snapshot().ResourceVersion)
		}
		time.Sleep(5 * time.Millisecond)
	}
	if n := len(other.Snapshot().Inconsistencies()); n != 0 || other.Snapshot().Catalog("default").Tables == nil {
		t.Errorf("%d inconsistencies", n)
	}
	// Without waiting: a change starts from what the other one saved.
	if code, body := post(other, "/v1/metadata", `{"type":"pg_untrack_table","args":{"table":"article","cascade":true}}`); code != 200 {
		t.Errorf("got %d %s", code, body)
	}
	if doc := s.document(); strings.Contains(doc, "article") {
		t.Error("the change is not seen")
	}
}

func TestResourceVersion(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.sql(shop)
	track := `{"type":"pg_track_table","args":{"table":"author"},"resource_version":%d}`
	if code, body := post(s.engine, "/v1/metadata", fmt.Sprintf(track, 1)); code != 200 {
		t.Fatalf("got %d %s", code, body)
	}
	code, body := post(s.engine, "/v1/metadata", `{"type":"pg_untrack_table","args":{"table":"author"},"resource_version":1}`)
	if code != 409 || body != `{"path":"$","error":"metadata resource version referenced (1) did not match current version","code":"conflict"}` {
		t.Errorf("got %d %s", code, body)
	}
	_, body = post(s.engine, "/v1/metadata", `{"type":"export_metadata","version":2,"args":{}}`)
	if !strings.HasPrefix(body, `{"resource_version":2,"metadata":{"version":3,`) {
		t.Errorf("got %s", body)
	}
}

func TestConflictingWrites_oneWins(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.sql(shop)
	engines := []*engine.Engine{s.engine, s.open()}
	codes := make([]int, 2)
	var running sync.WaitGroup
	for i, table := range []string{"author", "article"} {
		running.Go(func() {
			codes[i], _ = post(engines[i], "/v1/metadata", fmt.Sprintf(`{"type":"pg_track_table","args":{"table":%q},"resource_version":1}`, table))
		})
	}
	running.Wait()
	if codes[0]+codes[1] != 200+409 {
		t.Errorf("got %v", codes)
	}
}

func TestBulk_isAllOrNothingForMetadata(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.sql(shop)
	before := s.document()
	code, body := post(s.engine, "/v1/metadata", `{"type":"bulk","args":[{"type":"pg_track_table","args":{"table":"author"}},{"type":"pg_track_table","args":{"table":"author"}}]}`)
	if want := `{"path":"$.args[1].args","error":"view/table already tracked: \"author\"","code":"already-tracked"}`; code != 400 || body != want {
		t.Errorf("got %d %s", code, body)
	}
	if s.document() != before {
		t.Error("the first command was kept")
	}
	_, body = post(s.engine, "/v1/metadata", `{"type":"bulk_keep_going","args":[{"type":"pg_track_table","args":{"table":"author"}},{"type":"pg_track_table","args":{"table":"author"}},{"type":"pg_track_table","args":{"table":"article"}}]}`)
	if want := `[{"message":"success"},{"path":"$.args","error":"view/table already tracked: \"author\"","code":"already-tracked"},{"message":"success"}]`; body != want {
		t.Errorf("got %s", body)
	}
	code, body = post(s.engine, "/v1/metadata", `{"type":"bulk_atomic","args":[{"type":"pg_untrack_table","args":{"table":"author"}},{"type":"pg_track_table","args":{"table":"author"}}]}`)
	if code != 200 || body != ok {
		t.Errorf("got %d %s", code, body)
	}
}

func TestStart_anUnreadableDocumentIsKeptUntilItIsReplaced(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withShop()
	doc := s.document()
	s.exec(s.metadataURL, `update hdb_catalog.hdb_metadata set metadata = replace(metadata::text, '"version":3', '"version":4')::json`)
	s.engine = s.open()
	s.want(500, "", "export_metadata", "{}")
	s.want(500, "", "pg_untrack_table", `{"table":"article","cascade":true}`)
	s.want(500, "", "reload_metadata", "{}")
	if code, body := post(s.engine, "/v1/graphql", `{"query":"{ author { id } }"}`); code != 200 || !strings.Contains(body, "field 'author' not found in type: 'query_root'") {
		t.Errorf("got %d %s", code, body)
	}
	s.exec(s.metadataURL, `do $$ begin assert (select metadata::text like '%"version":4%' from hdb_catalog.hdb_metadata); end $$`)
	s.do("replace_metadata", doc)
	if got := s.document(); got != doc {
		t.Errorf("got  %s\nwant %s", got, doc)
	}
}

// While the metadata database is away, what is served goes on; what would read or change metadata says so.
func TestMetadataDatabase_goesAndComesBack(t *testing.T) {
	t.Parallel()
	s := watching(t, often)
	s.withShop()
	other := s.open()
	name := strings.TrimPrefix(mustURL(t, s.metadataURL).Path, "/")
	s.exec(s.dataURL, `alter database "`+name+`" with allow_connections false`)
	s.exec(s.dataURL, `select pg_terminate_backend(pid) from pg_stat_activity where datname = '`+name+`'`)

	if got := s.graphql(`{ author { name } }`); got != `{"data":{"author":[]}}` {
		t.Errorf("the data API: %s", got)
	}
	for _, body := range []string{`{"type":"export_metadata","args":{}}`, `{"type":"pg_untrack_table","args":{"table":"article","cascade":true}}`} {
		if code, answer := post(s.engine, "/v1/metadata", body); code != 500 || answer != `{"path":"$","error":"cannot read or write the metadata database","code":"unexpected"}` {
			t.Errorf("%s: got %d %s", body, code, answer)
		}
	}
	w := httptest.NewRecorder()
	s.engine.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/healthz", nil))
	if w.Code != 500 || w.Body.String() != "ERROR" {
		t.Errorf("healthz: %d %s", w.Code, w.Body)
	}
	s.exec(s.dataURL, `alter table author add column born date`) // sources are looked at all the same
	s.eventually("the source", `{"data":{"author":[]}}`, func() string { return s.graphql(`{ author { born } }`) })

	s.exec(s.dataURL, `alter database "`+name+`" with allow_connections true`)
	s.eventually("the other process", "200", func() string {
		code, _ := post(other, "/v1/metadata", `{"type":"pg_set_table_customization","args":{"table":"author","configuration":{"custom_name":"poet"}}}`)
		return fmt.Sprint(code)
	})
	s.eventually("its change", `{"data":{"poet":[]}}`, func() string { return s.graphql(`{ poet { name } }`) })
	s.do("pg_untrack_table", `{"table":"article","cascade":true}`)
}

func mustURL(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
