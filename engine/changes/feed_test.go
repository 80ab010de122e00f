package changes_test

import (
	"context"
	"log/slog"
	"os"
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
