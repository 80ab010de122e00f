package engine_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"gatehouse/engine"
	"gatehouse/engine/catalog"
	"gatehouse/internal/testpg"
)

// watching starts an engine that looks at its source every interval.
func watching(t *testing.T, interval time.Duration) *server {
	t.Helper()
	s := &server{T: t, metadataURL: testpg.Database(t), dataURL: testpg.Database(t)}
	s.engine = s.openWatching(interval)
	return s
}

func (s *server) openWatching(interval time.Duration) *engine.Engine {
	s.Helper()
	c := config(s.metadataURL, s.dataURL)
	c.SchemaWatchInterval = interval
	e, err := engine.New(s.Context(), c)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(e.Close)
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = e.Run(ctx) })
	s.Cleanup(func() { stop(); running.Wait() })
	return e
}

// eventually waits until ask's answer holds want.
func (s *server) eventually(what, want string, ask func() string) {
	s.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		got := ask()
		if strings.Contains(got, want) {
			return
		}
		if time.Now().After(deadline) {
			s.Fatalf("%s: got %s\nwant %s", what, got, want)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (s *server) graphql(query string, headers ...string) string {
	_, body := post(s.engine, "/v1/graphql", fmt.Sprintf(`{"query":%q}`, query), headers...)
	return body
}

func (s *server) inconsistencies() string {
	_, body := post(s.engine, "/v1/metadata", `{"type":"get_inconsistent_metadata","args":{}}`)
	return body
}

const often = 20 * time.Millisecond

func TestWatch_whatIsDroppedElsewhereIsInconsistentAndItsPermissionsAreClosed(t *testing.T) {
	t.Parallel()
	s := watching(t, often)
	s.withShop()
	s.exec(s.dataURL, `insert into author (name, email) values ('a', 'me'); insert into article (title, author_id) values ('mine', 1), ('nobody''s', null)`)
	user := []string{"X-Hasura-Role", "user", "X-Hasura-Email", "me"}
	mine := `{"data":{"article":[{"title":"mine"}]}}`
	if got := s.graphql(`{ article { title } }`, user...); got != mine {
		t.Fatalf("got %s", got)
	}

	s.exec(s.dataURL, `alter table author rename column email to mail`) // the filter of article's permission names it
	s.eventually("the list", "permission user", func() string {
		if got := s.graphql(`{ article { title } }`, user...); strings.Contains(got, "nobody's") {
			t.Fatalf("the permission is open: %s", got)
		}
		return strings.ReplaceAll(s.inconsistencies(), "select_perm", "permission user")
	})
	if got := s.graphql(`{ article { title } }`, user...); !strings.Contains(got, "field 'article' not found") {
		t.Errorf("got %s", got)
	}
	s.exec(s.dataURL, `alter table author rename column mail to email`)
	s.eventually("afterwards", mine, func() string { return s.graphql(`{ article { title } }`, user...) })

	s.exec(s.dataURL, `drop table article`)
	s.eventually("the list", `"name":"table article in source default"`, s.inconsistencies)
	s.exec(s.dataURL, `create table article (id serial primary key, title text, author_id int references author (id), published boolean)`)
	s.eventually("afterwards", `{"data":{"article":[]}}`, func() string { return s.graphql(`{ article { title author { name } } }`) })
	s.want(200, `{"is_consistent":true,"inconsistent_objects":[]}`, "get_inconsistent_metadata", "{}")
}

func TestWatch_newColumnsCommentsEnumsAndFunctionsAreServed(t *testing.T) {
	t.Parallel()
	s := watching(t, often)
	s.exec(s.dataURL, `create type mood as enum ('sad'); create table person (id serial primary key, m mood);
		create function loud(p person) returns text language sql stable as 'select ''x''::text'`)
	s.do("pg_track_table", `{"table":"person"}`)
	s.do("pg_add_computed_field", `{"table":"person","name":"loud","definition":{"function":"loud"}}`)
	for _, c := range []struct{ sql, query, want string }{
		{`alter table person add column born date`, `{ person { born } }`, `{"data":{"person":[]}}`},
		{`comment on column person.born is 'day of birth'`, `{ __type(name: "person") { fields { description } } }`, `day of birth`},
		{`alter type mood add value 'glad'; insert into person (m) select 'glad' where false`, `{ person(where: {m: {_eq: "glad"}}) { id } }`, `{"data":{"person":[]}}`},
		{
			`create or replace function loud(p person, n int default 2) returns int language sql stable as 'select 2'; drop function loud(person)`,
			`{ person { loud(args: {n: 3}) } }`, `{"data":{"person":[]}}`,
		},
		{`create unique index born_once on person (born)`, `mutation { insert_person(objects: []) { affected_rows } }`, `affected_rows`},
	} {
		for sql := range strings.SplitSeq(c.sql, "; ") { // a new enum value cannot be used by the transaction that adds it
			s.exec(s.dataURL, sql)
		}
		s.eventually(c.sql, c.want, func() string { return s.graphql(c.query) })
	}
}

func TestWatch_aColumnOfAnotherTypeWorksOnEveryConnection(t *testing.T) {
	t.Parallel()
	s := watching(t, often)
	s.sql(`create table t (id int primary key, n int, label varchar(10)); insert into t select g, g, g from generate_series(1, 30) g`)
	s.do("pg_track_table", `{"table":"t"}`)
	query := `{ a: t(order_by: {n: asc}, limit: 3) { n label } b: t(where: {id: {_eq: 2}}) { n label } }`
	everywhere := func(query string) []string {
		out := make([]string, 20)
		var running sync.WaitGroup
		for i := range out {
			running.Go(func() { out[i] = s.graphql(query) })
		}
		running.Wait()
		return out
	}
	everywhere(query) // prepared on many connections
	s.exec(s.dataURL, `alter table t alter n type text using 'n' || n, alter label type varchar(20)`)
	s.eventually("the new type", `{"data":{"a":[{"n":"n1","label":"1"},{"n":"n10","label":"10"},{"n":"n11","label":"11"}],"b":[{"n":"n2","label":"2"}]}}`, func() string { return s.graphql(query) })
	for _, got := range everywhere(query) {
		if !strings.HasPrefix(got, `{"data":{"a":[{"n":"n1"`) {
			t.Errorf("got %s", got)
		}
	}
}

func TestWatch_whatConcernsNobodyDisturbsNobody(t *testing.T) {
	t.Parallel()
	s := watching(t, often)
	s.withShop()
	line := s.engine.Snapshot().Line
	for _, sql := range []string{
		`create temp table author (x int)`, `analyze`, `vacuum full author`, `truncate author cascade`, `grant select on author to public`,
		`begin; alter table author add column never int; rollback`,
		`create table unrelated (id int)`, `create schema other`, `create table other.author (id int)`,
		`set session_replication_role = replica`,
	} {
		s.exec(s.dataURL, sql)
	}
	s.exec(s.dataURL, `create table last (id int)`)
	s.eventually("the catalog", "true", func() string {
		c := s.engine.Snapshot().Catalog("default")
		return fmt.Sprint(c.Tables[catalog.Name{Schema: "public", Name: "last"}] != nil)
	})
	if s.engine.Snapshot().Line != line {
		t.Error("the state was built anew, which ends subscriptions and empties caches")
	}
}

func TestWatch_changesAreSeenWhenTheyAreCommitted(t *testing.T) {
	t.Parallel()
	s := watching(t, often)
	s.withShop()
	conn, err := pgx.Connect(t.Context(), s.dataURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `alter table author add column first int; create table late (id int primary key)`); err != nil {
		t.Fatal(err)
	}
	// Another change, committed meanwhile, is seen although the first transaction holds its locks.
	s.exec(s.dataURL, `alter table article add column other int`)
	s.eventually("the other change", `{"data":{"article":[]}}`, func() string { return s.graphql(`{ article { other } }`) })
	if got := s.graphql(`{ author { first } }`); !strings.Contains(got, "field 'first' not found") {
		t.Errorf("half a change is seen: %s", got)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.eventually("the first change", `{"data":{"author":[]}}`, func() string { return s.graphql(`{ author { first } }`) })
}

func TestWatch_aRequestThatFailsHasTheSourceLookedAtNow(t *testing.T) {
	t.Parallel()
	s := watching(t, time.Hour)
	s.withShop()
	s.exec(s.dataURL, `alter table author rename column name to called`)
	s.eventually("the failing request", "field 'name' not found", func() string { return s.graphql(`{ author { name } }`) })
	if got := s.graphql(`{ author { called } }`); got != `{"data":{"author":[]}}` {
		t.Errorf("got %s", got)
	}
}

func TestWatch_aSourceComesBack(t *testing.T) {
	t.Parallel()
	s := &server{T: t, metadataURL: testpg.Database(t)}
	there, err := url.Parse(s.metadataURL)
	if err != nil {
		t.Fatal(err)
	}
	name := strings.TrimPrefix(there.Path, "/") + "_late"
	there.Path = "/" + name
	s.dataURL = there.String()
	s.engine = s.openWatching(often)
	if got := s.inconsistencies(); !strings.Contains(got, "source default") {
		t.Fatalf("got %s", got)
	}
	s.exec(s.metadataURL, `create database "`+name+`"`)
	t.Cleanup(func() {
		conn, err := pgx.Connect(context.Background(), s.metadataURL)
		if err == nil {
			_, err = conn.Exec(context.Background(), `drop database "`+name+`" with (force)`)
			_ = conn.Close(context.Background())
		}
		if err != nil {
			t.Error(err)
		}
	})
	s.eventually("the source", `{"is_consistent":true`, s.inconsistencies)
	s.sql(`select 1`)
}
