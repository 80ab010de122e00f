package engine_test

import (
	"context"
	_ "embed"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"gatehouse/engine"
	"gatehouse/internal/testpg"
)

var (
	//go:embed testdata/hasura/catalog.sql
	hasuraCatalog string
	//go:embed testdata/hasura/source.sql
	hasuraSource string
	//go:embed testdata/hasura/metadata.json
	hasuraMetadata string
	//go:embed testdata/hasura/listing.sql
	listing string
)

// hasura makes a database that a Hasura v2 used for its metadata and as its only source.
func hasura(t *testing.T) *server {
	t.Helper()
	url := testpg.Database(t)
	s := &server{T: t, metadataURL: url, dataURL: url}
	s.exec(url, hasuraCatalog+hasuraSource)
	s.exec(url, `insert into hdb_catalog.hdb_metadata values (1, $doc$`+hasuraMetadata+`$doc$, 57)`)
	s.exec(url, `insert into hdb_catalog.hdb_schema_notifications values (1, '{"metadata":false,"remote_schemas":[],"sources":["default"],"data_connectors":[]}', 57, '11111111-2222-3333-4444-555555555555', now())`)
	return s
}

// strings gives a query's first column.
func (s *server) strings(sql string) []string {
	s.Helper()
	conn, err := pgx.Connect(s.Context(), s.metadataURL)
	if err != nil {
		s.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	rows, err := conn.Query(s.Context(), sql)
	if err != nil {
		s.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		s.Fatal(err)
	}
	return list
}

// sameJSON compares documents, whatever the order of their keys.
func (s *server) sameJSON(what, got, want string) {
	s.Helper()
	var a, b map[string]any
	if err := json.Unmarshal([]byte(got), &a); err != nil {
		s.Fatal(err)
	}
	if err := json.Unmarshal([]byte(want), &b); err != nil {
		s.Fatal(err)
	}
	for key := range b {
		if !reflect.DeepEqual(a[key], b[key]) {
			s.Errorf("%s: %s is\n%v\nwant\n%v", what, key, a[key], b[key])
		}
		delete(a, key)
	}
	if len(a) > 0 {
		s.Errorf("%s: also has %v", what, a)
	}
}

func TestCatalog_isHasurasObjectByObject(t *testing.T) {
	t.Parallel()
	ours := start(t).strings(listing)
	theirs := &server{T: t, metadataURL: testpg.Database(t)}
	theirs.exec(theirs.metadataURL, hasuraCatalog)
	want := theirs.strings(listing)
	if len(want) < 25 {
		t.Fatalf("only %d objects", len(want))
	}
	for _, o := range want {
		if !slices.Contains(ours, o) {
			t.Errorf("missing: %s", o)
		}
	}
	for _, o := range ours {
		if !slices.Contains(want, o) {
			t.Errorf("not Hasura's: %s", o)
		}
	}
}

func TestStart_onAHasurasDatabase(t *testing.T) {
	t.Parallel()
	s := hasura(t)
	objects := s.strings(listing)
	stored := `select metadata::text from hdb_catalog.hdb_metadata where resource_version = 57`
	before := s.strings(stored)
	s.engine = s.open()

	if got := s.strings(stored); len(got) != 1 || got[0] != before[0] {
		t.Errorf("starting changed the metadata: %v", got)
	}
	want := strings.Replace(hasuraMetadata, `"functions":[],`, "", 1)
	s.sameJSON("export", s.document(), want)
	s.exec(s.dataURL, `do $$ begin assert (select cli_state ? 'migrations' and hasura_uuid = '5c7f2f2a-0c52-4a9c-8a36-5a6f8c0f9d1e' from hdb_catalog.hdb_version); end $$`)
	if got := s.graphql(`{ author { name articles { title } } count_authors { n } }`); got != `{"data":{"author":[],"count_authors":[{"n":0}]}}` {
		t.Errorf("got %s", got)
	}
	// The event trigger's function is in the database, and its event waits for whoever delivers it.
	if got := s.graphql(`mutation { insert_author_one(object: {name: "a"}) { id } }`); got != `{"data":{"insert_author_one":{"id":1}}}` {
		t.Errorf("got %s", got)
	}
	s.exec(s.dataURL, `do $$ begin assert (select count(*) = 1 and min(payload#>>'{data,new,name}') = 'a' from hdb_catalog.event_log where not delivered); end $$`)

	// What is kept without being run is changed by nothing, and a Hasura finds only what is its own.
	s.do("create_query_collection", `{"name":"more","definition":{"queries":[]}}`)
	s.do("gatehouse_set_source_features", `{"source":"default","group_by":true}`)
	s.do("drop_query_collection", `{"collection":"more","cascade":false}`)
	after := s.strings(`select metadata::text from hdb_catalog.hdb_metadata where id = 1 and resource_version = 60`)
	if len(after) != 1 {
		t.Fatalf("versions: %v", s.strings(`select resource_version::text from hdb_catalog.hdb_metadata`))
	}
	s.sameJSON("stored", after[0], want)
	notification := s.strings(`select notification::text from hdb_catalog.hdb_schema_notifications where id = 1 and resource_version = 60 and instance_id <> '11111111-2222-3333-4444-555555555555'`)
	if len(notification) != 1 {
		t.Fatal("a Hasura beside this one is not told")
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal([]byte(notification[0]), &keys); err != nil || len(keys) != 4 || keys["metadata"] == nil || keys["remote_schemas"] == nil || keys["sources"] == nil || keys["data_connectors"] == nil {
		t.Errorf("notification %s", notification[0])
	}
	if got := s.strings(listing); !slices.Equal(got, objects) {
		t.Errorf("the catalog changed:\n%s\nwas\n%s", strings.Join(got, "\n"), strings.Join(objects, "\n"))
	}
}

func TestStart_besideARunningHasura(t *testing.T) {
	t.Parallel()
	s := hasura(t)
	c := config(s.metadataURL, s.dataURL)
	c.SchemaSyncPollInterval = often
	e, err := engine.New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	s.engine = e
	t.Cleanup(e.Close)
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = e.Run(ctx) })
	t.Cleanup(func() { stop(); running.Wait() })
	// A Hasura saves and tells the others in its table; it sends no notification.
	s.exec(s.metadataURL, `create table tag (id int primary key);
		update hdb_catalog.hdb_metadata set resource_version = resource_version + 1,
		       metadata = replace(metadata::text, '"tables":[', '"tables":[{"table":{"name":"tag","schema":"public"}},')::json;
		update hdb_catalog.hdb_schema_notifications set resource_version = resource_version + 1, instance_id = '11111111-2222-3333-4444-555555555555', updated_at = now()`)
	s.eventually("Hasura's change", `"name":"tag"`, func() string { return s.graphql(`{ __type(name: "tag") { name } }`) })
}

// A source with event triggers has a schema hdb_catalog before it becomes a metadata database.
func TestStart_whereOnlyASourceOfAHasuraWas(t *testing.T) {
	t.Parallel()
	url := testpg.Database(t)
	s := &server{T: t, metadataURL: url, dataURL: url}
	s.exec(url, `create schema hdb_catalog; create function hdb_catalog.gen_hasura_uuid() returns uuid language sql as 'select gen_random_uuid()';`+hasuraSource)
	s.engine = s.open()
	s.do("pg_track_table", `{"table":"author"}`)
	if got := s.graphql(`mutation { insert_author_one(object: {name: "a"}) { id } }`); got != `{"data":{"insert_author_one":{"id":1}}}` {
		t.Errorf("got %s", got)
	}
}

func TestStart_refusesCatalogsOfOtherVersions(t *testing.T) {
	t.Parallel()
	s := hasura(t)
	for version, want := range map[string]string{
		"47":   "a Hasura catalog of version 47 (Hasura v2.0.7 to v2.10); version 48 (Hasura v2.11 or later) is needed: start the latest Hasura v2 on it once",
		"46":   "version 46 (Hasura v2.0.0 to v2.0.6)",
		"43.1": "version 43.1 (a preview of Hasura v2)",
		"40":   "version 40 (Hasura v1.3.1 to v1.3.4)",
		"34":   "version 34 (Hasura v1.2)",
		"28":   "version 28 (Hasura v1.0)",
		"0.8":  "version 0.8 (a Hasura before v1.0)",
		"49":   "version 49, which is newer than version 48",
		"48.1": "version 48.1, which is newer than version 48",
		"x":    `unknown version "x"`,
	} {
		s.exec(s.metadataURL, `update hdb_catalog.hdb_version set version = '`+version+`'`)
		before := s.strings(listing)
		_, err := engine.New(t.Context(), config(s.metadataURL, s.dataURL))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", version, err, want)
		}
		if after := s.strings(listing); !slices.Equal(before, after) {
			t.Errorf("%s: the catalog was changed", version)
		}
	}
	s.exec(s.metadataURL, `do $$ begin assert to_regclass('hdb_catalog.gatehouse_settings') is null; end $$`)
}
