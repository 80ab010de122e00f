package engine_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"gatehouse/engine"
)

const renameAuthor = `alter table author rename to writer`

// interrupted leaves what a process leaves that dies in the middle of renameAuthor: the announcement, and a transaction
// on the source that ends with end.
func (s *server) interrupted(end string, version string) {
	s.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, s.dataURL)
	if err != nil {
		s.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, "begin; "+renameAuthor); err != nil {
		s.Fatal(err)
	}
	var transaction int64
	if err := conn.QueryRow(ctx, "select txid_current()").Scan(&transaction); err != nil {
		s.Fatal(err)
	}
	s.exec(s.metadataURL, fmt.Sprintf(`
		insert into hdb_catalog.gatehouse_unfinished (instance_id, step, source, transaction_id, resource_version, metadata)
		select gen_random_uuid(), 0, 'default', %d, %s, replace(metadata::text, '"author","schema"', '"writer","schema"')::json from hdb_catalog.hdb_metadata`, transaction, version))
	if _, err := conn.Exec(ctx, end); err != nil {
		s.Fatal(err)
	}
}

func (s *server) wantNothingUnfinished() {
	s.Helper()
	s.exec(s.metadataURL, `do $$ begin assert not exists (select from hdb_catalog.gatehouse_unfinished); end $$`)
}

func TestRunSQL_whatWasCommittedBeforeAProcessDiedIsFollowed(t *testing.T) {
	t.Parallel()
	for _, atStart := range []bool{true, false} {
		s := start(t)
		s.withShop()
		s.interrupted("commit", "resource_version")
		if atStart {
			s.engine = s.open()
		} else {
			s.do("create_query_collection", `{"name":"c","definition":{"queries":[]}}`)
		}
		if doc := s.document(); !strings.Contains(doc, `{"name":"writer","schema":"public"}`) || !strings.Contains(doc, `"update_permissions":[{"role":"user"`) {
			t.Errorf("at start %v: got %s", atStart, doc)
		}
		s.want(200, `{"is_consistent":true,"inconsistent_objects":[]}`, "get_inconsistent_metadata", "{}")
		s.wantNothingUnfinished()
	}
}

func TestRunSQL_whatWasNotCommittedIsForgotten(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withShop()
	before := s.document()
	s.interrupted("rollback", "resource_version")
	s.engine = s.open()
	if got := s.document(); got != before {
		t.Errorf("got  %s\nwant %s", got, before)
	}
	s.wantNothingUnfinished()
	s.interrupted("commit", "resource_version - 1") // and what somebody else has overtaken does not undo their change
	s.engine = s.open()
	if got := s.document(); got != before {
		t.Errorf("got  %s\nwant %s", got, before)
	}
	s.wantNothingUnfinished()
}

func TestRunSQL_isFollowedThoughALaterCommandFails(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withShop()
	s.sql(`create table extra (id int primary key)`)
	body := fmt.Sprintf(`{"type":"bulk","args":[{"type":"pg_track_table","args":{"table":"extra"}},{"type":"run_sql","args":{"sql":%q}},
		{"type":"run_sql","args":{"sql":"alter table writer rename column name to called"}},{"type":"run_sql","args":{"sql":"alter table nothing add x int"}}]}`, renameAuthor)
	if code, answer := post(s.engine, "/v1/query", body); code != 400 {
		t.Fatalf("got %d %s", code, answer)
	}
	doc := s.document()
	if !strings.Contains(doc, `"writer"`) || !strings.Contains(doc, `"columns":["called"]`) || strings.Contains(doc, "extra") {
		t.Errorf("got %s", doc)
	}
	s.want(200, `{"is_consistent":true,"inconsistent_objects":[]}`, "get_inconsistent_metadata", "{}")
	s.wantNothingUnfinished()
}

// A Hasura saves without asking for its turn.
func TestConcurrentEdits_withoutAVersionNoneIsRefusedOrLost(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withShop()
	engines := []*engine.Engine{s.engine, s.open(), s.open()}
	stop, foreign := make(chan struct{}), sync.WaitGroup{}
	foreign.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				s.exec(s.metadataURL, `update hdb_catalog.hdb_metadata set resource_version = resource_version + 1`)
				s.exec(s.metadataURL, `select pg_sleep(0.15)`)
			}
		}
	})
	const each = 15
	var running sync.WaitGroup
	for i, e := range engines {
		running.Go(func() {
			for n := range each {
				body := fmt.Sprintf(`{"type":"create_query_collection","args":{"name":"c%d_%d","definition":{"queries":[]}}}`, i, n)
				if code, answer := post(e, "/v1/metadata", body); code != 200 {
					t.Errorf("got %d %s", code, answer)
				}
			}
		})
	}
	running.Go(func() {
		from, to := "name", "called"
		for range each {
			body := fmt.Sprintf(`{"type":"run_sql","args":{"sql":"alter table author rename column %s to %s"}}`, from, to)
			if code, answer := post(engines[1], "/v2/query", body); code != 200 {
				t.Errorf("got %d %s", code, answer)
			}
			from, to = to, from
		}
	})
	running.Wait()
	close(stop)
	foreign.Wait()
	doc := s.document()
	for i := range engines {
		for n := range each {
			if !strings.Contains(doc, fmt.Sprintf(`"c%d_%d"`, i, n)) {
				t.Errorf("c%d_%d is lost", i, n)
			}
		}
	}
	s.want(200, `{"is_consistent":true,"inconsistent_objects":[]}`, "get_inconsistent_metadata", "{}")
	s.wantNothingUnfinished()
}
