package execute

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"gatehouse/internal/testpg"
)

// pair is a primary with a replica that nothing but the test writes to.
type pair struct {
	*testing.T
	primary, replica string
}

// newPair starts one whose servers hardly write of themselves: what the replica is short of stays so for long.
func newPair(t *testing.T) *pair {
	quiet := map[string]string{"wal_keep_size": "1GB", "bgwriter_delay": "10s", "autovacuum": "off", "checkpoint_timeout": "1d", "synchronous_commit": "on"}
	primary := testpg.Cluster(t, 0, quiet)
	p := &pair{T: t, primary: primary.OwnerURL()}
	p.replica = testpg.Replica(t, primary, nil).OwnerURL()
	return p
}

func (p *pair) connect() *pgx.Conn {
	p.Helper()
	conn, err := pgx.Connect(p.Context(), p.primary)
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func (p *pair) database(url string) Database { return Database{Pool: testpg.Pool(p.T, url)} }

func (p *pair) must(conn *pgx.Conn, sql string, args ...any) {
	p.Helper()
	if _, err := conn.Exec(p.Context(), sql, args...); err != nil {
		p.Fatalf("%s: %v", sql, err)
	}
}

// log gives where the primary's log's next record begins, and how far it is flushed.
func (p *pair) log(conn *pgx.Conn) (insert, flush int64) {
	p.Helper()
	if err := conn.QueryRow(p.Context(), `select (pg_current_wal_insert_lsn() - '0/0')::int8, (pg_current_wal_flush_lsn() - '0/0')::int8`).Scan(&insert, &flush); err != nil {
		p.Fatal(err)
	}
	return insert, flush
}

func (p *pair) eventually(what string, is func() bool) {
	p.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if is() {
			return
		}
	}
	p.Fatalf("not within 10 seconds: %s", what)
}

// pageSize is that of the log's pages, where nobody built Postgres otherwise.
const pageSize = 8192

// toPageEnd writes a record that is no commit and ends exactly where a page does.
func (p *pair) toPageEnd(conn *pgx.Conn) {
	p.Helper()
	const overhead = 56 // of a message with what fills it up
	for range 20 {
		at, _ := p.log(conn)
		n := pageSize - at%pageSize - overhead
		if n < 400 { // another kind of record
			n += pageSize - 24
		}
		p.must(conn, `select pg_logical_emit_message(false, 'x', repeat('x', $1))`, n)
		if at, _ = p.log(conn); at%pageSize == 24 || at%pageSize == 40 {
			return
		}
	}
	p.Fatal("no record ended at a page's end")
}

// What a reader waits for is something that a replica comes to, and soon, whatever the primary is doing or leaves undone.
func TestReplicas_whatIsAskedForIsReached(t *testing.T) {
	t.Parallel()
	servers := newPair(t)
	conn := servers.connect()
	servers.must(conn, `create table heap (text text) with (fillfactor = 50)`)
	servers.must(conn, `insert into heap select repeat('x', 500) from generate_series(1, 100)`)
	goOn := func(p *pair) { // with a transaction, and leave it
		tx := p.connect()
		p.must(tx, `begin`)
		for range 3 {
			p.must(tx, `insert into heap values ($1)`, noise(2000+rand.IntN(2000)))
		}
	}
	for name, leave := range map[string]func(*pair){
		"nothing":                          func(*pair) {},
		"a record that ends with its page": func(p *pair) { p.toPageEnd(conn) },
		"a transaction that goes on":       goOn,
		"a record that is flushed in part": func(p *pair) {
			goOn(p)
			for end := time.Now().Add(time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
				if insert, flush := p.log(conn); flush%pageSize == 0 && insert > flush+40 {
					break // as the WAL writer leaves it; unless somebody commits meanwhile
				}
			}
		},
		"a reader that cleans up and goes on": func(p *pair) {
			p.must(conn, `update heap set text = text || 'y' where text like 'x%'`)
			tx := p.connect()
			p.must(tx, `begin`)
			p.must(tx, `select * from heap`)
		},
		"a commit that nobody waits for": func(p *pair) {
			p.must(conn, `begin; set local synchronous_commit = off; insert into heap values ('x'); commit`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := &pair{t, servers.primary, servers.replica}
			leave(p)
			replicas := NewReplicas(ReplicasConfig{
				Primary: p.database(p.primary), MaxLag: time.Minute, Replicas: []Replica{{Database: p.database(p.replica)}},
			})
			defer replicas.Close()
			p.eventually("the replica has come as far as the primary was at the start", func() bool { return replicas.choose(0) != nil })
			leave(p)
			insert, _ := p.log(conn)
			position, err := replicas.ask(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if position < uint64(insert) {
				t.Errorf("asked for %d, and the log goes on at %d", position, insert)
			}
			p.eventually("the replica has come as far as was asked for", func() bool { return replicas.choose(position) != nil })
		})
	}
}

// noise is text that does not compress.
func noise(n int) string {
	var b strings.Builder
	for range n {
		b.WriteByte(byte('a' + rand.IntN(26)))
	}
	return b.String()
}
