package execute

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"gatehouse/engine/fault"
	"gatehouse/engine/operation"
	"gatehouse/engine/schema"
	"gatehouse/engine/session"
	"gatehouse/engine/translate"
	"gatehouse/internal/testpg"
)

// ledger is a source that counts how often it is written to.
type ledger struct {
	pool   *pgxpool.Pool
	writes atomic.Int64
}

type countedConn struct {
	net.Conn
	of *ledger
}

func (c countedConn) Write(b []byte) (int, error) {
	c.of.writes.Add(1)
	return c.Conn.Write(b)
}

func newLedger(t *testing.T) *ledger {
	t.Helper()
	config, err := pgxpool.ParseConfig(testpg.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	l := &ledger{}
	dial := config.ConnConfig.DialFunc
	config.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		return countedConn{conn, l}, err
	}
	config.MaxConns = 1
	if l.pool, err = pgxpool.NewWithConfig(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.pool.Close)
	if _, err := l.pool.Exec(t.Context(), `create table entry (id int primary key, by text, level text)`); err != nil {
		t.Fatal(err)
	}
	return l
}

func write(path string, isList bool, statements ...*translate.Statement) translate.Step {
	return translate.Step{Alias: strings.TrimPrefix(path, "$."), Source: "ledger", Write: &translate.Write{Statements: statements, Path: path, IsList: isList}}
}

func entry(id string) *translate.Statement {
	return &translate.Statement{
		SQL:  `insert into entry values ($1::int, current_setting('hasura.user')::json->>'x-hasura-user-id', current_setting('transaction_isolation')) returning to_json(id)`,
		Args: []translate.Arg{{Value: &schema.Literal{JSON: json.RawMessage(id)}, Path: "$.value"}},
	}
}

func (l *ledger) mutate(t *testing.T, isolation string, steps ...translate.Step) (string, error) {
	t.Helper()
	e := Over(map[string]Database{"ledger": {Pool: l.pool, Isolation: isolation}})
	body, err := e.Run(t.Context(), operation.Mutation, steps, Request{Session: &session.Session{
		Role: "u", Variables: map[string]string{"x-hasura-user-id": "7"},
	}})
	return string(body), err
}

func (l *ledger) want(t *testing.T, want string) {
	t.Helper()
	var got string
	if err := l.pool.QueryRow(t.Context(), `select coalesce(string_agg(id || ' by ' || by || ', ' || level, '; ' order by id), '') from entry`).Scan(&got); err != nil || got != want {
		t.Errorf("the ledger has %q, %v; want %q", got, err, want)
	}
	if _, err := l.pool.Exec(t.Context(), "truncate entry"); err != nil {
		t.Fatal(err)
	}
}

func TestMutation_isOneTransactionAndOneTrip(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	for _, isolation := range []string{"", "read-committed", "serializable"} {
		steps := []translate.Step{write("$.a", false, entry("1")), write("$.b", true, entry("2"), entry("3")), write("$.c", true)}
		for round := range 2 { // at first the statements are prepared
			l.writes.Store(0)
			body, err := l.mutate(t, isolation, steps...)
			if want := `{"data":{"a":1,"b":[2,3],"c":[]}}`; body != want || err != nil {
				t.Fatalf("got %s, %v", body, err)
			}
			if n := l.writes.Load(); n > int64(2-round) {
				t.Errorf("%q: %d trips in round %d", isolation, n, round)
			}
			level := strings.ReplaceAll(max(isolation, "read-committed"), "-", " ")
			l.want(t, "1 by 7, "+level+"; 2 by 7, "+level+"; 3 by 7, "+level)
		}
	}
}

func TestMutation_anErrorUndoesAllAndSpeaksOfItsField(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	for _, isolation := range []string{"", "read-committed", "repeatable-read"} {
		for _, c := range []struct {
			name, path, code string
			steps            []translate.Step
		}{
			{"the second", "$.b", fault.ConstraintViolation, []translate.Step{write("$.a", false, entry("1")), write("$.b", false, entry("1")), write("$.c", false, entry("2"))}},
			{"a list's", "$.b", fault.ConstraintViolation, []translate.Step{write("$.a", false, entry("1")), write("$.b", true, entry("2"), entry("1"))}},
			{"the only one", "$.a", fault.DataException, []translate.Step{write("$.a", false, entry(`"x"`))}},
			// What comes first in the order of the fields is told, although the value is looked at earlier.
			{"before a bad value", "$.b", fault.ConstraintViolation, []translate.Step{
				write("$.a", false, entry("1")), write("$.b", false, entry("1")), write("$.c", false, entry(`"\u0000"`)),
			}},
			{"a bad value", "$.value", fault.DataException, []translate.Step{write("$.a", false, entry("1")), write("$.b", false, entry(`"\u0000"`))}},
		} {
			_, err := l.mutate(t, isolation, c.steps...)
			var f *fault.Error
			if !errors.As(err, &f) || f.Path != c.path || f.Code != c.code {
				t.Errorf("%q, %s: got %v", isolation, c.name, err)
			}
			l.want(t, "")
		}
	}
	if n := l.pool.Stat().NewConnsCount(); n != 1 {
		t.Errorf("%d connections were opened: failed ones are kept", n)
	}
}

func TestMutation_aDeferredConstraintUndoesAll(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	if _, err := l.pool.Exec(t.Context(), "alter table entry add unique (level) deferrable initially deferred"); err != nil {
		t.Fatal(err)
	}
	for _, isolation := range []string{"", "serializable"} {
		_, err := l.mutate(t, isolation, write("$.a", false, entry("1")), write("$.b", false, entry("2")))
		var f *fault.Error
		if !errors.As(err, &f) || f.Code != fault.ConstraintViolation || f.Path != "$" {
			t.Errorf("%q: got %v", isolation, err)
		}
		l.want(t, "")
	}
}
