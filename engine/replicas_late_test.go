package engine_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"gatehouse/engine"
	"gatehouse/internal/testpg"
)

// held begins a mutation of user 1 that inserts the note 99, and waits until release, which gives its answer and token.
func (r *replicated) held() (release func() (body, token string)) {
	r.Helper()
	r.exec(r.primaryURL, `create or replace function hold() returns trigger language plpgsql as $$ begin perform pg_advisory_xact_lock(7); return new; end $$`)
	r.exec(r.primaryURL, `create or replace trigger hold before insert on note for each row when (new.id = 99) execute function hold()`)
	conn, err := pgx.Connect(r.Context(), r.primaryURL)
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { _ = conn.Close(context.Background()) })
	do := func(sql string) {
		r.Helper()
		if _, err := conn.Exec(r.Context(), sql); err != nil {
			r.Fatal(err)
		}
	}
	do("select pg_advisory_lock(7)")
	var body, token string
	done := make(chan struct{})
	go func() {
		defer close(done)
		body, token = ask(r.engine, `mutation { insert_note(objects: [{id: 99, text: "held"}]) { affected_rows } }`, as("1")...)
	}()
	eventually(r.T, "the mutation waits", func() bool {
		var n int
		err := conn.QueryRow(r.Context(), `select count(*) from pg_locks where locktype = 'advisory' and not granted`).Scan(&n)
		return err == nil && n == 1
	})
	return func() (string, string) {
		do("select pg_advisory_unlock(7)")
		<-done
		return body, token
	}
}

// sized gives the source a pool of that size.
func (r *replicated) sized(pool string) {
	r.Helper()
	r.do("pg_update_source", fmt.Sprintf(`{"name":"default","configuration":{"connection_info":{"database_url":%q,"pool_settings":%s},"read_replicas":[{"database_url":%q}]}}`, r.primaryURL, pool, r.replicaURL))
	r.awaitPlace("replica", as("2")...)
}

const note99 = `{ note_by_pk(id: 99) { text } }`

// A request that began before its source was opened anew writes after that.
func TestReplicas_writeUnderWayWhenTheSourceChanges(t *testing.T) {
	t.Parallel()
	r := withReplica(t, nil)
	release := r.held()
	r.sized(`{"max_connections":9}`)
	r.do("pg_drop_source", `{"name":"default","cascade":true}`) // and once more
	r.do("pg_add_source", fmt.Sprintf(`{"name":"default","configuration":{"connection_info":{"database_url":%q},"read_replicas":[{"database_url":%q}]}}`, r.primaryURL, r.replicaURL))
	r.track()
	r.pause()
	body, token := release()
	if body != `{"data":{"insert_note":{"affected_rows":1}}}` || token == "" {
		t.Fatalf("got %s and the token %q", body, token)
	}
	r.gets(`{"data":{"note_by_pk":{"text":"held"}}}`, note99, as("1")...)
	r.gets(at("primary"), wherePlace, as("2")...) // nobody knows whose write it was
	r.resume()
	r.awaitPlace("replica", as("1")...)
}

func TestReplicas_areNumberedAsConfigured(t *testing.T) {
	t.Parallel()
	s := &server{T: t, metadataURL: testpg.Database(t), dataURL: testpg.Database(t)}
	c := config(s.metadataURL, s.dataURL)
	var asked atomic.Int32
	c.LookupEnv = func(name string) (string, bool) {
		if name == "SECOND" {
			asked.Add(1)
		}
		return "postgres://nobody:hush@127.0.0.1:1/x", name == "SECOND"
	}
	e, err := engine.New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	s.engine = e
	background(t, e)
	configure := func(size int) {
		s.do("pg_update_source", fmt.Sprintf(`{"name":"default","health_check":{"interval":1},"configuration":{
			"connection_info":{"database_url":%q,"pool_settings":{"max_connections":%d}},
			"read_replicas":[{"database_url":{"from_env":"NOT_SET"}},{"database_url":{"from_env":"SECOND"}}]}}`, s.dataURL, size))
	}
	configure(5)
	asked.Store(0)
	configure(6)
	if n := asked.Load(); n != 1 {
		t.Errorf("a change worked out %d times how the source is reached", n)
	}
	s.want(200, `{"is_consistent":false,"inconsistent_objects":[{"definition":"default","name":"read_replica 1 in source default",`+
		`"reason":"Inconsistent object: environment variable 'NOT_SET' not set","type":"read_replica"}]}`, "get_inconsistent_metadata", `{}`)
	eventually(t, "the other one is reported", func() bool {
		_, all := s.health()
		h := all["default"]
		return len(h.Replicas) == 1 && h.Replicas[0].Name == "2 (127.0.0.1:1)" && strings.Contains(h.Replicas[0].Reason, "cannot be reached")
	})
	got := inspected(t, c)
	if !strings.Contains(got, "! read replica 1 of source \"default\": environment variable 'NOT_SET' not set\n! read replica 2 of source \"default\" cannot be reached: ") {
		t.Errorf("got %s", got)
	}
}

func TestReplicas_whatWasNeverSentHasWrittenNothing(t *testing.T) {
	t.Parallel()
	r := withReplica(t, nil)
	r.sized(`{"max_connections":1,"pool_timeout":0.2}`)
	release := r.held()
	r.awaitPlace("replica", as("2")...)
	r.pause()
	r.exec(r.primaryURL, `update note set text = 'later' where id = 1`) // so that the replica is behind
	body, _ := ask(r.engine, `mutation { update_note(where: {}, _set: {text: "never"}) { affected_rows } }`, as("2")...)
	if !strings.Contains(body, "connection acquisition timeout expired") && !strings.Contains(body, "connection error") {
		t.Errorf("got %s", body)
	}
	for range 20 {
		r.gets(at("replica"), wherePlace, as("2")...)
	}
	release()
	r.resume()
}
