package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"gatehouse/engine"
	"gatehouse/engine/subscription"
	"gatehouse/internal/testpg"
	"gatehouse/postgres/embedded"
)

// primaryCluster is one for all tests that need a replica; each has databases and replicas of its own.
var primaryCluster = sync.OnceValue(func() *embedded.Server {
	return testpg.Cluster(forever{}, 0, map[string]string{"cluster_name": "primary", "wal_keep_size": "1GB", "synchronous_commit": "on"})
})

// clusters bounds the replicas that run at a time.
var clusters = make(chan struct{}, 2)

// forever is a test that never ends: its clusters end with the process.
type forever struct{ testing.TB }

func (forever) Helper()           {}
func (forever) Cleanup(func())    {}
func (forever) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

// replicated is an engine whose source has a replica.
type replicated struct {
	*server
	primaryURL, replicaURL string
	replica                *embedded.Server
	url                    string // for sockets
}

var replicaSettings = map[string]string{"cluster_name": "replica"}

// placeSchema: what place_now gives is which server was asked.
const placeSchema = `
create table place (name text);
create function place_now() returns setof place language sql stable as $$ select current_setting('cluster_name') $$;
create table note (id int primary key, owner text, text text);
create function write_note(n int) returns setof note language sql volatile as
$$ insert into note values (n, 'somebody', 'written') on conflict (id) do update set text = 'again' returning * $$;
create function seen_note(n int) returns setof note language sql volatile as $$ select * from note where id = n $$;
insert into note values (1, '1', 'one')`

func withReplica(t *testing.T, change func(*engine.Config)) *replicated {
	t.Helper()
	clusters <- struct{}{}
	t.Cleanup(func() { <-clusters })
	primary := primaryCluster()
	ctx := t.Context()
	owner, err := pgx.Connect(ctx, primary.OwnerURL())
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("db_%d", databases.Add(1))
	if _, err := owner.Exec(ctx, "create database "+name); err != nil {
		t.Fatal(err)
	}
	_ = owner.Close(ctx)
	r := &replicated{primaryURL: databaseOf(t, primary, name)}
	r.server = &server{T: t, metadataURL: testpg.Database(t), dataURL: r.primaryURL}
	r.exec(r.primaryURL, placeSchema)
	r.replica = testpg.Replica(t, primary, replicaSettings)
	r.replicaURL = databaseOf(t, r.replica, name)
	r.engine, r.url = r.start(change)
	r.track()
	return r
}

// track tracks everything, and waits until the replica is read.
func (r *replicated) track() {
	r.Helper()
	for _, table := range []string{"place", "note"} {
		r.do("pg_track_table", fmt.Sprintf(`{"table":%q}`, table))
	}
	r.do("pg_track_function", `{"function":"place_now"}`)
	for _, role := range []string{"user", "editor"} {
		r.do("pg_create_select_permission", fmt.Sprintf(`{"table":"place","role":%q,"permission":{"columns":"*","filter":{}}}`, role))
		r.do("pg_create_select_permission", fmt.Sprintf(`{"table":"note","role":%q,"permission":{"columns":"*","filter":{}}}`, role))
	}
	r.do("pg_create_insert_permission", `{"table":"note","role":"user","permission":{"columns":["id","text"],"check":{},"set":{"owner":"x-hasura-user-id"}}}`)
	r.do("pg_create_update_permission", `{"table":"note","role":"user","permission":{"columns":["text"],"filter":{}}}`)
	r.awaitPlace("replica")
}

var databases atomic.Int32

func databaseOf(t *testing.T, s *embedded.Server, name string) string {
	u, err := url.Parse(s.OwnerURL())
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

// start starts one more engine on the databases.
func (r *replicated) start(change func(*engine.Config)) (*engine.Engine, string) {
	r.Helper()
	c := config(r.metadataURL, r.primaryURL)
	c.ReplicaURLs = []string{r.replicaURL}
	c.LiveQueries = subscription.Polling{Interval: 10 * time.Millisecond}
	c.SchemaSyncPollInterval = 100 * time.Millisecond
	if change != nil {
		change(&c)
	}
	return serve(r.T, c)
}

// ask sends a request to an engine as a user and gives the answer with the token it carries.
func ask(e *engine.Engine, query string, headers ...string) (body, token string) {
	raw, _ := json.Marshal(map[string]string{"query": query})
	req := httptest.NewRequest(http.MethodPost, "/v1/graphql", strings.NewReader(string(raw)))
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	e.Handler().ServeHTTP(w, req)
	return compact(w.Body.String()), w.Header().Get("X-Gatehouse-Read-After")
}

func as(user string) []string { return []string{"X-Hasura-Role", "user", "X-Hasura-User-Id", user} }

func compact(body string) string {
	var v json.RawMessage
	if json.Unmarshal([]byte(body), &v) != nil {
		return body
	}
	out, _ := json.Marshal(v)
	return string(out)
}

func (r *replicated) gets(want, query string, headers ...string) {
	r.Helper()
	if got, _ := ask(r.engine, query, headers...); got != want {
		r.Errorf("%s as %v\n got %s\nwant %s", query, headers, got, want)
	}
}

func (r *replicated) awaits(want, query string, headers ...string) {
	r.Helper()
	var got string
	eventually(r.T, query+" gives "+want, func() bool {
		got, _ = ask(r.engine, query, headers...)
		return got == want
	})
}

const wherePlace = `{ place_now { name } }`

func at(place string) string { return fmt.Sprintf(`{"data":{"place_now":[{"name":%q}]}}`, place) }

func (r *replicated) awaitPlace(place string, headers ...string) {
	r.Helper()
	r.awaits(at(place), wherePlace, headers...)
}

// pause holds the replica where it is; resume lets it go on.
func (r *replicated) pause() { r.Helper(); r.onReplica("select pg_wal_replay_pause()"); r.settled() }

func (r *replicated) resume() { r.Helper(); r.onReplica("select pg_wal_replay_resume()") }

// settled waits until the replica does not move any more, and has been heard to be where it is.
func (r *replicated) settled() {
	r.Helper()
	conn, err := pgx.Connect(r.Context(), r.replicaURL)
	if err != nil {
		r.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	eventually(r.T, "the replay is paused", func() bool {
		var state string
		err := conn.QueryRow(r.Context(), "select pg_get_wal_replay_pause_state()").Scan(&state)
		return err == nil && state == "paused"
	})
}

func (r *replicated) onReplica(sql string) { r.Helper(); r.exec(r.replicaURL, sql) }

const (
	noteOne = `{ note_by_pk(id: 1) { text } }`
	notes   = `{ note(order_by: {id: asc}) { id text } place_now { name } }`
)

func TestReplicas_readsOneServer(t *testing.T) {
	t.Parallel()
	r := withReplica(t, nil)
	r.gets(`{"data":{"note":[{"id":1,"text":"one"}],"place_now":[{"name":"replica"}]}}`, notes, as("1")...)
	r.do("pg_update_source", `{"name":"default","health_check":{"interval":1}}`)
	eventually(t, "the replica is reported", func() bool {
		_, all := r.health()
		h := all["default"]
		return len(h.Replicas) == 1 && h.Replicas[0].InUse
	})
	r.awaitPlace("replica")
	r.gets(`{"data":{"a":[{"name":"replica"}],"b":[{"name":"replica"}]}}`, `{ a: place_now { name } b: place_now { name } }`)
	r.gets(`{"data":{"note_by_pk":{"text":"one"}}}`, noteOne, as("1")...)
	c := r.socket(r.url, `{"x-hasura-role":"user"}`)
	c.subscribe("1", `subscription { place_now { name } }`)
	c.want(`{"type":"next","id":"1","payload":` + at("replica") + `}`)
}

func TestReplicas_writerSeesItsWrites(t *testing.T) {
	t.Parallel()
	for _, commits := range []string{"on", "off"} { // off: a commit is confirmed before it is in the log
		t.Run("synchronous_commit "+commits, func(t *testing.T) { writerSeesItsWrites(t, commits) })
	}
}

func writerSeesItsWrites(t *testing.T, synchronousCommit string) {
	r := withReplica(t, func(c *engine.Config) {
		c.DefaultSourceURL += "&synchronous_commit=" + synchronousCommit
	})
	other, _ := r.start(func(c *engine.Config) { c.DefaultSourceURL += "&synchronous_commit=" + synchronousCommit })
	eventually(t, "the other engine reads the replica", func() bool {
		body, _ := ask(other, wherePlace, as("1")...)
		return body == at("replica")
	})
	listener := r.socket(r.url, `{"x-hasura-role":"user","x-hasura-user-id":"1"}`)
	listener.subscribe("1", `subscription { note_by_pk(id: 1) { text } }`)
	listener.want(`{"type":"next","id":"1","payload":{"data":{"note_by_pk":{"text":"one"}}}}`)
	r.pause()
	const before, after = `{"data":{"note_by_pk":{"text":"one"}}}`, `{"data":{"note_by_pk":{"text":"two"}}}`
	body, token := ask(r.engine, `mutation { update_note_by_pk(pk_columns: {id: 1}, _set: {text: "two"}) { id } }`, as("1")...)
	if body != `{"data":{"update_note_by_pk":{"id":1}}}` || token == "" {
		t.Fatalf("got %s and the token %q", body, token)
	}
	for range 5 {
		r.gets(after, noteOne, as("1")...)
		r.gets(after, noteOne, "X-Hasura-Role", "editor", "X-Hasura-User-Id", "1") // the same user
		r.gets(before, noteOne, as("2")...)
		r.gets(at("replica"), wherePlace, as("2")...)
		r.gets(before, noteOne) // the administrator has written nothing
	}
	listener.want(`{"type":"next","id":"1","payload":` + after + `}`)

	// Single inserts share connections; what they write is seen like the rest.
	for id := 10; id < 20; id++ {
		r.gets(fmt.Sprintf(`{"data":{"insert_note_one":{"id":%d}}}`, id), fmt.Sprintf(`mutation { insert_note_one(object: {id: %d, text: "x"}) { id } }`, id), as("3")...)
		r.gets(fmt.Sprintf(`{"data":{"note_by_pk":{"id":%d}}}`, id), fmt.Sprintf(`{ note_by_pk(id: %d) { id } }`, id), as("3")...)
		r.gets(`{"data":{"note_by_pk":null}}`, fmt.Sprintf(`{ note_by_pk(id: %d) { id } }`, id), as("2")...)
	}
	// So are several statements in one transaction, and the administrator's.
	r.gets(`{"data":{"a":{"id":30},"b":{"id":1}}}`, `mutation { a: insert_note_one(object: {id: 30, text: "y"}) { id } b: update_note_by_pk(pk_columns: {id: 1}, _set: {text: "three"}) { id } }`)
	r.gets(`{"data":{"note_by_pk":{"text":"three"}}}`, noteOne)

	// Another process knows nothing of the write, unless it is told.
	if body, _ := ask(other, noteOne, as("1")...); body != before {
		t.Errorf("got %s without the token", body)
	}
	for _, token := range []string{token, "nonsense", token + ".00000000-1"} {
		if body, _ := ask(other, noteOne, append(as("1"), "X-Gatehouse-Read-After", token)...); !strings.Contains(body, `"three"`) {
			t.Errorf("with the token %q: %s", token, body)
		}
	}
	const select1 = `{"type":"select","args":{"table":"note","columns":["text"],"where":{"id":1}}}`
	if _, body := post(other, "/v2/query", select1, as("1")...); compact(body) != `[{"text":"one"}]` {
		t.Errorf("a row command got %s without the token", body)
	}
	if _, body := post(other, "/v2/query", select1, append(as("1"), "X-Gatehouse-Read-After", token)...); compact(body) != `[{"text":"three"}]` {
		t.Errorf("a row command got %s with the token", body)
	}

	// Once the replica is there it answers again.
	r.resume()
	r.awaitPlace("replica", as("1")...)
	r.awaits(`{"data":{"note_by_pk":{"text":"three"}}}`, noteOne, as("1")...)
	eventually(t, "the token is honoured by the replica", func() bool {
		body, _ := ask(other, wherePlace, append(as("1"), "X-Gatehouse-Read-After", token)...)
		return body == at("replica")
	})
}

func TestReplicas_whatWritesGoesToThePrimary(t *testing.T) {
	t.Parallel()
	r := withReplica(t, nil)
	r.do("pg_track_function", `{"function":"write_note","configuration":{"exposed_as":"query"}}`)
	r.do("pg_track_function", `{"function":"seen_note","configuration":{"exposed_as":"query"}}`)
	r.do("pg_track_logical_model", `{"name":"noted","fields":[{"name":"id","type":{"scalar":"integer"}},{"name":"text","type":{"scalar":"text"}}]}`)
	r.do("pg_track_native_query", `{"root_field_name":"native_write","code":"select id, text from write_note({{n}})","arguments":{"n":{"type":"integer","nullable":false}},"returns":"noted"}`)
	r.do("pg_track_native_query", `{"root_field_name":"native_read","code":"select 1 as id, current_setting('cluster_name') as text","returns":"noted"}`)
	r.awaitPlace("replica")
	r.pause()
	// A volatile function, though it is a query; and then the caller sees what it wrote.
	r.gets(`{"data":{"write_note":[{"text":"written"}]}}`, `{ write_note(args: {n: 40}) { text } }`)
	r.gets(`{"data":{"note_by_pk":{"id":40}}}`, `{ note_by_pk(id: 40) { id } }`)
	r.gets(`{"data":{"note_by_pk":null}}`, `{ note_by_pk(id: 40) { id } }`, as("2")...)
	r.gets(`{"data":{"seen_note":[{"id":40}]}}`, `{ seen_note(args: {n: 40}) { id } }`)
	r.resume()
	r.awaitPlace("replica")
	r.pause()
	// A native query that turns out to write, the first time and after it.
	for n, text := range []string{"written", "again", "again"} {
		r.gets(fmt.Sprintf(`{"data":{"native_write":[{"text":%q}],"place_now":[{"name":"primary"}]}}`, text), `{ native_write(args: {n: 50}) { text } place_now { name } }`)
		if n == 0 {
			r.gets(`{"data":{"note_by_pk":{"id":50}}}`, `{ note_by_pk(id: 50) { id } }`)
		}
	}
	r.gets(`{"data":{"native_write":[{"text":"written"}]}}`, `{ native_write(args: {n: 51}) { text } }`)
	r.gets(`{"data":{"note_by_pk":{"id":51}}}`, `{ note_by_pk(id: 51) { id } }`)
	r.resume()
	r.awaits(`{"data":{"native_read":[{"text":"replica"}]}}`, `{ native_read { text } }`)
	// run_sql, whoever reads then.
	r.pause()
	r.sql(`insert into note values (60, 'x', 'by sql')`)
	r.gets(`{"data":{"note_by_pk":{"id":60}}}`, `{ note_by_pk(id: 60) { id } }`, as("2")...)
	r.want(200, `{"result_type":"TuplesOk","result":[["current_setting"],["primary"]]}`, "run_sql", `{"sql":"select current_setting('cluster_name')","read_only":true}`)
	r.resume()
}

func TestReplicas_schemaChangesAreNotReadEarly(t *testing.T) {
	t.Parallel()
	r := withReplica(t, func(c *engine.Config) { c.SchemaWatchInterval = 50 * time.Millisecond })
	r.pause()
	r.sql(`alter table note add column stars int default 5`)
	r.gets(`{"data":{"note":[{"stars":5}]}}`, `{ note(where: {id: {_eq: 1}}) { stars } }`, as("2")...)
	r.gets(at("primary"), wherePlace, as("2")...)
	// Past the engine, noticed by it.
	r.exec(r.primaryURL, `alter table note rename column stars to points`)
	r.awaits(`{"data":{"note":[{"points":5}]}}`, `{ note(where: {id: {_eq: 1}}) { points } }`, as("2")...)
	r.resume()
	r.awaitPlace("replica", as("2")...)
	r.gets(`{"data":{"note":[{"points":5}]}}`, `{ note(where: {id: {_eq: 1}}) { points } }`, as("2")...)
}

func TestReplicas_killedUnderLoad(t *testing.T) {
	t.Parallel()
	r := withReplica(t, nil)
	var stop atomic.Bool
	var asked, failed, onReplica atomic.Int64
	var load sync.WaitGroup
	queries := []string{noteOne, notes, wherePlace}
	for i := range 8 {
		load.Go(func() {
			for n := 0; !stop.Load(); n++ {
				body, _ := ask(r.engine, queries[n%len(queries)], as(fmt.Sprint(i))...)
				asked.Add(1)
				if strings.Contains(body, `"replica"`) {
					onReplica.Add(1)
				}
				if strings.Contains(body, "errors") && failed.Add(1) < 5 {
					t.Errorf("got %s", body)
				}
			}
		})
	}
	enough := func(n int64) func() bool { return func() bool { return onReplica.Load() > n } }
	eventually(t, "the replica is under load", enough(50))
	now, cancel := context.WithCancel(context.Background())
	cancel() // at once
	_ = r.replica.Stop(now)
	r.awaitPlace("primary")
	before := asked.Load()
	eventually(t, "the primary has the load", func() bool { return asked.Load() > before+200 })
	stop.Store(true)
	load.Wait()
	if failed.Load() > 0 {
		t.Errorf("%d of %d reads failed", failed.Load(), asked.Load())
	}
}

func TestReplicas_promoted(t *testing.T) {
	t.Parallel()
	r := withReplica(t, nil)
	r.onReplica("select pg_promote()")
	r.awaitPlace("primary")
	r.onReplica("update note set text = 'elsewhere'")
	for range 20 {
		r.gets(`{"data":{"note_by_pk":{"text":"one"}}}`, noteOne)
	}
}

func TestReplicas_tooFarBehind(t *testing.T) {
	t.Parallel()
	r := withReplica(t, func(c *engine.Config) { c.MaxReplicaLag = time.Second })
	r.pause()
	r.exec(r.primaryURL, `update note set text = 'late'`) // by nobody whom the engine knows
	r.gets(at("replica"), wherePlace, as("2")...)
	r.awaitPlace("primary", as("2")...)
	r.resume()
	r.awaitPlace("replica", as("2")...)
	r.gets(`{"data":{"note_by_pk":{"text":"late"}}}`, noteOne, as("2")...)
}

func TestReplicas_thatAreNone(t *testing.T) {
	t.Parallel()
	r := withReplica(t, nil)
	other := testpg.Database(t) // of another cluster
	r.exec(other, placeSchema)
	for what, info := range map[string]string{
		"another server":        fmt.Sprintf(`{"database_url":%q}`, other),
		"the primary itself":    fmt.Sprintf(`{"database_url":%q}`, r.primaryURL),
		"another database":      fmt.Sprintf(`{"database_url":%q}`, databaseOf(t, r.replica, "postgres")),
		"nobody":                `{"database_url":"postgres://nobody@127.0.0.1:1/x","pool_settings":{"retries":0}}`,
		"an unset variable":     `{"database_url":{"from_env":"NOT_SET"}}`,
		"a certificate missing": fmt.Sprintf(`{"database_url":%q,"ssl_configuration":{"sslmode":"verify-full","sslrootcert":{"from_env":"NOT_SET"}}}`, r.replicaURL),
	} {
		r.do("pg_update_source", fmt.Sprintf(`{"name":"default","configuration":{"connection_info":{"database_url":%q},"read_replicas":[%s]}}`, r.primaryURL, info))
		for range 10 {
			r.gets(at("primary"), wherePlace)
			time.Sleep(30 * time.Millisecond) // looks go on meanwhile
		}
		_, list := post(r.engine, "/v1/metadata", `{"type":"get_inconsistent_metadata","args":{}}`)
		if isListed := strings.Contains(list, "read_replica 1 in source default") && strings.Contains(list, "NOT_SET"); isListed != strings.Contains(info, "NOT_SET") {
			t.Errorf("%s: %s", what, list)
		}
	}
	r.do("drop_inconsistent_metadata", `{}`)
	// The one that is, from metadata.
	r.do("pg_update_source", fmt.Sprintf(`{"name":"default","configuration":{"connection_info":{"database_url":%q},"read_replicas":[{"database_url":"postgres://nobody@127.0.0.1:1/x"},{"database_url":%q}]}}`, r.primaryURL, r.replicaURL))
	r.awaitPlace("replica")
	r.do("rename_source", `{"name":"default","new_name":"main"}`)
	r.awaitPlace("replica")
	r.do("pg_drop_source", `{"name":"main","cascade":true}`)
}
