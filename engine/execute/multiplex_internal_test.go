package execute

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"gatehouse/engine/fault"
	"gatehouse/engine/operation"
	"gatehouse/engine/schema"
	"gatehouse/engine/session"
	"gatehouse/engine/translate"
	"gatehouse/internal/testpg"
)

// shop is a source whose cheap statements are multiplexed, and a way to look at it from outside.
type shop struct {
	*Executor
	shared *Multiplexer
	pool   *pgxpool.Pool
	other  *pgx.Conn
}

const shopSQL = `
create table item (id int primary key, name text not null);
insert into item select i, 'item ' || i from generate_series(1, 500) i;
create table held (id int primary key, name text not null);
insert into held values (1, 'held');
create table sale (id serial primary key, item int not null references item deferrable initially deferred,
                   by text default current_setting('hasura.user')::json->>'x-hasura-user-id', note text unique);
create function nap(seconds float8) returns text language plpgsql as $$ begin perform pg_sleep(seconds); return 'rested'; end $$;
create function forget() returns text language plpgsql as $$ begin execute 'deallocate all'; return 'forgotten'; end $$`

func newShop(t *testing.T, maxConns int32) *shop {
	t.Helper()
	config, err := pgxpool.ParseConfig(testpg.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	config.MaxConns = maxConns
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	if _, err := pool.Exec(t.Context(), shopSQL); err != nil {
		t.Fatal(err)
	}
	other, err := pgx.ConnectConfig(t.Context(), config.ConnConfig)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close(context.Background()) })
	s := &shop{shared: NewMultiplexer(pool), pool: pool, other: other}
	s.Executor = Over(map[string]Database{"shop": {Pool: pool, Multiplexer: s.shared}})
	t.Cleanup(s.shared.Close)
	if s.shared != nil {
		s.open(t)
	}
	return s
}

// open waits until every shared connection takes jobs.
func (s *shop) open(t *testing.T) {
	t.Helper()
	for _, l := range []*lane{&s.shared.lookups, &s.shared.inserts} {
		for int(l.ready.Load()) < l.size {
			l.admits("")
			if err := t.Context().Err(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Millisecond) // there is nothing to wait on
		}
	}
}

func (s *shop) exec(t *testing.T, sql string) {
	t.Helper()
	if _, err := s.other.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

// run runs one statement as user and gives its JSON.
func (s *shop) run(ctx context.Context, user string, class translate.Class, sql string, args ...any) (string, error) {
	statement := &translate.Statement{SQL: sql, Class: class}
	for _, a := range args {
		raw, err := json.Marshal(a)
		if err != nil {
			return "", err
		}
		statement.Args = append(statement.Args, translate.Arg{Value: &schema.Literal{JSON: raw}})
	}
	step, kind := translate.Step{Alias: "x", Source: "shop"}, operation.Query
	if class == translate.SingleInsert {
		kind = operation.Mutation
		step.Write = &translate.Write{Statements: []*translate.Statement{statement}, Path: "$.insert"}
	} else {
		step.Read = statement
	}
	body, err := s.Run(ctx, kind, []translate.Step{step}, Request{Session: &session.Session{
		Role: "user", Variables: map[string]string{"x-hasura-user-id": user},
	}})
	return strings.TrimSuffix(strings.TrimPrefix(string(body), `{"data":{"x":`), "}}"), err
}

// The statements say over which connection they ran: shared ones have a lock timeout.
const (
	lookupSQL = `select json_build_array(id, name, $2::text, current_setting('lock_timeout')) from item where id = $1::int`
	insertSQL = `with w as (insert into sale (item, note) values ($1::int, $2::text) returning *)
select json_build_array(item, note, by, current_setting('lock_timeout')) from w`
	heldSQL = `select to_json(name) from held where id = $1::int`
	napSQL  = `select to_json(nap($1::float8))`
)

func (s *shop) wantLookup(ctx context.Context, id int) error {
	tag := fmt.Sprintf("tag %d", id)
	got, err := s.run(ctx, "", translate.KeyLookup, lookupSQL, id, tag)
	if err != nil {
		return err
	}
	if want := fmt.Sprintf(`[%d, "item %d", "%s", `, id, id, tag); !strings.HasPrefix(got, want) {
		return fmt.Errorf("got %s, want %s", got, want)
	}
	return nil
}

func (s *shop) wantInsert(ctx context.Context, item int, note string) error {
	user := "user of " + note
	got, err := s.run(ctx, user, translate.SingleInsert, insertSQL, item, note)
	if err != nil {
		return err
	}
	if want := fmt.Sprintf(`[%d, "%s", "%s", `, item, note, user); !strings.HasPrefix(got, want) {
		return fmt.Errorf("got %s, want %s", got, want)
	}
	return nil
}

func TestMultiplexer_givesEachRequestItsOwnAnswer(t *testing.T) {
	t.Parallel()
	s := newShop(t, 24)
	s.exec(t, "insert into sale (item, by, note) values (1, '', 'taken')")
	var wg sync.WaitGroup
	for i := 1; i <= 200; i++ {
		wg.Go(func() {
			for round := range 5 {
				if err := s.wantLookup(t.Context(), i); err != nil {
					t.Error(err)
				}
				if err := s.wantInsert(t.Context(), i, fmt.Sprintf("%d-%d", i, round)); err != nil {
					t.Error(err)
				}
				if got, err := s.run(t.Context(), "", translate.KeyLookup, lookupSQL, -i, ""); got != "null" || err != nil {
					t.Errorf("a row that is not there: %s, %v", got, err)
				}
				// One that fails must fail alone, and write nothing.
				var f *fault.Error
				if _, err := s.run(t.Context(), "", translate.SingleInsert, insertSQL, i, "taken"); !errors.As(err, &f) || f.Code != fault.ConstraintViolation {
					t.Errorf("a note twice: %v", err)
				}
			}
		})
	}
	wg.Wait()
	var n int
	if err := s.other.QueryRow(t.Context(), "select count(*) from sale where by = 'user of ' || note").Scan(&n); err != nil || n != 1000 {
		t.Errorf("%d sales by their users, %v", n, err)
	}
	s.sharedPID(t)
}

func TestMultiplexer_aLockStallsOnlyWhoWantsIt(t *testing.T) {
	t.Parallel()
	s := newShop(t, 24)
	s.exec(t, "begin; lock table held; insert into sale (item, by, note) values (1, '', 'taken')")
	var waiting sync.WaitGroup
	for range 3 {
		waiting.Go(func() {
			if got, err := s.run(t.Context(), "", translate.KeyLookup, heldSQL, 1); got != `"held"` || err != nil {
				t.Errorf("the locked row: %s, %v", got, err)
			}
		})
		waiting.Go(func() {
			// Waits for the other session to commit or not.
			if _, err := s.run(t.Context(), "u", translate.SingleInsert, insertSQL, 1, "taken"); err == nil {
				t.Error("a note was taken twice")
			}
		})
	}
	var free sync.WaitGroup
	for i := range 40 {
		free.Go(func() {
			for round := range 5 {
				if err := s.wantLookup(t.Context(), i+1); err != nil {
					t.Error(err)
				}
				if err := s.wantInsert(t.Context(), i+1, fmt.Sprintf("%d-%d", i, round)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	free.Wait() // while the locks are held
	s.exec(t, "commit")
	waiting.Wait()
}

func TestMultiplexer_aSlowStatementIsRunAgainOverThePool(t *testing.T) {
	t.Parallel()
	s := newShop(t, 8)
	for range 3 {
		got, err := s.run(t.Context(), "", translate.KeyLookup, napSQL, 0.2)
		if got != `"rested"` || err != nil {
			t.Errorf("got %s, %v", got, err)
		}
	}
	slow := strings.Replace(insertSQL, "$2::text", "$2::text || nap(0.2)", 1)
	if got, err := s.run(t.Context(), "u", translate.SingleInsert, slow, 1, "slow "); !strings.HasPrefix(got, `[1, "slow rested", "u", "0`) || err != nil {
		t.Errorf("got %s, %v", got, err)
	}
	if !s.shared.lookups.isKnownSlow(napSQL) || !s.shared.inserts.isKnownSlow(slow) {
		t.Error("the slow texts are not kept away")
	}
	s.sharedPID(t) // the neighbours stay
}

func (l *lane) isKnownSlow(sql string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.aside[sql].penalty > 0
}

// sharedPID waits for a lookup to run on a shared connection: a busy machine may keep it away for a moment.
func (s *shop) sharedPID(t *testing.T) string {
	t.Helper()
	for t.Context().Err() == nil {
		got, err := s.run(t.Context(), "", translate.KeyLookup, `select json_build_array(pg_backend_pid(), current_setting('lock_timeout'))`)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(got, "20ms") {
			return got
		}
	}
	return ""
}

func TestMultiplexer_aCancelledRequestLeavesTheConnectionInOrder(t *testing.T) {
	t.Parallel()
	s := newShop(t, 8) // one connection per lane
	before := s.sharedPID(t)
	for i := range 20 {
		ctx, cancel := context.WithCancel(t.Context())
		var gone sync.WaitGroup
		for n := range 4 {
			gone.Go(func() {
				_, _ = s.run(ctx, "", translate.KeyLookup, lookupSQL+" and nap(0.01) is not null", i+1, "x")
				_, _ = s.run(ctx, "", translate.SingleInsert, insertSQL, i+1, fmt.Sprintf("gone %d %d", i, n))
			})
		}
		gone.Go(cancel)
		if err := s.wantLookup(t.Context(), i+1); err != nil {
			t.Error(err)
		}
		if err := s.wantInsert(t.Context(), i+1, strconv.Itoa(i)); err != nil {
			t.Error(err)
		}
		gone.Wait()
	}
	if after := s.sharedPID(t); after != before {
		t.Errorf("the connection was replaced: %s, then %s", before, after)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	var f *fault.Error
	if _, err := s.run(cancelled, "", translate.KeyLookup, lookupSQL, 1, ""); !errors.As(err, &f) || f.Code != fault.Timeout {
		t.Errorf("a cancelled request got %v", err)
	}
}

func TestMultiplexer_outlivesItsConnections(t *testing.T) {
	t.Parallel()
	s := newShop(t, 8)
	const kill = `select count(pg_terminate_backend(pid)) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid() and wait_event = 'PgSleep'`
	// interrupt runs a statement that takes its time on a shared connection only, and kills that meanwhile.
	interrupt := func(class translate.Class, sql string) (got string, err error) {
		for killed := 0; killed == 0; { // again if it was done too fast
			done := make(chan struct{})
			go func() {
				got, err = s.run(t.Context(), "u", class, sql, 1, "once")
				close(done)
			}()
			for isDone := false; killed == 0 && !isDone; {
				if err := s.other.QueryRow(t.Context(), kill).Scan(&killed); err != nil {
					t.Fatal(err)
				}
				select {
				case <-done:
					isDone = true
				default:
				}
			}
			<-done
			s.open(t)
			if killed == 0 {
				s.exec(t, "truncate sale")
			}
		}
		return got, err
	}
	const nap = `case when current_setting('lock_timeout') = '20ms' then nap(0.09) end`
	got, err := interrupt(translate.KeyLookup, `select to_json(coalesce(`+nap+`, $2::text)) from item where id = $1::int`)
	if got != `"once"` || err != nil {
		t.Errorf("a lookup is run again over the pool: %s, %v", got, err)
	}
	_, err = interrupt(translate.SingleInsert, strings.Replace(insertSQL, "returning *", "returning *, "+nap, 1))
	if err == nil {
		t.Error("an insert whose fate is not known was run again")
	}
	var n int
	if err := s.other.QueryRow(t.Context(), "select count(*) from sale").Scan(&n); err != nil || n != 0 {
		t.Errorf("%d sales, %v", n, err)
	}
	for i := range 20 {
		if err := s.wantLookup(t.Context(), i+1); err != nil {
			t.Error(err)
		}
		if err := s.wantInsert(t.Context(), i+1, strconv.Itoa(i)); err != nil {
			t.Error(err)
		}
	}
}

func TestMultiplexer_aConnectionLostWhileIdleCostsNoWrite(t *testing.T) {
	t.Parallel()
	s := newShop(t, 8)
	if err := s.wantInsert(t.Context(), 1, "before"); err != nil {
		t.Fatal(err)
	}
	s.exec(t, "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()")
	time.Sleep(freshFor + 100*time.Millisecond) // until the connection is no longer taken to work
	if err := s.wantInsert(t.Context(), 1, "after"); err != nil {
		t.Error(err)
	}
}

func TestMultiplexer_preparesAgain(t *testing.T) {
	t.Parallel()
	s := newShop(t, 8)
	const whole = `select name from held where id = $1::int`
	for _, want := range []string{"held", "17"} {
		if got, err := s.run(t.Context(), "", translate.KeyLookup, whole, 1); got != want || err != nil {
			t.Errorf("got %s, %v; want %s", got, err, want)
		}
		s.exec(t, "update held set name = 17; alter table held alter name type int using name::int")
	}
	if _, err := s.run(t.Context(), "", translate.KeyLookup, `select to_json(forget())`); err != nil {
		t.Error(err)
	}
	if err := s.wantLookup(t.Context(), 1); err != nil {
		t.Error(err)
	}
	for i := range maxStatements + 50 { // more than are kept
		got, err := s.run(t.Context(), "", translate.KeyLookup, fmt.Sprintf(`select to_json(%d)`, i))
		if got != strconv.Itoa(i) || err != nil {
			t.Errorf("got %s, %v", got, err)
		}
	}
	var f *fault.Error
	if _, err := s.run(t.Context(), "", translate.KeyLookup, `select missing from item where id = $1::int`, 1); !errors.As(err, &f) {
		t.Errorf("a statement that cannot be prepared: %v", err)
	}
	if err := s.wantLookup(t.Context(), 1); err != nil {
		t.Error(err)
	}
}

// Were more written than the sockets hold while an answer comes that is not read, both sides would wait for each other.
func TestMultiplexer_leavesLargeValuesToThePool(t *testing.T) {
	s := newShop(t, 24)
	s.exec(t, "create table essay (id serial primary key, body text not null)")
	const insert = `with w as (insert into essay (body) values ($1::text) returning body)
select json_build_array(length(body), current_setting('lock_timeout')) from w`
	for length, timeout := range map[int]string{10: "20ms", 1 << 20: "0"} {
		want := fmt.Sprintf(`[%d, "%s"]`, length, timeout)
		got, err := s.run(t.Context(), "1", translate.SingleInsert, insert, strings.Repeat("x", length))
		if err != nil || got != want {
			t.Errorf("an insert of %d characters gave %s, %v, want %s", length, got, err, want)
		}
	}
}

func TestMultiplexer_aDeferredConstraintSpeaksAtTheCommit(t *testing.T) {
	t.Parallel()
	s := newShop(t, 8)
	_, err := s.run(t.Context(), "u", translate.SingleInsert, insertSQL, 10_000, "no such item")
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != fault.ConstraintViolation {
		t.Errorf("got %v", err)
	}
	if err := s.wantInsert(t.Context(), 1, "good"); err != nil {
		t.Error(err)
	}
}

func TestMultiplexer_closesUnderLoad(t *testing.T) {
	t.Parallel()
	s := newShop(t, 24)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for i := range 30 {
		wg.Go(func() {
			for round := 0; ctx.Err() == nil; round++ {
				if err := s.wantLookup(t.Context(), i+1); err != nil {
					t.Error(err)
				}
				if err := s.wantInsert(t.Context(), i+1, fmt.Sprintf("%d-%d", i, round)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	s.shared.Close()
	if err := s.wantLookup(t.Context(), 1); err != nil {
		t.Error(err)
	}
	cancel()
	wg.Wait()
	if n := s.shared.lookups.ready.Load() + s.shared.inserts.ready.Load(); n != 0 {
		t.Errorf("%d connections are still shared", n)
	}
}

func TestMultiplexer_leavesSmallPoolsAndPoolersAlone(t *testing.T) {
	t.Parallel()
	s := newShop(t, 7)
	if s.shared != nil {
		t.Error("connections of a pool of 7 are shared")
	}
	if got, err := s.run(t.Context(), "", translate.KeyLookup, lookupSQL, 1, ""); !strings.Contains(got, `"0"`) || err != nil {
		t.Errorf("got %s, %v", got, err)
	}
	config := s.pool.Config()
	config.MaxConns, config.ConnConfig.DefaultQueryExecMode = 50, pgx.QueryExecModeCacheDescribe
	behind, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer behind.Close()
	if NewMultiplexer(behind) != nil {
		t.Error("connections behind a pooler are shared")
	}
}

// A lookup that waits behind one that stands still does not wait for it to end.
func TestMultiplexer_aLookupOvertakesOneThatStandsStill(t *testing.T) {
	t.Parallel()
	s := newShop(t, 8)
	const slow = `select to_json(case when current_setting('lock_timeout') = '20ms' then nap(0.09) end)`
	for range 50 { // the slow one may end by itself, or be kept away for a while
		asleep := make(chan struct{})
		go func() {
			defer close(asleep)
			_, _ = s.run(t.Context(), "", translate.KeyLookup, slow)
		}()
		for isDone, sleeping := false, 0; !isDone && sleeping == 0; {
			if err := s.other.QueryRow(t.Context(), `select count(*) from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`).Scan(&sleeping); err != nil {
				t.Fatal(err)
			}
			select {
			case <-asleep:
				isDone = true
			default:
			}
		}
		got, err := s.run(t.Context(), "", translate.KeyLookup, lookupSQL, 7, "")
		if !strings.HasPrefix(got, `[7, "item 7"`) || err != nil {
			t.Fatalf("got %s, %v", got, err)
		}
		<-asleep
		if strings.Contains(got, `"0"`) {
			return // it went over the pool meanwhile
		}
	}
	t.Error("every lookup waited for the one before")
}

// pooled is a connection whose greeting names another backend, as a pooler's does.
type pooled struct{ net.Conn }

func (c pooled) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if i := bytes.Index(b[:n], []byte{'K', 0, 0, 0, 12}); i >= 0 && i+9 <= n { // BackendKeyData
		b[i+8] ^= 1
	}
	return n, err
}

// What is set on a pooler's connection is set for whoever gets the backend next.
func TestMultiplexer_setsNothingThroughAPooler(t *testing.T) {
	t.Parallel()
	s := newShop(t, 7)
	config := s.pool.Config()
	config.MaxConns = 8
	dial := config.ConnConfig.DialFunc
	config.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		return pooled{conn}, err
	}
	behind, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer behind.Close()
	s.shared = NewMultiplexer(behind)
	defer s.shared.Close()
	s.Executor = Over(map[string]Database{"shop": {Pool: behind, Multiplexer: s.shared}})
	isOff := func() bool {
		s.shared.lookups.mu.Lock()
		defer s.shared.lookups.mu.Unlock()
		return s.shared.lookups.isOff
	}
	for round := 0; round < 20 || !isOff(); round++ {
		got, err := s.run(t.Context(), "", translate.KeyLookup, lookupSQL, 1, "")
		if !strings.Contains(got, `"0"`) || err != nil {
			t.Fatalf("got %s, %v", got, err)
		}
	}
}
