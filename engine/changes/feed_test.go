package changes_test

import (
	"context"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"gatehouse/engine/catalog"
	"gatehouse/engine/changes"
	"gatehouse/internal/testpg"
)

// database is a database that is followed, on a cluster of the test's own: a slot waits for every transaction of its
// cluster, so that other tests would hold it up.
type database struct {
	*testing.T
	pool *pgxpool.Pool
	feed *changes.Feed
	url  string
}

func follow(t *testing.T, settings map[string]string, change func(*changes.Config)) *database {
	t.Helper()
	all := map[string]string{"synchronous_commit": "on"} // else commits are decoded only when the log is written
	for k, v := range settings {
		all[k] = v
	}
	url := testpg.Cluster(t, 0, all).OwnerURL()
	d := &database{T: t, pool: testpg.Pool(t, url), url: url}
	d.feed = d.newFeed(change)
	return d
}

func (d *database) newFeed(change func(*changes.Config)) *changes.Feed {
	d.Helper()
	c := changes.Config{Source: "test", Pool: d.pool, Login: func(context.Context) (*pgconn.Config, error) { return pgconn.ParseConfig(d.url) }}
	if testing.Verbose() {
		c.Log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	if change != nil {
		change(&c)
	}
	f := changes.New(c)
	d.Cleanup(f.Close)
	return f
}

func (d *database) exec(sql string) {
	d.Helper()
	if _, err := d.pool.Exec(d.Context(), sql, pgx.QueryExecModeSimpleProtocol); err != nil {
		d.Fatalf("%s: %v", sql, err)
	}
}

// watch is a watch that counts what it is told.
type watch struct {
	*testing.T
	*changes.Watch
	told chan struct{}
}

func (d *database) watch(relations ...string) *watch {
	d.Helper()
	reads := changes.Reads{}
	for _, r := range relations {
		reads.Relations = append(reads.Relations, catalog.Name{Schema: "public", Name: r})
	}
	return d.watchReads(reads)
}

func (d *database) watchReads(reads changes.Reads) *watch {
	d.Helper()
	w := &watch{T: d.T, told: make(chan struct{}, 1)}
	w.Watch = d.feed.Watch(reads, func() {
		select {
		case w.told <- struct{}{}:
		default:
		}
	})
	d.Cleanup(w.Stop)
	return w
}

const patience = 20 * time.Second

// until looks when told to, until a look is what is wanted.
func (w *watch) until(what string, ok func(changes.Look) bool) {
	w.Helper()
	deadline := time.After(patience)
	for {
		l := w.Look()
		if ok(l) {
			return
		}
		select {
		case <-w.told:
		case <-deadline:
			w.Fatalf("%s: %+v", what, l)
		}
	}
}

// followed waits until the watch is followed, and takes the look that is due then.
func (w *watch) followed() *watch {
	w.Helper()
	w.until("not followed", func(l changes.Look) bool { return l.IsFollowed })
	return w
}

func (w *watch) changed(what string) {
	w.Helper()
	w.until(what+" was not told", func(l changes.Look) bool { return l.IsFollowed && l.IsStale })
}

// quiet is called after another watch was told of something later.
func (w *watch) quiet(what string) {
	w.Helper()
	if l := w.Look(); !l.IsFollowed || l.IsStale {
		w.Errorf("%s: %+v", what, l)
	}
}

func TestFeed_tellsWritesOfTheTable(t *testing.T) {
	t.Parallel()
	d := follow(t, nil, nil)
	d.exec(`create table a (id int primary key, v text); create table b (id int)`)
	a, b := d.watch("a").followed(), d.watch("b").followed()
	for _, sql := range []string{
		`insert into a values (1, 'x')`, `update a set v = 'y'`, `delete from a`, `truncate a`, `truncate b, a`,
		`begin; savepoint s; insert into a values (2); release s; commit`, `copy a (id) from program 'echo 3'`,
	} {
		d.exec(sql)
		a.changed(sql)
	}
	b.changed("truncate b, a")
	d.exec(`begin; insert into a values (9); rollback`)
	d.exec(`insert into b values (1)`)
	b.changed("insert into b")
	a.quiet("after a rollback")
}

// walsender is the process that serves the feed.
func (d *database) walsender() int {
	d.Helper()
	var pid int
	if err := d.pool.QueryRow(d.Context(), `select active_pid from pg_replication_slots where active_pid is not null`).Scan(&pid); err != nil {
		d.Fatal(err)
	}
	return pid
}

func TestFeed_settlesWhenACommitIsVisible(t *testing.T) {
	t.Parallel()
	d := follow(t, nil, nil)
	d.exec(`create table a (id int)`)
	a := d.watch("a").followed()
	if !a.Settle(t.Context()) {
		t.Fatal("what nobody writes to does not settle")
	}
	// A commit that waits for a standby is in the log, and decoded, but nobody sees it yet.
	d.setting("synchronous_standby_names", "nobody")
	writer, err := pgx.Connect(t.Context(), d.url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = writer.Close(context.Background()) }()
	written := make(chan error, 1)
	go func() {
		_, err := writer.Exec(context.Background(), `insert into a values (1)`)
		written <- err
	}()
	a.changed("a commit that waits for a standby")
	if n := d.count(`select count(*) from a`); n != 0 {
		t.Fatalf("the commit is visible: the test shows nothing")
	}
	if a.Settle(t.Context()) {
		t.Error("settled before the commit was visible")
	}
	d.setting("synchronous_standby_names", "")
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	if !a.Settle(t.Context()) || d.count(`select count(*) from a`) != 1 {
		t.Error("not settled although the commit is visible")
	}
}

// setting changes a setting of the server and waits until it counts.
func (d *database) setting(name, value string) {
	d.Helper()
	d.exec(`alter system set ` + name + ` = '` + value + `'`)
	d.exec(`select pg_reload_conf()`)
	d.await("the setting", func() bool {
		conn, err := pgx.Connect(d.Context(), d.url)
		if err != nil {
			d.Fatal(err)
		}
		defer func() { _ = conn.Close(context.Background()) }()
		var now string
		return conn.QueryRow(d.Context(), `show `+name).Scan(&now) == nil && now == value
	})
}

func (d *database) await(what string, ok func() bool) {
	d.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			d.Fatalf("%s did not come: %+v", what, d.feed.State())
		}
	}
}

func (d *database) count(sql string) (n int) {
	d.Helper()
	if err := d.pool.QueryRow(d.Context(), sql).Scan(&n); err != nil {
		d.Fatal(err)
	}
	return n
}

func TestFeed_waitsForTransactionsThatRanBeforeIt(t *testing.T) {
	t.Parallel()
	d := follow(t, nil, nil)
	d.exec(`create table a (id int)`)
	tx, err := d.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `insert into a values (1)`); err != nil {
		t.Fatal(err)
	}
	a := d.watch("a")
	d.await("the making of a slot", func() bool { return d.count(`select count(*) from pg_replication_slots`) == 1 })
	if l := a.Look(); l.IsFollowed {
		t.Error("followed while a transaction runs that the slot may not tell of")
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.changed("what was written before the slot")
}

func TestFeed_isLateWhenTheServerDoesNotAnswer(t *testing.T) {
	t.Parallel()
	d := follow(t, nil, nil)
	d.exec(`create table a (id int)`)
	a := d.watch("a").followed()
	process, err := os.FindProcess(d.walsender())
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Signal(syscall.SIGSTOP); err != nil {
		t.Skipf("the server's process cannot be stopped: %v", err)
	}
	defer func() { _ = process.Signal(syscall.SIGCONT) }()
	a.until("followed", func(l changes.Look) bool { return !l.IsFollowed && strings.HasPrefix(l.Why, "late") })
	if err := process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	a.changed("everything, after having been late,")
}

func TestFeed_comesBack(t *testing.T) {
	t.Parallel()
	d := follow(t, nil, nil)
	d.exec(`create table a (id int)`)
	a := d.watch("a").followed()
	d.exec(`select pg_terminate_backend(active_pid) from pg_replication_slots`)
	a.until("followed", func(l changes.Look) bool { return !l.IsFollowed })
	d.exec(`insert into a values (1)`)
	a.changed("what was written meanwhile")
	d.exec(`insert into a values (2)`)
	a.changed("what is written now")
	if n := d.count(`select count(*) from pg_replication_slots`); n != 1 {
		t.Errorf("%d slots are left", n)
	}
}

func TestFeed_givesUpWhatKeepsTooMuchOfTheLog(t *testing.T) {
	t.Parallel()
	d := follow(t, nil, func(c *changes.Config) { c.MaxWAL = 4 << 20 })
	d.exec(`create table a (id int); create table other (v text)`)
	a := d.watch("a").followed()
	tx, err := d.pool.Begin(t.Context()) // holds the slot back
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.Background()) }()
	if _, err := tx.Exec(t.Context(), `insert into a values (1)`); err != nil {
		t.Fatal(err)
	}
	for range 8 {
		d.exec(`insert into other select repeat('x', 1000) from generate_series(1, 1000)`)
	}
	a.until("given up", func(l changes.Look) bool { return !l.IsFollowed && strings.Contains(l.Why, "was given up") })
	d.await("the end of the slot", func() bool {
		return d.count(`select count(*) from pg_replication_slots where confirmed_flush_lsn is not null`) == 0
	})
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.changed("everything, after having been given up,")
}

func TestFeed_saysWhatRefusesIt(t *testing.T) {
	t.Parallel()
	d := follow(t, map[string]string{"wal_level": "replica"}, nil)
	d.exec(`create table a (id int)`)
	a := d.watch("a")
	d.await("the refusal", func() bool { return strings.Contains(a.Why(), "wal_level") })
	d.exec(`create role meek login password 'meek'`)
	u, err := url.Parse(d.url)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("meek", "meek")
	f := d.newFeed(func(c *changes.Config) {
		c.Login = func(context.Context) (*pgconn.Config, error) { return pgconn.ParseConfig(u.String()) }
	})
	w := f.Watch(changes.Reads{}, func() {})
	defer w.Stop()
	d.await("the refusal", func() bool { return strings.Contains(f.State().Why, "superuser or replication role") })
}

func TestFeed_refusesAnotherDatabase(t *testing.T) {
	t.Parallel()
	d := follow(t, nil, func(c *changes.Config) {
		login := c.Login
		c.Login = func(ctx context.Context) (*pgconn.Config, error) {
			config, err := login(ctx)
			if err == nil {
				config.Database = "postgres"
			}
			return config, err
		}
	})
	d.exec(`create table a (id int)`)
	a := d.watch("a")
	d.await("the refusal", func() bool { return strings.Contains(a.Why(), "another database") })
}

func TestFeed_skipsValues(t *testing.T) {
	t.Parallel()
	d := follow(t, nil, nil)
	d.exec(`create table a (id int, v text); alter table a alter v set storage external; create table b (id int)`)
	a, b := d.watch("a").followed(), d.watch("b").followed()
	d.exec(`insert into a select n, repeat('table public.b: INSERT: ', 20000) from generate_series(1, 3) n`)
	a.changed("rows of half a megabyte")
	b.quiet("what a value says")
	// More names than are read at once: which tables were truncated is not known, so any may have been.
	long := strings.Repeat("n", 50)
	d.exec(`do $$ begin for i in 1..350 loop execute 'create table "` + long + `' || i || '" ()'; end loop; end $$`)
	d.exec(`create table "` + long + `" (); do $$ begin execute (select 'truncate b, ' || string_agg(format('%I', relname), ', ') from pg_class where relname like 'nnn%' and relkind = 'r'); end $$`)
	b.changed("a truncate of hundreds of tables")
	a.changed("a truncate of hundreds of tables")
}

func TestFeed_asynchronousCommits(t *testing.T) {
	t.Parallel()
	// Postgres would write the log two seconds after a commit.
	d := follow(t, map[string]string{"synchronous_commit": "off", "wal_writer_delay": "2s", "autovacuum": "off"}, nil)
	d.exec(`create table a (id int)`)
	a := d.watch("a").followed()
	d.exec(`insert into a values (0)`)
	a.changed("what it is learned from")
	before, _ := d.feed.Commits()
	const changes = 10
	began := time.Now()
	for range changes {
		d.exec(`insert into a values (1)`)
		a.changed("a commit that is not waited for")
	}
	if took := time.Since(began); took > changes*time.Second {
		t.Errorf("ten changes, each told before the next: %s", took)
	}
	if after, _ := d.feed.Commits(); after-before != changes {
		t.Errorf("%d commits were told for %d changes", after-before, changes)
	}
}
